"""EchoNet-Segmentation's areas of the left and the right atrium: one cavity a frame, and its area.

medRxiv 10.64898/2026.06.23.26356383. Published: the first frame, stretched to 640 x 480, its mask counted in pixels. Corrected:
every frame in its own shape, its largest cavity, in square centimetres, at end-systole, when an atrium is largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionChoice
from models.catalogue import READ
from models.clip import Clip
from models.derive.calipers.diameter_curve import Motion, phase_frames
from models.derive.calipers.heat_map import sigmoid
from models.derive.ventricle.outline import closed_lines, polygon_area
from models.families.echonet.frames import COLUMNS, ROWS, logits, swapped_chroma
from models.families.echonet.whole_frames import WholeFrames
from models.library.manifest import Manifest
from models.library.reading import Decoding, Mark, Reading, calibration_reason
from models.networks.frame_answers import frame_answers
from models.networks.linear_values import short_name
from models.networks.reading_network import ReadingNetwork
from models.networks.vision import DeepLab
from models.results import CaliperKind, Point, ReadValue, Reason, of_frames

_LEVEL = 0.5
_AT_ONCE = 4  # frames
_COLUMNS = ("filename", "frame_index", "measurement_name", "area_px", "mean_confidence", "area_cm2")
_LIMITS_CM2 = READ["ra_area"].limits  # those of the left atrium are the same


@dataclass(frozen=True, eq=False)
class _Cavity:
    """`confidence` is the mean probability inside the mask, `outline_px` closed, on the image; both empty where nothing is."""

    area_px: int
    confidence: float | None
    outline_px: tuple[Point, ...]


class AreaReader(ReadingNetwork, DeepLab):
    """RGB frames (n, 3, 480, 640), float32, 0 to 1 -> logits (n, 1, 480, 640); `read` measures a clip.

    The authors publish no table and no name of a column: those here are ours, frames counted from 0. The dictionary has a key
    for the left atrium's area in the two-chamber view and another one for the four-chamber view. Nothing here knows which of
    them a clip shows, so the area has neither.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        self.own_limits = {short_name(manifest): _LIMITS_CM2}

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        cavities = self._published(clip) if decoding is Decoding.PUBLISHED else self._corrected(clip)
        choice = clip.b_mode_region()
        region = choice.region if decoding is Decoding.CORRECTED else None
        cm2_per_px = region.cm_per_px[0] * region.cm_per_px[1] if region else None
        if decoding is Decoding.PUBLISHED:
            values, rule = self._first(cavities[0]), "first frame only"
        else:
            values, rule = self._at_end_systole(clip, cavities, cm2_per_px, choice)
        name = short_name(self.manifest)
        return Reading(
            values=values,
            columns=_COLUMNS[1:],
            rows=tuple(_row(name, index, cavity, cm2_per_px) for index, cavity in enumerate(cavities)),
            marks=tuple(
                Mark(index, CaliperKind.OUTLINE, cavity.outline_px, _label(name, cavity.area_px, cm2_per_px), keys=(name,))
                for index, cavity in enumerate(cavities)
                if cavity.outline_px
            ),
            notes=(f"{decoding.value} decoding", rule),
            folder_columns=_COLUMNS,
        )

    def _published(self, clip: Clip) -> list[_Cavity]:
        """Of an image in YCbCr, Cb and Cr are exchanged on the way to RGB."""
        frame = clip.take([0])[0]
        if clip.photometric_interpretation.startswith("YBR"):
            frame = swapped_chroma(frame)
        stretched = np.asarray(cv2.resize(frame, (COLUMNS, ROWS)), np.uint8)
        (maps,) = logits(self, iter([stretched]))
        probability = sigmoid(maps[0])
        marked = probability >= _LEVEL
        mask = cv2.resize(marked.astype(np.uint8), (clip.columns, clip.rows), interpolation=cv2.INTER_NEAREST)
        scale = np.array([clip.columns / COLUMNS, clip.rows / ROWS])
        outline = (_outline(probability) + 0.5) * scale - 0.5
        return [_Cavity(int(np.count_nonzero(mask)), _mean(probability, marked), _points(outline))]

    def _corrected(self, clip: Clip) -> list[_Cavity]:
        shown = WholeFrames(clip, self.manifest)
        screen = shown.screen
        region = clip.b_mode_region().region
        seen = screen.inside(region) if region else True  # nothing elsewhere has the region's size of a pixel
        cavities = []
        for maps in frame_answers(self, shown, range(clip.number_of_frames), _AT_ONCE):
            probability = sigmoid(maps[0].numpy()) * seen
            marked = _largest(probability >= _LEVEL)
            area_px = int(np.count_nonzero(screen.map_to_image(marked)))
            outline = screen.to_image(_outline(np.where(marked, probability, 0).astype(np.float32)))
            cavities.append(_Cavity(area_px, _mean(probability, marked), _points(outline)))
        return cavities

    def _first(self, cavity: _Cavity) -> tuple[ReadValue, ...]:
        key = short_name(self.manifest)
        if not cavity.area_px:
            return (ReadValue(key, "px", None, of_frames(0), reasons=(Reason.QUALITY,), detail="no cavity on the first frame"),)
        return (ReadValue(key, "px", float(cavity.area_px), of_frames(0), detail=f"mean confidence {cavity.confidence:.3f}"),)

    def _at_end_systole(
        self, clip: Clip, cavities: Sequence[_Cavity], cm2_per_px: float | None, choice: RegionChoice
    ) -> tuple[tuple[ReadValue, ...], str]:
        """The mean area over the beats' ends of systole; of one frame its own."""
        key = short_name(self.manifest)
        areas = np.array([cavity.area_px or np.nan for cavity in cavities], dtype=np.float64)
        phases = phase_frames(np.sqrt(areas), clip.frame_times_ms, (), clip.heart_rate_bpm, Motion.ATRIUM, clip.why_no_times)
        frames, rule, detail = phases.es, phases.rule, f"mean of {len(phases.es)} beats"
        if len(areas) == 1 and np.isfinite(areas[0]):
            frames, rule, detail = (0,), "one frame", "one frame, its phase is not known"
        if not frames:
            seen = bool(np.isfinite(areas).any())
            reason = Reason.NO_CARDIAC_CYCLE if seen else Reason.QUALITY
            why = phases.why_none if seen else "no cavity on any frame"
            return (ReadValue(key, "cm2", None, reasons=(reason,), detail=why),), rule
        value_px = float(areas[list(frames)].mean())
        sd_px = float(areas[list(frames)].std(ddof=1)) if len(frames) > 1 else None
        if cm2_per_px is None:
            words = choice.problem.value if choice.problem else ""
            missing = ReadValue(key, "cm2", None, reasons=(calibration_reason(choice.problem),), detail=words)
            return (ReadValue(key, "px", value_px, of_frames(frames[0]), detail=detail), missing), rule
        value, (low, high) = value_px * cm2_per_px, _LIMITS_CM2
        if not low <= value <= high:
            words = f"{value:.1f} cm2 is outside {low:g} to {high:g} cm2"
            return (ReadValue(key, "cm2", None, of_frames(frames[0]), reasons=(Reason.OUTSIDE_LIMITS,), detail=words),), rule
        mean = ReadValue(key, "cm2", value, of_frames(frames[0]), detail=detail)
        if sd_px is not None:
            mean = replace(mean, beats=len(frames), sd=sd_px * cm2_per_px, sources=of_frames(*frames))
        return (mean,), rule


def _largest(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    count, labels, figures, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    if count < 2:
        return marked
    return np.asarray(labels == 1 + int(figures[1:, cv2.CC_STAT_AREA].argmax()))


def _outline(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    return max(closed_lines(probability, _LEVEL), key=polygon_area, default=np.empty((0, 2)))


def _points(outline: NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in outline)


def _mean(probability: NDArray[np.float32], marked: NDArray[np.bool_]) -> float | None:
    return float(probability[marked].mean()) if marked.any() else None


def _row(name: str, index: int, cavity: _Cavity, cm2_per_px: float | None) -> dict[str, str | int | float | None]:
    return {
        "filename": None,
        "frame_index": index,
        "measurement_name": name,
        "area_px": cavity.area_px,
        "mean_confidence": None if cavity.confidence is None else round(cavity.confidence, 4),
        "area_cm2": None if cm2_per_px is None else round(cavity.area_px * cm2_per_px, 3),
    }


def _label(name: str, area_px: int, cm2_per_px: float | None) -> str:
    return f"{name} {area_px} px" if cm2_per_px is None else f"{name} {area_px * cm2_per_px:.1f} cm2"


def build(manifest: Manifest) -> AreaReader:
    return AreaReader(manifest)
