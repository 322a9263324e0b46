"""The left ventricle with its lining and papillary muscles, and the left atrium with its veins, at a moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.ring_stack import Grid, swollen, tube, volume_ml

RINGS, AROUND = 20, 48
LEVELS: NDArray[np.float64] = np.sin(np.pi / 2 * np.arange(RINGS) / RINGS)  # 0 at the base; the pole at 1 closes the apex
ANGLES: NDArray[np.float64] = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
TOWARDS_MITRAL, TOWARDS_AORTA = np.radians(330), np.radians(150)


@dataclass(frozen=True, eq=False)
class LeftVentricle:
    """Stacks float64 (rings, points, 3) in mm. The cavity lies in `endo`; blood without muscle in it lies in `inner`.

    `epi` is the outside of the wall, `papillaries` are the muscles in the cavity. `length_mm` is from base to apex at
    end-diastole, `base_mm` the radius of the base, `descent_mm` (points,) how far each part of the base has moved towards the
    apex; float64.
    """

    endo: Grid
    inner: Grid
    epi: Grid
    papillaries: tuple[Grid, ...]
    length_mm: float
    base_mm: float
    descent_mm: NDArray[np.float64]


def direction(angle_rad: float) -> Grid:
    """The unit vector, float64 (3,), that points from the axis of the ventricle towards an angle around it: 0 lateral,
    90 degrees anterior, 180 septal, 270 inferior.
    """
    return np.array([np.cos(angle_rad), np.sin(angle_rad), 0.0])


@dataclass(frozen=True, eq=False)
class _AtRest:
    """The ventricle at end-diastole: `radius` and `wall` (rings, points) in mm, the axis (rings, 2), the length."""

    radius: NDArray[np.float64]
    wall: NDArray[np.float64]
    axis: NDArray[np.float64]
    length: float


def _at_rest(heart: Heart) -> _AtRest:
    level, angle = LEVELS[:, None], ANGLES[None]
    s0 = heart.shoulder
    above = np.clip((level - s0) / (1 - s0), 0, 1)
    below = np.clip((s0 - level) / s0, 0, 1)
    profile = (1 - above**2) ** (0.5 * heart.apex_power) * (1 - heart.base_pinch * below**2)
    shape = 1 + sum(
        size * np.cos(k * angle - phase) for k, (size, phase) in zip((2, 3, 4), heart.lobes, strict=True)
    ) * np.minimum(1, 1.4 * (1 - level) + 0.2)
    unit = profile * shape / 2
    length = heart.slenderness
    bend = np.outer(LEVELS**2, heart.bend_mm)
    stack = _stack(unit, np.zeros((RINGS, 2)), np.broadcast_to(level * length, unit.shape))
    scale = 10 * (heart.edv_ml / volume_ml(stack) / 1000) ** (1 / 3)
    # Rings shifted in their own planes hold what they held before, so the bend comes last.
    towards_septum = 0.5 * (1 - np.cos(ANGLES - np.radians(20)))
    wall = heart.posterior_mm + (heart.septum_mm - heart.posterior_mm) * towards_septum
    wall = wall[None] * np.interp(LEVELS, [0, 0.12, 0.5, 0.85, 1], [0.8, 1.0, 1.02, 0.8, 0.62])[:, None]
    return _AtRest(unit * scale, wall, bend, float(length * scale))


def _stack(radius: NDArray[np.float64], axis: NDArray[np.float64], z: NDArray[np.float64], turn: float | Grid = 0.0) -> Grid:
    angle = ANGLES[None] + turn
    x, y = axis[:, :1] + radius * np.cos(angle), axis[:, 1:] + radius * np.sin(angle)
    return np.stack([x, y, np.broadcast_to(z, radius.shape)], axis=-1)


def left_ventricle(heart: Heart, since_ms: float, rr_ms: float) -> LeftVentricle:
    """The ventricle `since_ms` after an R wave. Its cavity holds exactly what the curve of volume says."""
    rest = _at_rest(heart)
    emptying = heart.rhythm.emptying(since_ms, rr_ms)
    share = 0.5 * (1 + np.cos(ANGLES - np.radians(30)))  # 1 at the lateral wall, 0 at the septum
    early, late = (heart.rhythm.emptying(since_ms - delay, rr_ms) for delay in heart.delays_ms)
    local = early + (late - early) * share
    mapse = heart.mapse_mm[0] + (heart.mapse_mm[1] - heart.mapse_mm[0]) * share
    descent = mapse * local
    fall = 1 - float(np.mean(heart.mapse_mm)) / rest.length
    contraction = 1 - np.sqrt((1 - heart.ef) / fall)
    motion = contraction * _vigour(heart) * local[None] * np.interp(LEVELS, [0, 0.3, 1], [0.8, 1.05, 1.0])[:, None]
    radius = rest.radius * (1 - motion)
    z = rest.length * LEVELS[:, None] + (1 - LEVELS[:, None]) * descent[None]
    turn = heart.twist_rad * emptying * (LEVELS[:, None] - 0.4)
    flat = np.zeros((RINGS, 2))
    target = heart.edv_ml - (heart.edv_ml - heart.esv_ml) * emptying
    # Along its own radii only: the bent axis stays where it is, and the apex below it.
    upright = _with_pole(_stack(radius, flat, z, turn), rest.length)
    out = upright * [1, 1, 0]
    endo = swollen(upright, out, target)
    factor = float(np.linalg.norm(endo[0, 0, :2]) / np.linalg.norm(upright[0, 0, :2]))
    radius = radius * factor
    # Muscle keeps its volume: what it loses in length it gains in thickness.
    stretch = (1 - descent / rest.length)[None]
    outer = np.sqrt(radius**2 + ((rest.radius + rest.wall) ** 2 - rest.radius**2) / stretch)
    tip = rest.wall[-1].mean()
    shift = np.concatenate([rest.axis, [np.asarray(heart.bend_mm)]])
    moved = np.concatenate([shift, np.zeros((RINGS + 1, 1))], axis=1)[:, None]
    epi = _with_pole(_stack(outer, flat, z + tip * LEVELS[:, None] ** 3, turn), rest.length + tip) + moved
    lining = _lining(heart, emptying, radius)
    inner = _with_pole(
        _stack(radius - lining, flat, z - 0.8 * lining * LEVELS[:, None] ** 4, turn), rest.length - 1.5 * lining[-1].mean()
    )
    bodies = tuple(_papillary(heart, one, endo + moved, emptying) for one in heart.papillaries)
    return LeftVentricle(
        endo + moved, inner + moved, epi, bodies, rest.length, float(np.mean(rest.radius[0])), np.asarray(descent)
    )


def _with_pole(stack: Grid, z: float) -> Grid:
    return np.concatenate([stack, np.broadcast_to([[[0.0, 0.0, z]]], (1, AROUND, 3))])


def _vigour(heart: Heart) -> NDArray[np.float64]:
    """How well each part moves, (rings, points): 1 everywhere but in an infarct."""
    if heart.infarct is None:
        return np.ones((RINGS, AROUND))
    middle, half, level, left = heart.infarct
    around = np.abs((ANGLES - middle + np.pi) % (2 * np.pi) - np.pi)
    within = np.exp(-((around / half) ** 4))[None] * np.exp(-(((LEVELS - level) / 0.35) ** 2))[:, None]
    return np.asarray(1 - (1 - left) * within)


def _lining(heart: Heart, emptying: float, radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thickness in mm of the trabeculated layer, (rings, points): ragged, none at the base, thick at the apex."""
    rng = np.random.default_rng([heart.seed, 311])
    rough = sum(
        rng.normal(0, 0.28) * np.cos(k * ANGLES[None] + m * np.pi * LEVELS[:, None] + rng.uniform(0, 2 * np.pi))
        for k, m in ((3, 2), (5, 4), (7, 3), (11, 6), (13, 9))
    )
    taper = np.interp(LEVELS, [0, 0.15, 0.45, 0.8, 1], [0, 0.12, 0.7, 1.15, 1.0])[:, None]
    septal = 1 - 0.55 * np.exp(-(((ANGLES[None] - np.radians(190)) / 0.9) ** 2))  # the septum is smooth
    thick = heart.trabecula_mm * taper * septal * np.clip(1 + rough, 0.1, 2.2) * (1 + 0.35 * emptying)
    return np.asarray(np.minimum(thick, 0.42 * radius))


def _papillary(heart: Heart, one: tuple[float, float, float], endo: Grid, emptying: float) -> Grid:
    angle, thick, head = one
    column = round(angle / (2 * np.pi) * AROUND) % AROUND
    centre = endo.mean(axis=1)

    def place(level: float, inward: float) -> Grid:
        ring = int(np.argmin(np.abs(LEVELS - level)))
        wall, middle = endo[ring, column], centre[ring]
        away = middle - wall
        return np.asarray(wall + away / np.linalg.norm(away) * min(inward, 0.62 * float(np.linalg.norm(away))))

    fat = thick * (1 + 0.22 * emptying)
    line = [place(head + 0.38, 0.1 * fat), place(head + 0.2, 0.75 * fat), place(head + 0.04, 1.35 * fat)]
    line.append(line[-1] + (line[-1] - line[-2]) * 0.4)
    return tube(line, [0.75 * fat, fat, 0.8 * fat, 0.25 * fat], 7, 12)[0]


@dataclass(frozen=True, eq=False)
class LeftAtrium:
    """The chamber from the annulus to its roof, and its veins: stacks float64 (rings, points, 3) in mm."""

    chamber: Grid
    veins: tuple[Grid, ...]


def mitral_ring(heart: Heart, ventricle: LeftVentricle) -> tuple[Grid, Grid, Grid]:
    """The middle of the annulus and its half axes towards the aorta and across, each float64 (3,) in mm."""
    reach = (2 * ventricle.base_mm - 0.88 * heart.lvot_mm) / 2
    deep = float(np.clip(reach, 10, 19))
    z = float(ventricle.descent_mm.mean())
    middle = (ventricle.base_mm - deep) * direction(TOWARDS_MITRAL) + np.array([0, 0, z])
    slope = float(np.interp(TOWARDS_AORTA, ANGLES, ventricle.descent_mm)) - z
    return (
        middle,
        deep * direction(TOWARDS_AORTA) + [0, 0, slope],
        min(1.18 * deep, 0.9 * ventricle.base_mm) * direction(np.radians(60)),
    )


def left_atrium(heart: Heart, ventricle: LeftVentricle, stretch: float) -> LeftAtrium:
    """The atrium filled to `stretch`, 0 to 1, between its two volumes, exactly."""
    middle, deep, wide = mitral_ring(heart, ventricle)
    small, large = heart.la_ml
    size = (large / 60) ** (1 / 3)
    roof = 15.5 * size * direction(np.radians(333)) - [0, 0, 42 * size]
    chamber = atrium(
        middle + np.array([0, 0, 1.0]), deep, wide, roof, (19 * size, 22 * size), 2.5, small + (large - small) * stretch
    )
    veins = []
    for angle, z in ((250, -34), (20, -36), (35, -24)):
        start = 8 * size * direction(np.radians(333)) + [0, 0, z * size]
        veins.append(
            tube(
                [
                    start,
                    start + 24 * direction(np.radians(angle)) - [0, 0, 5],
                    start + 44 * direction(np.radians(angle)) - [0, 0, 14],
                ],
                [5.5, 5.5, 6],
                5,
                10,
            )[0]
        )
    return LeftAtrium(chamber, tuple(veins))


def atrium(mouth: Grid, deep: Grid, wide: Grid, roof: Grid, radii: tuple[float, float], power: float, volume: float) -> Grid:
    """A superellipsoid that narrows to the annulus: `mouth`, `roof` (3,) and the half axes `deep`, `wide` (3,), all float64.

    In mm; `radii` are those of its widest section along the two axes. It holds `volume` mL exactly.
    """
    level = np.sin(np.pi / 2 * np.linspace(0, 1, 14))
    top = np.clip((level - 0.45) / 0.55, 0, 1)
    round_ = (1 - top**power) ** (1 / power)
    swell = np.sin(np.pi / 2 * np.clip(level / 0.45, 0, 1)) ** 0.8
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    cosine, sine = (np.sign(f(angle)) * np.abs(f(angle)) ** (2 / 2.3) for f in (np.cos, np.sin))
    one, other = deep / np.linalg.norm(deep), wide / np.linalg.norm(wide)
    start = cosine[:, None] * deep + sine[:, None] * wide
    widest = radii[0] * cosine[:, None] * one * [1, 1, 0] + radii[1] * sine[:, None] * other
    rings = ((1 - swell)[:, None, None] * start + swell[:, None, None] * widest) * round_[:, None, None]
    centre = mouth + level[:, None] * (roof - mouth)
    stack = centre[:, None] + rings
    return swollen(stack, (swell * round_)[:, None, None] * widest * [1, 1, 0] / 10, volume)
