"""How a machine, its settings, the patient's window and the operator make a picture look; how good that is, and why."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.phantom.image.artefacts import Clutter, Gains, Shadow
from models.phantom.image.display import Display, GreyMap
from models.phantom.image.echo import ECHOES, EchoLevels
from models.phantom.image.spread import PointSpread

CAUSES = ("noise", "shadow", "haze", "dropout", "gain", "near_field", "blur")
# How bad the worst of a picture is, 0 to 1, by quality: neighbours do not touch.
SEVERITY = {3: (0.0, 0.12), 2: (0.3, 0.42), 1: (0.6, 0.72), 0: (0.9, 1.0)}
_ORDERS = (0.2, 0.5, 1.2)  # shapes of K-distributed strength
_BESIDE = 0.45  # how bad the rest is at most, as a share of the worst


@dataclass(frozen=True)
class Style:
    """All numbers of a picture's making, drawn once per clip.

    `quality` is 0 (worst) to 3, `cause` the one of `CAUSES` why it is not 3. `order` is the shape of the scatterers' strength
    (infinite: fully developed speckle), `looks` the number of compounded ones. `noise_db` is that of the far end,
    `noise_rise_db` how much of it came with depth. `severity` holds by cause how bad each is, 0 to 1.
    """

    quality: int
    cause: str
    spread: PointSpread
    levels: EchoLevels
    clutter: Clutter
    gains: Gains
    display: Display
    order: float
    looks: int
    noise_db: float
    noise_rise_db: float
    severity: Mapping[str, float]


def sample_style(quality: int, rng: np.random.Generator, cause: str | None = None) -> Style:
    """A style of `quality`, 0 (worst) to 3 (best), whose worst fault is `cause`, drawn where None. A 3 has none.

    ValueError for an unknown quality or cause.
    """
    if quality not in SEVERITY:
        raise ValueError("quality is 0, 1, 2 or 3")
    if cause is not None and cause not in CAUSES:
        raise ValueError(f"a cause is one of {', '.join(CAUSES)}")
    drawn = CAUSES[int(rng.integers(len(CAUSES)))]
    worst = cause or drawn
    severity = _severity(quality, worst, rng)
    levels = _levels(severity, rng)
    clutter = _clutter(severity, levels.muscle_db, rng)
    spread, gains = _spread(severity["blur"], rng), _gains(severity, rng)
    display = _display(severity["gain"], levels.muscle_db, rng)
    u = rng.uniform
    order = float(rng.choice(_ORDERS)) if u() < 0.35 else math.inf
    looks = int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
    noise_db = levels.muscle_db + _between(-48, -9, severity["noise"]) + u(-3, 1)
    return Style(
        quality,
        "" if quality == 3 else worst,
        spread,
        levels,
        clutter,
        gains,
        display,
        order,
        looks,
        float(noise_db),
        float(u(4, 22)),
        severity,
    )


def _severity(quality: int, cause: str, rng: np.random.Generator) -> dict[str, float]:
    worst = rng.uniform(*SEVERITY[quality])
    beside = worst * _BESIDE * rng.uniform(0, 1, len(CAUSES))
    return {name: float(worst if name == cause else rest) for name, rest in zip(CAUSES, beside, strict=True)}


def _between(good: float, bad: float, severity: float) -> float:
    return good + (bad - good) * severity


def _levels(severity: Mapping[str, float], rng: np.random.Generator) -> EchoLevels:
    u, muscle_db = rng.uniform, -22.0
    return EchoLevels(
        muscle_db=muscle_db,
        blood_db=float(muscle_db + u(-50, -37)),
        around_db=float(u(-10, 8)),
        coarse_db=float(u(4.0, 9.0)),
        fine_db=float(u(0.6, 2.2)),
        along_db=float(_between(3, 15, severity["dropout"]) + u(0, 4)),
        mirror=float(u(0.6, 3.0)),
        mirror_mm=float(u(0.6, 1.1)),
        offsets_db={name: float(rng.normal(0, 1.5)) for name in ECHOES},
    )


def _clutter(severity: Mapping[str, float], muscle_db: float, rng: np.random.Generator) -> Clutter:
    u = rng.uniform
    return Clutter(
        near_db=float(muscle_db + _between(-2, 12, severity["near_field"]) + u(-4, 4)),
        near_mm=float(_between(7, 24, severity["near_field"]) * u(0.8, 1.2)),
        layer_mm=float(u(2.5, 9)),
        layer_db=float(u(1, 7)),
        haze_db=float(muscle_db + _between(-36, -1, severity["haze"]) + u(-3, 1)),
        haze_at=(float(u(-0.8, 0.8)), float(u(0.15, 0.7))),
        haze_size=(float(u(0.3, 1.0)), float(u(0.15, 0.5))),
        veil_db=float(u(4, 22)),
        still=float(u(0.4, 0.95)),
    )


def _spread(severity: float, rng: np.random.Generator) -> PointSpread:
    u = rng.uniform
    return PointSpread(
        axial_mm=float(_between(0.26, 0.64, severity) * u(0.9, 1.15)),
        lateral_deg=float(_between(0.42, 1.0, severity) * u(0.9, 1.2)),
        focus_mm=float(u(45, 110)),
        defocus=float(u(1.2, 2.0)),
        beam_mm=float(u(0.2, 0.6)),
        side_lobe_db=float(u(-44, -28) + 6 * severity),
    )


def _gains(severity: Mapping[str, float], rng: np.random.Generator) -> Gains:
    u = rng.uniform
    return Gains(
        edge_loss_db=float(u(2, 20)),
        far_loss_db=float(u(0, 14) if u() < 0.4 else u(0, 3)),
        lost_db=float(_between(4, 24, severity["dropout"])),
        lost_share=float(_between(0.02, 0.4, severity["dropout"])),
        uneven_db=float(u(2, 10)),
        shadows=_shadows(severity["shadow"], rng),
        tgc_db=tuple(float(error) for error in rng.normal(0, u(0.3, 2.0), 8)),
        focus_db=float(max(0.0, u(-3, 3.5))),
    )


def _shadows(severity: float, rng: np.random.Generator) -> tuple[Shadow, ...]:
    """Shadows whose widths together take a share of the sector that grows with `severity`."""
    u, covered = rng.uniform, _between(0.0, 0.55, severity)
    shadows = []
    while covered > 0.02:
        half = min(covered, float(u(0.06, 0.3)))
        centre = float(u(0.85, 1.0) * rng.choice([-1, 1])) if u() < 0.35 else float(u(-0.85, 0.85))
        start = float(u(0, 0.25)) if u() < 0.5 else 0.0
        shadows.append(Shadow(centre, half, float(_between(8, 30, severity) * u(0.8, 1.2)), start))
        covered -= half if abs(centre) < 0.85 else half / 2
    return tuple(shadows)


def _display(severity: float, muscle_db: float, rng: np.random.Generator) -> Display:
    """The muscle's grey is set first, then missed by a gain fault: too dark, or so bright that it clips."""
    u = rng.uniform
    dynamic_range_db = float(u(42, 66))
    fault = _between(0, 0.42, severity) * (1 if u() < 0.35 else -1)
    grey = u(0.60, 0.885) + fault
    smoothing = (0.0, 0.0) if u() < 0.5 else (float(u(0.25, 0.8)), float(u(0.25, 0.9)))
    return Display(
        dynamic_range_db=dynamic_range_db,
        gain_db=float((grey - 1) * dynamic_range_db - muscle_db),
        reject=float(u(0, 0.12)),
        grey_map=GreyMap(rng.choice([str(one) for one in GreyMap])),
        bend=float(u(0.4, 1.0)),
        smoothing_px=smoothing,
        despeckle=float(u(0.2, 0.8)) if u() < 0.2 else 0.0,
        persistence=float(u(0, 0.35)) if u() < 0.6 else 0.0,
    )
