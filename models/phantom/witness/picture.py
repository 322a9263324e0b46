"""The witness's picture: a gamma-distributed grain that moves with the tissue, blurred along and across the beams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from models.phantom.witness.heart import Field, Setting, State
from models.phantom.witness.planes import Plane
from models.phantom.witness.structures import TISSUES, tissue_at

_GRAIN = 384
_CAUSES = ("noise", "haze", "shadow", "gain")


@dataclass(frozen=True, eq=False)
class Machine:
    """How one clip is recorded. `levels_db` (tissues,) float64 is the echo of each tissue; `shadows` hold (place from -1 to 1,
    half width, loss in dB); `grain` (n, n) float64 is what the tissue's echo is multiplied with.
    """

    levels_db: Field
    grain: Field
    axial_px: float
    lateral_px: float
    noise_db: float
    haze_db: float
    fall_db: float
    shadows: tuple[tuple[float, float, float], ...]
    range_db: float
    gain_db: float
    bend: float
    cause: str


def sample_machine(quality: int, setting: Setting, random: np.random.Generator) -> Machine:
    """A machine and a patient that give pictures of one quality, 0 (worst) to 3."""
    u, poor = random.uniform, 3 - quality
    cause = str(random.choice(_CAUSES)) if poor else ""
    reported = setting is Setting.REPORT
    wall = u(-24, -15)
    level = {
        "outside": u(-46, -34), "lv": -80.0, "rv": -80.0, "la": -80.0, "ra": -80.0, "aorta": -80.0, "lv_wall": wall,
        "rv_wall": wall + u(-3, 4), "atrial_wall": wall + u(0, 6), "aortic_wall": wall + u(2, 8),
        "muscle_inside": wall + u(-5, 2),
    }  # fmt: skip
    shape = u(0.9, 1.6) if reported else u(1.6, 3.0)
    grain = random.gamma(shape, 1 / shape, (_GRAIN, _GRAIN))
    shadows = [
        (u(-1, 1), u(0.06, 0.2), u(8, 14) + 4 * poor) for _ in range(int(u() < 0.3) + (poor if cause == "shadow" else 0))
    ]
    return Machine(
        np.array([level[name] for name in TISSUES]), grain, u(0.7, 1.6), u(0.8, 1.8) + 0.25 * poor,
        u(-62, -54) + (7 * poor if cause == "noise" else 2 * poor), u(-64, -54) + (8 * poor if cause == "haze" else poor),
        u(2, 8) + 2 * poor, tuple(shadows), u(42, 60), u(2, 12) + (random.choice([-5, 5]) * poor if cause == "gain" else 0),
        u(0.8, 1.3) if reported else u(1.1, 1.7), cause,
    )  # fmt: skip


def picture(
    plane: Plane, state: State, machine: Machine, polar: tuple[int, int], random: np.random.Generator
) -> NDArray[np.float32]:
    """One frame on the polar grid: float32 (samples, lines), 0 to 1."""
    samples, lines = polar
    sector = plane.sector
    depth = np.linspace(sector.near_mm, sector.far_mm, samples)[:, None]
    angle = np.linspace(-sector.half_angle_rad, sector.half_angle_rad, lines)[None, :]
    points = plane.points(depth * np.sin(angle), depth * np.cos(angle))
    what, height, share = tissue_at(state, points)
    echo = np.power(10.0, machine.levels_db[what] / 20) * _grain(machine, points, height, share)
    # A border that faces the beam sends back more than one that runs along it.
    echo += 0.5 * np.abs(np.diff(gaussian_filter1d(echo, 1.0, axis=0), axis=0, prepend=0))
    near, far = (gaussian_filter(echo, (machine.axial_px, machine.lateral_px * wide)) for wide in (0.8, 1.7))
    share_far = (depth - sector.near_mm) / (sector.far_mm - sector.near_mm)
    echo = near * (1 - share_far) + far * share_far
    echo *= 10 ** (-(machine.fall_db * share_far + _losses(machine, angle / sector.half_angle_rad)) / 20)
    haze = gaussian_filter(random.random(polar), (4, 3)) * 10 ** (machine.haze_db / 20) * np.exp(-((share_far / 0.5) ** 2))
    clutter = 10 ** (-18 / 20) * np.exp(-(depth - sector.near_mm) / 6) * (0.5 + gaussian_filter(random.random(polar), (1, 6)))
    noise = 10 ** ((machine.noise_db + 10 * share_far) / 20) * random.rayleigh(0.8, polar)
    total = np.sqrt(echo**2 + haze**2 + clutter**2 + noise**2)
    grey = 1 + (20 * np.log10(total + 1e-9) + machine.gain_db) / machine.range_db
    return np.asarray(np.clip(grey, 0, 1) ** machine.bend, dtype=np.float32)


def _grain(machine: Machine, points: Field, height: Field, share: Field) -> Field:
    """Looked up by height and share of the radius, so it moves and stretches with the wall."""
    row = (height * 211).astype(int) % _GRAIN
    column = (share * 97 + np.arctan2(points[1], points[0]) * 53).astype(int) % _GRAIN
    return np.asarray(machine.grain[row, column])


def _losses(machine: Machine, place: Field) -> Field:
    loss = 5 * np.abs(place) ** 4
    for centre, half_width, loss_db in machine.shadows:
        loss = loss + loss_db / (1 + ((place - centre) / half_width) ** 4)
    return np.asarray(loss)
