"""The left ventricle of one clip, frame by frame: outlines, areas, beats."""

import time
from dataclasses import dataclass, field

from models.clip import Clip
from models.derive.cardiac_cycle import find_beats
from models.derive.volumes import area_cm2, to_cm
from models.families.outline import cavity_outline
from models.predictor.adapters import SEGMENTERS, border_probability
from models.predictor.frames import ClipFrames
from models.predictor.parts import Part
from models.results import Beat, Contour, ModelUse

_PIXELS_AT_ONCE = 16 * 160 * 160
_MOST_AT_ONCE = 16


@dataclass(frozen=True)
class Ventricle:
    """All empty where it was not sought."""

    contours: tuple[Contour, ...] = ()
    area_curve_cm2: tuple[float | None, ...] = ()
    beats: tuple[Beat, ...] = ()
    models: tuple[ModelUse, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)


def outline_ventricle(clip: Clip, frames: ClipFrames, part: Part) -> Ventricle:
    """On every frame, since beats are found in the curve of all areas. Raises ValueError without a calibrated region."""
    started = time.perf_counter()
    region = clip.b_mode_region().region
    if region is None:
        raise ValueError("no contour without a calibrated region")
    placed = SEGMENTERS[part.manifest.family](clip, frames, part.manifest)
    level = border_probability(part.manifest)
    contours: list[Contour] = []
    areas: list[float | None] = []
    step = 1
    while len(areas) < clip.number_of_frames:
        indices = range(len(areas), min(len(areas) + step, clip.number_of_frames))
        batch = placed.batch(indices)
        step = max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // (batch.shape[-1] * batch.shape[-2])))
        maps = part.run(batch)[0][:, 0].sigmoid().numpy()
        for index, probability in zip(indices, maps, strict=True):
            line = cavity_outline(probability, level)
            if line is None:
                areas.append(None)
                continue
            points = tuple(placed.to_image(line))
            contours.append(Contour("lv", index, points))
            areas.append(area_cm2(to_cm(points, region.cm_per_px)))
    times = clip.frame_times_ms
    beats = () if times is None else find_beats(areas, times.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)
    elapsed = {"lv_segmentation": time.perf_counter() - started}
    return Ventricle(tuple(contours), tuple(areas), beats, (part.use,), elapsed)
