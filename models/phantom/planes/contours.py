"""Outlines of the chambers in a plane, every point on the implicit surface."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from models.derive.ventricle.outline import closed_lines, polygon_area
from models.phantom.heart import HeartState
from models.phantom.planes.borders import settled
from models.phantom.planes.cuts import Marks, base_of
from models.phantom.planes.placement import Placement, place_of
from models.phantom.planes.section import KINDS, Section, endocardium_mm, members

POINTS = 64
_LEAST_CM2 = 0.8
# Sine of the least angle between plane and annulus at which the plane cuts the annulus across.
_ACROSS = 0.5
# How far the outline of the section may lie from the border.
_OFF_MM = 1.8
_REACH_MM, _STEP_MM = 60.0, 0.5
Outline = NDArray[np.float64]


def trace(state: HeartState, marks: Marks, placement: Placement, section: Section) -> tuple[dict[str, Outline], Outline | None]:
    """Each structure of `STRUCTURES` that the plane cuts, float64 (64, 2), and the ends of the mitral annulus (2, 2), in mm.

    All are (lateral, axial). `lv` runs from the left end of the annulus round the apex to the other where the plane cuts the
    annulus; all others are closed. What is smaller than 0.8 cm2 is left out.
    """
    found = {name: line for name in KINDS if (line := _largest(section, name)) is not None}
    ends = annulus_ends(state, marks, placement) if "lv" in found else None
    if ends is not None:
        found["lv"] = _opened(found["lv"], ends)
    if not found:
        return {}, None
    lines = {name: _evenly(line, POINTS, closed=name != "lv" or ends is None) for name, line in found.items()}
    places, normals = list(lines.values()), [_normals(line) for line in lines.values()]
    tables = [members(KINDS[name]).expand(POINTS, -1) for name in lines]
    moved = settled(state, placement, np.concatenate(places), np.concatenate(normals), torch.cat(tables), _OFF_MM)
    outlines = {name: moved[index * POINTS : (index + 1) * POINTS] for index, name in enumerate(lines)}
    if ends is not None:
        outlines["lv"][[0, -1]] = ends
    return outlines, ends


def annulus_ends(state: HeartState, marks: Marks, placement: Placement) -> Outline | None:
    """Where the endocardium meets the plane of the mitral annulus in the picture's plane: float64 (2, 2), mm, left end first.

    None where the picture's plane lies along the annulus or passes it.
    """
    centre = base_of(marks)
    across = np.subtract(marks["mitral_lateral"], marks["mitral_septal"])
    normal = np.cross(across, np.subtract(marks["mitral_anterior"], marks["mitral_inferior"]))
    normal = normal / np.linalg.norm(normal)
    slope = np.array([normal @ np.array(placement.right), normal @ np.array(placement.forward)])
    steepness = float(np.hypot(*slope))
    if steepness < _ACROSS or placement.distance_mm(place_of(centre)) > 0.45 * float(np.linalg.norm(across)):
        return None
    foot = placement.in_plane(place_of(centre))
    height = float(normal @ (centre - np.array(placement.origin)))
    start = foot + slope / steepness**2 * (height - float(slope @ foot))
    along = np.array([-slope[1], slope[0]]) / steepness
    along = along if along[0] > 0 else -along
    steps = np.arange(-_REACH_MM, _REACH_MM, _STEP_MM)
    line = torch.from_numpy(start + steps[:, None] * along)
    inner = endocardium_mm(state, placement.points(line[:, 0], line[:, 1])).numpy()
    middle = len(steps) // 2
    left = np.flatnonzero(np.diff(np.sign(inner[: middle + 1])) < 0)
    right = np.flatnonzero(np.diff(np.sign(inner[middle:])) > 0) + middle
    if inner[middle] >= 0 or not len(left) or not len(right):
        return None
    roots = [steps[i] + _STEP_MM * inner[i] / (inner[i] - inner[i + 1]) for i in (left[-1], right[0])]
    return np.asarray(start + np.array(roots)[:, None] * along)


def _largest(section: Section, name: str) -> Outline | None:
    """The largest closed line round `name` in the section, (points, 2) in mm."""
    depth = section.depth_mm(name)
    lines = closed_lines(depth + 1.0, 1.0) if (depth > 0).any() else []
    line = max(lines, key=polygon_area, default=None)
    if line is None or polygon_area(line) * section.grid.spacing_mm**2 < 100 * _LEAST_CM2:
        return None
    return np.asarray(line * section.grid.spacing_mm + np.array([section.grid.lateral_mm[0], section.grid.axial_mm[0]]))


def _opened(line: Outline, ends: Outline) -> Outline:
    """The part of a closed line from the first of `ends` round the apex to the second."""
    first, second = (int(np.hypot(*(line - end).T).argmin()) for end in ends)
    count = len(line)
    forward = np.roll(line, -first, axis=0)[: (second - first) % count + 1]
    backward = np.roll(line[::-1], first + 1 - count, axis=0)[: (first - second) % count + 1]
    longer = max(forward, backward, key=_length)
    return np.concatenate((ends[:1], longer[1:-1], ends[1:]))


def _length(line: Outline) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _evenly(line: Outline, points: int, *, closed: bool) -> Outline:
    """`line` at equal distances along it; a closed one does not repeat its first point."""
    line = np.concatenate((line, line[:1])) if closed else line
    position = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    wanted = np.linspace(0, position[-1], points, endpoint=not closed)
    return np.stack([np.interp(wanted, position, line[:, axis]) for axis in (0, 1)], axis=1)


def _normals(line: Outline) -> Outline:
    """Unit vectors out of a line that is closed, or whose closing edge is the annulus."""
    tangent = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    normal = np.stack((tangent[:, 1], -tangent[:, 0]), axis=1)
    x, y = line.T
    turns = float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    return np.asarray(normal / np.maximum(np.hypot(*normal.T), 1e-9)[:, None] * math.copysign(1.0, turns))
