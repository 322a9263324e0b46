"""From tissue to the polar picture: scatterers and surfaces gathered into beams, blurred by the beam, compressed to grey."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.artefacts import Artefacts
from models.phantom.counterpart.body import Body
from models.phantom.counterpart.machine import Style, grey
from models.phantom.counterpart.scatterers import MotionField, Scatterers
from models.phantom.counterpart.scene import MM_PER_PX, Canvas, Cut, Kind, Painter, cut
from models.phantom.counterpart.surroundings import surroundings
from models.phantom.counterpart.windows import Window

# Echo of each kind relative to muscle, in dB; our choice, near what pictures of many machines show.
_LEVEL_DB = {
    Kind.PERICARDIUM: 5.0, Kind.FAT: -8.0, Kind.ATRIAL_WALL: -7.0, Kind.RV_WALL: -3.0, Kind.MUSCLE: 0.0, Kind.LINING: -1.5,
    Kind.PAPILLARY: 3.0, Kind.VESSEL_WALL: -3.0, Kind.LEAFLET: 7.0, Kind.CHORD: 1.0,
    Kind.VEIN_WALL: 0.0, Kind.ANNULUS: 5.0,
}  # fmt: skip
_MIRRORS = {
    "lv_epi": 1.0, "lv_blood": 0.3, "lv": 0.2, "la": 0.55, "ra": 0.5, "aorta": 0.9, "rv": 0.35, "rv_wall": 0.8, "ivc": 0.9,
    "pa": 0.6, "rvot": 0.4, "pa_branch": 0.5,
}  # fmt: skip
_ALONG = (Kind.MUSCLE, Kind.LINING, Kind.PERICARDIUM, Kind.ATRIAL_WALL, Kind.RV_WALL)


class Picture:
    """Renders one clip: the window, machine and patient stay, the heart moves."""

    def __init__(
        self, window: Window, body: Body, style: Style, shape: tuple[int, int], rng: np.random.Generator, effusion_mm: float
    ) -> None:
        self._window, self._style, self._shape, self._rng = window, style, shape, rng
        self._canvas = Canvas.over(window.sector)
        self._effusion = effusion_mm
        self._field = MotionField(body, window.plane, window.sector, rng)
        self._scatterers = Scatterers(self._field, window.sector, shape, style.grain, style.density, rng)
        self._levels = np.array([_LEVEL_DB.get(kind, 0.0) for kind in Kind], np.float32)
        self._levels += rng.normal(0, 1.5, len(self._levels)).astype(np.float32)
        self._levels[Kind.BLOOD] = style.blood_db
        self._around = surroundings(window, self._canvas, rng)
        self._uneven = _patches(rng, (self._canvas.size[1], self._canvas.size[0]), 9.0, 2.4)
        self._artefacts = Artefacts(window, style, shape, rng)
        self._rough = rng.normal(0, 1, 512).astype(np.float32)
        self._last: NDArray[np.float32] | None = None
        self._reference: float | None = None
        rows = np.linspace(window.sector.near_mm, window.sector.far_mm, shape[0])
        away = (rows - window.sector.near_mm) / (window.sector.far_mm - window.sector.near_mm) - style.focus
        share = np.clip(1 - (rows - window.sector.near_mm) / 38, 0, 1).astype(np.float32)
        shown = share > 0 if rows[0] < 20 else np.zeros(len(rows), bool)
        self._shallow = np.sqrt(share[shown])[:, None, None]
        self._unfocused = np.clip((away / 0.6) ** 2, 0, 1).astype(np.float32)[:, None]

    def frame(self, body: Body, time_ms: float) -> tuple[NDArray[np.float32], Cut]:
        """The polar picture, float32 (samples, lines), 0 to 1, at a moment, and the cut that it shows."""
        found = cut(body, self._window.plane)
        kinds = Painter(self._canvas, found, self._effusion).paint()
        strength, blood = self._strength(kinds)
        echo = self._gather(body, strength, blood) + self._surfaces(found)
        envelope = self._blurred(echo)
        if self._reference is None:
            inside = envelope[int(0.15 * len(envelope)) :]
            self._reference = float(np.quantile(inside, 0.985)) * 1.05 + 1e-9
        envelope = self._artefacts.applied(envelope / self._reference, time_ms)
        picture = grey(envelope * np.float32(10 ** (self._style.gain_db / 20)), self._style)
        if self._style.compound:
            picture = np.asarray(cv2.bilateralFilter(picture, 5, 0.12, 1.6), dtype=np.float32)
        if self._last is not None:
            keep = np.float32(self._style.persistence)
            picture = (1 - keep) * picture + keep * self._last
        self._last = picture
        return picture, found

    def _strength(self, kinds: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """How strongly each px of the canvas scatters, and where blood is."""
        level = self._levels[kinds] + self._uneven
        around = kinds == Kind.AROUND
        level[around] = self._around[around]
        level -= self._style.anisotropy_db * self._grazing(kinds)
        return np.exp(level * np.float32(np.log(10) / 20)), kinds == Kind.BLOOD

    def _grazing(self, kinds: NDArray[np.uint8]) -> NDArray[np.float32]:
        """0 to 1, how much a px of wall runs along the beam, so that its fibres send little back."""
        small = cv2.resize((kinds == Kind.BLOOD).astype(np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), 2.4)
        gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
        rows, columns = soft.shape
        x = (np.arange(columns, dtype=np.float32) * 4 * MM_PER_PX + np.float32(self._canvas.corner[0]))[None]
        y = (np.arange(rows, dtype=np.float32) * 4 * MM_PER_PX + np.float32(self._canvas.corner[1]))[:, None]
        facing = np.abs(gx * x + gy * y) / (np.hypot(gx, gy) * np.hypot(x, y) + 1e-4)
        graze = cv2.resize((1 - np.clip(facing, 0, 1)) ** 1.5, kinds.shape[::-1], interpolation=cv2.INTER_LINEAR)
        graze *= np.isin(kinds, _ALONG)
        return np.asarray(graze, dtype=np.float32)

    def _polar(self, places: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """The sample, line and distance in mm of places (places, 2) in mm."""
        sector, (samples, lines) = self._window.sector, self._shape
        radius = np.hypot(places[:, 0], places[:, 1])
        angle = np.arctan2(places[:, 0], places[:, 1])
        sample = (radius - np.float32(sector.near_mm)) * np.float32((samples - 1) / (sector.far_mm - sector.near_mm))
        line = (angle / np.float32(sector.half_angle_rad) + 1) * np.float32((lines - 1) / 2)
        return np.asarray(sample, np.float32), np.asarray(line, np.float32), radius

    def _gather(self, body: Body, strength: NDArray[np.float32], blood: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Echo of all scatterers, (samples, lines, 2): in phase and in quadrature."""
        places, amplitude = self._scatterers.moved(self._field.nodes(body))
        column = ((places[:, 0] - np.float32(self._canvas.corner[0])) / np.float32(MM_PER_PX)).astype(np.int32)
        row = ((places[:, 1] - np.float32(self._canvas.corner[1])) / np.float32(MM_PER_PX)).astype(np.int32)
        at = np.clip(row, 0, strength.shape[0] - 1) * strength.shape[1] + np.clip(column, 0, strength.shape[1] - 1)
        amplitude = amplitude * strength.ravel()[at]
        sample, line, radius = self._polar(places)
        phase = radius * np.float32(4 * np.pi / self._style.wavelength_mm)
        flows = blood.ravel()[at]
        phase[flows] = self._rng.random(int(flows.sum()), dtype=np.float32) * np.float32(2 * np.pi)  # blood has moved on
        return self._splat(sample, line, amplitude * np.cos(phase), amplitude * np.sin(phase))

    def _splat(
        self, sample: NDArray[np.float32], line: NDArray[np.float32], real: NDArray[np.float32], imaginary: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        samples, lines = self._shape
        row, column = np.rint(sample).astype(np.int32), np.rint(line).astype(np.int32)
        inside = (row >= 0) & (row < samples) & (column >= 0) & (column < lines)
        at = row[inside] * lines + column[inside]
        parts = [np.bincount(at, part[inside], samples * lines).astype(np.float32) for part in (real, imaginary)]
        return np.stack(parts, axis=-1).reshape(samples, lines, 2)

    def _surfaces(self, found: Cut) -> NDArray[np.float32]:
        """Echo of smooth borders: strong where the beam meets them squarely."""
        places, strong = [], []
        for name, weight in _MIRRORS.items():
            for loop in found.loops.get(name, ()):
                line = np.concatenate([loop.points, loop.points[:1]])
                step = np.hypot(*np.diff(line, axis=0).T)
                count = np.maximum(1, (step / 0.5).astype(int))
                base = np.repeat(np.arange(len(step)), count)
                share = np.concatenate([np.arange(c) / c for c in count]) if len(count) else np.empty(0)
                direction = np.diff(line, axis=0)[base] / np.maximum(step[base], 1e-6)[:, None]
                here = line[base] + share[:, None] * np.diff(line, axis=0)[base]
                rough = np.interp(np.arange(len(here)) / 17 + 31 * len(name), np.arange(512), self._rough, period=512)
                places.append(here)
                strong.append(weight * _facing(direction, here) ** 5 * np.clip(1 + 0.5 * rough, 0.05, 2.5) * ~loop.on_cap[base])
        for name, sheet in found.pieces.items():
            if not name.startswith("chord"):
                along = sheet[:, 1] - sheet[:, 0]
                long = np.hypot(*along.T)
                places.append(sheet.mean(axis=1))
                strong.append(1.6 * long * _facing(along / np.maximum(long, 1e-6)[:, None], places[-1]) ** 2)
        if not places:
            return np.zeros((*self._shape, 2), np.float32)
        flat, echo = np.concatenate(places).astype(np.float32), np.concatenate(strong).astype(np.float32)
        sample, line_of, _ = self._polar(flat)
        echo *= np.float32(1.1 * self._style.specular)
        jitter = sample - np.rint(sample)
        return self._splat(sample, line_of, echo * (1 - np.abs(jitter)), 0.3 * echo)

    def _blurred(self, echo: NDArray[np.float32]) -> NDArray[np.float32]:
        """The envelope after the point spread: sharp at the focus, wide away from it, with side lobes and a ringing tail."""
        style, sector, (samples, lines) = self._style, self._window.sector, self._shape
        axial = max(style.axial_mm * samples / (sector.far_mm - sector.near_mm), 0.5)
        lateral = max(style.lateral_rad * lines / (2 * sector.half_angle_rad), 0.5)
        sharp = cv2.GaussianBlur(echo, (0, 0), sigmaX=lateral, sigmaY=axial)
        wide = cv2.GaussianBlur(echo, (0, 0), sigmaX=lateral * (1 + style.rise), sigmaY=axial)
        part = self._unfocused[..., None]
        beam = sharp * (1 - part) + wide * (part * np.float32(np.sqrt(1 + style.rise)))
        shallow, spread = self._shallow, float(5 * lateral)
        if len(shallow):  # close to the probe the beam is as wide as its face
            broad = cv2.GaussianBlur(echo[: len(shallow)], (0, 0), sigmaX=spread, sigmaY=axial) * np.float32(2.2)
            beam[: len(shallow)] = beam[: len(shallow)] * (1 - shallow) + broad * shallow
        if style.ringing > 0.02:
            tail = max(1, round(2.6 * axial))
            beam[tail:] += np.float32(style.ringing) * beam[:-tail]
        lobes = cv2.GaussianBlur(np.hypot(beam[..., 0], beam[..., 1]), (0, 0), sigmaX=9 * lateral, sigmaY=axial)
        lobes = lobes * np.float32(10 ** (style.side_lobe_db / 20) * 4)
        return np.asarray(np.hypot(beam[..., 0], beam[..., 1]) + lobes, dtype=np.float32)


def _facing(direction: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How squarely lines of unit `direction` at `places`, both (places, 2), meet the beam: 1, or 0 along it."""
    return np.asarray(np.abs(direction[:, 0] * places[:, 1] - direction[:, 1] * places[:, 0]) / (np.hypot(*places.T) + 1e-6))


def _patches(rng: np.random.Generator, shape: tuple[int, int], mm: float, db: float) -> NDArray[np.float32]:
    """Slowly varying unevenness in dB, (rows, columns)."""
    coarse = (max(3, int(shape[1] * MM_PER_PX / mm)), max(3, int(shape[0] * MM_PER_PX / mm)))
    noise = rng.normal(0, db, coarse[::-1]).astype(np.float32)
    return np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC))
