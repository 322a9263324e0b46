"""Linear truths, walked off along rays through the painted tissue: what a caliper would find."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.phantom.heart import LV_VOLUME, HeartState, Kind, Points, sample_heart, tissue_at, true_values
from models.phantom.heart.state import resting_state
from models.phantom.heart.truth import emptied_state, plax_height
from models.phantom.heart.tubes import ANNULUS_MM, stations_mm
from models.phantom.heart.ventricles import OUTFLOW_RAD
from models.phantom.heart.vessels import vascular

_STEP_MM = 0.02
_OUT = np.array([math.cos(OUTFLOW_RAD), math.sin(OUTFLOW_RAD), 0.0])


def kinds_along(
    state: HeartState, start: NDArray[np.float64], direction: NDArray[np.float64], reach_mm: float
) -> NDArray[np.int8]:
    steps = np.arange(-reach_mm, reach_mm, _STEP_MM)
    places = start + steps[:, None] * direction
    return tissue_at(state, Points(*(torch.from_numpy(places[:, axis].copy()) for axis in range(3)))).kind.numpy()


def length_of(kinds: NDArray[np.int8], *wanted: Kind) -> float:
    return float(np.isin(kinds, [int(kind) for kind in wanted]).sum()) * _STEP_MM / 10


def run_of(kinds: NDArray[np.int8], wanted: Kind, after: int) -> float:
    """Length in cm of the stretch of one kind that begins at or next after an index."""
    hit = kinds == int(wanted)
    first = after + int(hit[after:].argmax())
    return float((~hit[first:]).argmax()) * _STEP_MM / 10


@pytest.mark.parametrize("seed", range(6))
def test_the_left_ventricles_lines_are_what_a_caliper_finds(seed: int) -> None:
    heart = sample_heart(seed)
    values, u = true_values(heart), plax_height(heart)
    for state, key in ((resting_state(heart), "lvidd_2d"), (emptied_state(heart), "lvids_2d")):
        bend = heart.lv.bend_mm * 4 * u * (1 - u)
        axis = np.array([bend * math.cos(heart.lv.bend_rad), bend * math.sin(heart.lv.bend_rad), (u - 1) * state.length_mm])
        kinds = kinds_along(state, axis, -_OUT, 60)
        assert length_of(kinds, *LV_VOLUME) == pytest.approx(values[key], abs=0.02)
        if key == "lvidd_2d":
            middle = len(kinds) // 2
            assert run_of(kinds[::-1], Kind.LV_WALL, middle) == pytest.approx(values["ivsd_2d"], abs=0.02)
            assert run_of(kinds, Kind.LV_WALL, middle) == pytest.approx(values["lvpwd_2d"], abs=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_the_aortas_lines_are_what_a_caliper_finds(seed: int) -> None:
    heart = sample_heart(seed)
    state, values = resting_state(heart), true_values(heart)
    root, wall = state.anatomy.root, heart.vessels.aortic_wall_mm / 10
    sinus, junction, ascending = stations_mm(heart.vessels)
    inside = (Kind.AORTA, Kind.AORTIC_CUSP, Kind.LVOT)
    for key, along, walls in (
        ("ao_annulus", ANNULUS_MM, 0.0), ("ao_root", sinus, wall), ("ao_stj", junction, wall),
        ("ao_asc", ascending, wall),
    ):  # fmt: skip
        kinds = kinds_along(state, root.at(along), root.side, 1.3 * root.radius_at(along))
        assert length_of(kinds, *inside) + walls == pytest.approx(values[key], abs=0.02), key


@pytest.mark.parametrize("seed", range(6))
def test_vessels_are_as_wide_as_stated(seed: int) -> None:
    heart = sample_heart(seed)
    state, values = resting_state(heart), true_values(heart)
    ivc = vascular(state).ivc
    along = ivc.nodes[4] - ivc.nodes[3]
    across = np.cross(along, [0.0, 0.0, 1.0])
    kinds = kinds_along(state, ivc.nodes[3] + 0.3 * along, across / np.linalg.norm(across), 20)
    assert length_of(kinds, Kind.IVC) == pytest.approx(values["ivc_diam"], abs=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_the_left_atriums_diameter_is_what_a_caliper_finds(seed: int) -> None:
    heart = sample_heart(seed)
    state = emptied_state(heart)
    root = state.anatomy.root
    sinus = stations_mm(heart.vessels)[0]
    kinds = kinds_along(state, root.at(sinus), -root.side, 110)
    middle = len(kinds) // 2
    leading = middle + int((kinds[middle:] == int(Kind.AORTIC_WALL)).argmax())
    last = int(np.flatnonzero(kinds == int(Kind.LA))[-1])
    assert (last + 1 - leading) * _STEP_MM / 10 == pytest.approx(true_values(heart)["la_diam_ap_2d"], abs=0.1)
