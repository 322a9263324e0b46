"""Named places of the heart at one moment, breathing included."""

import math

import numpy as np

from models.phantom.heart.anatomy import at_angle
from models.phantom.heart.kinds import Position
from models.phantom.heart.state import HeartState
from models.phantom.heart.table import Array
from models.phantom.heart.tubes import ANNULUS_MM, stations_mm
from models.phantom.heart.valves import edge_of, mitral_skirt, papillary_muscles
from models.phantom.heart.ventricles import OUTFLOW_RAD
from models.phantom.heart.vessels import axis_point, vascular

_MITRAL_DEGREES = {"septal": 205, "lateral": 25, "anterior": 90, "inferior": 270}


def landmarks(state: HeartState) -> dict[str, Position]:
    """Places in mm of the heart frame by name. Those of vessels lie on their axis, those of valves on their rings."""
    anatomy, vessels = state.anatomy, vascular(state)
    places: dict[str, Array] = {"apex": np.zeros(3), **_mitral(state), **_tricuspid(state)}
    sinus, junction, ascending = stations_mm(state.heart.vessels)
    for name, along in (
        ("lvot", 2.0), ("aortic_annulus", ANNULUS_MM), ("aortic_sinus", sinus), ("stj", junction), ("ascending", ascending)
    ):  # fmt: skip
        places[name] = anatomy.root.at(along)
    for name, shape in (("la", anatomy.la), ("ra", anatomy.ra)):
        for place, u in (("centre", 0.5), ("roof", 1.0)):
            places[f"{name}_{place}"] = axis_point(shape, u)
    outflow, ivc, arch = vessels.outflow.nodes, vessels.ivc.nodes, vessels.arch.nodes
    places |= {
        "rvot_proximal": outflow[1], "rvot_distal": outflow[2], "pulmonary_valve": outflow[3], "pulmonary_artery": outflow[4],
        "pulmonary_bifurcation": outflow[5], "ivc_mouth": ivc[0], "ivc_far": ivc[3], "arch": arch[5], "descending": arch[-2],
    }  # fmt: skip
    lateral, medial = papillary_muscles(state)
    places |= {"papillary_lateral": lateral.nodes[1], "papillary_medial": medial.nodes[1]}
    return {name: _shifted(place, state) for name, place in places.items()}


def _shifted(place: Array, state: HeartState) -> Position:
    x, y, z = (float(p) + s for p, s in zip(place, state.shift_mm, strict=True))
    return x, y, z


def _mitral(state: HeartState) -> dict[str, Array]:
    ring, base = state.anatomy.mitral, state.base_z_mm
    places = {}
    for name, degrees in _MITRAL_DEGREES.items():
        angle = math.radians(degrees)
        radius = at_angle(ring.radii, angle)
        places[f"mitral_{name}"] = np.array(
            [ring.centre[0] + radius * math.cos(angle), ring.centre[1] + radius * math.sin(angle), base]
        )
    skirt = mitral_skirt(state)
    places["mitral_tip_anterior"] = np.array(edge_of(skirt, OUTFLOW_RAD, base))
    places["mitral_tip_posterior"] = np.array(edge_of(skirt, OUTFLOW_RAD + math.pi, base))
    return places


def _tricuspid(state: HeartState) -> dict[str, Array]:
    plane, right = state.anatomy.plane, state.heart.rv
    out = np.array([math.cos(plane.angle_rad), math.sin(plane.angle_rad)])
    wide = 2 * (math.hypot(*state.anatomy.tricuspid.centre) - plane.hinge_mm)
    apex_z = state.anatomy.ventricles.rv_apex_z_mm
    share = min(max(apex_z / state.length_mm + 1, 0.0), 1.0)
    near = math.sqrt(max(at_angle(state.anatomy.ventricles.radii_at("outer", share), right.angle_rad), 0.0))
    return {
        "tricuspid_septal": np.array([*(plane.hinge_mm * out), plane.hinge_z_mm]),
        "tricuspid_lateral": np.array([*((plane.hinge_mm + wide) * out), plane.hinge_z_mm + plane.slope * wide]),
        "rv_apex": np.array([*(near * out), apex_z]),
    }
