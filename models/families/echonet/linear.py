"""EchoNet-Measurements' nine B-mode lengths: two points a frame, their distance, and the phases of the left ventricle.

Published: every frame alone, the whole sigmoid's centroid cut to whole pixels, the size of a pixel from the lowest region,
30 frames a second assumed. Corrected: one peak or none, parts of pixels, the node's own region, the clip's own clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import lowest_region
from models.catalogue import View
from models.clip import Clip
from models.derive.calipers.diameter_curve import Motion, PhaseFrames, phase_frames, published_phases, smoothed, wave_frames
from models.derive.calipers.heat_map import PeakLimits, peak, published_centroid, sigmoid
from models.families.echonet.display import described
from models.families.echonet.frames import logits, published_frames
from models.families.echonet.whole_frames import WholeFrames
from models.library.manifest import Manifest
from models.library.reading import Decoding, Mark, Reading, calibration_reason, with_calipers
from models.networks.frame_answers import frame_answers
from models.networks.linear_values import Diameters, length_keys, limits_without_phase, short_name, values_at
from models.networks.reading_network import ReadingNetwork
from models.networks.vision import DeepLab
from models.results import Beat, CaliperKind, ReadValue, Reason

Points = NDArray[np.float64]

_AT_ONCE = 4  # frames
_COLUMNS = ("frame_number", "pred_x1", "pred_y1", "pred_x2", "pred_y2", "diameter", "smooth_diameter")
_FOLDER_COLUMNS = (
    "filename", "frame_number", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present",
    "pred_x1", "pred_y1", "pred_x2", "pred_y2", "coordinates", "predicted_diameter",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Calipers:
    """`table_px` (frames, 2, 2) are the points as the table gives them, `image_px` the same on the image, NaN for none.

    `diameters` are those of every frame, `smooth` the curve the phases were sought in; `probability` (frames,) is that of the
    less sure point, None where the decoding has no peaks.
    """

    table_px: Points
    image_px: Points
    diameters: Diameters
    smooth: NDArray[np.float64]
    phases: PhaseFrames
    rule: str
    probability: NDArray[np.float64] | None = None


class LinearReader(ReadingNetwork, DeepLab):
    """RGB frames (n, 3, 480, 640), float32, 0 to 1 -> logits (n, 2, 480, 640); `read` measures a clip.

    The table counts frames from 0. Its points are px of the network's input in the published decoding, of the image in the
    corrected one. Its diameters are in cm. Without calibration the corrected table has px, as its column `unit` says, and the
    published one has none. The published table of a single video file knows px only.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        self.own_limits = limits_without_phase(manifest)
        self.motion = Motion(str(manifest.architecture.get("motion", Motion.NONE)))

    @property
    def has_published_phases(self) -> bool:
        """Of the left ventricle's cavity only."""
        return self.motion is Motion.CAVITY and "at_es" in self.manifest.architecture

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Raises ReadingError for a DICOM image that is not 3:4 (published decoding only)."""
        calipers = self._published(clip) if decoding is Decoding.PUBLISHED else self._corrected(clip)
        unit = calipers.diameters.in_best_unit[1]
        more: tuple[str, ...] = ("unit",)
        table = f"diameters of the table in {unit}"
        if decoding is Decoding.PUBLISHED:
            more = ()
            if unit == "px" and not clip.from_video_file:
                table = "no diameters in the table, as published: uncalibrated"
        assumption = str(self.manifest.architecture.get("assumption", ""))
        return Reading(
            values=values_at(self.manifest, calipers.diameters, calipers.phases),
            columns=_COLUMNS + more,
            rows=self._rows(clip, calipers, decoding),
            marks=self._marks(calipers),
            notes=(f"{decoding.value} decoding", calipers.rule, calipers.phases.rule, *filter(None, (assumption,)), table),
            folder_columns=_FOLDER_COLUMNS + more,
        )

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """The values of the corrected `read`, and no table: of a length that is taken at R waves, from those frames alone.

        Where none of them has both its end points, what to say depends on the other frames.
        """
        if indices := self._at_r_waves(clip):
            calipers = self._corrected(clip, indices)
            if np.isfinite(calipers.diameters.px).any():
                return with_calipers(values_at(self.manifest, calipers.diameters, calipers.phases), self._marks(calipers))
        return self.read(clip).values

    def _at_r_waves(self, clip: Clip) -> tuple[int, ...]:
        """Empty where other frames count too: the diameters tell the phase, or the largest one is sought."""
        keys, times = self.manifest.architecture, clip.frame_times_ms
        alone = self.motion is Motion.NONE and "at_ed" in keys and "at_es" not in keys and "largest" not in keys
        if not alone or times is None or len(times) < 2 or not (np.diff(times) > 0).all():
            return ()
        return wave_frames(times, clip.r_wave_times_ms, clip.heart_rate_bpm)[0]

    def _published(self, clip: Clip) -> _Calipers:
        frames, ratio = published_frames(clip)
        found = [[published_centroid(sigmoid(channel)) for channel in maps] for maps in logits(self, frames)]
        points = np.trunc(np.array(found))
        region = lowest_region(clip.regions)
        deltas = None if region is None else (abs(region.physical_delta_x), abs(region.physical_delta_y))
        reason = (Reason.NO_CALIBRATION, "no ultrasound region in the object")
        diameters = _measured(points * ratio, deltas, reason, limited=False)
        curve, _ = diameters.in_best_unit
        phases, smooth = PhaseFrames((), (), "no phases"), curve
        if self.has_published_phases:
            pair = published_phases(curve, kernel=self.kernel)
            smooth = pair.smooth
            if pair.ed_frame_index is not None and pair.es_frame_index is not None:
                phases = PhaseFrames((pair.ed_frame_index,), (pair.es_frame_index,), "phases by 30 frames a second, assumed")
        rule = "no calibration" if region is None else f"pixel size of the lowest region, {described(region)}"
        if self.kernel:
            rule += "; diameters smoothed by 1-2-3-2-1 for the phases"
        return _Calipers(points, points * ratio, diameters, smooth, phases, rule)

    def _corrected(self, clip: Clip, indices: Sequence[int] | None = None) -> _Calipers:
        """Of these frames, or of all; on the others there are no points."""
        asked = range(clip.number_of_frames) if indices is None else indices
        limits = PeakLimits(*(self.manifest.threshold(key) for key in ("least_probability", "second_peak", "far_px")))
        shown = WholeFrames(clip, self.manifest)
        choice = clip.b_mode_region()
        seen = (
            shown.screen.inside(choice.region) if choice.region else True
        )  # nothing elsewhere has the region's size of a pixel
        found = np.full((clip.number_of_frames, 2, 2), np.nan)
        probability = np.zeros(clip.number_of_frames)
        for index, maps in zip(asked, frame_answers(self, shown, asked, _AT_ONCE), strict=True):
            inside = [sigmoid(channel) * seen for channel in maps.numpy()]
            found[index] = [peak(channel, limits) or (np.nan, np.nan) for channel in inside]  # no peak, no point
            probability[index] = min(float(channel.max()) for channel in inside)
        points = shown.to_image(found)
        words = choice.problem.value if choice.problem else ""
        reason = (calibration_reason(choice.problem), words)
        diameters = _measured(points, choice.region.cm_per_px if choice.region else None, reason, limited=True)
        curve, _ = diameters.in_best_unit
        times = clip.frame_times_ms
        phases = phase_frames(curve, times, clip.r_wave_times_ms, clip.heart_rate_bpm, self.motion, clip.why_no_times)
        smooth = curve if times is None else smoothed(curve, times)
        rule = f"pixel size by {choice.rule}" if choice.region else f"no calibration: {words}"
        return _Calipers(points, points, diameters, smooth, phases, rule, probability)

    def _rows(self, clip: Clip, calipers: _Calipers, decoding: Decoding) -> tuple[dict[str, str | int | float | None], ...]:
        curve, unit = calipers.diameters.in_best_unit
        predicted = decoding is Decoding.CORRECTED or unit == "cm"
        single = predicted or clip.from_video_file
        rows = []
        for number, (points, diameter, smooth) in enumerate(zip(calipers.table_px, curve, calipers.smooth, strict=True)):
            (x1, y1), (x2, y2) = [[_plain(value) for value in point] for point in points.tolist()]
            rows.append({
                "filename": None,
                "frame_number": number,
                "measurement_name": short_name(self.manifest),
                "PhotometricInterpretation": clip.photometric_interpretation or None,
                "ultrasound_color_data_present": clip.ultrasound_color_data_present,
                "pred_x1": x1, "pred_y1": y1, "pred_x2": x2, "pred_y2": y2,
                "coordinates": None if None in (x1, x2) else f"{x1}:{x2}:{y1}:{y2}",
                "diameter": _plain(diameter) if single else None,
                "predicted_diameter": _plain(diameter) if predicted else None,
                "smooth_diameter": _plain(smooth) if single else None,
                "unit": unit,
            })  # fmt: skip
        return tuple(rows)

    def _marks(self, calipers: _Calipers) -> tuple[Mark, ...]:
        curve, unit = calipers.diameters.in_best_unit
        name, sure = short_name(self.manifest), calipers.probability
        keys = (name, *length_keys(self.manifest))
        return tuple(
            Mark(index, CaliperKind.LINE, ((x1, y1), (x2, y2)), f"{name} {curve[index]:.2f} {unit}", probability, keys)
            for index, ((x1, y1), (x2, y2)) in enumerate(calipers.image_px.tolist())
            for probability in (None if sure is None else float(sure[index]),)
            if np.isfinite(curve[index])
        )


def _measured(
    image_px: Points, cm_per_px: tuple[float, float] | None, uncalibrated: tuple[Reason, str], *, limited: bool
) -> Diameters:
    """Points (frames, 2, 2) -> their distance on every frame, NaN where one is missing."""
    along = image_px[:, 1] - image_px[:, 0]
    px = np.hypot(*along.T)
    if cm_per_px is None:
        return Diameters(px, None, uncalibrated, limited)
    return Diameters(px, np.hypot(*(along * np.array(cm_per_px)).T), limited=limited)


def _plain(value: float) -> float | int | None:
    """None for NaN; whole numbers as such, so that truncated pixels look as the authors print them."""
    if not np.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else round(float(value), 4)


def build(manifest: Manifest) -> LinearReader:
    return LinearReader(manifest)
