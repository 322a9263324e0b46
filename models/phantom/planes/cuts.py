"""How each plane runs through the heart's own landmarks, before the hand that holds the probe varies it."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from models.phantom.heart.surroundings import FRONT
from models.phantom.planes.placement import Place, Vector, place_of, turned, unit

Marks = Mapping[str, Place]


class Cut(NamedTuple):
    """A plane through `aim`, mm of the heart frame: the probe lies `outward` of it, and `right` is the image's right.

    A tilt leaves `pivot` in the plane. Each is float64 (3,); the two directions are unit vectors at right angles.
    """

    aim: Vector
    pivot: Vector
    outward: Vector
    right: Vector


CutOf = Callable[[Marks], Cut]


def _at(marks: Marks, name: str) -> Vector:
    return np.asarray(marks[name], dtype=np.float64)


def _tricuspid(marks: Marks) -> Vector:
    return _mean(marks, "tricuspid_lateral", "tricuspid_septal")


def _mean(marks: Marks, *names: str) -> Vector:
    return np.asarray(np.mean([_at(marks, name) for name in names], axis=0))


def _cut(aim: Vector, outward: Vector, right: Vector, pivot: Vector | None = None) -> Cut:
    """Of `right` what is at right angles to `outward`; without a `pivot` the aim is it."""
    outward = unit(outward)
    return Cut(aim, aim if pivot is None else pivot, outward, unit(right - outward * float(outward @ right)))


def _in_front(right: Vector, front: Place = FRONT) -> Vector:
    """Towards the chest wall, at right angles to `right`."""
    along = unit(right)
    return np.asarray(np.array(front) - along * float(along @ np.array(front)))


def _apical(marks: Marks, right: Vector, share: float = 0.45) -> Cut:
    """Along the long axis; the base stays in the plane when it tilts, so that a tilt foreshortens the ventricle."""
    return _cut(_along(marks, share), _long_axis(marks), right, base_of(marks))


def mitral_centre(marks: Marks) -> Vector:
    """The middle of the mitral annulus: float64 (3,), mm of the heart frame."""
    return _mean(marks, "mitral_septal", "mitral_lateral", "mitral_anterior", "mitral_inferior")


def base_of(marks: Marks) -> Vector:
    """Where the left ventricle's long axis meets the plane of the mitral annulus: float64 (3,), mm of the heart frame.

    The annulus itself makes room for the aortic root, and lies beside the axis.
    """
    x, y, _ = marks["apex"]
    return np.array([x, y, marks["mitral_septal"][2]])


def _along(marks: Marks, share: float) -> Vector:
    """A place on the left ventricle's long axis: 0 at the annulus, 1 at the apex."""
    base = base_of(marks)
    return np.asarray(base + share * (_at(marks, "apex") - base))


def _long_axis(marks: Marks) -> Vector:
    return _at(marks, "apex") - base_of(marks)


def _lateral(marks: Marks) -> Vector:
    return _at(marks, "mitral_lateral") - _at(marks, "mitral_septal")


def _to_aorta(marks: Marks) -> Vector:
    """From the long axis to the aortic root at right angles: the anteroseptal side."""
    axis = unit(_long_axis(marks))
    gap = _mean(marks, "aortic_annulus", "aortic_sinus") - base_of(marks)
    return np.asarray(gap - axis * float(gap @ axis))


def a4c(marks: Marks) -> Cut:
    """Along the long axis and through the tricuspid annulus, the left heart on the image's right."""
    return _apical(marks, base_of(marks) - _tricuspid(marks))


def a2c(marks: Marks) -> Cut:
    """The anterior wall stands on the image's right (ASE); the hand turns on a little, clear of the right ventricle."""
    right = _at(marks, "mitral_anterior") - _at(marks, "mitral_inferior")
    return _apical(marks, turned(right, unit(_long_axis(marks)), math.radians(10)))


def a3c(marks: Marks) -> Cut:
    """The aortic root stands on the image's right."""
    return _apical(marks, _to_aorta(marks))


def a5c(marks: Marks) -> Cut:
    """The four-chamber plane tilted about the apex until it holds the aortic root."""
    root = _mean(marks, "aortic_annulus", "aortic_sinus")
    apex = _at(marks, "apex")
    return _cut(root + 0.5 * (apex - root), apex - root, _lateral(marks), root)


def apex(marks: Marks) -> Cut:
    """Any of the apical planes: the hand turns freely about the long axis."""
    return _apical(marks, _lateral(marks), 0.85)


def _long(marks: Marks, aim: Vector) -> Cut:
    """Parasternal long axis: the chest in front, the base on the image's right."""
    return _cut(aim, _to_aorta(marks), -_long_axis(marks))


def plax_lv(marks: Marks) -> Cut:
    return _long(marks, _along(marks, 0.30))


def plax_mv(marks: Marks) -> Cut:
    return _long(marks, _along(marks, 0.10))


def plax_la(marks: Marks) -> Cut:
    return _long(marks, _along(marks, -0.12))


def plax_outflow(marks: Marks) -> Cut:
    return _long(marks, _mean(marks, "aortic_annulus", "aortic_sinus"))


def plax_ascending(marks: Marks) -> Cut:
    """One intercostal space higher: the root and the ascending aorta lie along the image."""
    away = _at(marks, "ascending") - _at(marks, "aortic_annulus")
    return _cut(_mean(marks, "stj", "ascending"), _to_aorta(marks), away)


def rv_inflow(marks: Marks) -> Cut:
    """Beside the left ventricle: right ventricle in front, right atrium behind on the image's right."""
    aside = unit(_tricuspid(marks) - mitral_centre(marks))
    front = np.array(FRONT) - aside * float(aside @ np.array(FRONT))
    base = -_long_axis(marks)
    return _cut(_tricuspid(marks), front, base - aside * float(aside @ base))


def short_axis(share: float) -> CutOf:
    """At right angles to the long axis at `share` of it, 0 at the annulus; the lateral wall stands on the image's right."""

    def cut(marks: Marks) -> Cut:
        axis = unit(_long_axis(marks))
        front = np.array([-0.17, 0.98, 0.0])
        front = front - axis * float(front @ axis)
        return _cut(_along(marks, share), front, _lateral(marks) - axis * float(_lateral(marks) @ axis))

    return cut


def _across_root(marks: Marks) -> tuple[Vector, Vector, Vector]:
    """Along the aortic root, to the patient's left and to the front: unit vectors at right angles to one another.

    The front is half that of the chest and half what lies opposite the left atrium, which stands behind the root.
    """
    axis = unit(_at(marks, "stj") - _at(marks, "aortic_annulus"))
    before, chest = _at(marks, "aortic_sinus") - _at(marks, "la_centre"), np.array(FRONT)
    front = unit(unit(before - axis * float(before @ axis)) + unit(chest - axis * float(chest @ axis)))
    left = np.cross(axis, front)
    return axis, left if left @ (_at(marks, "pulmonary_valve") - _tricuspid(marks)) > 0 else -left, front


def psax_aortic(marks: Marks) -> Cut:
    """Across the aortic root, tilted from the tricuspid valve on the image's left to the pulmonary valve on its right."""
    axis, left, front = _across_root(marks)
    return _cut(_mean(marks, "aortic_annulus", "aortic_sinus"), front, left + 0.25 * axis)


def psax_tricuspid(marks: Marks) -> Cut:
    """Through the tricuspid valve and the aortic root, which stands on the image's right."""
    away = _mean(marks, "aortic_annulus", "aortic_sinus") - _tricuspid(marks)
    return _cut(_tricuspid(marks), _in_front(away), away)


def psax_pulmonary(marks: Marks) -> Cut:
    """Along the pulmonary artery from its valve to its bifurcation, the aortic root on the image's left."""
    valve, fork = _at(marks, "pulmonary_valve"), _at(marks, "pulmonary_bifurcation")
    axis, _, front = _across_root(marks)
    aside = valve - _at(marks, "aortic_sinus")
    return _cut(valve + 0.3 * (fork - valve), front + 2 * unit(valve - fork), aside - axis * float(aside @ axis))


def subcostal_4c(marks: Marks) -> Cut:
    """Below the right ventricle: all four chambers, the apex on the image's right."""
    middle, axis = (mitral_centre(marks) + _tricuspid(marks)) / 2, unit(_long_axis(marks))
    below = unit(_tricuspid(marks) - mitral_centre(marks)) + 0.55 * axis
    return _cut(middle + 0.25 * _long_axis(marks), below, axis)


def subcostal_ivc(marks: Marks) -> Cut:
    """Along the inferior vena cava below the liver, the right atrium on the image's left."""
    mouth, far = _at(marks, "ivc_mouth"), _at(marks, "ivc_far")
    return _cut(mouth + 0.35 * (far - mouth), _in_front(far - mouth), far - mouth)


def aortic_arch(marks: Marks) -> Cut:
    """From the suprasternal notch: ascending aorta on the image's left, descending aorta on its right."""
    ascending, arch, descending = (_at(marks, name) for name in ("ascending", "arch", "descending"))
    right = descending - ascending
    return _cut(arch, _in_front(right, place_of(arch - (ascending + descending) / 2)), right)
