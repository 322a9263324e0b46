"""The aorta from the outflow tract over root and arch to its descent behind the heart, at a moment."""

from dataclasses import dataclass

import numpy as np

from models.phantom.counterpart.left_heart import TOWARDS_AORTA, LeftVentricle, direction
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.ring_stack import Grid, tube

# Rings of `Aorta.vessel` at the annulus, the widest sinus, the junction, and where the ascending aorta is measured.
ANNULUS, SINUS, JUNCTION, ASCENDING = 0, 4, 8, 13
_RINGS, _AROUND = 34, 24


@dataclass(frozen=True, eq=False)
class Aorta:
    """Stacks float64 (rings, points, 3) in mm: the vessel from the annulus on, and the tract below it.

    `middle` (3,) is that of the root, `along` (3,) the unit vector of flow in it, `across` (2, 3) two unit vectors
    perpendicular to it, the first towards the mitral valve.
    """

    vessel: Grid
    tract: Grid
    middle: Grid
    along: Grid
    across: Grid


def aorta(heart: Heart, left: LeftVentricle, emptying: float) -> Aorta:
    """The aorta when the ventricle has emptied that far, 0 to 1: the root follows its base, the arch stays."""
    annulus, sinus, junction, ascending = heart.root_mm
    away = left.base_mm - 0.44 * heart.lvot_mm
    z = 0.8 * float(left.descent_mm.mean())
    front = direction(TOWARDS_AORTA)
    start = away * front + [0, 0, z - 1.0]
    tilt = heart.root_tilt_rad
    along = np.array([0, 0, -1.0]) * np.cos(tilt) + np.sin(tilt) * direction(np.radians(135))
    along /= np.linalg.norm(along)
    high = 0.62 * sinus
    wide = 1 + 0.025 * np.sin(np.pi * emptying)
    distances = [0, 0.2 * high, 0.5 * high, 0.8 * high, high, high + 14, high + 30]
    diameters = [annulus, 0.93 * sinus, sinus, 0.94 * sinus, junction, 0.5 * (junction + ascending), ascending]
    here = [start + d * along for d in distances]
    rest = away * front - [0, 0, 1.0] + distances[-1] * along
    here[-1] = 0.4 * here[-1] + 0.6 * rest
    top = rest + 26 * along + 6 * direction(np.radians(100)) + [0, 0, -4]
    arch = top + 16 * direction(np.radians(15)) + [0, 0, -20]
    la = (heart.la_ml[1] / 60) ** (1 / 3)
    behind = (17 + 19 * la + 17) * direction(np.radians(335))
    down = [behind + 12 * direction(np.radians(60)) + [0, 0, z0] for z0 in (-70.0,)]
    fall = [behind - 18 * direction(np.radians(60)) + [0, 0, -22.0], behind - 62 * direction(np.radians(60)) + [0, 0, 12.0]]
    far = 0.5 * (ascending + 23)
    # A spline over widely spaced places keeps the root straight only if the root has many of them.
    root_line = here[:5]
    root = _root(root_line, [0.5 * wide * d for d in diameters[:5]])
    later = [here[4], *here[5:], top, arch, *down, *fall]
    radii = [d / 2 for d in (*diameters[4:], 0.97 * ascending, far, 0.86 * far, 0.8 * far, 0.76 * far)]
    beyond = tube(later, radii, _RINGS - JUNCTION, _AROUND)[0]
    beyond = _aligned(root[-1], beyond)
    vessel = np.concatenate([root[:-1], beyond])
    tract_line = [start - 9 * along * 0.6 + [0, 0, 4.0], start - 4 * along, start]
    tract = tube(tract_line, [0.5 * heart.lvot_mm * 1.04, 0.5 * heart.lvot_mm, 0.5 * annulus], 5, _AROUND)[0]
    inward = -front - (-front @ along) * along
    inward /= np.linalg.norm(inward)
    return Aorta(vessel, tract, start + 0.5 * high * along, along, np.stack([inward, np.cross(along, inward)]))


def _root(line: list[Grid], radii: list[float]) -> Grid:
    """The root with its three sinuses, which bulge between the commissures."""
    stack, normals = tube(line, radii, JUNCTION + 1, _AROUND)
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    bulge = 0.06 * np.cos(3 * angle)[None] * np.sin(np.pi * np.linspace(0, 1, JUNCTION + 1))[:, None]
    return np.asarray(stack + normals * (bulge * max(radii))[..., None])


def _aligned(ring: Grid, stack: Grid) -> Grid:
    """The stack turned about its own curve so that its first ring's points meet those of `ring`."""
    forward = [stack, np.concatenate([stack[:, :1], stack[:, :0:-1]], axis=1)]
    turned = [np.roll(one, shift, axis=1) for one in forward for shift in range(stack.shape[1])]
    return min(turned, key=lambda one: float(np.linalg.norm(one[0] - ring)))
