"""The loop: batch by batch to the best weights, from wherever a training of the same configuration was left.

Every random number is drawn by (seed, step). So a training that was killed at any step gives, resumed, the same weights bit for
bit as one that was not: on one machine, on a CPU, whose number of threads is kept with the state. On CUDA some kernels add in
any order.
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from models.errors import TrainingConfigError, TrainingFailed, TrainingStopped
from models.training.augment import Augmentation, Moved, augment
from models.training.batch_order import BatchOrder, Drawing, seed_of, training_batches
from models.training.checkpoints import Progress, Trained, load_checkpoint, save_best, save_checkpoint
from models.training.clip_dataset import ClipDataset, SampleBatch
from models.training.judgement import figures_of, scores_of
from models.training.settings import OptimiserPart, RunPart
from models.training.starting_model import StartingModel, rate_groups
from models.training.tasks import Task
from models.training.training_log import TrainingLog, Watcher
from models.training.value_range import ValueRange

_NAMED = 8  # items of a failing batch that are named


@dataclass(frozen=True, eq=False)
class Fitting:
    """All that stays the same while a network is trained. `value_range` is None where brightness is not augmented."""

    starting: StartingModel
    task: Task
    train: ClipDataset
    validation: ClipDataset
    order: BatchOrder
    augmentation: Augmentation
    optimiser: OptimiserPart
    run: RunPart
    steps: int
    device: str
    precision: str
    head_only: bool
    folder: Path
    data_sha256: str
    workers: int
    log: TrainingLog
    watcher: Watcher
    value_range: ValueRange | None

    def fit(self) -> Progress:
        """Trains to the end, writing checkpoints and the best weights. Raises TrainingFailed, TrainingStopped."""
        network = self.starting.network.to(self.device)
        trained = Trained(self.starting.changing(head_only=self.head_only), self._new_optimiser(), self._new_scaler())
        progress = self._resumed(trained)
        if progress.ended:
            return progress
        self.starting.train(head_only=self.head_only)
        batches = training_batches(self.train, self.order, range(progress.step, self.steps), self.workers)
        for batch in batches:
            progress = self._step(network, trained, batch, progress)
            progress = self._judged(network, trained, progress)
            due = progress.step % self.run.checkpoint_every == 0
            if due or progress.ended:
                save_checkpoint(self.folder, trained, progress, self.run.kept_checkpoints)
            if progress.ended:
                break
            if self.watcher.stop():
                save_checkpoint(self.folder, trained, progress, self.run.kept_checkpoints)
                raise TrainingStopped(
                    f"stopped after step {progress.step} of {self.steps}: the same command goes on from there ({self.folder})"
                )
        return progress

    def _resumed(self, trained: Trained) -> Progress:
        progress = load_checkpoint(self.folder, trained)
        if progress is None:
            progress = Progress(self.data_sha256, torch.get_num_threads())
            save_checkpoint(self.folder, trained, progress, self.run.kept_checkpoints)
        torch.set_num_threads(progress.threads)
        if progress.data_sha256 != self.data_sha256:
            raise TrainingConfigError(f"run.folder: {self.folder} was trained on other data: choose another folder")
        if progress.step:
            self.watcher.said(f"going on after step {progress.step} of {self.steps}")
        self.log.go_on_from(progress.step)
        return progress

    def _step(self, network: nn.Module, trained: Trained, batch: SampleBatch, progress: Progress) -> Progress:
        step = progress.step
        rate = self.optimiser.learning_rate * learning_rate_share(step / self.steps, self.optimiser)
        for group in trained.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        loss = self._loss(network, batch.to(self.device), step)
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingFailed(self._why_not_finite(value, step, batch))
        trained.optimiser.zero_grad(set_to_none=True)
        trained.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        trained.scaler.unscale_(trained.optimiser)
        nn.utils.clip_grad_norm_(trained.parameters, self.optimiser.largest_gradient)
        trained.scaler.step(trained.optimiser)
        trained.scaler.update()
        progress = progress.but(step=step + 1, loss_sum=progress.loss_sum + value, loss_count=progress.loss_count + 1)
        self.watcher.stepped(progress.step, self.steps, value)
        if progress.step % self.run.log_every == 0 or progress.step == self.steps:
            mean = progress.loss_sum / progress.loss_count
            self.log.figures(progress.step, "train", {"loss": mean, "learning_rate": rate})
            progress = progress.but(loss_sum=0.0, loss_count=0)
        return progress

    def _loss(self, network: nn.Module, batch: SampleBatch, step: int) -> Tensor:
        batch = self._augmented(batch, step)
        inputs = batch.inputs
        if inputs.dim() == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        devices = [torch.cuda.current_device()] if self.device == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed_of(self.run.seed, Drawing.NETWORK, step))
            with self._autocast():
                found = network(inputs)
            answer = self.task.answer(found).float()
        self._check(answer)
        return self.task.loss(answer, batch.targets)

    def _check(self, answer: Tensor) -> None:
        if answer.dim() > 1 and self.task.counts_outputs and answer.shape[1] != self.task.outputs:
            name = self.starting.start.name
            raise TrainingConfigError(
                f"task.labels are {self.task.outputs}, and {name} has {answer.shape[1]} outputs whatever it is told"
            )

    def _augmented(self, batch: SampleBatch, step: int) -> SampleBatch:
        if self.value_range is None:
            return batch
        random = torch.Generator(self.device).manual_seed(seed_of(self.run.seed, Drawing.AUGMENTATION, step))
        unit = self.value_range.to_unit(batch.inputs)
        channels = unit.shape[1]
        frames = unit.transpose(1, 2).flatten(1, 2) if unit.dim() == 5 else unit
        moved = augment(
            Moved(frames, batch.targets.get("mask"), batch.targets.get("points")), self.augmentation, random, channels
        )
        images = moved.images
        if unit.dim() == 5:
            images = images.reshape(len(images), -1, channels, *images.shape[-2:]).transpose(1, 2)
        targets = dict(batch.targets)
        targets |= {name: one for name, one in (("mask", moved.masks), ("points", moved.points)) if one is not None}
        return SampleBatch(self.value_range.from_unit(images), targets, batch.keys)

    def _judged(self, network: nn.Module, trained: Trained, progress: Progress) -> Progress:
        """After a validation: whether these weights are the best so far, and whether it is time to end."""
        last = progress.step == self.steps
        if progress.step % self.run.validate_every and not last:
            return progress
        scores = scores_of(network, self.task, self.validation, self.run.batch_size, self.device)
        figures = figures_of(self.task, scores)
        self.log.figures(progress.step, "val", figures)
        figure = figures[self.task.monitor]
        self.watcher.said(f"step {progress.step}: validation {self.task.monitor} {figure:.4g}")
        if _better(figure, progress.best, larger=self.task.larger_is_better):
            save_best(self.folder, trained.tensors)
            progress = progress.but(best=figure, best_step=progress.step, unimproved=0)
        else:
            progress = progress.but(unimproved=progress.unimproved + 1)
        tired = self.run.patience is not None and progress.unimproved >= self.run.patience
        return progress.but(ended=last or tired)

    def _new_optimiser(self) -> torch.optim.Optimizer:
        told = self.optimiser
        groups = [{"params": list(group.parameters), "share": group.rate} for group in rate_groups(self.starting, told)]
        if told.name == "sgd":
            return torch.optim.SGD(groups, lr=told.learning_rate, momentum=told.momentum, weight_decay=told.weight_decay)
        return torch.optim.AdamW(groups, lr=told.learning_rate, weight_decay=told.weight_decay)

    def _new_scaler(self) -> torch.amp.GradScaler:
        """Half precision alone has too few exponents for small gradients; bfloat16 has those of single precision."""
        return torch.amp.GradScaler(self.device, enabled=self.precision == "fp16")

    def _autocast(self) -> AbstractContextManager[object]:
        kinds: dict[str, Callable[[], AbstractContextManager[object]]] = {
            "full": nullcontext,
            "bf16": lambda: torch.autocast(self.device, dtype=torch.bfloat16),
            "fp16": lambda: torch.autocast(self.device, dtype=torch.float16),
        }
        return kinds[self.precision]()

    def _why_not_finite(self, value: float, step: int, batch: SampleBatch) -> str:
        named = ", ".join(batch.keys[:_NAMED]) + (", ..." if len(batch.keys) > _NAMED else "")
        where = "inputs" if not bool(batch.inputs.isfinite().all()) else "answers of the network"
        return (
            f"the loss is {value} at step {step + 1}, from {where}; the items were {named}. A lower optimiser.learning_rate or "
            f"run.precision=full may help; what was reached before is in {self.folder}"
        )


def learning_rate_share(done: float, told: OptimiserPart) -> float:
    """Share of the highest rate: linear to it over the warm-up, then a cosine down to zero, or the highest rate to the end.

    Ours: torch's `OneCycleLR` takes the same curve, straight or cosine, up and down.

    >>> plain = OptimiserPart(learning_rate=1.0)
    >>> [round(learning_rate_share(done, plain), 3) for done in (0.05, 0.1, 0.55)]
    [0.5, 1.0, 0.5]
    """
    if done < told.warmup:
        return done / told.warmup
    if told.schedule == "constant" or told.warmup == 1:
        return 1.0
    return (1 + math.cos(math.pi * (done - told.warmup) / (1 - told.warmup))) / 2


def _better(figure: float, best: float | None, *, larger: bool) -> bool:
    """A figure that is no number is never better, but the first weights are kept whatever they are worth."""
    if best is None or math.isnan(best):
        return best is None or not math.isnan(figure)
    return figure > best if larger else figure < best
