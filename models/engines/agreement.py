"""Which backend may compute a network: the quickest that gives what the reference gives on a probe image.

The reference is eager torch in single precision on the CPU. Every other backend, torch on an accelerator too, computes the same
probe when a network is loaded. It is refused where it differs beyond the bounds of its precision. The manifest states the
probe's recipe: a phantom heart, or a drawn Doppler or M-mode display. It is drawn when it is needed (`probe_clip`), and brought
into shape as the family's own reader does.

Half precision is not tried by its numbers but by what it would do to the result, on trained weights. Random weights tell
nothing, because a random deep network multiplies every rounding. Half precision is tried where the manifest states its bounds
under [thresholds]: `bf16_probability_change`, `bf16_dice`, `bf16_point_px`.
"""

import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from models.catalogue import DISPLAYS
from models.clip import Clip
from models.engines.backend import Backend, Precision, TorchBackend
from models.engines.openvino_backend import OpenVinoBackend, has_bf16, is_installed
from models.errors import BackendError
from models.library.manifest import Manifest, Probe
from models.library.recipe import Answer
from models.phantom.anatomy import sample_heart
from models.phantom.displays import drawn_display
from models.phantom.truth import render_clip

log = logging.getLogger(__name__)

_RELATIVE = 1e-3  # largest difference, as a share of the largest value of the reference
_MASK_SHARE = 1e-3  # share of all pixels that may change sides
_POINT_PX = 0.1
_FEATURE_SHARE = 0.02  # as `_RELATIVE`, of the features that a half-precision network gives beside its classes
_LEAST_PROBABILITY, _PEAK_SHARE = 0.05, 0.25  # a peak's least value, and the largest share of pixels above half of it
_WINDOW_PX = 15  # radius around a peak in which its centre of mass is taken
_PROBE_S = 0.6  # about a systole and an early diastole
_TINT = (1.08, 1.0, 0.79)  # factors of red, green and blue, as many carts tint grey; as bright as grey (ITU-R BT.601)
_TRIES = (False, True)  # a graph from the cache, then, if that one is refused, a fresh one


_HALF_BOUNDS = {Answer.CLASSES: "bf16_probability_change", Answer.MASK: "bf16_dice", Answer.POINTS: "bf16_point_px"}


@lru_cache(maxsize=16)  # of the library, 14 differ
def probe_clip(probe: Probe) -> Clip:
    """What the recipe says, of the best quality, always the same; tinted, so that a network of colours tells them apart."""
    clip = drawn_display(probe.view, probe.seed).clip() if probe.view in DISPLAYS else _heart(probe)
    frames = np.minimum(np.rint(clip.frames * _TINT), 255).astype(np.uint8)
    return replace(clip, frames=frames, is_quality_control_subject=True)


def _heart(probe: Probe) -> Clip:
    truth = render_clip(
        sample_heart(probe.seed), probe.view, seed=probe.seed, quality=3,
        frames=probe.frames, frame_rate_hz=probe.frames / _PROBE_S, rows=300, columns=400,
    )  # fmt: skip
    return Clip("probe", np.repeat(truth.frames[..., None], 3, axis=3), truth.frame_times_ms, (truth.region,))


@dataclass(frozen=True)
class GatedBackend:
    """The backend that was chosen, and why others were not: `name` says both.

    `as_it_is`: the network may be left where it lies. What it is given and what it gives is as `Backend.run` says.
    """

    backend: Backend
    refusals: tuple[str, ...] = ()
    as_it_is: bool = False

    @property
    def name(self) -> str:
        return "; ".join((self.backend.name, *self.refusals))

    def run(self, batch: Tensor) -> tuple[Tensor, ...]:
        """All outputs of the network, each (n, ...), float32 logits, features or values, for `batch` (n, ...), float32."""
        return self.backend.run(batch)


def choose_backend(
    network: nn.Module,
    answers: Answer,
    probe: Tensor,
    manifest: Manifest,
    *,
    engine: str = "torch",
    device: str = "cpu",
    level: float = 0.0,
    trained: bool = True,
    others: Sequence[Tensor] = (),
) -> GatedBackend:
    """The quickest backend of `engine` ("auto", "torch", "openvino") that the gate lets through, else the reference.

    `probe` (n, ...), float32, is an input of the network, prepared as it was taught. `level` is the logit above which a pixel
    belongs to the mask. `others` are inputs with other sides, which are free then; each is tried.
    """
    on_cpu = device == "cpu"
    reference = TorchBackend(network if on_cpu else copy.deepcopy(network).to("cpu"))
    if engine == "torch" and on_cpu:
        return GatedBackend(reference, as_it_is=True)
    tried = [(batch, reference.run(batch)) for batch in (probe, *others)]
    half = trained and _HALF_BOUNDS.get(answers, "") in manifest.thresholds
    refusals: list[str] = []
    for make, precision in _candidates(network, sides(probe, others), len(probe), engine, device, half=half):
        try:
            for fresh in _TRIES:
                backend = make(fresh)
                try:
                    found = ((expected, backend.run(batch)) for batch, expected in tried)
                    objections = (disagreement(answers, *pair, precision, manifest, level) for pair in found)
                    objection = next(filter(None, objections), "")
                except BackendError as error:
                    objection = str(error)
                if not objection:
                    as_it_is = not on_cpu and precision is Precision.FP32
                    return GatedBackend(backend, tuple(refusals), as_it_is)
            refusals.append(f"{backend.name} refused: {objection}")
        except BackendError as error:
            refusals.append(f"refused: {error}")
        log.warning("%s: %s", manifest.name, refusals[-1])
    return GatedBackend(reference, tuple(refusals), as_it_is=on_cpu)


_Candidate = tuple[Callable[[bool], Backend], Precision]


def sides(probe: Tensor, others: Sequence[Tensor]) -> tuple[int, ...]:
    """The shape of `probe` (n, ...) without its first axis, in px and frames; -1 for a side that differs in one of `others`.

    All are batches of one network, of any dtype.
    """
    stated = enumerate(probe.shape[1:], start=1)
    return tuple(side if all(other.shape[axis] == side for other in others) else -1 for axis, side in stated)


def _candidates(
    network: nn.Module, shape: tuple[int, ...], usually: int, engine: str, device: str, *, half: bool
) -> Iterator[_Candidate]:
    """The quickest first. A maker's argument says whether to convert anew: a graph in the cache may be what is wrong."""
    if device != "cpu":
        if half and torch.cuda.is_bf16_supported():
            yield lambda fresh: TorchBackend(network, device, Precision.BF16), Precision.BF16
        yield lambda fresh: TorchBackend(network, device), Precision.FP32
        return
    if engine == "auto" and not is_installed():
        return
    if half and is_installed() and has_bf16():
        yield lambda fresh: OpenVinoBackend(network, shape, Precision.BF16, usually=usually, fresh=fresh), Precision.BF16
    yield lambda fresh: OpenVinoBackend(network, shape, usually=usually, fresh=fresh), Precision.FP32


def disagreement(
    answers: Answer,
    expected: tuple[Tensor, ...],
    found: tuple[Tensor, ...],
    precision: Precision,
    manifest: Manifest,
    level: float = 0.0,
) -> str:
    """How `found` differs from the reference, `expected`, beyond what is allowed, in words; "" where it does not.

    Both are all outputs for one batch: float32 (n, ...), logits first, then features. `level` is the logit of a mask's border.
    """
    if [part.shape for part in expected] != [part.shape for part in found]:
        return "outputs of another shape"
    if not all(bool(part.isfinite().all()) for part in found):
        return "outputs that are no numbers"
    excesses = (
        _exact(answers, expected, found, level)
        if precision is Precision.FP32
        else _alike(answers, expected, found, manifest, level)
    )
    return next(excesses, "")


def _exact(answers: Answer, expected: tuple[Tensor, ...], found: tuple[Tensor, ...], level: float) -> Iterator[str]:
    for one, other in zip(expected, found, strict=True):
        share = _relative(one, other)
        if share > _RELATIVE:
            yield f"values differ by {share:.2g} of the largest, {_RELATIVE:g} is allowed"
    if answers is Answer.MASK:
        share = float(((expected[0] > level) != (found[0] > level)).double().mean())
        if share > _MASK_SHARE:
            yield f"masks differ on {share:.2%} of the pixels, {_MASK_SHARE:.1%} is allowed"
    if answers is Answer.POINTS and (px := _moved_px(expected[0], found[0])) > _POINT_PX:
        yield f"points move by {px:.2f} px, {_POINT_PX:g} is allowed"


def _alike(
    answers: Answer, expected: tuple[Tensor, ...], found: tuple[Tensor, ...], manifest: Manifest, level: float
) -> Iterator[str]:
    one, other = expected[0], found[0]
    allowed = manifest.threshold(_HALF_BOUNDS[answers])
    if answers is Answer.CLASSES:
        change = float((one.softmax(1) - other.softmax(1)).abs().max())
        if change > allowed:
            yield f"a probability changes by {change:.3f}, {allowed:g} is allowed"
        if not torch.equal(one.argmax(1), other.argmax(1)):
            yield "another class"
    elif answers is Answer.MASK:
        dice = _dice(one > level, other > level)
        if not bool((one > level).any()):
            yield "no mask on the probe to compare"
        elif dice < allowed:
            yield f"Dice of the masks {dice:.4f}, {allowed:g} is needed"
    elif not _has_peaks(one):
        yield "no peak on the probe to compare"
    elif (px := _moved_px(one, other)) > allowed:
        yield f"points move by {px:.2f} px, {allowed:g} is allowed"
    for first, second in zip(expected[1:], found[1:], strict=True):
        share = _relative(first, second)
        if share > _FEATURE_SHARE:
            yield f"features differ by {share:.2g} of the largest, {_FEATURE_SHARE:g} is allowed"


def _relative(one: Tensor, other: Tensor) -> float:
    scale = float(one.abs().max())
    return float((one - other).abs().max()) / scale if scale > 0 else float(other.abs().max())


def _dice(one: Tensor, other: Tensor) -> float:
    both, sum_of_both = int((one & other).sum()), int(one.sum()) + int(other.sum())
    return 2 * both / sum_of_both if sum_of_both else 1.0


def _has_peaks(logits: Tensor) -> bool:
    """Whether each map (n, points, h, w) has a point: a maximum worth the name that most of the map is far below."""
    probabilities = logits.sigmoid().flatten(2)
    top = probabilities.amax(dim=2)
    share = (probabilities >= top[..., None] / 2).double().mean(dim=2)
    return bool(((top >= _LEAST_PROBABILITY) & (share <= _PEAK_SHARE)).all())


def _moved_px(expected: Tensor, found: Tensor) -> float:
    """How far the farthest peak of maps (n, points, h, w) moves: centres of mass within the same window around the
    reference's peak; where the highest pixel leaves the window, the distance of the highest pixels."""
    farthest = 0.0
    for one, other in zip(expected.flatten(0, 1), found.flatten(0, 1), strict=True):
        peak, other_peak = _highest(one), _highest(other)
        jump = float((peak - other_peak).norm())
        if jump <= _WINDOW_PX:
            jump = float((_centre(one, peak) - _centre(other, peak)).norm())
        farthest = max(farthest, jump)
    return farthest


def _highest(values: Tensor) -> Tensor:
    row, column = divmod(int(values.argmax()), values.shape[1])
    return torch.tensor([row, column], dtype=torch.float64)


def _centre(values: Tensor, peak: Tensor) -> Tensor:
    row, column = (int(part) for part in peak)
    top, left = max(row - _WINDOW_PX, 0), max(column - _WINDOW_PX, 0)
    window = values[top : row + _WINDOW_PX + 1, left : column + _WINDOW_PX + 1].double().sigmoid() + 1e-12
    rows = torch.arange(window.shape[0], dtype=torch.float64) + top
    columns = torch.arange(window.shape[1], dtype=torch.float64) + left
    return torch.stack([(window.sum(1) * rows).sum(), (window.sum(0) * columns).sum()]) / window.sum()
