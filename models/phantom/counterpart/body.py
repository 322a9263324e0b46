"""The whole heart at a moment: every surface by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.phantom.counterpart.aorta import Aorta, aorta
from models.phantom.counterpart.leaflets import atrioventricular, coaptation_lengths, semilunar
from models.phantom.counterpart.left_heart import LeftVentricle, direction, left_atrium, left_ventricle, mitral_ring
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.right_heart import RightHeart, right_heart
from models.phantom.counterpart.ring_stack import Grid


@dataclass(frozen=True, eq=False)
class Body:
    """Surfaces in mm of the heart's frame: `chambers` closed stacks, `sheets` open ones, float64 (rings, points, 3).

    The frame: the base of the left ventricle at end-diastole lies in z = 0, its apex at z > 0; +x is lateral, +y anterior.
    `places` are single points (3,) by name. `opening` are those of semilunar and atrioventricular valves, 0 to 1.
    """

    chambers: Mapping[str, Grid]
    sheets: Mapping[str, Grid]
    places: Mapping[str, Grid]
    left: LeftVentricle
    right: RightHeart
    root: Aorta
    opening: tuple[float, float]


def body_at(heart: Heart, time_ms: float) -> Body:
    """The heart at any time from 0 on, in ms."""
    since, rr = heart.rhythm.place(time_ms)
    emptying, stretch = heart.rhythm.emptying(since, rr), heart.rhythm.stretch(since, rr)
    semilunar_open, inflow_open = heart.rhythm.opening(since, rr)
    breath = 0.5 * (1 - np.cos(2 * np.pi * time_ms / heart.breath_ms))
    left = left_ventricle(heart, since, rr)
    la = left_atrium(heart, left, stretch)
    root = aorta(heart, left, emptying)
    right = right_heart(heart, left, since, rr, heart.rhythm.stretch(since - 12, rr), breath, root.middle)
    middle, deep, wide = mitral_ring(heart, left)
    mitral = atrioventricular(
        middle, deep, wide, np.array([0, 0, 1.0]), inflow_open, coaptation_lengths(float(np.linalg.norm(deep)))
    )
    septal, lateral = right.annulus
    half = (septal - lateral) / 2
    reach = float(np.linalg.norm(half))
    tricuspid = atrioventricular(
        right.mouth,
        half,
        0.85 * reach * direction(np.radians(300)),
        np.array([0, 0, 1.0]),
        inflow_open,
        (0.98 * reach, 1.3 * reach),
    )
    cusps = semilunar(root.vessel, semilunar_open)
    pulmonary = semilunar(right.artery, semilunar_open, 0, 2, 4)
    chambers = {
        "rv_wall": right.wall, "lv_epi": left.epi, "la": la.chamber, "ra": right.chamber, "rv": right.body,
        "rvot": right.outflow, "pa": right.artery, "pa_branch": right.branch, "ivc": right.cava,
        "aorta": root.vessel, "tract": root.tract, "lv": left.endo, "lv_blood": left.inner,
    }  # fmt: skip
    chambers |= {f"vein_{number}": vein for number, vein in enumerate(la.veins)}
    chambers |= {f"papillary_{number}": one for number, one in enumerate(left.papillaries)}
    sheets = {
        "mitral_anterior": mitral[0],
        "mitral_posterior": mitral[1],
        "tricuspid_septal": tricuspid[0],
        "tricuspid_lateral": tricuspid[1],
    }
    sheets |= {f"aortic_{number}": cusp for number, cusp in enumerate(cusps)}
    sheets |= {f"pulmonary_{number}": cusp for number, cusp in enumerate(pulmonary)}
    sheets |= _chordae(left, mitral)
    places = {
        "apex": left.endo[-1, 0], "apex_outside": left.epi[-1, 0], "mitral": middle, "mitral_lateral": left.endo[0, 4],
        "mitral_septal": left.endo[0, 28], "la": la.chamber[7].mean(axis=0), "ra": right.chamber[7].mean(axis=0),
        "la_roof": la.chamber[-1, 0], "ra_roof": right.chamber[-1, 0],
        "tricuspid": right.mouth, "tricuspid_lateral": lateral, "root": root.middle, "pulmonary": right.valve,
        "rv": right.body[5].mean(axis=0), "ivc": right.cava[5].mean(axis=0), "ivc_mouth": right.cava[0].mean(axis=0),
        "tips": (mitral[0][-1, 7] + mitral[1][-1, 7]) / 2,
    }  # fmt: skip
    return Body(chambers, sheets, places, left, right, root, (semilunar_open, inflow_open))


def _chordae(left: LeftVentricle, mitral: tuple[Grid, Grid]) -> dict[str, Grid]:
    """Threads from the heads of the papillary muscles to the free edges, as ribbons that any plane near them cuts."""
    found = {}
    for number, muscle in enumerate(left.papillaries):
        head = muscle[-1].mean(axis=0)
        for leaf, sheet in enumerate(mitral):
            edge = sheet[-1]
            end = edge[int(np.argmin(np.linalg.norm(edge - head, axis=1)))]
            side = np.array([[0.0, 0, 0], [2.5, 0, 0], [0, 2.5, 0]])
            found[f"chord_{number}_{leaf}"] = np.stack([head + side, 0.5 * (head + end) + side * 0.7, end + side * 0.3])
    return found
