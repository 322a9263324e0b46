"""Velocities of blood in any plane, as colour Doppler sees them: what the volumes of the heart push through its openings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.phantom.heart import BLOOD, HeartState, Kind, Points, landmarks, tissue_at
from models.phantom.heart.moment import moment_at
from models.phantom.traces.flow import flow
from models.phantom.traces.haemodynamics import Haemodynamics

Array = NDArray[np.float64]
Places = Mapping[str, Array]

_STEP_MS = 4.0
_SLOWEST_CM_S = 6.0  # the wall filter: slower flow has no colour
_SPREAD, _LEAK_SPREAD = 0.18, 0.22  # how much wider a jet is per mm of its way
_LEAK_MM, _LEAK_REACH_MM = 2.5, 38.0
_RIGHT_LEAK_ML, _REACH_MM_PER_ML = 6.0, 0.9
_VEIN_CM_S = 18.0
_BODY_CM2 = 14.0  # of a ventricle or an atrium across: blood that moves on as a whole
_TURBULENCE = 0.3
_FLOWING = (*BLOOD, Kind.TRABECULA)

_Place = tuple[float, float, float]


@dataclass(frozen=True)
class _Opening:
    """A round opening about `centre`, through which blood flows along the unit vector `along` when the flow is positive."""

    centre: _Place
    along: _Place
    area_cm2: float

    @property
    def radius_mm(self) -> float:
        return 10 * math.sqrt(self.area_cm2 / math.pi)


class _Field:
    """Velocities in cm/s at points of one shape, float32, as a sum of what each opening does."""

    def __init__(self, points: Points, generator: torch.Generator) -> None:
        self.points, self.generator = points, generator
        self.x, self.y, self.z = (torch.zeros_like(points.x) for _ in range(3))

    def add_jet(
        self, opening: _Opening, speed_cm_s: float, inside: Tensor, spread: float, reach_mm: float, turbulence: float = 0.0
    ) -> None:
        """A jet beyond the opening that widens, slows down as it does, and comes back slowly beside itself."""
        if abs(speed_cm_s) < 1:
            return
        along, aside = self._split(opening)
        width = opening.radius_mm + spread * along.clamp_min(0)
        profile = torch.exp(-((aside / width) ** 2)) - 0.25 * torch.exp(-(((aside - 2.2 * width) / width) ** 2))
        slowed = (opening.radius_mm / width) * torch.exp(-((along / reach_mm).clamp_min(0) ** 3)) * torch.sigmoid(along + 2)
        if turbulence:
            profile = profile * (1 + turbulence * torch.randn(profile.shape, generator=self.generator))
        self._push(opening.along, speed_cm_s * profile * slowed * inside)

    def add_sink(self, opening: _Opening, flow_ml_s: float, inside: Tensor) -> None:
        """Blood before an opening comes from all sides, the faster the nearer it is: the same flow through each half sphere."""
        if abs(flow_ml_s) < 1:
            return
        x, y, z = self._from(opening)
        # At the opening itself the flow has the opening's speed.
        distance_cm2 = (x * x + y * y + z * z) / 100
        speed = flow_ml_s / (2 * math.pi * distance_cm2 + opening.area_cm2) * inside
        length = torch.sqrt(x * x + y * y + z * z).clamp_min(1e-3)
        own = torch.exp(-distance_cm2 / opening.area_cm2)  # near the opening all blood runs through it
        for axis, part in enumerate((x, y, z)):
            towards = own * opening.along[axis] + (1 - own) * -part / length
            (self.x, self.y, self.z)[axis].add_(speed * towards)

    def add_stream(self, along: _Place, speed_cm_s: float, inside: Tensor) -> None:
        self._push(along, speed_cm_s * inside)

    def _from(self, opening: _Opening) -> tuple[Tensor, Tensor, Tensor]:
        x, y, z = opening.centre
        return self.points.x - x, self.points.y - y, self.points.z - z

    def _split(self, opening: _Opening) -> tuple[Tensor, Tensor]:
        x, y, z = self._from(opening)
        a, b, c = opening.along
        along = x * a + y * b + z * c
        return along, torch.sqrt((x * x + y * y + z * z - along * along).clamp_min(0))

    def _push(self, along: _Place, speed: Tensor) -> None:
        for axis, share in enumerate(along):
            (self.x, self.y, self.z)[axis].add_(speed * share)


def flow_in_plane(
    state: HeartState, points: Points, beam: Points, of: Haemodynamics | None = None, nyquist_cm_s: float | None = None
) -> Tensor:
    """Velocities in cm/s towards the transducer at `points` (mm) seen along `beam` (unit vectors away from it): any shape.

    Both are float32 and of that shape, the result too; NaN where no blood flows fast enough. Flow that is not given is that of
    the heart's seed. Beyond `nyquist_cm_s` the velocity is wrapped, as a cart shows it; None wraps nothing.
    """
    of = of or flow(state.heart)
    kind = tissue_at(state, points).kind
    dx, dy, dz = state.shift_mm
    generator = torch.Generator().manual_seed(1_000_003 * state.heart.seed + round(state.time_ms))
    field = _Field(Points(points.x - dx, points.y - dy, points.z - dz), generator)
    places = {name: np.subtract(place, state.shift_mm) for name, place in landmarks(state).items()}
    beat, now_ms = state.moment.beat, state.time_ms
    since_ms = now_ms - beat.start_ms
    _left(field, _Blood(kind), places, _change_ml_s(state, "lv_ml"), since_ms, state, of)
    _right(field, _Blood(kind), places, _change_ml_s(state, "rv_ml"), since_ms, state, of)
    towards = -(field.x * beam.x + field.y * beam.y + field.z * beam.z)
    seen = _Blood(kind).where(*_FLOWING) & (towards.abs() >= _SLOWEST_CM_S)
    if nyquist_cm_s is not None:
        towards = torch.remainder(towards + nyquist_cm_s, 2 * nyquist_cm_s) - nyquist_cm_s
    return torch.where(seen, towards, torch.full_like(towards, math.nan))


@dataclass(frozen=True, eq=False)
class _Blood:
    kind: Tensor

    def where(self, *kinds: Kind) -> Tensor:
        return torch.isin(self.kind, torch.tensor([int(kind) for kind in kinds], dtype=self.kind.dtype))


def _change_ml_s(state: HeartState, name: str) -> float:
    """How fast a ventricle fills, as its volume changes; negative while it ejects."""
    before, after = (moment_at(state.heart, max(state.time_ms + step, 0.0)) for step in (-_STEP_MS, _STEP_MS))
    return float((getattr(after, name) - getattr(before, name)) / (2 * _STEP_MS) * 1000)


def _opening(centre: Array, towards: Array, area_cm2: float) -> _Opening:
    return _Opening(_place(centre), _place(_unit(towards)), area_cm2)


def _left(
    field: _Field, blood: _Blood, places: Places, ml_s: float, since_ms: float, state: HeartState, of: Haemodynamics
) -> None:
    lv, la, aorta = blood.where(Kind.LV_CAVITY, Kind.TRABECULA), blood.where(Kind.LA), blood.where(Kind.AORTA, Kind.LVOT)
    ring = np.mean([places[f"mitral_{side}"] for side in ("septal", "lateral", "anterior", "inferior")], axis=0)
    mitral = _opening(ring, places["apex"] - ring, of.mitral_cm2)
    root = places["aortic_sinus"] - places["aortic_annulus"]
    outlet = _opening(places["aortic_annulus"], root, of.lvot_cm2)
    beat = state.moment.beat
    if ml_s > 0:
        speed = ml_s / of.mitral_cm2
        field.add_jet(mitral, speed, lv, _SPREAD, 0.8 * float(np.linalg.norm(places["apex"] - ring)))
        field.add_sink(mitral, ml_s, la)
        field.add_stream(mitral.along, ml_s / _BODY_CM2, la)
    elif ml_s < 0:
        field.add_sink(outlet, -ml_s, lv)
        field.add_stream(outlet.along, -ml_s / _BODY_CM2, lv)
        field.add_stream(outlet.along, -ml_s / of.lvot_cm2 * 0.8, aorta)
    if since_ms < beat.mitral_opening_ms:
        field.add_stream(mitral.along, _VEIN_CM_S, la | blood.where(Kind.PULMONARY_VEIN))
        if of.mitral_jet_cm_s:
            _add_leak(field, mitral, of.mitral_jet_cm_s, la, of.mitral_leak_ml)
    if of.aortic_jet_cm_s and not beat.ejection_start_ms <= since_ms <= beat.end_systole_ms:
        _add_leak(field, outlet, of.aortic_jet_cm_s, lv, of.aortic_leak_ml)


def _right(
    field: _Field, blood: _Blood, places: Places, ml_s: float, since_ms: float, state: HeartState, of: Haemodynamics
) -> None:
    rv, ra = blood.where(Kind.RV_CAVITY), blood.where(Kind.RA)
    ring = np.mean([places["tricuspid_septal"], places["tricuspid_lateral"]], axis=0)
    inlet = _opening(ring, places["rv_apex"] - ring, of.tricuspid_cm2)
    valve = places["pulmonary_valve"]
    outlet = _opening(valve, valve - ring, of.rvot_cm2)
    if ml_s > 0:
        field.add_jet(inlet, ml_s / of.tricuspid_cm2, rv, _SPREAD, 0.7 * float(np.linalg.norm(places["rv_apex"] - ring)))
        field.add_sink(inlet, ml_s, ra)
    elif ml_s < 0:
        field.add_sink(outlet, -ml_s, rv)
        field.add_stream(outlet.along, -ml_s / _BODY_CM2, rv)
        field.add_stream(outlet.along, -ml_s / of.rvot_cm2 * 0.8, blood.where(Kind.PULMONARY_ARTERY))
    field.add_stream(_place(_unit(places["ivc_mouth"] - places["ivc_far"])), _VEIN_CM_S, blood.where(Kind.IVC))
    if of.tricuspid_jet_cm_s and since_ms < state.moment.beat.mitral_opening_ms:
        _add_leak(field, inlet, of.tricuspid_jet_cm_s, ra, _RIGHT_LEAK_ML)


def _add_leak(field: _Field, valve: _Opening, jet_cm_s: float, inside: Tensor, ml: float) -> None:
    """Back through the valve: a thin jet, longer the more leaks."""
    back = (-valve.along[0], -valve.along[1], -valve.along[2])
    hole_cm2 = math.pi * (_LEAK_MM / 10) ** 2
    reach_mm = min(12.0 + _REACH_MM_PER_ML * ml, _LEAK_REACH_MM)
    field.add_jet(_Opening(valve.centre, back, hole_cm2), jet_cm_s, inside, _LEAK_SPREAD, reach_mm, _TURBULENCE)


def _place(vector: Array) -> _Place:
    return float(vector[0]), float(vector[1]), float(vector[2])


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
