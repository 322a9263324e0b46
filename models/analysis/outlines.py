"""The left ventricle of one clip: outlines, areas, beats."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from models.analysis.adapters import border_probability, lv_output, placed_frames
from models.analysis.loaded_model import LoadedModel
from models.analysis.phases import by_area_curve, find_phase_beats
from models.clip import Clip
from models.derive.beats.cardiac_cycle import BeatSearch, search_beats
from models.derive.beats.phase_beats import beats_at_r_waves, frames_needed, settled_beats
from models.derive.ventricle.long_axis import long_axis, turned
from models.derive.ventricle.outline import cavity_outline
from models.derive.ventricle.sector import probe_position
from models.derive.ventricle.volumes import area_cm2, to_cm
from models.inputs.clip_input import on_map, pairs
from models.library.recipe import LV
from models.results import Beat, Contour, ModelUse, Point

_PIXELS_AT_ONCE = 16 * 160 * 160
_MOST_AT_ONCE = 16


@dataclass(frozen=True)
class Ventricle:
    """All empty where it was not sought. `why_no_beats` says why it shows none, `notes` why a model that finds phases did not
    decide on them.
    """

    contours: tuple[Contour, ...] = ()
    area_curve_cm2: tuple[float | None, ...] = ()
    beats: tuple[Beat, ...] = ()
    why_no_beats: str = ""
    models: tuple[ModelUse, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def outline_ventricle(clip: Clip, loaded: LoadedModel, of_phase: LoadedModel | None = None) -> Ventricle:
    """Around the ends of the beats that `of_phase` finds; without it, or where it finds none, on every frame, since beats are
    then sought in the curve of all areas. Raises ValueError without a calibrated region.
    """
    region = clip.b_mode_region().region
    if region is None:
        raise ValueError("no contour without a calibrated region")
    found = find_phase_beats(clip, of_phase)
    notes = found.notes
    started = time.perf_counter()
    outlines = _Outlines(clip, loaded, region.cm_per_px)
    outlines.seek(frames_needed(found.beats, clip.number_of_frames))
    beats: tuple[Beat, ...] = ()
    why_none = ""
    if clip.frame_times_ms is not None:
        times_ms = clip.frame_times_ms.tolist()
        beats = beats_at_r_waves(settled_beats(found.beats, outlines.areas_cm2, times_ms), times_ms, clip.r_wave_times_ms)
    if found.beats and not beats:
        notes += (by_area_curve(f"the areas, or the ECG, contradict the phases by {found.models[0].name}"),)
    if not beats:
        outlines.seek(range(clip.number_of_frames))
        searched = _search_curve(clip, outlines)
        beats, why_none = searched.beats, searched.why_none
    contours = tuple(outlines.contours[index] for index in sorted(outlines.contours))
    elapsed = found.timings_s | {"lv_segmentation": time.perf_counter() - started}
    return Ventricle(contours, tuple(outlines.areas_cm2), beats, why_none, (*found.models, loaded.use), elapsed, notes)


def _search_curve(clip: Clip, outlines: "_Outlines") -> BeatSearch:
    times = clip.frame_times_ms
    if not outlines.contours:
        return BeatSearch((), "no outline of the left ventricle on any frame")
    if times is None:
        return BeatSearch((), clip.why_no_times)
    return search_beats(outlines.areas_cm2, times.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)


class _Outlines:
    """Outlines by frame, each sought once. `areas_cm2` has one value per frame, None where there is none: no cavity, no
    annulus away from the probe, or a long axis that turns against those of the frames around it.
    """

    def __init__(self, clip: Clip, loaded: LoadedModel, cm_per_px: Point) -> None:
        self._loaded, self._cm_per_px = loaded, cm_per_px
        self._placed = placed_frames(clip, loaded.manifest)
        self._level, self._output = border_probability(loaded.manifest), lv_output(loaded.manifest)
        self._sought: set[int] = set()
        self._at_once = 1  # until the size of the input is known
        self.contours: dict[int, Contour] = {}
        self.areas_cm2: list[float | None] = [None] * clip.number_of_frames
        self._probe_px = on_map(self._placed, probe_position(clip))

    def seek(self, indices: Sequence[int]) -> None:
        waiting = [index for index in indices if index not in self._sought]
        while waiting:
            asked, waiting = waiting[: self._at_once], waiting[self._at_once :]
            batch = self._placed.batch(asked)
            self._at_once = max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // (batch.shape[-1] * batch.shape[-2])))
            maps = self._loaded.run(batch)[0][:, self._output].sigmoid().numpy()
            for index, probability in zip(asked, maps, strict=True):
                line = cavity_outline(probability, self._level, probe=self._probe_px)
                if line is not None:
                    points = pairs(self._placed.to_image(line))
                    self.contours[index] = Contour(LV, index, points)
                    self.areas_cm2[index] = area_cm2(to_cm(points, self._cm_per_px))
            self._sought.update(asked)
        axes = {index: long_axis(contour.points_px, self._cm_per_px) for index, contour in self.contours.items()}
        for index in turned(axes):
            del self.contours[index]
            self.areas_cm2[index] = None
