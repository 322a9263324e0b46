"""Synthetic hearts through the whole path with all gates lifted: how wrong EF is, and what speaks against the outlines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.analysis import Predictor
from models.analysis.outlines import Ventricle
from models.analysis.reliability import DISTANCE, doubts_about, verdict_of
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.derive.ventricle.apical import measurable, single_plane
from models.derive.ventricle.volumes import single_plane_volume_ml, to_cm
from models.evaluation.datasets.generated import GeneratedStudy
from models.library.model_set import Role
from models.phantom.rendered import Rendered
from models.results import ClipFindings, OutlineVerdict, Reason

EF = "ef_bp"
_APICAL = 2  # a study's first clips: A4C and A2C
OF_THE_GATE = (Reason.OUT_OF_DISTRIBUTION, Reason.UNCERTAIN_OUTLINES)


@dataclass(frozen=True)
class GateLimits:
    """What is calibrated: `largest_distance` of the view model, and the [gate] of the segmenter."""

    largest_distance: float
    gate: Mapping[str, float]


@dataclass(frozen=True)
class ApicalOutcome:
    """One apical clip. `doubts` are those of its outlines but for the distance, empty where there are none.

    `ef_error_points` is found - true, both by discs in this one plane; None where nothing was found. `reasons` are what stops
    the clip but for distance and outlines.
    """

    distance: float
    reasons: tuple[Reason, ...] = ()
    doubts: Mapping[str, float] = field(default_factory=dict)
    ef_error_points: float | None = None

    def verdict(self, limits: GateLimits) -> OutlineVerdict | None:
        """None where nothing is outlined."""
        if not self.doubts:
            return None
        return verdict_of(limits.gate, {**self.doubts, DISTANCE: self.distance / limits.largest_distance})


@dataclass(frozen=True)
class HeartOutcome:
    """`ef_error_points` is that of the biplane EF, found - true; None where none was found even with all gates lifted."""

    seed: int
    quality: int
    clips: tuple[ApicalOutcome, ...]
    ef_error_points: float | None

    @property
    def distance(self) -> float:
        """That of the clip which is farther off."""
        return max(clip.distance for clip in self.clips)

    def expected_error(self, limits: GateLimits) -> float | None:
        """That of the clip which is less sure; None where one has no outlines."""
        verdicts = [clip.verdict(limits) for clip in self.clips]
        expected = [verdict.expected_error_points for verdict in verdicts if verdict]
        return max(expected) if len(expected) == len(verdicts) else None

    def stops(self, limits: GateLimits) -> tuple[Reason, ...]:
        """Why EF is not measured; empty where it is."""
        found = [reason for clip in self.clips for reason in clip.reasons]
        found += [Reason.OUT_OF_DISTRIBUTION] * (self.distance > limits.largest_distance)
        found += [Reason.UNCERTAIN_OUTLINES] * any(
            not verdict.reliable for clip in self.clips if (verdict := clip.verdict(limits))
        )
        if not found and self.ef_error_points is None:
            found.append(Reason.VIEW_MISSING)
        return tuple(dict.fromkeys(found))


def heart_outcome(predictor: Predictor, study: GeneratedStudy) -> HeartOutcome:
    """Raises ValueError where the predictor tells no distance."""
    lifted = replace(predictor, research_override=True)
    apical = study.clips[:_APICAL]
    found = [lifted.analyse(clip) for clip, _ in apical]
    measured = {one.key: one.value for one in derive_study(str(study.seed), found, research_override=True).measurements}
    clips = tuple(_clip_outcome(predictor, clip, true, one) for (clip, true), one in zip(apical, found, strict=True))
    error = measured[EF] - study.truth[EF] if EF in measured else None
    return HeartOutcome(study.seed, study.quality, clips, error)


def _clip_outcome(predictor: Predictor, clip: Clip, true: Rendered, found: ClipFindings) -> ApicalOutcome:
    if found.distribution is None:
        raise ValueError("the predictor tells no distance from its training data")
    reasons = tuple(reason for reason in found.gates + found.marked if reason not in OF_THE_GATE)
    outcome = ApicalOutcome(found.distribution.distance, reasons)
    if not found.contours:
        return outcome
    ventricle = Ventricle(found.contours, found.area_curve_cm2, found.beats)
    doubts = doubts_about(clip, predictor.needed(Role.LV_SEGMENTATION), ventricle)
    apical = measurable(found)
    if apical is None or found.cm_per_px is None:
        return replace(outcome, doubts=doubts)
    error = single_plane(apical)[f"ef_{apical.view}"].value - _true_ef_percent(true, found.cm_per_px)
    return replace(outcome, doubts=doubts, ef_error_points=error)


def _true_ef_percent(true: Rendered, cm_per_px: tuple[float, float]) -> float:
    """By discs, of the true outlines of the first beat."""
    frames: Sequence[int] = (true.ed_frames[0], true.es_frames[0])
    outlines = {one.frame_index: one.points_px for one in true.contours if one.structure == "lv"}
    edv, esv = (single_plane_volume_ml(to_cm(outlines[frame], cm_per_px)) for frame in frames)
    return 100 * (1 - esv / edv)
