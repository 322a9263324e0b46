"""How much faster the predictor's way is than the published one, per network: both in one run, turn by turn.

The published way is that of the authors' scripts: eager torch in single precision, one frame at a time. A network of clips gets
one clip; a network that sees the clip's frames one by one gets them as one batch. It is timed on at most four, on two where
they take long; what it would need for more is computed from that. Ratios are per frame or clip.
"""

import copy
import logging
import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from models.analysis.loaded_model import engage, joined
from models.analysis.reader_probes import reader_probes
from models.engines.agreement import choose_backend, disagreement, probe_clip
from models.engines.backend import Backend, Precision, TorchBackend, as_tuple
from models.engines.graph_cache import throwaway_cache
from models.engines.openvino_backend import OpenVinoBackend, has_bf16, is_installed
from models.errors import BackendError
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.recipe import Answer, Recipe
from models.library.registry import find_manifest, load_model

log = logging.getLogger(__name__)

ROUNDS = 4  # one published frame each
_FEWEST_ROUNDS, _LONG_S = 2, 12.0  # no third round where the first two took this long
_PIXELS_AT_ONCE = 16 * 160 * 160
_MOST_AT_ONCE = 8
_FREE_SIDES = (426, 1024)  # of a network that takes any: the crop of a spectrum its authors speak of
_FREE_FRAMES = 16  # of a network that takes any number


@dataclass(frozen=True)
class Timing:
    """Seconds per frame (or clip) of the published way and of ours. `equal`: both gave the same, to the gate's bounds.

    `bf16_s` is None where the CPU has no half precision; without trained weights it says nothing but speed. `compiled_s` is
    that of torch.compile in the lowest precision there is, None where it was not asked for or cannot be done.
    """

    name: str
    shape: tuple[int, ...]
    engine: str
    published_s: float
    fp32_s: float
    bf16_s: float | None
    equal: bool
    trained: bool
    compiled_s: float | None = None

    @property
    def ratio(self) -> float:
        return self.published_s / self.fp32_s

    @property
    def half_ratio(self) -> float | None:
        return None if self.bf16_s is None else self.published_s / self.bf16_s

    @property
    def compiled_ratio(self) -> float | None:
        return None if self.compiled_s is None else self.published_s / self.compiled_s


class OneForAll(nn.Module):
    """A network of `number` clips, given the same one for each of them: its work is that of all.

    Clips are (n, channels, frames, h, w), float32, as the network takes them; its answer, logits or values, is passed on.
    """

    def __init__(self, network: nn.Module, number: int) -> None:
        super().__init__()
        self.network, self.number = network, number

    def forward(self, clips: Tensor) -> Any:
        return self.network(*[clips] * self.number)


def time_network(
    name: str, *, rounds: int = ROUNDS, engine: str = "auto", half: bool = True, device: str = "cpu", compiled: bool = False
) -> Timing:
    """Raises ManifestError for a model that is not there. Random weights where none have been brought."""
    manifest = find_manifest(name)
    trained = bool(manifest.weights_file)
    model = load_model(name, pretrained=trained, device=device)
    network = _entry(model.network, model.recipe)
    shape = input_shape(manifest)
    batch = torch.rand(_batch_size(shape), *shape, generator=torch.Generator().manual_seed(0))
    plain = copy.deepcopy(network)
    plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # as the authors load it
    with ExitStack() as stack:
        if not trained:
            stack.enter_context(throwaway_cache())
        halved = _half(copy.deepcopy(network), manifest, shape, batch, device) if half else None
        further = [halved, _compiled(copy.deepcopy(network), batch, device, half=halved is not None) if compiled else None]
        ours, by = _as_in_the_node(network, model, batch, engine, device)
    ways: list[tuple[Callable[[], Any], int]] = [
        (lambda: _published(plain, batch[:1], device), 1),
        (lambda: ours.run(batch), len(batch)),
        *((partial(backend.run, batch), len(batch)) for backend in further if backend is not None),
    ]
    expected = [_published(plain, item[None], device) for item in batch]
    one_by_one = tuple(torch.cat(parts) for parts in zip(*expected, strict=True))
    equal = not disagreement(Answer.VALUES, one_by_one, ours.run(batch), Precision.FP32, manifest)
    for run, _ in ways:  # what is run for the first time is slow
        run()
    published_s, fp32_s, *rest = _interleaved(ways, rounds)
    bf16_s, compiled_s = (None if backend is None else rest.pop(0) for backend in further)
    return Timing(name, shape, by, published_s, fp32_s, bf16_s, equal, trained, compiled_s)


def _entry(network: nn.Module, recipe: Recipe) -> nn.Module:
    return OneForAll(network, recipe.clips_read).eval() if recipe.clips_read > 1 else network


def _as_in_the_node(entry: nn.Module, model: Model, batch: Tensor, engine: str, device: str) -> tuple[Backend, str]:
    """In single precision, with its name. Of a network that reads clips the step that the node redirects, the rest by torch."""
    chosen = engage(model, engine=engine, device=device, trained=False, answers=Answer.VALUES)
    if not chosen:
        whole = choose_backend(entry, Answer.VALUES, batch[:3], model.manifest, engine=engine, device=device, trained=False)
        return whole, whole.name
    return TorchBackend(entry, device), joined(chosen).name


def input_shape(manifest: Manifest) -> tuple[int, ...]:
    """(channels, [frames,] height, width); free sides get those of a spectrum."""
    if not manifest.input_shape:
        return 1, manifest.input_size_px, manifest.input_size_px
    channels, *rest = manifest.input_shape
    free = iter((_FREE_FRAMES, *_FREE_SIDES) if len(rest) == 3 else _FREE_SIDES)
    return channels, *(next(free) if side == -1 else side for side in rest)


def _batch_size(shape: tuple[int, ...]) -> int:
    return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // math.prod(shape[1:])))


def _published(network: nn.Module, frame: Tensor, device: str) -> tuple[Tensor, ...]:
    with torch.no_grad():
        return tuple(output.cpu() for output in as_tuple(network(frame.to(device))))


def _half(entry: nn.Module, manifest: Manifest, shape: tuple[int, ...], batch: Tensor, device: str) -> Backend | None:
    """What computes the network in half precision; None where this CPU or accelerator has none, or cannot run it."""
    on_torch = device != "cpu" or not is_installed()
    try:
        if not (torch.cuda.is_bf16_supported() if device != "cpu" else on_torch or has_bf16()):
            return None
        if on_torch:
            return TorchBackend(entry, device, Precision.BF16)
        network = entry.network if isinstance(entry, OneForAll) else entry
        probes = reader_probes(network, probe_clip(manifest.probe))
        for probe in probes:
            probe.hand_to(OpenVinoBackend(probe.step, probe.shape, Precision.BF16, usually=len(probe.batch)).run)
        backend = TorchBackend(entry) if probes else OpenVinoBackend(entry, shape, Precision.BF16, usually=len(batch))
        backend.run(batch)
    except BackendError:
        return None
    return backend


def _compiled(network: nn.Module, batch: Tensor, device: str, *, half: bool) -> Backend | None:
    backend = TorchBackend(network, device, Precision.BF16 if half else Precision.FP32, compiled=True)
    try:
        backend.run(batch)
    except BackendError as error:
        log.warning("%s", error)
        return None
    return backend


def _interleaved(ways: Sequence[tuple[Callable[[], Any], int]], rounds: int) -> list[float]:
    """Median seconds per frame of each way, all of them warm; the order turns round with every round."""
    taken: list[list[float]] = [[] for _ in ways]
    begun = time.perf_counter()
    for number in range(rounds):
        if number >= _FEWEST_ROUNDS and time.perf_counter() - begun > _LONG_S:
            break
        order = range(len(ways)) if number % 2 == 0 else range(len(ways) - 1, -1, -1)
        for index in order:
            run, frames = ways[index]
            started = time.perf_counter()
            run()
            taken[index].append((time.perf_counter() - started) / frames)
    return [statistics.median(seconds) for seconds in taken]
