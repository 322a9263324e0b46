"""How much faster the predictor's way is than the published one, per network: both in one run, turn by turn.

The published way is that of the authors' scripts: eager torch in single precision, one frame at a time. It is timed on at most
four frames; what it would need for more is computed from that. Ratios are per frame (per clip, for networks of clips).
"""

import copy
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.manifest import Manifest
from models.predictor.backend import Backend, BackendError, Precision, TorchBackend
from models.predictor.gate import Task, choose_backend, disagreement
from models.predictor.openvino_backend import OpenVinoBackend, has_bf16, is_installed
from models.registry import find_manifest, load_model

ROUNDS = 4  # one published frame each
_PIXELS_AT_ONCE = 16 * 160 * 160
_MOST_AT_ONCE = 8
_FREE_SIDES = (426, 1024)  # of a network that takes any: the crop of a spectrum its authors speak of


@dataclass(frozen=True)
class Timing:
    """Seconds per frame (or clip) of the published way and of ours. `equal`: both gave the same, to the gate's bounds.

    `bf16_s` is None where the CPU has no half precision; without trained weights it says nothing but speed.
    """

    name: str
    shape: tuple[int, ...]
    engine: str
    published_s: float
    fp32_s: float
    bf16_s: float | None
    equal: bool
    trained: bool

    @property
    def ratio(self) -> float:
        return self.published_s / self.fp32_s

    @property
    def half_ratio(self) -> float | None:
        return None if self.bf16_s is None else self.published_s / self.bf16_s


def geometric_mean(ratios: Sequence[float]) -> float:
    """
    >>> geometric_mean([1.0, 4.0])
    2.0
    """
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


def time_network(name: str, *, rounds: int = ROUNDS, engine: str = "auto", half: bool = True) -> Timing:
    """Raises ManifestError for a model that is not there. Random weights where none have been brought."""
    manifest = find_manifest(name)
    trained = bool(manifest.weights_file)
    network: nn.Module = load_model(name, pretrained=trained)
    shape = input_shape(manifest)
    batch = torch.rand(_batch_size(shape), *shape, generator=torch.Generator().manual_seed(0))
    plain = copy.deepcopy(network)
    plain.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # as the authors load it
    ours = choose_backend(network, Task.VALUES, batch, manifest, engine=engine, trained=trained)
    expected = TorchBackend(network).run(batch)
    equal = not disagreement(Task.VALUES, expected, ours.run(batch), Precision.FP32, manifest)
    halved = _half(network, shape, batch) if half else None
    ways: list[tuple[Callable[[], Any], int]] = [
        (lambda: _published(plain, batch[:1]), 1),
        (lambda: ours.run(batch), len(batch)),
    ]
    if halved is not None:
        ways.append((lambda: halved.run(batch), len(batch)))
    published_s, fp32_s, *rest = _interleaved(ways, rounds)
    return Timing(name, shape, ours.name, published_s, fp32_s, rest[0] if rest else None, equal, trained)


def input_shape(manifest: Manifest) -> tuple[int, ...]:
    """(channels, [frames,] height, width); free sides get those of a spectrum."""
    if not manifest.input_shape:
        return 1, manifest.input_size_px, manifest.input_size_px
    channels, *rest = manifest.input_shape
    free = iter(_FREE_SIDES)
    return channels, *(next(free) if side == -1 else side for side in rest)


def _batch_size(shape: tuple[int, ...]) -> int:
    return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // math.prod(shape[1:])))


def _published(network: nn.Module, frame: Tensor) -> Any:
    with torch.no_grad():
        return network(frame)


def _half(network: nn.Module, shape: tuple[int, ...], batch: Tensor) -> Backend | None:
    """None where this CPU has no half precision, or the network cannot be run in it."""
    try:
        if is_installed() and not has_bf16():
            return None
        if is_installed():
            backend = OpenVinoBackend(network, shape, Precision.BF16)
            backend.run(batch)
            return backend
    except BackendError:
        return None
    return TorchBackend(network, precision=Precision.BF16)


def _interleaved(ways: Sequence[tuple[Callable[[], Any], int]], rounds: int) -> list[float]:
    """Median seconds per frame of each way. Each is warmed up; the order turns round with every round."""
    taken: list[list[float]] = [[] for _ in ways]
    for run, _ in ways:
        run()
    for number in range(rounds):
        order = range(len(ways)) if number % 2 == 0 else range(len(ways) - 1, -1, -1)
        for index in order:
            run, frames = ways[index]
            started = time.perf_counter()
            run()
            taken[index].append((time.perf_counter() - started) / frames)
    return [statistics.median(seconds) for seconds in taken]
