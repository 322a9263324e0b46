"""The witness's heart: cross-sections through control points, scaled so that the volume is the stated one at every moment.

Frame in mm: z runs from the mitral annulus (0) to the apex, x to the lateral wall, y to the anterior wall; angles count from +x
towards +y. The cavity reaches to the compacted wall: trabeculae and papillary muscles lie inside it (Lang et al., J Am Soc
Echocardiogr 2015;28:1-39).
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Field = NDArray[np.float64]
_HEIGHTS = np.array([0.0, 0.15, 0.35, 0.55, 0.75, 0.9, 1.0])
_ANGLES = np.linspace(0, 2 * math.pi, 361)[:-1]
_STEPS = (np.arange(400) + 0.5) / 400
_ML_PER_MM3 = 1e-3
# Share of the stroke volume that has left the ventricle, by phase of a beat of 60 to 70 bpm: slow start, fast ejection, early
# filling, diastasis, atrial kick.
_PHASES = np.array([0.0, 0.05, 0.15, 0.28, 0.36, 0.42, 0.52, 0.62, 0.82, 0.92, 1.0])
_EJECTED = np.array([0.0, 0.02, 0.42, 0.92, 1.0, 0.99, 0.52, 0.30, 0.24, 0.08, 0.0])
END_SYSTOLE_PHASE = 0.36


class Setting(StrEnum):
    """Which hearts and machines are drawn; the two share neither ranges nor seeds."""

    CALIBRATION = "calibration"
    REPORT = "report"


@dataclass(frozen=True, eq=False)
class Heart:
    """One heart. `section_ed`, `section_es` (7,) float64 are squared radii, relative to the widest, at seven heights from
    annulus to apex, 0 to 1; `outline` (360,) float64 is the relative radius of a cross-section by degree, about 1.
    """

    seed: int
    setting: Setting
    edv_ml: float
    esv_ml: float
    heart_rate_bpm: float
    length_ed_mm: float
    shortening: float
    section_ed: Field
    section_es: Field
    outline: Field
    septum_mm: float
    posterior_wall_mm: float
    apex_wall_mm: float
    thickening: float
    trabecula_share: float
    rv_width_mm: float
    la_mm: tuple[float, float]
    ra_mm: tuple[float, float]
    root_mm: float

    @property
    def ef_percent(self) -> float:
        return 100 * (1 - self.esv_ml / self.edv_ml)

    @property
    def rr_interval_ms(self) -> float:
        return 60000 / self.heart_rate_bpm


@dataclass(frozen=True, eq=False)
class State:
    """The heart at one moment: `contraction` 0 to 1, volume, length and the largest radius, and the squared radii by height."""

    heart: Heart
    contraction: float
    volume_ml: float
    length_mm: float
    radius_mm: float
    section: PchipInterpolator

    def inner_mm(self, height: Field, angle: Field) -> Field:
        """Radius of the cavity in mm at `height` (0 annulus, 1 apex; clipped) and `angle` in rad.

        Both are float64 of the same shape, any shape, and so is what is given.
        """
        profile = np.sqrt(np.maximum(self.section(np.clip(height, 0, 1)), 0))
        return np.asarray(self.radius_mm * profile * self._outline(angle))

    def outer_mm(self, z_mm: Field, angle: Field) -> Field:
        """Radius of the epicardium in mm at `z_mm` and `angle` in rad; 0 beyond the apex.

        Both are float64 of the same shape, any shape, and so is what is given.
        """
        heart = self.heart
        height = z_mm / (self.length_mm + heart.apex_wall_mm)
        profile = np.sqrt(np.maximum(self.section(np.clip(height, 0, 1)), 0))
        side = 0.5 - 0.5 * np.cos(angle - math.pi)  # 0 at the septum, 1 at the lateral wall
        wall = heart.septum_mm * (1 - side) + heart.posterior_wall_mm * side
        closing = np.sqrt(np.clip((1 - height) / 0.2, 0, 1))
        return np.asarray(
            self.radius_mm * profile * self._outline(angle) + wall * (1 + heart.thickening * self.contraction) * closing
        )

    def _outline(self, angle: Field) -> Field:
        return np.interp(angle % (2 * math.pi), _ANGLES, self.heart.outline, period=2 * math.pi)


def state_at(heart: Heart, time_ms: float) -> State:
    """The heart `time_ms` after an R wave."""
    phase = (time_ms / heart.rr_interval_ms) % 1.0
    contraction = float(np.clip(PchipInterpolator(_PHASES, _EJECTED)(phase), 0, 1))
    volume = heart.edv_ml - (heart.edv_ml - heart.esv_ml) * contraction
    length = heart.length_ed_mm * (1 - heart.shortening * contraction)
    section = PchipInterpolator(_HEIGHTS, (1 - contraction) * heart.section_ed + contraction * heart.section_es)
    # Area of a cross-section of radius 1, and the integral of the squared radii over the height.
    area = 0.5 * float(np.mean(heart.outline**2)) * 2 * math.pi
    filled = float(np.mean(section(_STEPS)))
    radius = math.sqrt(volume / _ML_PER_MM3 / (length * area * filled))
    return State(heart, contraction, volume, length, radius, section)


def sample_heart(seed: int, setting: Setting) -> Heart:
    """A heart of this seed: EF 15 to 75 %, EDV 65 to 280 mL, dilated ones rounder and weaker."""
    reported = setting is Setting.REPORT
    random = np.random.default_rng([seed, 0x317, int(reported)])
    u = random.uniform
    ef = u(15, 75)
    edv = u(65, 170) if ef > 50 else u(95, 280)
    slender = u(1.55, 2.1) - max(0.0, edv - 140) / 450
    # A ventricle of this length to width holds about 0.55 of its box.
    width = (edv / _ML_PER_MM3 / (0.62 * math.pi / 4 * slender)) ** (1 / 3)
    base, waist, tip = u(0.55, 0.8), u(0.9, 1.0), u(0.22, 0.38) if reported else u(0.28, 0.45)
    ed = np.array([base, u(0.85, 0.97), 1.0, waist * 0.93, u(0.6, 0.75), tip, 0.0])
    es = ed * np.array([u(1.0, 1.15), 1.05, 1.0, u(0.85, 0.95), u(0.75, 0.9), u(0.6, 0.85), 1.0])
    ratio, turn = u(0.95, 1.05), u(0, math.pi)
    ellipse = 1 / np.sqrt((np.cos(_ANGLES - turn) * ratio) ** 2 + (np.sin(_ANGLES - turn) / ratio) ** 2)
    septal = (_ANGLES - math.pi + math.pi) % (2 * math.pi) - math.pi
    outline = ellipse * (1 - u(0, 0.07) * np.exp(-((septal / 0.7) ** 2)))
    septum = u(6.5, 14.5) if reported else u(7, 12)
    return Heart(
        seed, setting, edv, edv * (1 - ef / 100), u(48, 112), slender * width, min(0.22, 0.03 + 0.0026 * ef), ed, es, outline,
        septum, float(np.clip(septum + random.normal(0, 1.3), 6, 15)), u(4, 8), 0.1 + 0.006 * ef, u(0.06, 0.2),
        u(22, 46), (u(34, 58), u(40, 66)), (u(32, 54), u(36, 60)), u(22, 34),
    )  # fmt: skip
