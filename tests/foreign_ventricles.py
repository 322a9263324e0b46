"""Ventricles of another make than our phantom's: bullets, eggs and pears with aneurysms, trabeculae and bent valves.

Everything in px of a square map, (x, y), (0, 0) at the centre of its top left pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SIZE_PX = 160
_FINER = 4


@dataclass(frozen=True)
class ForeignVentricle:
    """`probability` (160, 160); `base` is the middle of the annulus line, `apex` the point farthest from it."""

    probability: NDArray[np.float32]
    base: Points
    apex: Points
    probe: Points
    outline: Points


def foreign_ventricle(seed: int, *, turn_deg: float = 0.0, lean_deg: float | None = None) -> ForeignVentricle:
    """The probe lies above the apex, everything turned by `turn_deg`; the axis leans from the beam by up to 40 degrees."""
    rng = np.random.default_rng([seed, 0xF0])
    length, width = 62.0, 62.0 / rng.uniform(1.05, 2.3)
    lean = np.radians(rng.uniform(-40, 40) if lean_deg is None else lean_deg)
    along = np.linspace(0, 1, 90)  # from the apex to the base
    sides = []
    for side in (-1, 1):
        blunt, narrowing = rng.uniform(1.6, 3.0), rng.uniform(0.0, 0.35)
        profile = (1 - (1 - np.minimum(along / rng.uniform(0.5, 0.95), 1)) ** blunt) ** (1 / blunt)
        profile = profile * (1 - narrowing * np.clip((along - 0.6) / 0.4, 0, 1) ** 2)
        profile = profile + rng.uniform(-0.12, 0.25) * np.exp(-(((along - rng.uniform(0.1, 0.5)) / 0.15) ** 2)) * (along > 0)
        profile = profile + rng.uniform(0, 0.05) * np.sin(2 * np.pi * rng.uniform(3, 7) * along + rng.uniform(0, 6)) * along
        sides.append(np.stack([side * np.maximum(profile, 0) * width / 2, along * length], axis=1))
    tilt = rng.uniform(-0.18, 0.18) * length
    sides[0][:, 1] += tilt * along**4 / 2
    sides[1][:, 1] -= tilt * along**4 / 2
    first, last = sides[0][-1], sides[1][-1]
    across = np.linspace(0, 1, 20)[1:-1, None]
    valve = (
        first + across * (last - first) + np.array([0.0, 1.0]) * rng.uniform(-0.08, 0.08) * length * 4 * across * (1 - across)
    )
    outline = np.vstack([sides[0][1:], valve, sides[1][:0:-1], [[0.0, 0.0]]])
    base = (first + last) / 2
    apex = outline[np.linalg.norm(outline - base, axis=1).argmax()]
    probe = np.array([rng.uniform(-0.2, 0.2) * length, -rng.uniform(0.12, 0.5) * length])
    middle = np.array([0.0, length / 2])
    leaned = [(points - middle) @ _rotation(lean).T for points in (outline, base, apex)]
    turn = _rotation(np.radians(turn_deg))
    outline, base, apex, probe = (
        points @ turn.T + (SIZE_PX - 1) / 2 for points in (*leaned, probe @ _rotation(lean / 3).T - middle)
    )
    canvas = np.zeros((SIZE_PX * _FINER, SIZE_PX * _FINER), np.uint8)
    cv2.fillPoly(canvas, [np.round((outline + 0.5) * _FINER).astype(np.int32)], 255)
    soft = cv2.GaussianBlur(canvas.astype(np.float32) / 255, (0, 0), rng.uniform(1, 2) * _FINER)
    return ForeignVentricle(cv2.resize(soft, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA), base, apex, probe, outline)


def sector_mask(
    size_px: int, opening_deg: float, *, turn_deg: float = 0.0, mirrored: bool = False, inner: float = 0.0
) -> tuple[NDArray[np.bool_], Points]:
    """A sector that fills the square, and where its beams meet; `inner` is the radius of its curved top as a share of its
    depth, `mirrored` puts the probe at the bottom.
    """
    y, x = np.mgrid[:size_px, :size_px].astype(np.float64)
    centre, depth = (size_px - 1) / 2, 0.62 * size_px
    turn = _rotation(np.radians(turn_deg + (180.0 if mirrored else 0.0)))
    probe = turn @ np.array([0.0, -0.52 * depth]) + centre
    across, down = np.einsum("ij,jkl->ikl", turn.T, np.stack([x - probe[0], y - probe[1]]))
    radius, angle = np.hypot(across, down), np.degrees(np.arctan2(across, down))
    return (radius <= depth) & (radius >= inner * depth) & (np.abs(angle) <= opening_deg / 2), probe


def _rotation(angle_rad: float) -> Points:
    return np.array([[np.cos(angle_rad), -np.sin(angle_rad)], [np.sin(angle_rad), np.cos(angle_rad)]])
