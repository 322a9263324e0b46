"""Training in its smallest form: one configuration in, one manifest and its weights out; torch and safetensors alone."""

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as save_safetensors
from torch import nn

from models.catalogue import View
from models.library.manifest import PHANTOM_ONLY, Manifest, Probe, Value, write_manifest
from models.library.registry import load_manifest, trained_by
from models.phantom import GENERATOR_VERSION
from models.training.augment import augment
from models.training.config import TrainingConfig, read_config
from models.training.objectives import OBJECTIVES, Objective, batch_of
from models.training.phantom_source import FrameSet, load_frames

Progress = Callable[[str], None]

# All trainings share one set of frames, generated at the largest input size.
FRAME_SIZE_PX = 160
_REPORT_EVERY = 50
_MAX_GRADIENT = 1.0
# Stored in full: squared distances lose their meaning in half precision.
_KEPT_FULL = ("class_means", "precision")


def train(config: Path, overrides: Sequence[str] = (), progress: Progress = lambda line: None) -> Manifest:
    """Trains what the configuration says, writes weights and manifest, returns the manifest as written.

    Raises TrainingConfigError. The same configuration, generator and machine give the same weights.
    """
    settings = read_config(config, overrides)
    recipe, training = trained_by(settings.model.task)
    objective = OBJECTIVES[training.objective]
    torch.manual_seed(settings.optimiser.seed)
    teaching, validation = (
        _frames(settings, objective, seeds) for seeds in (settings.data.train_seeds, settings.data.validation_seeds)
    )
    progress(f"{settings.model.name}: {len(teaching)} frames to train on, {len(validation)} to validate")
    given: dict[str, Value] = {training.widths: settings.model.channels}
    draft = _draft(
        settings, recipe.family, objective.labels, given | dict(objective.architecture) | dict(training.architecture)
    )
    model = load_manifest(draft)
    _fit(model.network, objective, teaching, settings, progress)
    model.network.eval()
    summary = objective.finish(model, teaching, validation)
    progress(f"{settings.model.name}: {dict(summary.metrics)}")
    metrics = dict(summary.metrics) | {"measured_on": "synthetic phantoms"}
    return _write(model.network, replace(draft, thresholds=summary.thresholds, metrics=metrics), Path(settings.output.folder))


def _frames(settings: TrainingConfig, objective: Objective, seeds: list[int]) -> FrameSet:
    frames = load_frames((seeds[0], seeds[1]), FRAME_SIZE_PX, Path(settings.data.cache), settings.data.processes)
    return frames.where(objective.select(frames)).resized(settings.model.size_px)


def _draft(settings: TrainingConfig, family: str, labels: tuple[str, ...], architecture: Mapping[str, Value]) -> Manifest:
    def seeds(values: list[int]) -> tuple[int, int]:
        return values[0], values[1]

    return Manifest(
        name=settings.model.name,
        version=settings.model.version,
        family=family,
        licence="Apache-2.0",
        intended_use=PHANTOM_ONLY,
        weights_file=f"{settings.model.name}.safetensors",
        weights_sha256="0" * 64,
        trained=True,
        input_size_px=settings.model.size_px,
        labels=labels,
        trained_on_phantoms=True,
        training_data="synthetic hearts, A4C and A2C in several phases, and images of no heart",
        generator=GENERATOR_VERSION,
        train_seeds=seeds(settings.data.train_seeds),
        validation_seeds=seeds(settings.data.validation_seeds),
        test_seeds=seeds(settings.data.test_seeds),
        command=settings.command,
        probe=Probe(View.A4C, seed=0, frames=3),
        architecture=architecture,
    )


def _fit(network: nn.Module, objective: Objective, frames: FrameSet, settings: TrainingConfig, progress: Progress) -> None:
    """AdamW under a one-cycle learning rate; bfloat16 where the processor multiplies it faster, single precision elsewhere."""
    options = settings.optimiser
    random = torch.Generator().manual_seed(options.seed)
    order = np.random.default_rng(options.seed)
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _one_cycle(step / options.iterations))
    started, recent = time.perf_counter(), 0.0
    for iteration in range(options.iterations):
        batch = batch_of(frames, order.integers(len(frames), size=options.batch_size))
        images, masks = augment(batch.images, batch.masks, objective.augmentation, random)
        batch = replace(batch, images=images, masks=masks)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(batch.images.contiguous(memory_format=torch.channels_last))
        loss = objective.loss(logits.float(), batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), _MAX_GRADIENT)
        optimiser.step()
        schedule.step()
        recent += loss.item() / _REPORT_EVERY
        if (iteration + 1) % _REPORT_EVERY == 0:
            progress(f"{iteration + 1}/{options.iterations}: loss {recent:.4f}, {time.perf_counter() - started:.0f} s")
            recent = 0.0


def _one_cycle(done: float) -> float:
    """Share of the highest learning rate: linear to it over the first tenth, then a cosine down to zero.

    Ours: torch's `OneCycleLR` takes the same curve, straight or cosine, up and down.
    """
    return done / 0.1 if done < 0.1 else (1 + math.cos(math.pi * (done - 0.1) / 0.9)) / 2


def _write(network: nn.Module, manifest: Manifest, folder: Path) -> Manifest:
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() and name not in _KEPT_FULL else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    content = save_safetensors(tensors)
    path = folder / "manifests" / f"{manifest.name}.toml"
    manifest = replace(manifest, weights_sha256=hashlib.sha256(content).hexdigest(), path=path)
    manifest.weights_path.parent.mkdir(parents=True, exist_ok=True)
    manifest.weights_path.write_bytes(content)
    write_manifest(manifest, path)
    return manifest
