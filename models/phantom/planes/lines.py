"""Linear measurements in a plane: both ends by root finding on the surfaces that the picture shows.

Conventions: Lang et al., J Am Soc Echocardiogr 2015;28:1-39 (ventricles, atria, aorta); Rudski et al., J Am Soc Echocardiogr
2010;23:685-713 (right heart, inferior vena cava). The aorta is measured from leading edge to leading edge, its annulus and the
outflow tract from inner to inner edge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from models.catalogue import Phase, View
from models.phantom.heart import HeartState, Kind
from models.phantom.heart.truth import plax_height
from models.phantom.planes.borders import Kinds, Ray, ray_ends
from models.phantom.planes.contours import Outline
from models.phantom.planes.cuts import Marks
from models.phantom.planes.placement import Placement
from models.phantom.planes.section import KINDS, OTHER_KINDS

Vector = NDArray[np.float64]
# Places off the plane by more than this are not in the picture.
_IN_PLANE_MM = 8.0
_LV, _RV, _PA, _AORTA = KINDS["lv"], KINDS["rv"], OTHER_KINDS["pa"], KINDS["aorta"]
_ROOT_LUMEN = (*_AORTA, Kind.LVOT, *_LV)
_OTHER_THAN_RV = tuple(kind for kind in Kind if kind not in _RV)


@dataclass(frozen=True, eq=False)
class Slice:
    """What a plane cuts at one moment: `outlines` by structure, float64 (64, 2), and the mitral annulus' ends, (2, 2), in mm.

    Both are (lateral, axial); `annulus` is None where the plane does not cut it.
    """

    state: HeartState
    marks: Marks
    placement: Placement
    outlines: Mapping[str, Outline]
    annulus: Outline | None

    def place(self, *names: str, off_mm: float = _IN_PLANE_MM) -> Vector | None:
        """The mean of landmarks in the plane, float64 (2,) in mm; None where one lies off the plane by more than `off_mm`."""
        if any(self.placement.distance_mm(self.marks[name]) > off_mm for name in names):
            return None
        return np.asarray(np.mean([self.placement.in_plane(self.marks[name]) for name in names], axis=0))


# The two ends of a line as rays. Of several such pairs the longest line counts; none where the plane does not show it.
Rays = Sequence[tuple[Ray, Ray]]
Draw = Callable[[Slice], Rays]


def _still(place: Vector) -> Ray:
    """An end that is known already."""
    return Ray(place, np.array([0.0, 1.0]), ())


def _chord(middle: Vector, along: Vector, first: Kinds, second: Kinds, reach_mm: float = 70.0) -> Rays:
    """From where the ray against `along` leaves `first` to where the ray along it leaves `second`."""
    return ((Ray(middle, -along, first, reach_mm), Ray(middle, along, second, reach_mm)),)


def _unit(vector: Vector) -> Vector:
    return np.asarray(vector / np.hypot(*vector))


def _across(along: Vector) -> Vector:
    """At right angles to `along`, away from the probe."""
    across = np.array([-along[1], along[0]])
    return across if across[1] > 0 else -across


def _long_axis(cut: Slice) -> tuple[Vector, Vector] | None:
    """The middle of the annulus line and the apex of the ventricle's outline, where the plane cuts both."""
    outline = cut.outlines.get("lv")
    if outline is None or cut.annulus is None:
        return None
    base = cut.annulus.mean(axis=0)
    return base, outline[np.hypot(*(outline - base).T).argmax()]


def _level(cut: Slice) -> tuple[Vector, Vector] | None:
    """The place on the long axis at the tips of the open mitral leaflets, and the direction away from the probe."""
    axis = _long_axis(cut)
    return axis and (axis[0] + plax_height(cut.state.heart) * (axis[1] - axis[0]), _across(_unit(axis[1] - axis[0])))


def _lv_diameter(cut: Slice) -> Rays:
    found = _level(cut)
    return _chord(*found, _LV, _LV) if found else ()


def _wall(side: int) -> Draw:
    """The wall towards (-1) or away from (1) the probe, from the side next to the probe to the other."""

    def draw(cut: Slice) -> Rays:
        found = _level(cut)
        if not found:
            return ()
        rays = tuple(Ray(found[0], side * found[1], kinds) for kinds in (_LV, KINDS["lv_wall"]))
        return ((rays[0], rays[1]) if side > 0 else (rays[1], rays[0]),)

    return draw


def _lv_length(cut: Slice) -> Rays:
    axis = _long_axis(cut)
    return ((_still(axis[0]), _still(axis[1])),) if axis else ()


def _root_axis(cut: Slice) -> Vector | None:
    start, end = cut.place("aortic_annulus"), cut.place("stj")
    return None if start is None or end is None else _unit(end - start)


def _aortic(name: str, *, inner: bool = False) -> Draw:
    """Across the aorta at a landmark: from the anterior wall's outer (or inner) edge to the posterior wall's inner edge."""

    def draw(cut: Slice) -> Rays:
        middle, axis = cut.place(name), _root_axis(cut)
        if middle is None or axis is None:
            return ()
        front = _ROOT_LUMEN if inner else (*_AORTA, Kind.LVOT, Kind.AORTIC_WALL)
        return _chord(middle, _across(axis), front, _ROOT_LUMEN, 40.0)

    return draw


def _left_atrium(cut: Slice) -> Rays:
    """From the leading edge of the posterior aortic wall to that of the atrium's posterior wall, at the sinuses."""
    middle, axis = cut.place("aortic_sinus"), _root_axis(cut)
    if middle is None or axis is None:
        return ()
    across = _across(axis)
    return ((Ray(middle, across, _AORTA, 40.0), Ray(middle, across, KINDS["la"], 110.0, last=True)),)


def _rv_axis(cut: Slice) -> tuple[Vector, Vector] | None:
    """The middle of the tricuspid annulus and the ventricle's apex."""
    outline, base = cut.outlines.get("rv"), cut.place("tricuspid_lateral", "tricuspid_septal", off_mm=16.0)
    if outline is None or base is None:
        return None
    return base, outline[np.hypot(*(outline - base).T).argmax()]


def _rv_width(*shares: float) -> Draw:
    """The widest of the chords across the right ventricle at these shares of its length from the annulus."""

    def draw(cut: Slice) -> Rays:
        found = _rv_axis(cut)
        if found is None:
            return ()
        base, apex = found
        along = _unit(apex - base)
        across = np.array([along[1], -along[0]])
        # The axis may run outside a ventricle that is bent: each level starts in the middle of what the outline leaves of it.
        middles = [_middle_at(cut.outlines["rv"], base + share * (apex - base), across) for share in shares]
        return tuple(chain.from_iterable(_chord(middle, across, _RV, _RV, 80.0) for middle in middles if middle is not None))

    return draw


def _middle_at(outline: Outline, place: Vector, across: Vector) -> Vector | None:
    """The middle of the outline's longest stretch on the line through `place` along `across`."""
    along = np.array([-across[1], across[0]])
    height, side = (outline - place) @ along, (outline - place) @ across
    after, beside = np.roll(height, -1), np.roll(side, -1)
    crosses = (height <= 0) != (after <= 0)
    if not crosses.any():
        return None
    share = -height[crosses] / (after[crosses] - height[crosses])
    cuts = np.sort(side[crosses] + share * (beside[crosses] - side[crosses]))
    widths = cuts[1::2] - cuts[::2]
    longest = int(widths.argmax())
    return np.asarray(place + across * (cuts[2 * longest] + widths[longest] / 2))


def _rv_length(cut: Slice) -> Rays:
    axis = _rv_axis(cut)
    return ((_still(axis[0]), _still(axis[1])),) if axis else ()


def _tube(middle: str, before: str, after: str, lumen: Kinds) -> Draw:
    """Across a vessel at a landmark, inner to inner edge, at right angles to the way from one landmark to another."""

    def draw(cut: Slice) -> Rays:
        at, start, end = cut.place(middle), cut.place(before), cut.place(after)
        if at is None or start is None or end is None:
            return ()
        return _chord(at, _across(_unit(end - start)), lumen, lumen, 40.0)

    return draw


def _proximal_outflow(cut: Slice) -> Rays:
    """From the anterior wall of the outflow tract to the aortic wall, straight in front of the aortic valve."""
    middle = cut.place("aortic_annulus", "aortic_sinus")
    if middle is None:
        return ()
    forward = np.array([0.0, -1.0])
    return ((Ray(middle, forward, _RV, 80.0, last=True), Ray(middle, forward, _OTHER_THAN_RV, 80.0)),)


def _vena_cava(cut: Slice) -> Rays:
    """Across the inferior vena cava, inner to inner edge, 1.5 cm from its mouth."""
    mouth, far = cut.place("ivc_mouth"), cut.place("ivc_far")
    if mouth is None or far is None:
        return ()
    along = _unit(far - mouth)
    return _chord(mouth + 15.0 * along, _across(along), OTHER_KINDS["ivc"], OTHER_KINDS["ivc"], 40.0)


@dataclass(frozen=True)
class Line:
    """A linear measurement: the views that carry it, when it is drawn (None: in mid-systole), and how."""

    key: str
    views: tuple[View, ...]
    phase: Phase | None
    draw: Draw


_ED, _ES = Phase.END_DIASTOLE, Phase.END_SYSTOLE
_PLAX, _ROOT, _ANNULUS = (View.PLAX,), (View.PLAX, View.PLAX_HIGH), (View.PLAX, View.PLAX_ZOOM)
LINES: tuple[Line, ...] = (
    Line("lvidd_2d", _PLAX, _ED, _lv_diameter),
    Line("lvids_2d", _PLAX, _ES, _lv_diameter),
    Line("ivsd_2d", _PLAX, _ED, _wall(-1)),
    Line("lvpwd_2d", _PLAX, _ED, _wall(1)),
    Line("la_diam_ap_2d", _PLAX, _ES, _left_atrium),
    Line("ao_root", (*_ROOT, View.PLAX_ZOOM), _ED, _aortic("aortic_sinus")),
    Line("ao_stj", _ROOT, _ED, _aortic("stj")),
    Line("ao_asc", _ROOT, _ED, _aortic("ascending")),
    Line("ao_annulus", _ANNULUS, None, _aortic("aortic_annulus", inner=True)),
    Line("lvot_diam", _ANNULUS, None, _aortic("lvot", inner=True)),
    Line("lv_len_d_a4c", (View.A4C,), _ED, _lv_length),
    Line("rv_basal", (View.A4C,), _ED, _rv_width(*np.linspace(0.03, 0.33, 7))),
    Line("rv_mid", (View.A4C,), _ED, _rv_width(0.5)),
    Line("rv_length", (View.A4C,), _ED, _rv_length),
    Line("pa_diam", (View.PSAX_AV,), _ED, _tube("pulmonary_artery", "pulmonary_valve", "pulmonary_bifurcation", _PA)),
    Line("rvot_dist", (View.PSAX_AV,), _ED, _tube("rvot_distal", "rvot_distal", "pulmonary_artery", (*_RV, *_PA))),
    Line("rvot_prox", (View.PSAX_AV,), _ED, _proximal_outflow),
    # Widest at end-expiration, wherever in the heart's cycle that is: of all frames the widest counts.
    Line("ivc_diam", (View.SUBCOSTAL_IVC,), None, _vena_cava),
)


def drawn(cut: Slice, lines: Sequence[Line]) -> dict[str, NDArray[np.float64]]:
    """Both ends of each of `lines` that the sector holds, by key: float64 (2, 2), (lateral, axial) in mm."""
    pairs = [(line.key, pair) for line in lines for pair in line.draw(cut)]
    if not pairs:
        return {}
    rays = [ray for _, pair in pairs for ray in pair]
    moving = [ray for ray in rays if ray.kinds]
    found = iter(ray_ends(cut.state, cut.placement, moving)) if moving else iter(())
    ends = np.stack([next(found) if ray.kinds else ray.start for ray in rays]).reshape(-1, 2, 2)
    longest: dict[str, NDArray[np.float64]] = {}
    for (key, _), line in zip(pairs, ends, strict=True):
        if np.isfinite(line).all() and (key not in longest or _length(line) > _length(longest[key])):
            longest[key] = line
    return {key: line for key, line in longest.items() if cut.placement.shows(line).all()}


def _length(line: NDArray[np.float64]) -> float:
    return float(np.hypot(*(line[1] - line[0])))
