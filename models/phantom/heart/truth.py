"""The exact numbers of a heart, by the conventions of the guidelines, under the catalogue's keys and in its units."""

import math
from dataclasses import replace

import numpy as np
import torch

from models.phantom.heart.anatomy import Anatomy, at_angle, build_anatomy
from models.phantom.heart.chambers import atrial
from models.phantom.heart.heart import Heart
from models.phantom.heart.kinds import Points
from models.phantom.heart.moment import resting_moment
from models.phantom.heart.rhythm import beats
from models.phantom.heart.state import HeartState, resting_state
from models.phantom.heart.table import VENTRICLE_GRID, Array
from models.phantom.heart.tubes import stations_mm
from models.phantom.heart.ventricles import OUTFLOW_RAD, VentricleShape

# Atrial fibrillation changes every beat: the mean of this many is stated.
_BEATS = 10
_PLANE = OUTFLOW_RAD, OUTFLOW_RAD + math.pi


def emptied_state(heart: Heart) -> HeartState:
    """End-systole of a mean beat, as the atria are fullest."""
    moment = replace(
        resting_moment(heart), contraction=1.0, rv_contraction=1.0, lv_ml=heart.lv.esv_ml, rv_ml=heart.rv.esv_ml,
        la_ml=heart.la.max_ml, ra_ml=heart.ra.max_ml,
    )  # fmt: skip
    return HeartState(heart, 0.0, moment, build_anatomy(heart, moment))


def plax_height(heart: Heart) -> float:
    """The height u (0 annulus, 1 apex) of the mitral leaflets' tips, where linear dimensions are measured."""
    return min(max(24.0 / resting_state(heart).length_mm, 0.2), 0.38)


def true_values(heart: Heart) -> dict[str, float]:
    """Values by key, in the catalogue's units. In atrial fibrillation volumes and EF are means over the first beats.

    Conventions: Lang et al., J Am Soc Echocardiogr 2015;28:1. Aortic root, junction and ascending aorta run from leading edge
    to leading edge, hence with one wall; annulus and outflow tract from inner edge to inner edge.
    """
    full, empty = resting_state(heart), emptied_state(heart)
    return {
        **_volumes(heart),
        **_walls(heart, full.anatomy.ventricles, empty.anatomy.ventricles),
        **_right_heart(heart, full.anatomy, empty.anatomy),
        **_vessels(heart),
        "la_vol_mod_bp": heart.la.max_ml,
        "la_vol_mod_bp_index": heart.la.max_ml / heart.bsa_m2,
        "la_diam_ap_2d": _la_diameter_mm(empty) / 10,
        "ra_vol": heart.ra.max_ml,
        "hr": heart.heart_rate_bpm,
        "bsa": heart.bsa_m2,
    }


def _volumes(heart: Heart) -> dict[str, float]:
    pairs = np.array([heart.beat_volumes_ml(beat) for beat in beats(heart.rhythm)[:_BEATS]])
    edv, esv = float(pairs[:, 0].mean()), float(pairs[:, 1].mean())
    return {
        "lvedv_bp": edv,
        "lvesv_bp": esv,
        "sv_bp": edv - esv,
        "ef_bp": float((100 * (1 - pairs[:, 1] / pairs[:, 0])).mean()),
        "lvedv_bp_index": edv / heart.bsa_m2,
        "lvesv_bp_index": esv / heart.bsa_m2,
        "lv_len_d_a4c": resting_state(heart).length_mm / 10,
    }


def _radii_mm(shape: VentricleShape, channel: str, u: float) -> tuple[float, float]:
    """From the axis to the anteroseptal and to the inferolateral surface."""
    squares = shape.radii_at(channel, u)
    septal, posterior = (math.sqrt(max(at_angle(squares, angle), 0.0)) for angle in _PLANE)
    return septal, posterior


def _walls(heart: Heart, full: VentricleShape, empty: VentricleShape) -> dict[str, float]:
    u = plax_height(heart)
    inner, outer, systolic = _radii_mm(full, "inner", u), _radii_mm(full, "outer", u), _radii_mm(empty, "inner", u)
    septum, cavity, posterior = (outer[0] - inner[0]) / 10, sum(inner) / 10, (outer[1] - inner[1]) / 10
    mass = 0.8 * 1.04 * ((septum + cavity + posterior) ** 3 - cavity**3) + 0.6
    return {
        "ivsd_2d": septum,
        "lvidd_2d": cavity,
        "lvpwd_2d": posterior,
        "lvids_2d": sum(systolic) / 10,
        "fs_2d": 100 * (1 - sum(systolic) / 10 / cavity),
        "rwt": 2 * posterior / cavity,
        "lv_mass_cube_2d": mass,
        "lv_mass_index_2d": mass / heart.bsa_m2,
    }


def _widths_mm(heart: Heart, anatomy: Anatomy) -> tuple[Array, Array]:
    """Heights z and the right ventricle's width at each, in the plane through its middle; (heights,) both, mm."""
    shape = anatomy.ventricles
    z = (VENTRICLE_GRID.heights - 1) * shape.length_mm
    near, far = (
        np.array(
            [math.sqrt(max(at_angle(shape.radii_at(name, float(u)), heart.rv.angle_rad), 0.0)) for u in VENTRICLE_GRID.heights]
        )
        for name in ("outer", "rv")
    )
    plane = anatomy.plane
    # The tricuspid plane cuts each section where z passes it.
    if abs(plane.slope) > 1e-6:
        cut = (z - plane.hinge_z_mm) / plane.slope + plane.hinge_mm
        near, far = (near, np.minimum(far, cut)) if plane.slope > 0 else (np.maximum(near, cut), far)
    else:
        near = np.where(z > plane.hinge_z_mm, near, far)
    return z, np.maximum(far - near, 0)


def _right_heart(heart: Heart, full: Anatomy, empty: Anatomy) -> dict[str, float]:
    z, width = _widths_mm(heart, full)
    _, systolic = _widths_mm(heart, empty)
    areas = [float(w.sum()) * a.ventricles.length_mm for w, a in ((width, full), (systolic, empty))]
    hinge, apex = full.plane.hinge_z_mm, full.ventricles.rv_apex_z_mm
    share = (z - hinge) / (apex - hinge)
    middle, near = math.hypot(*full.tricuspid.centre), full.ventricles.radii_at("outer", apex / full.ventricles.length_mm + 1)
    inwards = middle - math.sqrt(max(at_angle(near, heart.rv.angle_rad), 0.0))
    return {
        "rv_basal": float(width[(share > 0.01) & (share < 0.34)].max()) / 10,
        "rv_mid": float(np.interp(0.5, share, width)) / 10,
        "rv_length": math.hypot(apex - hinge, inwards) / 10,
        "rv_fac": 100 * (1 - areas[1] / areas[0]),
        "tapse": heart.rv.tapse_mm / 10,
    }


def _vessels(heart: Heart) -> dict[str, float]:
    v = heart.vessels
    return {
        "lvot_diam": 2 * v.lvot_mm / 10,
        "ao_annulus": 2 * v.annulus_mm / 10,
        "ao_root": (2 * v.sinus_mm + v.aortic_wall_mm) / 10,
        "ao_stj": (2 * v.junction_mm + v.aortic_wall_mm) / 10,
        "ao_asc": (2 * v.ascending_mm + v.aortic_wall_mm) / 10,
        "rvot_prox": 2 * v.rvot_proximal_mm / 10,
        "rvot_dist": 2 * v.rvot_distal_mm / 10,
        "pa_diam": 2 * v.pulmonary_mm / 10,
        "ivc_diam": 2 * v.ivc_mm / 10,
        "ivc_collapse": 100 * v.collapse,
    }


def _la_diameter_mm(state: HeartState) -> float:
    """From the leading edge of the aorta's posterior wall to that of the atrium's, across the sinuses, at end-systole."""
    root = state.anatomy.root
    along = stations_mm(state.heart.vessels)[0]
    index = round(along * 2)
    start = float(root.radii[index] - root.lobe_mm[index])
    reach = torch.linspace(start, start + 130, 1301, dtype=torch.float64)
    middle = root.at(along)
    ray = Points(*(float(middle[i]) - reach * float(root.side[i]) for i in range(3)))
    found = atrial(state, "la", ray)
    inside = ((found.distance < 0) & (found.u > 0)).nonzero()[:, 0]
    last = int(inside[-1])
    before, after = float(found.distance[last]), float(found.distance[last + 1])
    return float(reach[last]) + 0.1 * before / (before - after) - start
