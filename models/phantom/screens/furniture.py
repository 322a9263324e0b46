"""The marks of a screen: head, buttons, rulers, bars, cursors, scales."""

import math

import numpy as np
from numpy.typing import NDArray

from models.catalogue import Mode
from models.phantom.screens.display_place import DisplayPlace
from models.phantom.screens.layer import Colour, Layer, Place
from models.phantom.screens.look import Look
from models.phantom.screens.screen import Box, Ruler, Screen
from models.phantom.screens.sector_place import SectorPlace
from models.phantom.screens.words import Banner

_BRIGHT: Colour = (225, 225, 225)
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)  # between numbers at a scale


class Furniture:
    """Draws into `layer`, which is that of `screen`."""

    def __init__(self, layer: Layer, screen: Screen, look: Look) -> None:
        self._layer, self._screen, self._look = layer, screen, look
        self.text_px = max(8, round(screen.text * screen.rows * look.text_scale))
        # What stands on the picture itself is light, also where the screen around it is.
        self.on_image: Colour = _BRIGHT if sum(screen.ink) < 300 else screen.ink

    def box_px(self, box: Box) -> tuple[float, float, float, float]:
        left, top, right, bottom = box
        return (
            left * self._screen.columns,
            top * self._screen.rows,
            right * self._screen.columns - 1,
            bottom * self._screen.rows - 1,
        )

    def head(self, banner: Banner) -> None:
        """The patient's band, the machine's buttons, its logo."""
        layer, screen, look = self._layer, self._screen, self._look
        height = round(screen.banner * screen.rows)
        if height:
            layer.fill((0, 0, screen.columns, height), screen.banner_colour)
            light = _BRIGHT if sum(screen.banner_colour) < 380 else (15, 15, 15)
            size = min(self.text_px, max(8, round(0.4 * height)))
            layer.write(f"{banner.patient}  {banner.patient_id}", (8, 0.08 * height), size, light, screen.typeface)
            layer.write(banner.institution, (8, 0.52 * height), size, light, screen.typeface)
            layer.write(banner.moment, (screen.columns - 8, 0.08 * height), size, light, screen.typeface, anchor="r")
        if screen.menu:
            top = round((1 - screen.menu) * screen.rows)
            layer.fill((0, top, screen.columns, screen.rows), screen.banner_colour)
            for number, word in enumerate(("Speed", "Loop", "Measure", "Store", "Page 1/3")):
                place = ((number + 0.5) * screen.columns / 5, top + 2)
                layer.write(word, place, max(8, round(0.5 * screen.menu * screen.rows)), _BRIGHT, screen.typeface, anchor="m")
        if screen.side:
            left, top_px, right, bottom = (round(edge) for edge in self.box_px(screen.side))
            layer.fill((left, top_px, right + 1, bottom + 1), (44, 47, 52))
            for row in range(8):
                y = top_px + 12 + row * (bottom - top_px) // 9
                layer.fill((left + 10, y, right - 10, y + (bottom - top_px) // 12), (62 + 4 * (row % 3), 66, 74))
        self._logo((screen.logo[0] * screen.columns, screen.logo[1] * screen.rows), look.logo)

    def _logo(self, place: Place, kind: int) -> None:
        x, y = place
        size = 0.022 * self._screen.rows
        turn = np.linspace(0, 2 * np.pi, 25)
        ring = [(x + size * math.cos(a), y + size * math.sin(a)) for a in turn]
        shapes: dict[int, list[list[Place]]] = {
            1: [ring, [(x - size / 2, y), (x, y - size / 2), (x + size / 2, y)]],
            2: [
                [(x - size + k * size, y + size), (x + k * size, y - size), (x + size + k * size, y + size)] for k in (0.0, 0.6)
            ],
            3: [
                [(x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size), (x - size, y - size)],
                ring,
            ],
            4: [[(x + size * (k - 1) / 2, y + size), (x + size * (k - 1) / 2, y - k * size / 3)] for k in range(4)],
        }
        self._layer.lines(shapes.get(kind, []), self._screen.accent, max(1, self._screen.rows // 400))

    def settings(self, lines: list[str]) -> None:
        """Half of the lines at each of the screen's blocks."""
        blocks = self._screen.blocks
        share = -(-len(lines) // len(blocks))
        for number, block in enumerate(blocks):
            x, y = block.x * self._screen.columns, block.y * self._screen.rows
            for line in lines[number * share : (number + 1) * share]:
                if line:
                    self._layer.write(line, (x, y), self.text_px, self._screen.ink, self._screen.typeface, anchor=block.anchor)
                y += round(1.3 * self.text_px)

    def word(self, text: str, box: tuple[float, float, float, float]) -> None:
        """A word somewhere in the picture, as sonographers type it."""
        if text:
            left, top, right, bottom = box
            place = (left + self._look.word[0] * (right - left), top + self._look.word[1] * (bottom - top))
            self._layer.write(text, place, round(1.15 * self.text_px), self._screen.accent, self._screen.typeface)

    def ruler(self, place: SectorPlace, right_px: float) -> None:
        """One tick per centimetre of depth, a longer one every five, and where the focus is. `right_px` is the image's rim."""
        sector, look = place.sector, self._look
        depth_cm = (sector.far_mm - sector.near_mm) / 10
        half, tick = sector.half_angle_rad, 0.006 * self._screen.rows + 2
        left, _, right, _ = place.corners
        ticks: list[list[Place]] = []
        for cm in range(int(depth_cm) + 1):
            length = tick * (2 if cm % 5 == 0 else 1)
            radius_mm = sector.near_mm + 10 * cm
            if self._screen.ruler is Ruler.EDGES:
                for side in (-1, 1):
                    x, y = place.to_px(np.array([side * radius_mm * math.sin(half), radius_mm * math.cos(half)]))
                    ticks.append([(x + side * 4, y), (x + side * (4 + length / 2), y)])
                continue
            _, y = place.to_px(np.array([0.0, radius_mm]))
            x, side = {Ruler.LEFT: (left - 6.0, -1), Ruler.RIGHT: (right + 6.0, 1)}.get(self._screen.ruler, (right_px, -1))
            ticks.append([(x, y), (x + side * length, y)])
            if look.numbers and cm % 5 == 0 and cm:
                at = (x + side * (length + 4), y - self.text_px / 2)
                small = round(0.85 * self.text_px)
                self._layer.write(str(cm), at, small, self.on_image, self._screen.typeface, anchor="l" if side > 0 else "r")
        self._layer.lines(ticks, self.on_image, 1, smooth=False)
        _, y = place.to_px(np.array([0.0, sector.near_mm + look.focus * 10 * depth_cm]))
        x = right_px if self._screen.ruler is Ruler.RIM else min(right + 14.0, right_px)
        self._layer.lines([[(x, y - 4), (x - 7, y), (x, y + 4), (x, y - 4)]], self._screen.accent, 1)

    def probe_mark(self, place: SectorPlace) -> None:
        """Beside the top of the sector, on the side of the probe's notch."""
        side = -1 if self._look.probe_mark_left else 1
        near = place.sector.near_mm
        x, y = place.to_px(np.array([side * near * math.sin(place.sector.half_angle_rad), near]))
        x, size = x + side * (0.02 * self._screen.rows + 4), 0.009 * self._screen.rows
        ring = [(x + size * math.cos(a), y + size * math.sin(a)) for a in np.linspace(0, 2 * np.pi, 17)]
        shape = ring if self._look.logo % 2 else [(x - size, y - size), (x, y + size), (x + size, y - size)]
        self._layer.lines([shape], self._screen.accent, 2)

    def bar(self, colours: NDArray[np.uint8], box: Box, ends: tuple[str, str] = ("", "")) -> None:
        """`colours`, uint8 RGB (levels, 3), 0 to 255, the last of them at the top, with a word above and one below."""
        left, top, right, bottom = (round(edge) for edge in self.box_px(box))
        levels = np.rint(np.linspace(255, 0, max(2, bottom - top))).astype(int)
        self._layer.lay(np.repeat(colours[levels][:, None], max(3, right - left), axis=1), left, top)
        small = round(0.8 * self.text_px)
        for word, y in zip(ends, (top - small - 3, bottom + 2), strict=True):
            anchor = "r" if right > 0.9 * self._screen.columns else "l"
            x = right if anchor == "r" else left
            self._layer.write(word, (x, y), small, self.on_image, self._screen.typeface, anchor=anchor)

    def cursor(self, place: SectorPlace, mode: Mode, gate_mm: Place | None) -> None:
        """The line that a display was taken along, with the gate of pulsed waves or the focus of continuous ones."""
        sector, look = place.sector, self._look
        if gate_mm is None:
            radius = sector.near_mm + look.gate * (sector.far_mm - sector.near_mm)
            angle = look.cursor * sector.half_angle_rad
        else:
            radius, angle = math.hypot(*gate_mm), math.atan2(gate_mm[0], gate_mm[1])
        beam, across = np.array([math.sin(angle), math.cos(angle)]), np.array([math.cos(angle), -math.sin(angle)])
        radii = np.arange(sector.near_mm, sector.far_mm, 4.0)
        dashes = [[_at(place, r * beam), _at(place, (r + 2) * beam)] for r in radii]
        marks: list[list[Place]] = []
        if mode in (Mode.PW, Mode.TDI):
            marks = [[_at(place, r * beam - 3 * across), _at(place, r * beam + 3 * across)] for r in (radius - 2, radius + 2)]
        elif mode is Mode.CW:
            corners = [radius * beam + 2.5 * step for step in (across, beam, -across, -beam, across)]
            marks = [[_at(place, corner) for corner in corners]]
        self._layer.lines(dashes, self.on_image, 1)
        self._layer.lines(marks, self._screen.accent, 1)

    def outline(self, place: SectorPlace, low: Place, high: Place) -> None:
        """Around the colour box, from (angle in rad, radius in mm) to the same."""
        angles, radii = np.linspace(low[0], high[0], 24), (low[1], high[1])
        near, far = ([_at(place, r * np.array([math.sin(a), math.cos(a)])) for a in angles] for r in radii)
        self._layer.lines([[*near, *far[::-1], near[0]]], self._screen.accent, 1)

    def scale(self, place: DisplayPlace) -> None:
        """Numbers at the right rim of a display, ticks of time at its foot, and the baseline of a spectrum."""
        left, top, right, bottom = place.corners
        spectral = place.trace.mode is not Mode.M_MODE
        span = abs(place.value_per_px) * (bottom - top)
        metres = spectral and span > 180
        unit = 100 if metres else 1
        step = next((one * unit for one in _STEPS if span / (one * unit) <= 7), _STEPS[-1] * unit)
        low, high = sorted((place.top_value, place.top_value + place.value_per_px * (bottom - top)))
        ticks: list[list[Place]] = []
        small = round(0.85 * self.text_px)
        for number in range(math.ceil(low / step), math.floor(high / step) + 1):
            _, y = place.to_px(0, number * step)
            ticks.append([(right - 6, y), (right, y)])
            text = f"{number * step / unit:g}"
            if top + small < y < bottom - small:
                self._layer.write(text, (right - 9, y - small * 0.6), small, self.on_image, self._screen.typeface, anchor="r")
        word = ("m/s" if metres else "cm/s") if spectral else "cm"
        self._layer.write(word, (right - 9, top + 2), small, self.on_image, self._screen.typeface, anchor="r")
        seconds = place.seconds_per_px * (right - left + 1)
        ticks += [[(x, bottom - (8 if half % 2 == 0 else 4)), (x, bottom)]
                  for half in range(int(2 * seconds) + 1) for x in (place.to_px(half / 2, 0)[0],)]  # fmt: skip
        self._layer.lines(ticks, self.on_image, 1, smooth=False)
        zero = place.zero_row_px
        if spectral and top <= zero <= bottom:
            level = self._look.baseline
            self._layer.lines([[(left, zero), (right, zero)]], (level, level, level), 1, smooth=False)
        if self._look.framed:
            rim = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
            self._layer.lines([rim], (90, 90, 90), 1, smooth=False)


def _at(place: SectorPlace, places_mm: NDArray[np.float64]) -> Place:
    x, y = place.to_px(places_mm)
    return float(x), float(y)
