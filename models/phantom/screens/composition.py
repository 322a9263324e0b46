"""A plane or a trace on a screen: an object as a cart stores it, and its truth in px of the whole image."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration, RegionDataType
from models.catalogue import Mode
from models.phantom.rendered import Landmark, PlaneClip, Rendered, Trace
from models.phantom.screens.display_place import DisplayPlace
from models.phantom.screens.ecg import EcgPlace
from models.phantom.screens.furniture import Furniture
from models.phantom.screens.grey_map import flow_map, grey_map
from models.phantom.screens.layer import Layer, Place
from models.phantom.screens.look import Look, draw_look
from models.phantom.screens.screen import Screen
from models.phantom.screens.sector_place import SectorDrawing, SectorPlace
from models.phantom.screens.words import Annotation, Banner, Facts, annotation_of, mode_name, settings
from models.results import Contour

_WORDS = 0x30BD5
RGB = NDArray[np.uint8]


def compose(
    content: PlaneClip | Trace | tuple[PlaneClip, Trace],
    screen: Screen,
    seed: int,
    *,
    annotation: Annotation = Annotation.ANY,
    banner: Banner | None = None,
    gate_mm: Place | None = None,
) -> Rendered:
    """A loop of a plane, or a still of a trace, with its plane above where there is one.

    Which marks are drawn, and where, depends on `screen` and `seed` alone, but for what cannot be otherwise: a spectrum has a
    scale, a colour picture a colour bar, and depth, frame rate and heart rate are stated as they are. `annotation` is what a
    word that names the view has to do with it. `gate_mm` is where in the plane a trace was taken, else drawn by seed.
    """
    plane = content if isinstance(content, PlaneClip) else None if isinstance(content, Trace) else content[0]
    trace = content if isinstance(content, Trace) else None if isinstance(content, PlaneClip) else content[1]
    composition = _Composition(screen, seed, annotation, banner or Banner())
    if trace is not None:
        return composition.of_trace(trace, plane, gate_mm)
    assert plane is not None
    return composition.of_plane(plane)


class _Composition:
    """One picture in the making."""

    def __init__(self, screen: Screen, seed: int, annotation: Annotation, banner: Banner) -> None:
        self._screen, self._annotation, self._banner = screen, annotation, banner
        self._look: Look = draw_look(screen, seed)
        self._layer = Layer(screen.rows, screen.columns)
        self._furniture = Furniture(self._layer, screen, self._look)
        self._random = np.random.default_rng([seed, _WORDS])

    def of_plane(self, plane: PlaneClip) -> Rendered:
        screen, look, furniture = self._screen, self._look, self._furniture
        box = furniture.box_px(screen.image)
        place = SectorPlace.fitting(plane.sector, box, look.fill, look.shift, screen.pixel_aspect)
        mode = Mode.B_MODE if plane.colour is None else Mode.COLOUR
        regions = [self._sector_region(place)]
        if plane.colour is not None:
            regions.append(self._flow_box(place, plane.colour))
        times = plane.frame_times_ms
        rate = 1000 / float(np.diff(times).mean()) if len(times) > 1 else None
        self._words(Facts(_depth_cm(plane), rate, plane.heart_rate_bpm), plane.echoview47, mode, box)
        ecg = self._ecg_of_loop(plane, place)
        if ecg is not None:
            self._draw_ecg(ecg, plane.r_wave_times_ms, plane.heart_rate_bpm)
            regions.append(ecg.region())
        return Rendered(
            plane.view, plane.echoview47, mode, plane.quality, plane.quality_cause,
            self._frames(plane, place, ecg), times, plane.r_wave_times_ms, plane.heart_rate_bpm, tuple(regions),
            _contours(plane, place), _landmarks(plane, place), plane.values, plane.ed_frames, plane.es_frames,
        )  # fmt: skip

    def of_trace(self, trace: Trace, plane: PlaneClip | None, gate_mm: Place | None) -> Rendered:
        screen, furniture = self._screen, self._furniture
        display = DisplayPlace.fitting(trace, furniture.box_px(screen.display))
        regions: list[RegionCalibration] = []
        canvas = self._canvas()
        colours = grey_map(self._look.tint, self._look.gamma)
        depth_cm = abs(trace.per_row) * trace.panel.shape[0] if trace.mode is Mode.M_MODE else 15.0
        if plane is not None:
            place = SectorPlace.fitting(
                plane.sector, furniture.box_px(screen.small), self._look.fill, self._look.shift, screen.pixel_aspect
            )
            self._draw_sector(canvas, plane, place, 0)
            regions.append(self._sector_region(place))
            furniture.cursor(place, trace.mode, gate_mm)
            depth_cm = _depth_cm(plane)
        regions.append(display.region())
        left, top, right, bottom = display.corners
        levels = np.rint(255 * np.clip(display.draw(), 0, 1)).astype(np.uint8)
        canvas[top : bottom + 1, left : right + 1] = colours[levels]
        facts = Facts(depth_cm, None, trace.heart_rate_bpm, trace.panel.shape[1] * trace.seconds_per_column)
        self._words(facts, trace.echoview47, trace.mode, (left, top, right, bottom))
        furniture.scale(display)
        if self._look.ecg:
            _, ecg_top, _, ecg_bottom = (round(edge) for edge in furniture.box_px(screen.ecg))
            if screen.ecg_inside:  # through the foot of the display itself
                ecg_top, ecg_bottom = round(bottom - 0.18 * (bottom - top)), bottom
            ecg = EcgPlace((left, ecg_top, right, ecg_bottom), 0.0, 1000 * display.seconds_per_px)
            self._draw_ecg(ecg, trace.r_wave_times_ms, trace.heart_rate_bpm)
            regions.append(ecg.region())
        if self._screen.monochrome:
            self._grey_layer()
        self._layer.over(canvas)
        marks = tuple(
            Landmark(mark.key, 0, tuple(display.to_px(seconds, value) for seconds, value in mark.places))
            for mark in trace.marks
        )
        return Rendered(
            trace.view, trace.echoview47, trace.mode, trace.quality, trace.quality_cause, self._stored(canvas[None]),
            np.zeros(1), trace.r_wave_times_ms, trace.heart_rate_bpm, tuple(regions), (), marks, trace.values,
        )  # fmt: skip

    def _words(self, facts: Facts, echoview47: str, mode: Mode, box: tuple[float, float, float, float]) -> None:
        lines = settings(self._screen.wording, facts, self._random)
        word = annotation_of(echoview47, self._annotation, self._random)
        name = mode_name(mode, self._annotation, self._random)
        rate = f"HR {facts.heart_rate_bpm:.0f}" if self._random.uniform() < 0.7 else ""
        self._furniture.head(self._banner)
        self._furniture.settings([*([name] if name else []), *lines, *([rate] if rate else [])])
        self._furniture.word(word, box)
        if self._look.bar:
            self._furniture.bar(grey_map(self._look.tint, self._look.gamma), self._screen.bar)

    def _sector_region(self, place: SectorPlace) -> RegionCalibration:
        """The sector's box, with some padding, on the screen. Draws what belongs to the sector: ruler and probe mark."""
        screen, look = self._screen, self._look
        if look.ruler:
            self._furniture.ruler(place, self._furniture.box_px(screen.image)[2] + 0.02 * screen.columns)
        self._furniture.probe_mark(place)
        left, top, right, bottom = place.corners
        pad = look.padding_px
        corners = (
            max(0, left - pad), max(0, top - pad), min(screen.columns - 1, right + pad), min(screen.rows - 1, bottom + pad),
        )  # fmt: skip
        return place.region(corners, anchored=look.anchored, backwards=look.backwards)

    def _flow_box(self, place: SectorPlace, colour: NDArray[np.float32]) -> RegionCalibration:
        """The region around the flow, and its outline and colour bar."""
        sector = place.sector
        samples, lines = np.nonzero(np.isfinite(colour).any(axis=0))
        if not len(samples):
            samples, lines = np.array([0, colour.shape[1] - 1]), np.array([0, colour.shape[2] - 1])
        pitch = (sector.far_mm - sector.near_mm) / max(colour.shape[1] - 1, 1)
        radii = (
            sector.near_mm + pitch * max(samples.min() - 4, 0),
            min(sector.near_mm + pitch * (samples.max() + 4), sector.far_mm),
        )
        angles = [
            (line / max(colour.shape[2] - 1, 1) * 2 - 1) * sector.half_angle_rad for line in (lines.min() - 2, lines.max() + 2)
        ]
        low, high = max(angles[0], -sector.half_angle_rad), min(angles[1], sector.half_angle_rad)
        self._furniture.outline(place, (low, radii[0]), (high, radii[1]))
        speed = self._look.nyquist_cm_s
        left, top, right, bottom = self._screen.bar
        box = (left, bottom + 0.06, right, bottom + 0.06 + 0.7 * (bottom - top))
        self._furniture.bar(flow_map(self._look.flow_style), box, (f"+{speed:.0f}", f"-{speed:.0f}"))
        rim = [radius * np.array([math.sin(angle), math.cos(angle)]) for radius in radii for angle in np.linspace(low, high, 9)]
        px = place.to_px(np.array(rim))
        (x0, y0), (x1, y1) = np.floor(px.min(axis=0)).astype(int), np.ceil(px.max(axis=0)).astype(int)
        corners = (
            max(0, int(x0)),
            max(0, int(y0)),
            min(int(x1), self._screen.columns - 1),
            min(int(y1), self._screen.rows - 1),
        )
        return place.region(corners, RegionDataType.COLOUR_FLOW, anchored=self._look.anchored, backwards=self._look.backwards)

    def _ecg_of_loop(self, plane: PlaneClip, place: SectorPlace) -> EcgPlace | None:
        if not self._look.ecg:
            return None
        left, top, right, bottom = (round(edge) for edge in self._furniture.box_px(self._screen.ecg))
        if self._screen.ecg_inside:
            left, _, right, bottom = place.corners
            left, right = max(left, 0), min(right, self._screen.columns - 1)
            bottom = min(bottom, self._screen.rows - 1)
            top = bottom - round(0.13 * self._screen.rows)
        start_ms = -1000 * self._look.ecg_lead_s
        span_ms = float(plane.frame_times_ms[-1]) - start_ms + 1000 * self._look.ecg_more_s + 200
        return EcgPlace((left, top, right, bottom), start_ms, span_ms / (right - left + 1))

    def _draw_ecg(self, ecg: EcgPlace, r_waves_ms: Sequence[float], heart_rate_bpm: float) -> None:
        screen, look = self._screen, self._look
        left, top, right, bottom = ecg.corners
        if screen.frame and not screen.ecg_inside:
            self._layer.fill((left, top, right + 1, bottom + 1), screen.frame)
        line = ecg.line_px(r_waves_ms, heart_rate_bpm, look.ecg_height, look.ecg_wobble)
        self._layer.lines([[(float(x), float(y)) for x, y in line]], screen.ecg_colour, 1 + screen.rows // 700)
        if look.r_marks:
            marks = [[(x, bottom), (x, bottom - 5)] for x in ecg.r_marks_px(r_waves_ms, heart_rate_bpm)]
            self._layer.lines(marks, screen.accent, 2, smooth=False)

    def _canvas(self) -> RGB:
        canvas = np.empty((self._screen.rows, self._screen.columns, 3), np.uint8)
        canvas[:] = self._screen.background
        if self._screen.frame:
            left, top, right, bottom = (round(edge) for edge in self._furniture.box_px(self._screen.image))
            reach = round(0.03 * self._screen.columns)
            canvas[max(0, top - 4) : bottom + 5, max(0, left - reach) : right + reach] = self._screen.frame
        return canvas

    def _frames(self, plane: PlaneClip, place: SectorPlace, ecg: EcgPlace | None) -> NDArray[np.uint8]:
        base = self._canvas()
        plain = self._screen.monochrome and plane.colour is None
        if plain:
            self._grey_layer()
        shape = (len(plane.polar), *base.shape[:2]) if plain else (len(plane.polar), *base.shape)
        frames = np.empty(shape, np.uint8)
        drawing = SectorDrawing(place, *plane.polar.shape[1:], *base.shape[:2])
        for index, time_ms in enumerate(plane.frame_times_ms):
            canvas = base.copy()
            self._draw_sector(canvas, plane, place, index, drawing)
            self._layer.over(canvas)
            if ecg is not None:
                left, top, right, bottom = ecg.corners
                x = min(max(round(ecg.column_px(float(time_ms))), left), right)
                canvas[top : bottom + 1, x] = (200, 200, 200)
            frames[index] = canvas[..., 0] if plain else canvas
        return frames

    def _draw_sector(
        self, canvas: RGB, plane: PlaneClip, place: SectorPlace, index: int, drawing: SectorDrawing | None = None
    ) -> None:
        drawing = drawing or SectorDrawing(place, *plane.polar.shape[1:], *canvas.shape[:2])
        levels = np.rint(255 * np.clip(drawing.draw(plane.polar[index]), 0, 1)).astype(np.uint8)
        picture = grey_map(self._look.tint, self._look.gamma)[levels]
        if plane.colour is not None:
            speed = drawing.draw(plane.colour[index], nearest=True)
            turns = (speed / self._look.nyquist_cm_s + 1) % 2 / 2  # beyond the limit it is wrapped round
            flow = np.isfinite(speed) & drawing.inside
            picture[flow] = flow_map(self._look.flow_style)[np.rint(255 * turns[flow]).astype(np.uint8)]
        area = canvas[drawing.area]
        area[drawing.inside] = picture[drawing.inside]

    def _grey_layer(self) -> None:
        grey = self._layer.ink.mean(axis=2).astype(np.uint8)
        self._layer.ink = np.repeat(grey[..., None], 3, axis=2)

    def _stored(self, frames: RGB) -> NDArray[np.uint8]:
        return frames[..., 0].copy() if self._screen.monochrome else frames


def _depth_cm(plane: PlaneClip) -> float:
    return (plane.sector.far_mm - plane.sector.near_mm) / 10


def _contours(plane: PlaneClip, place: SectorPlace) -> tuple[Contour, ...]:
    return tuple(
        Contour(structure, index, _points(place, outline))
        for structure, outlines in plane.contours_mm.items()
        for index, outline in enumerate(outlines)
        if np.isfinite(outline).all()
    )


def _landmarks(plane: PlaneClip, place: SectorPlace) -> tuple[Landmark, ...]:
    return tuple(
        Landmark(key, index, _points(place, ends))
        for key, lines in plane.landmarks_mm.items()
        for index, ends in enumerate(lines)
        if np.isfinite(ends).all()
    )


def _points(place: SectorPlace, places_mm: NDArray[np.float64]) -> tuple[Place, ...]:
    return tuple((float(x), float(y)) for x, y in place.to_px(places_mm))
