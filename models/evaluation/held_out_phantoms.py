"""One held-out phantom heart, or one image of no heart, through the whole path: frames -> predictor -> study findings."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.analysis import Predictor
from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.phantom.anatomy import sample_heart
from models.phantom.truth import PhantomClip, render_clip, render_negative
from models.results import ClipFindings, Point

ROWS, COLUMNS = 300, 400
_FRAME_RATE_HZ = 25.0
_POOR_FRAMES = 8
_VIEWS = (View.A4C, View.A2C)


@dataclass(frozen=True)
class ClipResult:
    """What was found on one clip of a heart whose `quality` grade is known; `phase_errors_ms` of ED and ES, found - true."""

    view: View
    found_view: View
    quality: int
    score: float
    adequate: bool
    inside: bool
    distance: float
    dice: tuple[float, ...] = ()
    phase_errors_ms: tuple[float, ...] = ()


@dataclass(frozen=True)
class HeartResult:
    """True and found numbers of one heart; None where not measured. `by_default` is false where a reason had to be lifted."""

    seed: int
    truth: dict[str, float]
    found: dict[str, float]
    clips: tuple[ClipResult, ...]
    by_default: bool


@dataclass(frozen=True)
class NegativeResult:
    """An image of no heart: `inside` is the distance's verdict, `measured` whether any reason or view let it through."""

    kind: str
    distance: float
    inside: bool
    measured: bool


def measure_heart(predictor: Predictor, seed: int) -> HeartResult:
    """A4C and A2C of one beat at quality 1 to 3 for the numbers, and a short A4C of the worst quality for its grade.

    The reasons are lifted while measuring, so that the error with and without abstention comes from one run.
    """
    heart = sample_heart(seed)
    quality = 1 + seed % 3
    truths = [
        render_clip(heart, view, seed=seed, quality=quality, rows=ROWS, columns=COLUMNS, frame_rate_hz=_FRAME_RATE_HZ)
        for view in _VIEWS
    ]
    clips = [clip_of(truth, f"{seed}.{index}") for index, truth in enumerate(truths)]
    lifted = replace(predictor, research_override=True)
    findings = [lifted.analyse(clip) for clip in clips]
    study = derive_study(str(seed), findings, research_override=True)
    poor = render_clip(heart, View.A4C, seed=seed, quality=0, rows=ROWS, columns=COLUMNS, frames=_POOR_FRAMES)
    results = [_clip_result(truth, found) for truth, found in zip(truths, findings, strict=True)]
    results.append(_clip_result(poor, replace(predictor.analyse(clip_of(poor, f"{seed}.poor")), contours=(), beats=())))
    return HeartResult(
        seed=seed,
        truth={"ef_bp": heart.ef_percent, "lvedv_bp": heart.edv_ml, "lvesv_bp": heart.esv_ml},
        found={measurement.key: measurement.value for measurement in study.measurements},
        clips=tuple(results),
        by_default=not any(found.marked for found in findings),
    )


def measure_negative(predictor: Predictor, kind: str, seed: int) -> NegativeResult:
    """One image of `negatives.NEGATIVE_KINDS`, said to be 16 cm deep."""
    frames = render_negative(kind, seed, ROWS, COLUMNS, 4)
    region = RegionCalibration(
        0, 0, COLUMNS - 1, ROWS - 1, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, PhysicalUnit.CM, PhysicalUnit.CM,
        16 / ROWS, 16 / ROWS,
    )  # fmt: skip
    clip = Clip(f"{kind}.{seed}", _rgb(frames), np.array([0.0, 40.0, 80.0, 120.0]), (region,), is_quality_control_subject=True)
    found = predictor.analyse(clip)
    if found.distribution is None:
        raise ValueError("the predictor found no distribution")
    return NegativeResult(kind, found.distribution.distance, found.distribution.inside, bool(found.contours))


def clip_of(truth: PhantomClip, uid: str) -> Clip:
    """The phantom's clip as a reader would hand it over."""
    return Clip(
        uid, _rgb(truth.frames), truth.frame_times_ms, (truth.region,), truth.r_wave_times_ms, truth.heart_rate_bpm,
        is_quality_control_subject=True,
    )  # fmt: skip


def _rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.broadcast_to(grey[..., None], (*grey.shape, 3))


def _clip_result(truth: PhantomClip, found: ClipFindings) -> ClipResult:
    if found.view is None or found.quality is None or found.distribution is None:
        raise ValueError("the predictor found no view, quality or distribution")
    outlines = {contour.frame_index: contour.points_px for contour in found.contours}
    true_outlines = {contour.frame_index: contour.points_px for contour in truth.contours}
    frames = (*truth.ed_frames[:1], *truth.es_frames[:1])
    return ClipResult(
        view=truth.view,
        found_view=found.view.view,
        quality=truth.quality,
        score=found.quality.score,
        adequate=found.quality.adequate,
        inside=found.distribution.inside,
        distance=found.distribution.distance,
        dice=tuple(_dice(true_outlines[frame], outlines[frame]) for frame in frames if frame in outlines),
        phase_errors_ms=_phase_errors(truth, found) if found.beats else (),
    )


def _phase_errors(truth: PhantomClip, found: ClipFindings) -> tuple[float, float]:
    times, beat = truth.frame_times_ms, found.beats[0]
    ed_error = times[beat.ed_frame_index] - times[truth.ed_frames[0]]
    return float(ed_error), float(times[beat.es_frame_index] - times[truth.es_frames[0]])


def _dice(one: tuple[Point, ...], other: tuple[Point, ...]) -> float:
    first, second = _filled(one), _filled(other)
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


def _filled(outline: tuple[Point, ...]) -> NDArray[np.bool_]:
    """Twice as fine as the image, which keeps the error of whole pixels below the border's own."""
    image = Image.new("1", (2 * COLUMNS, 2 * ROWS))
    ImageDraw.Draw(image).polygon([(2 * x + 0.5, 2 * y + 0.5) for x, y in outline], fill=1)
    return np.asarray(image)
