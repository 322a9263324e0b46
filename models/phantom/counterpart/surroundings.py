"""What lies around a heart: layers of the chest wall, lung, mediastinum, liver. Fixed over a clip."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.scene import MM_PER_PX, Canvas
from models.phantom.counterpart.windows import Window


def surroundings(window: Window, canvas: Canvas, rng: np.random.Generator) -> NDArray[np.float32]:
    """How strongly each px outside the heart scatters, in dB against muscle: float32 (rows, columns)."""
    columns, rows = canvas.size
    x = (np.arange(columns, dtype=np.float32) * MM_PER_PX + np.float32(canvas.corner[0]))[None]
    y = (np.arange(rows, dtype=np.float32) * MM_PER_PX + np.float32(canvas.corner[1]))[:, None]
    depth = np.hypot(x, y) - np.float32(window.sector.near_mm)
    wavy = depth + _smooth(rng, rows, columns, 26, 2.2)
    if window.around == "liver":
        level = _liver(rng, x, y, depth, rows, columns)
    else:
        level = _lung(rng, window, x, y, depth, rows, columns)
    wall = float(rng.uniform(9, 20))
    layers = np.interp(wavy, *_layers(rng, wall)).astype(np.float32)
    share = 1 / (1 + np.exp(np.clip((wavy - wall) / 1.8, -30, 30)))
    return np.asarray(level * (1 - share) + layers * share, dtype=np.float32)


def _layers(rng: np.random.Generator, wall_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Skin, fat, fascia, muscle: levels in dB over depth in mm."""
    count = int(rng.integers(5, 9))
    at = np.sort(rng.uniform(0, wall_mm, count))
    return np.concatenate([[-20.0], at]), np.concatenate([[4.0], rng.normal(0, 5, count)])


def _lung(
    rng: np.random.Generator,
    window: Window,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    depth: NDArray[np.float32],
    rows: int,
    columns: int,
) -> NDArray[np.float32]:
    """Soft tissue near the heart's sides that fades with depth, streaks along the beams, bright patches behind."""
    angle = np.arctan2(x, np.maximum(y, 1e-3))
    grid = rng.normal(0, 4.5, (1, 25)).astype(np.float32)
    streaks = np.interp(angle, np.linspace(-1.2, 1.2, 25), grid[0])
    fade = rng.uniform(0.08, 0.2) * depth
    level = rng.uniform(-17, -9) - fade + streaks + _smooth(rng, rows, columns, 16, 5.0)
    if window.around == "mediastinum":
        level += 7
    behind = rng.uniform(-16, 0) + _smooth(rng, rows, columns, 22, 5.0)
    far = 1 / (1 + np.exp(-(depth - window.sector.far_mm * rng.uniform(0.72, 0.95)) / 6))
    return np.asarray(level * (1 - far) + behind * far, dtype=np.float32)


def _liver(
    rng: np.random.Generator,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    depth: NDArray[np.float32],
    rows: int,
    columns: int,
) -> NDArray[np.float32]:
    """Even tissue with dark vessels that have bright walls, down to the diaphragm, lung beyond it."""
    level = np.full((rows, columns), -5.5, np.float32) + _smooth(rng, rows, columns, 30, 1.2)
    vessels = np.zeros((rows, columns), np.uint8)
    for _ in range(int(rng.integers(4, 10))):
        centre = (int(rng.uniform(0.05, 0.95) * columns), int(rng.uniform(0.08, 0.7) * rows))
        axes = (int(rng.uniform(5, 22)), int(rng.uniform(2, 6)))
        cv2.ellipse(vessels, centre, (axes[0] + 2, axes[1] + 2), float(rng.uniform(0, 180)), 0, 360, 1, 2)
        cv2.ellipse(vessels, centre, axes, float(rng.uniform(0, 180)), 0, 360, 2, -1)
    level[vessels == 1] += 4
    level[vessels == 2] = -30
    edge = float(rng.uniform(75, 120))
    beyond = 1 / (1 + np.exp(-(depth - edge + 0.15 * x) / 5))
    rim = np.exp(-(((depth - edge + 0.15 * x) / 2.5) ** 2)) * 9
    lung = -16 - 0.12 * (depth - edge) + _smooth(rng, rows, columns, 14, 5.0)
    return np.asarray(level * (1 - beyond) + lung * beyond + rim, dtype=np.float32)


def _smooth(rng: np.random.Generator, rows: int, columns: int, mm: float, spread: float) -> NDArray[np.float32]:
    coarse = (max(3, int(rows * MM_PER_PX / mm)), max(3, int(columns * MM_PER_PX / mm)))
    noise = rng.normal(0, spread, coarse).astype(np.float32)
    return np.asarray(cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC))
