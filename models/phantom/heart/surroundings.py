"""What surrounds the heart: pericardium, effusion, fat, liver, chest wall, lung."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from models.phantom.heart.canvas import Canvas
from models.phantom.heart.heart import Heart
from models.phantom.heart.kinds import Kind, Points
from models.phantom.heart.moment import DOWN
from models.phantom.heart.state import HeartState, resting_state
from models.phantom.heart.table import VENTRICLE_GRID
from models.phantom.heart.ventricles import CHANNELS

PERICARDIUM_MM = 1.3
# Directions of the body in the heart frame: to the front, and where the ribs lie next to the apex.
FRONT = (-0.40, 0.73, 0.55)
_APICAL = (0.21, 0.21, 0.955)


@dataclass(frozen=True)
class Body:
    """How far from the origin, in mm along their normals, the chest wall begins in front and at the apex, the liver below."""

    front_mm: float
    apical_mm: float
    down_mm: float


@lru_cache(maxsize=64)
def body_of(heart: Heart) -> Body:
    """The chest and the liver lie close to the resting heart."""
    table = resting_state(heart).anatomy.ventricles
    outer = np.maximum(
        table.table[CHANNELS.index("outer"), :, :-1].numpy(), table.table[CHANNELS.index("rv_wall"), :, :-1].numpy()
    )
    u, angle = VENTRICLE_GRID.heights[:, None], VENTRICLE_GRID.angle_rad[None, :]
    inside = (outer > 0) & (u > 0)
    radius, z = np.sqrt(np.maximum(outer, 0)), (u - 1) * table.length_mm
    surface = np.stack((radius * np.cos(angle), radius * np.sin(angle), z + 0 * angle), axis=-1)[inside]
    gap = heart.effusion_mm + PERICARDIUM_MM

    def farthest(direction: tuple[float, float, float]) -> float:
        return float((surface @ np.asarray(direction)).max())

    return Body(farthest(FRONT) + gap + 6, farthest(_APICAL) + gap + 5, farthest(DOWN) + gap - heart.liver_mm * 0.5)


def paint_surroundings(
    canvas: Canvas, state: HeartState, hard: Tensor, hull: Tensor, normal: Points, ventricles: Tensor
) -> None:
    """Signed distances in mm, any float dtype: `hard` (points,) to the heart's outside, `hull` (points,) to a smooth bag over
    it with its unit `normal`, `ventricles` (points,) to the ventricles alone. Effusion lies round these, mostly behind.
    """
    heart, points = state.heart, canvas.points
    body = body_of(heart)
    front = _along(points, FRONT) - body.front_mm
    apical = _along(points, _APICAL) - body.apical_mm
    down = _along(points, DOWN) - body.down_mm
    canvas.paint(down > 0, Kind.LIVER)
    canvas.border(down, _constant(DOWN, points))
    chest = torch.maximum(front, apical)
    canvas.paint(chest > 0, Kind.CHEST_WALL)
    height = points.y / torch.sqrt(points.x * points.x + points.y * points.y + 400)
    wide = heart.effusion_mm * (0.65 - 0.35 * height) * ((30 - ventricles) / 16).clamp(0, 1)
    fat = heart.fat_mm * (0.7 + 0.5 * torch.sin(0.11 * points.x + 1.3) * torch.sin(0.09 * points.y + 0.07 * points.z))
    canvas.paint(hull < wide + PERICARDIUM_MM + fat.clamp_min(0), Kind.FAT)
    canvas.paint((hull < wide + PERICARDIUM_MM) & (hull > 0), Kind.PERICARDIUM)
    canvas.border(hull - wide - PERICARDIUM_MM, normal)
    if heart.effusion_mm > 0:
        canvas.paint((hull < wide) & (hard > 1.0) & (wide > 0.5), Kind.EFFUSION)
        canvas.border(hull - wide, normal)


def _along(points: Points, direction: tuple[float, float, float]) -> Tensor:
    return points.x * direction[0] + points.y * direction[1] + points.z * direction[2]


def _constant(direction: tuple[float, float, float], points: Points) -> Points:
    return Points(*(torch.full_like(points.x, part) for part in direction))
