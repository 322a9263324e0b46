"""How the heart is looked at: plane, sector, image quality, from polar samples to pixels."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.catalogue import View
from models.phantom.anatomy import Heart
from models.phantom.speckle import Display, Grid, PointSpread
from models.phantom.structures import Points
from models.phantom.tissue import EchoLevels

_FIRST_SAMPLE_MM = 2.0
# Angle (degrees, heart frame) that points to the right edge of the image in each apical plane.
_APICAL_RIGHT_DEG = {View.A4C: 30.0, View.A2C: 92.0, View.A3C: 150.0}
# Height of short-axis planes, as a share of the ventricle's length from the annulus.
_SHORT_AXIS_U = {View.PSAX_MV: 0.12, View.PSAX_PM: 0.50, View.PSAX_APEX: 0.80}
RENDERED_VIEWS = (View.A4C, View.A2C, View.A3C, View.PLAX, View.PSAX_MV, View.PSAX_PM, View.PSAX_APEX, View.SUBCOSTAL_4C)


@dataclass(frozen=True)
class Pose:
    """The probe in the heart frame: origin of the beams in mm, unit vectors of the central beam and of the image's right."""

    origin: tuple[float, float, float]
    forward: tuple[float, float, float]
    right: tuple[float, float, float]


@dataclass(frozen=True)
class Sector:
    """A phased-array sector: beams fan out from one point over +-`half_angle_rad` to `depth_mm`."""

    half_angle_rad: float
    depth_mm: float

    @property
    def width_mm(self) -> float:
        return 2 * self.depth_mm * math.sin(self.half_angle_rad)

    def grid(self, samples: int, lines: int) -> Grid:
        return Grid(
            torch.linspace(_FIRST_SAMPLE_MM, self.depth_mm, samples),
            torch.linspace(-self.half_angle_rad, self.half_angle_rad, lines),
        )


@dataclass(frozen=True)
class ImageQuality:
    """Everything that makes an image good or poor, drawn once per clip."""

    levels: EchoLevels
    spread: PointSpread
    display: Display
    noise_db: float
    haze_db: float
    reverberation_db: float
    edge_loss_db: float
    shadows: tuple[tuple[float, float, float], ...]  # centre and half width as a share of the half angle, loss in dB
    persistence: float


def sample_quality(quality: int, rng: np.random.Generator) -> ImageQuality:
    """Image properties of one level, 0 (worst) to 3 (best). Neighbouring levels do not overlap in noise or contrast."""
    if quality not in range(4):
        raise ValueError("quality is 0, 1, 2 or 3")
    u, poor = rng.uniform, 3 - quality
    shadows = tuple(
        (float(u(-1, 1)), float(u(0.05, 0.16)), float(u(6, 12) + 3 * poor)) for _ in range((0, 0, 1, 3)[poor] + int(u() < 0.3))
    )
    levels = EchoLevels(
        blood=float(u(-66, -58) + 4.0 * poor),
        myocardium=float(u(-22, -18) - 1.5 * poor),
        dropout_db=float(u(3, 7) + 3.0 * poor),
    )
    spread = PointSpread(
        axial_mm=float(u(0.38, 0.48) + 0.07 * poor),
        lateral_deg=float(u(0.34, 0.42) + 0.07 * poor),
        focus_mm=float(u(65, 100)),
        side_lobe_db=float(u(-34, -30) + 2.5 * poor),
    )
    display = Display(dynamic_range_db=float(u(44, 54)), gain_db=float(u(4, 11)), gamma=float(u(1.4, 2.1)))
    return ImageQuality(
        levels,
        spread,
        display,
        noise_db=float(u(-66, -62) + 5.5 * poor),
        haze_db=float(u(-59, -53) + 5.0 * poor),
        reverberation_db=float(u(-24, -19) + 4.0 * poor),
        edge_loss_db=float(u(4, 9) + 3 * poor),
        shadows=shadows,
        persistence=float(u(0, 0.3)),
    )


def sample_view(heart: Heart, view: View, rng: np.random.Generator) -> tuple[Pose, Sector]:
    """A probe position for `view` with everyday variation in tilt, rotation, shift and depth; LookupError if not rendered."""
    if view in _APICAL_RIGHT_DEG:
        return _apical(heart, _APICAL_RIGHT_DEG[view], rng)
    if view is View.PLAX:
        return _parasternal_long(heart, rng)
    if view in _SHORT_AXIS_U:
        return _parasternal_short(heart, _SHORT_AXIS_U[view], rng)
    if view is View.SUBCOSTAL_4C:
        return _subcostal(heart, rng)
    raise LookupError(f"the phantom does not render {view}")


def _apical(heart: Heart, right_deg: float, rng: np.random.Generator) -> tuple[Pose, Sector]:
    """The plane holds the ventricle's axis up to a small tilt and shift, so foreshortening stays small; in-plane is free."""
    u, n = rng.uniform, rng.normal
    right = math.radians(right_deg + float(np.clip(n(0, 5), -10, 10)))
    e = np.array([math.cos(right), math.sin(right), 0.0])
    across = np.array([-math.sin(right), math.cos(right), 0.0])
    out_of_plane, lean = math.radians(float(np.clip(n(0, 2), -4, 4))), math.radians(u(-14, 10))
    standoff = u(12, 28) + heart.apex_wall_mm
    middle = np.array([0.0, 0.0, -0.5 * heart.length_ed_mm])
    forward = _unit(np.array([0.0, 0.0, -1.0]) + math.tan(lean) * e + math.tan(out_of_plane) * across)
    # Aim at the mid-ventricle and start outside the chest wall, then slide the probe along the image.
    origin = middle - forward * (0.5 * heart.length_ed_mm + standoff) + across * float(np.clip(n(0, 1.2), -3, 3))
    origin = origin + e * u(-6, 14) * (1 if right_deg < 60 else 0.5) * -1
    depth = standoff + heart.length_ed_mm + u(0.55, 1.25) * heart.la_length_mm
    half = math.radians(u(36, 45))
    forward, half = _turn_to_ventricle(heart, origin, forward, e, half)
    return _pose(origin, forward, e), Sector(half, depth)


def _turn_to_ventricle(
    heart: Heart, origin: np.ndarray, forward: np.ndarray, right: np.ndarray, half: float
) -> tuple[np.ndarray, float]:
    """Turn the probe within the image plane, and widen the sector where that is not enough, to hold the ventricle whole."""
    right = _unit(right - forward * (right @ forward))
    angles = []
    for u in (0.02, 0.2, heart.widest_u, 0.55, 0.75, 0.9):
        gap = np.array([0.0, 0.0, -(1 - u) * heart.length_ed_mm]) - origin
        reach = 1.08 * heart.radius_ed_mm * heart.radius_share(u)
        angles += [math.atan2(gap @ right + side * reach, gap @ forward) for side in (-1, 1)]
    margin = math.radians(2)
    low, high = min(angles) - margin, max(angles) + margin
    half = max(half, (high - low) / 2)
    turn = max(0.0, high - half) + min(0.0, low + half)
    return math.cos(turn) * forward + math.sin(turn) * right, half


def _parasternal_long(heart: Heart, rng: np.random.Generator) -> tuple[Pose, Sector]:
    u = rng.uniform
    angle = math.radians(150 + float(np.clip(rng.normal(0, 5), -10, 10)))
    anterior = np.array([math.cos(angle), math.sin(angle), 0.0])
    forward = _unit(-anterior + np.array([0.0, 0.0, u(-0.15, 0.25)]))
    outer = heart.radius_ed_mm + heart.septum_mm + 0.55 * heart.rv_width_mm + u(14, 26)
    origin = anterior * outer + np.array([0.0, 0.0, -heart.length_ed_mm * u(0.72, 0.98)])
    depth = outer + heart.radius_ed_mm + heart.posterior_wall_mm + u(12, 45)
    return _pose(origin, forward, np.array([0.0, 0.0, -1.0])), Sector(math.radians(u(37, 45)), depth)


def _parasternal_short(heart: Heart, level_u: float, rng: np.random.Generator) -> tuple[Pose, Sector]:
    u = rng.uniform
    angle = math.radians(100 + u(-18, 18))
    anterior = np.array([math.cos(angle), math.sin(angle), 0.0])
    height = -heart.length_ed_mm * (1 - level_u + u(-0.05, 0.05))
    forward = _unit(-anterior + np.array([0.0, 0.0, u(-0.12, 0.12)]))
    outer = heart.radius_ed_mm + heart.septum_mm + u(18, 34)
    depth = outer + heart.radius_ed_mm + heart.posterior_wall_mm + u(10, 35)
    sideways = np.array([math.sin(angle), -math.cos(angle), 0.0])
    origin = anterior * outer + np.array([0.0, 0.0, height]) + sideways * u(-14, 8)
    return _pose(origin, forward, sideways), Sector(math.radians(u(37, 45)), depth)


def _subcostal(heart: Heart, rng: np.random.Generator) -> tuple[Pose, Sector]:
    u = rng.uniform
    angle = math.radians(210 + u(-8, 8))
    below = np.array([math.cos(angle), math.sin(angle), 0.0])
    forward = _unit(-below + np.array([0.0, 0.0, u(0.05, 0.4)]))
    outer = heart.radius_ed_mm + heart.septum_mm + heart.rv_width_mm + u(30, 55)
    origin = below * outer + np.array([0.0, 0.0, -heart.length_ed_mm * u(0.85, 1.05)])
    return _pose(origin, forward, np.array([0.0, 0.0, 1.0])), Sector(
        math.radians(u(37, 45)), outer + heart.radius_ed_mm + u(15, 40)
    )


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector))


def _pose(origin: np.ndarray, forward: np.ndarray, right: np.ndarray) -> Pose:
    right = _unit(right - forward * (right @ forward))
    x, y, z = (tuple(float(c) for c in v) for v in (origin, forward, right))
    return Pose(x, y, z)  # type: ignore[arg-type]


def plane_points(pose: Pose, lateral_mm: Tensor, axial_mm: Tensor) -> Points:
    """Positions in the heart frame of image points, `lateral_mm` sideways and `axial_mm` along the central beam.

    Both have one shape, which is that of the positions' coordinates, and any float dtype. The origin is that of the beams.
    """
    coordinates = (o + f * axial_mm + r * lateral_mm for o, f, r in zip(pose.origin, pose.forward, pose.right, strict=True))
    return Points(*coordinates)


def polar_points(pose: Pose, grid: Grid) -> tuple[Points, Points]:
    """Positions of the polar samples, and the direction of each beam.

    The positions' coordinates are (depth, beams), float32, mm of the heart frame; the directions' are (1, beams), unit vectors.
    """
    depth, angle = grid.depth_mm.reshape(-1, 1), grid.angle_rad.reshape(1, -1)
    lateral, axial = torch.sin(angle), torch.cos(angle)
    beam = Points(*(f * axial + r * lateral for f, r in zip(pose.forward, pose.right, strict=True)))
    return plane_points(pose, depth * lateral, depth * axial), beam


def box_positions(sector: Sector, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Sideways and axial position in mm of each pixel centre of the sector's bounding box, both (rows, columns), float32.

    The origin is that of the beams: the middle of the box's upper edge.
    """
    x = (torch.arange(columns, dtype=torch.float32) + 0.5) / columns - 0.5
    y = (torch.arange(rows, dtype=torch.float32) + 0.5) / rows
    axial, lateral = torch.meshgrid(y * sector.depth_mm, x * sector.width_mm, indexing="ij")
    return lateral, axial


def square_positions(sector: Sector, size: int) -> tuple[Tensor, Tensor]:
    """As `box_positions`, (size, size), float32, mm, of a square with the box in its middle, whose longer side fills it."""
    mm_per_px = max(sector.width_mm, sector.depth_mm) / size
    along = (torch.arange(size, dtype=torch.float32) + 0.5 - size / 2) * mm_per_px
    axial, lateral = torch.meshgrid(along + sector.depth_mm / 2, along, indexing="ij")
    return lateral, axial


def scan_convert(polar: Tensor, sector: Sector, lateral_mm: Tensor, axial_mm: Tensor) -> Tensor:
    """Grey levels of `polar` (frames, depth, beams) at the given positions: (frames, rows, columns), 0 outside the sector.

    Levels are float32, 0 to 1. `lateral_mm` and `axial_mm` (rows, columns) are mm sideways and along the central beam, from the
    origin of the beams.
    """
    radius, angle = torch.sqrt(lateral_mm**2 + axial_mm**2), torch.atan2(lateral_mm, axial_mm)
    span = sector.depth_mm - _FIRST_SAMPLE_MM
    where = torch.stack((angle / sector.half_angle_rad, 2 * (radius - _FIRST_SAMPLE_MM) / span - 1), dim=-1)
    inside = (radius >= _FIRST_SAMPLE_MM) & (radius <= sector.depth_mm) & (angle.abs() <= sector.half_angle_rad)
    where = where.unsqueeze(0)
    images = [functional.grid_sample(image[None, None], where, align_corners=True)[0, 0] * inside for image in polar]
    return torch.stack(images)
