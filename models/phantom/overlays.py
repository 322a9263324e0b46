"""What a machine draws around the sector: depth ruler, ECG strip, text. Always outside the sector's bounding box."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.phantom.acquisition import Sector

# 3 x 5 dot glyphs, one octal digit per row.
_GLYPHS = {
    "0": 0o75557, "1": 0o26227, "2": 0o71747, "3": 0o71717, "4": 0o55711, "5": 0o74717, "6": 0o74757, "7": 0o71111,
    "8": 0o75757, "9": 0o75717, "A": 0o25755, "B": 0o65656, "C": 0o74447, "D": 0o65556, "E": 0o74747, "F": 0o74744,
    "H": 0o55755, "M": 0o57755, "P": 0o75744, "R": 0o65655, "S": 0o74717, "T": 0o72222, "Z": 0o71247, " ": 0, "-": 0o00700,
    "/": 0o11244, ".": 0o00002,
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Where the sector's bounding box lies in the image and how large its pixels are."""

    x0_px: int
    y0_px: int
    width_px: int
    height_px: int
    mm_per_px_x: float
    mm_per_px_y: float

    def to_px(self, lateral_mm: float, axial_mm: float) -> tuple[float, float]:
        """Pixel position of an image point given in mm from the beams' origin, (0, 0) at the centre of the top left pixel."""
        x = self.x0_px + lateral_mm / self.mm_per_px_x + (self.width_px - 1) / 2
        return x, self.y0_px + axial_mm / self.mm_per_px_y - 0.5


def place_sector(sector: Sector, rows: int, columns: int, seed: int) -> Layout:
    """The sector as large as margins for text and ECG allow, with some variation in size and position; square pixels."""
    rng = np.random.default_rng([seed, 0x1A707])
    top, bottom = rows * rng.uniform(0.03, 0.09), rows * rng.uniform(0.10, 0.16)
    side = columns * 0.06
    scale = min((rows - top - bottom) / sector.depth_mm, (columns - 2 * side) / sector.width_mm)
    height, width = int(sector.depth_mm * scale), int(sector.width_mm * scale)
    free = columns - width
    x0 = int(np.clip(free / 2 + rng.uniform(-0.3, 0.3) * (free / 2 - side), side, max(free - side, side)))
    return Layout(x0, int(top), width, height, sector.width_mm / width, sector.depth_mm / height)


def draw_overlays(
    image: NDArray[np.uint8],
    layout: Layout,
    times_ms: NDArray[np.float64],
    heart_rate_bpm: float,
    seed: int,
) -> None:
    """Draw into `image` (frames, rows, columns), 0 to 255, whose frames are those of `times_ms` (frames,).

    Which marks appear depends on the seed alone, never on the view.
    """
    rng = np.random.default_rng([seed, 0x0FE8])
    scale = max(1, image.shape[1] // 300)
    if rng.uniform() < 0.85:
        _ruler(image, layout, level=int(rng.integers(120, 255)))
    if rng.uniform() < 0.8:
        _ecg(image, layout, times_ms, heart_rate_bpm)
    depth_cm = layout.height_px * layout.mm_per_px_y / 10
    lines = [f"FR {1000 / max(times_ms[1] - times_ms[0], 1):.0f}HZ" if len(times_ms) > 1 else "FR", f"{depth_cm:.0f}CM"]
    lines += [f"{rng.integers(40, 99)}DB", "PHAT" if rng.uniform() < 0.5 else "HARM"]
    for position, text in enumerate(lines[: int(rng.integers(0, 5))]):
        _text(image, text, 4, 4 + position * 7 * scale, scale, limit_x=layout.x0_px - 2)
    _text(image, f"HR {heart_rate_bpm:.0f}", 4, image.shape[1] - 7 * scale, scale, limit_x=image.shape[2])


def _ruler(image: NDArray[np.uint8], layout: Layout, level: int) -> None:
    """One tick per centimetre, a longer one every five, right of the box."""
    x = layout.x0_px + layout.width_px + 3
    for centimetre in range(int(layout.height_px * layout.mm_per_px_y / 10) + 1):
        y = round(layout.y0_px + centimetre * 10 / layout.mm_per_px_y)
        image[:, y : y + 1, x : x + (10 if centimetre % 5 == 0 else 5)] = level


def _ecg(
    image: NDArray[np.uint8],
    layout: Layout,
    times_ms: NDArray[np.float64],
    heart_rate_bpm: float,
) -> None:
    """A trace below the box with the marker of the current frame."""
    top = layout.y0_px + layout.height_px + 4
    height = image.shape[1] - top - 12
    if height < 12:
        return
    rr_ms = 60000.0 / heart_rate_bpm
    left, right = int(image.shape[2] * 0.12), int(image.shape[2] * 0.88)
    span_ms = max(float(times_ms[-1]), 1.0)
    moments = np.linspace(0, span_ms, right - left)
    phase = (moments / rr_ms) % 1.0
    qrs = _hump(phase, 0.0, 0.012) + _hump(phase, 1.0, 0.012)
    wave = qrs + 0.25 * _hump(phase, 0.3, 0.05) + 0.12 * _hump(phase, 0.86, 0.03)
    y = (top + height - 2 - np.clip(wave, 0, 1) * (height - 4)).astype(int)
    for column in range(1, right - left):
        low, high = sorted((y[column - 1], y[column]))
        image[:, low : high + 1, left + column] = 170
    for index, time_ms in enumerate(times_ms):
        column = left + int((right - left - 1) * float(time_ms) / span_ms)
        image[index, top : top + height, column] = 255


def _hump(phase: NDArray[np.float64], centre: float, width: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-(((phase - centre) / width) ** 2)))


def _text(image: NDArray[np.uint8], text: str, x: int, y: int, scale: int, limit_x: int) -> None:
    for letter in text:
        if x + 3 * scale > limit_x or y < 0 or y + 5 * scale > image.shape[1]:
            return
        rows = [(_GLYPHS.get(letter, 0) >> (3 * (4 - row))) & 7 for row in range(5)]
        dots = np.array([[(row >> (2 - column)) & 1 for column in range(3)] for row in rows], np.uint8) * 200
        block = np.kron(dots, np.ones((scale, scale), np.uint8))
        area = image[:, y : y + 5 * scale, x : x + 3 * scale]
        np.maximum(area, block, out=area)
        x += 4 * scale
