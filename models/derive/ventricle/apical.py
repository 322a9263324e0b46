"""The left ventricle of one apical clip, and of two clips together: volumes per beat and their mean."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.catalogue import Phase, View
from models.derive.ventricle.long_axis import long_axis_line
from models.derive.ventricle.volumes import Outline, area_cm2, biplane_volume_ml, length_cm, single_plane_volume_ml, to_cm
from models.results import Caliper, CaliperKind, ClipFindings, Contour, FrameReference

# ASE/EACVI 2015: biplane only where the two long axes differ by at most 10 %; else one of the planes is foreshortened.
_LENGTH_TOLERANCE = 0.10
_METHODS_APART_PERCENT = 10.0  # our choice


@dataclass(frozen=True)
class BeatMean:
    """A mean over beats, with the values it is the mean of and the frames they came from."""

    value: float
    by_beat: tuple[float, ...]
    sources: tuple[FrameReference, ...]
    calipers: tuple[Caliper, ...] = ()

    @property
    def beats(self) -> int:
        return len(self.by_beat)

    @property
    def sd(self) -> float | None:
        """The standard deviation over the beats; None for a single beat."""
        return float(np.std(self.by_beat, ddof=1)) if self.beats > 1 else None


@dataclass(frozen=True, eq=False)
class ApicalClip:
    """A clip that may be measured: its beats' outlines at end-diastole and end-systole, in pairs.

    Each outline of `outlines_cm` is (points, 2), (x, y) in cm, as `models.derive.ventricle.volumes` has them.
    """

    findings: ClipFindings
    view: View
    outlines_cm: tuple[tuple[Outline, Outline], ...]

    @cached_property
    def lengths_d_cm(self) -> tuple[float, ...]:
        """Length of the long axis at the end-diastole of each beat."""
        return tuple(length_cm(ed) for ed, _ in self.outlines_cm)

    @property
    def length_d_cm(self) -> float:
        """The mean of these lengths: the longer, the less foreshortened."""
        return float(np.mean(self.lengths_d_cm))

    def sources(self, *phases: Phase, beats: int | None = None) -> tuple[FrameReference, ...]:
        uid = self.findings.sop_instance_uid
        frames = {Phase.END_DIASTOLE: "ed_frame_index", Phase.END_SYSTOLE: "es_frame_index"}
        return tuple(
            FrameReference(uid, getattr(beat, frames[phase]) + 1, phase)
            for beat in self.findings.beats[:beats]
            for phase in phases
        )

    def long_axes(self) -> tuple[Caliper, ...]:
        """The line of each of `lengths_d_cm`, on its frame."""
        contours = {contour.frame_index: contour for contour in self.findings.contours if contour.structure == "lv"}
        return tuple(self._long_axis(contours[beat.ed_frame_index]) for beat in self.findings.beats)

    def _long_axis(self, contour: Contour) -> Caliper:
        line_px = long_axis_line(contour.points_px, self.findings.cm_per_px or (1.0, 1.0))
        return Caliper(CaliperKind.LINE, self.findings.sop_instance_uid, contour.frame_index + 1, line_px)


def measurable(findings: ClipFindings) -> ApicalClip | None:
    """The clip with the outlines of its beats; None where it has no calibration, no beat, or a beat without an outline."""
    if findings.view is None or findings.cm_per_px is None or not findings.beats:
        return None
    outlines = {c.frame_index: to_cm(c.points_px, findings.cm_per_px) for c in findings.contours if c.structure == "lv"}
    if any(index not in outlines for beat in findings.beats for index in (beat.ed_frame_index, beat.es_frame_index)):
        return None
    pairs = tuple((outlines[beat.ed_frame_index], outlines[beat.es_frame_index]) for beat in findings.beats)
    return ApicalClip(findings, findings.view.view, pairs)


def least_foreshortened(clips: Sequence[ApicalClip], view: View) -> ApicalClip | None:
    """The longest ventricle, to a millimetre; of several the best image."""
    return max((clip for clip in clips if clip.view is view), key=_rank, default=None)


def _rank(clip: ApicalClip) -> tuple[float, float]:
    quality = clip.findings.quality
    return round(clip.length_d_cm, 1), quality.score if quality else 0.0


def lengths_differ(one: ApicalClip, other: ApicalClip) -> str:
    """How the two long axes contradict each other, in words; "" where they agree."""
    if not differ(one.length_d_cm, other.length_d_cm):
        return ""
    lengths = ", ".join(f"{clip.view.upper()} {clip.length_d_cm:.1f} cm" for clip in (one, other))
    return f"end-diastolic LV lengths differ by more than 10 %: {lengths}"


def differ(one_cm: float, other_cm: float) -> bool:
    return abs(one_cm - other_cm) > _LENGTH_TOLERANCE * max(one_cm, other_cm)


def shapes_differ(clip: ApicalClip) -> str:
    """How far the EF by discs and the one by area and length (Lang et al. 2015) lie apart, in words; "" where they agree.

    A volume is 8 A^2 / (3 pi L) of its area and length, so that a ratio of two needs neither number. An outline that is no
    ventricle's, with a spike or a fold, makes them differ.
    """
    discs = np.mean([_ef_percent(single_plane_volume_ml(ed), single_plane_volume_ml(es)) for ed, es in clip.outlines_cm])
    by_area = np.mean([_ef_percent(*(area_cm2(one) ** 2 / length_cm(one) for one in pair)) for pair in clip.outlines_cm])
    if not abs(discs - by_area) > _METHODS_APART_PERCENT:
        return ""
    return f"EF {clip.view.upper()} by discs {discs:.0f} %, by area and length {by_area:.0f} %"


def single_plane(clip: ApicalClip) -> dict[str, BeatMean]:
    """LVEDV, LVESV and EF by discs, and the end-diastolic length in A4C. EF is the mean of the beats' own."""
    edv = [single_plane_volume_ml(ed) for ed, _ in clip.outlines_cm]
    esv = [single_plane_volume_ml(es) for _, es in clip.outlines_cm]
    ef = [_ef_percent(*volumes) for volumes in zip(edv, esv, strict=True)]
    d, s = Phase.END_DIASTOLE, Phase.END_SYSTOLE
    found = {
        f"ef_{clip.view}": _mean(ef, clip.sources(d, s)),
        f"lvedv_{clip.view}": _mean(edv, clip.sources(d)),
        f"lvesv_{clip.view}": _mean(esv, clip.sources(s)),
    }
    if clip.view is View.A4C:
        found["lv_len_d_a4c"] = replace(_mean(clip.lengths_d_cm, clip.sources(d)), calipers=clip.long_axes())
    return found


def biplane(a4c: ApicalClip, a2c: ApicalClip) -> dict[str, BeatMean]:
    """LVEDV and LVESV by discs of both planes, first beat with first beat and so on, and EF from the two means.

    The planes were not recorded in the same beats, so an EF per pair would mean nothing; its spread is still reported.
    """
    pairs = list(zip(a4c.outlines_cm, a2c.outlines_cm, strict=False))  # as many beats as both have
    edv = [biplane_volume_ml(ed4, ed2) for (ed4, _), (ed2, _) in pairs]
    esv = [biplane_volume_ml(es4, es2) for (_, es4), (_, es2) in pairs]
    ef = [_ef_percent(*volumes) for volumes in zip(edv, esv, strict=True)]

    def sources(*phases: Phase) -> tuple[FrameReference, ...]:
        return a4c.sources(*phases, beats=len(pairs)) + a2c.sources(*phases, beats=len(pairs))

    ef_of_means = _ef_percent(float(np.mean(edv)), float(np.mean(esv)))
    return {
        "ef_bp": BeatMean(ef_of_means, tuple(ef), sources(Phase.END_DIASTOLE, Phase.END_SYSTOLE)),
        "lvedv_bp": _mean(edv, sources(Phase.END_DIASTOLE)),
        "lvesv_bp": _mean(esv, sources(Phase.END_SYSTOLE)),
    }


def _ef_percent(edv_ml: float, esv_ml: float) -> float:
    return 100 * (edv_ml - esv_ml) / edv_ml if edv_ml > 0 else float("nan")


def _mean(values: Sequence[float], sources: tuple[FrameReference, ...]) -> BeatMean:
    return BeatMean(float(np.mean(values)), tuple(values), sources)
