"""Where the cursor of each M-mode lies, and which borders are true along it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.phantom.heart import LV_VOLUME, Heart, Kind, landmarks, state_at
from models.phantom.traces.cursor import Cursor, Tracks

Array = NDArray[np.float64]
Depths = dict[str, Array]

_LV = (*LV_VOLUME, Kind.LV_CAVITY)
_WALL = (Kind.LV_WALL,)
_BEFORE_SEPTUM = (Kind.RV_CAVITY, Kind.RV_BAND)
_BEHIND_WALL = (
    Kind.PERICARDIUM, Kind.EFFUSION, Kind.FAT, Kind.LUNG, Kind.LIVER, Kind.CHEST_WALL, Kind.AORTIC_WALL, Kind.LA_WALL,
)  # fmt: skip
_IN_ROOT = (Kind.AORTA, Kind.AORTIC_CUSP, Kind.LVOT)


@dataclass(frozen=True)
class MModeView:
    """`place` puts the cursor, `borders` finds the true depths along it in mm. The probe's face lies `face_mm` before what it
    seeks, and the display is `depth_mm` deep; both are drawn from these ranges."""

    echoview47: str
    place: Callable[[Mapping[str, Array], float, np.random.Generator], Cursor]
    borders: Callable[[Tracks, Cursor], Depths]
    face_mm: tuple[float, float]
    beyond_mm: tuple[float, float]


def cursor_of(view: MModeView, heart: Heart, rng: np.random.Generator) -> tuple[Cursor, float]:
    """The cursor at end-diastole between breaths, and how deep the display is, mm."""
    state = state_at(heart, 0.0)
    places = {name: np.subtract(place, state.shift_mm) for name, place in landmarks(state).items()}
    cursor = view.place(places, rng.uniform(*view.face_mm), rng)
    return cursor, rng.uniform(*view.beyond_mm)


def _through(middle: Array, along: Array, before_mm: float, rng: np.random.Generator, tilt_deg: float) -> Cursor:
    """Through `middle` about `along`, which the hand misses by a few degrees."""
    beam = along / np.linalg.norm(along)
    beam = beam + np.tan(np.radians(tilt_deg)) * rng.normal(0, 0.5, 3)
    beam /= np.linalg.norm(beam)
    return Cursor(middle - before_mm * beam, beam, middle)


def _mean(places: Mapping[str, Array], *names: str) -> Array:
    return np.asarray(np.mean([places[name] for name in names], axis=0))


def _mitral_ring(places: Mapping[str, Array]) -> Array:
    return _mean(places, "mitral_septal", "mitral_lateral", "mitral_anterior", "mitral_inferior")


def _backwards(places: Mapping[str, Array]) -> Array:
    """From the front of the chest through the outflow tract to the mitral ring: at right angles to the long axis."""
    along = _mitral_ring(places) - places["aortic_annulus"]
    axis = places["apex"] - _mitral_ring(places)
    axis /= np.linalg.norm(axis)
    return np.asarray(along - axis * float(along @ axis))


def _across_ventricle(share: tuple[float, float]) -> Callable[[Mapping[str, Array], float, np.random.Generator], Cursor]:
    """Through the long axis at a share of the way from the mitral ring to the apex."""

    def place(places: Mapping[str, Array], face_mm: float, rng: np.random.Generator) -> Cursor:
        ring = _mitral_ring(places)
        middle = ring + rng.uniform(*share) * (places["apex"] - ring)
        return _through(middle, _backwards(places), face_mm, rng, 3.0)

    return place


def _across_root(places: Mapping[str, Array], face_mm: float, rng: np.random.Generator) -> Cursor:
    return _through(places["aortic_sinus"], _backwards(places), face_mm, rng, 2.0)


def _along_right_ventricle(places: Mapping[str, Array], face_mm: float, rng: np.random.Generator) -> Cursor:
    """From the apex to the lateral tricuspid ring, which moves almost along the beam."""
    ring = places["tricuspid_lateral"]
    length_mm = float(abs(ring[2])) + face_mm
    probe = np.array([*(ring[:2] * rng.uniform(0.45, 0.8)), ring[2] + length_mm])
    return _through(ring, ring - probe, length_mm, rng, 0.0)


def _across_cava(places: Mapping[str, Array], face_mm: float, rng: np.random.Generator) -> Cursor:
    """Across the vein beyond where it is held open, through the liver before it."""
    axis = places["ivc_far"] - places["ivc_mouth"]
    axis /= np.linalg.norm(axis)
    middle = places["ivc_mouth"] + 40.0 * axis
    front = np.array([0.0, 1.0, 0.35])
    along = -(front - axis * float(front @ axis))
    return _through(middle, along, face_mm, rng, 3.0)


def _of_ventricle(tracks: Tracks, cursor: Cursor) -> Depths:
    return {
        "ivs_right": tracks.border_mm(_BEFORE_SEPTUM, _WALL),
        "ivs_left": tracks.border_mm(_WALL, _LV),
        "lvpw_inner": tracks.border_mm(_LV, _WALL, last=True),
        "lvpw_outer": tracks.border_mm(_WALL, _BEHIND_WALL, last=True),
    }


def _of_mitral(tracks: Tracks, cursor: Cursor) -> Depths:
    """The leaflets' first and last echo; they are one where the valve is shut."""
    leaflet = (Kind.MITRAL_LEAFLET,)
    others = [kind for kind in Kind if kind is not Kind.MITRAL_LEAFLET]
    return {
        "ivs_left": tracks.border_mm(_WALL, _LV),
        "mitral_anterior": tracks.border_mm(others, leaflet),
        "mitral_posterior": tracks.border_mm(others, leaflet, last=True),
        "lvpw_inner": tracks.border_mm(_LV, _WALL, last=True),
    }


def _of_root(tracks: Tracks, cursor: Cursor) -> Depths:
    """Leading edges: of the root's front wall, of its back wall, and of the atrium's back wall."""
    outside = [kind for kind in Kind if kind not in (*_IN_ROOT, Kind.AORTIC_WALL)]
    back = [kind for kind in Kind if kind not in (Kind.LA, Kind.PULMONARY_VEIN, Kind.MITRAL_LEAFLET)]
    return {
        "aorta_front": tracks.border_mm(outside, (Kind.AORTIC_WALL,)),
        "aorta_back": tracks.border_mm(_IN_ROOT, (Kind.AORTIC_WALL,)),
        "la_back": tracks.border_mm((Kind.LA, Kind.PULMONARY_VEIN), back, last=True),
    }


def _of_ring(tracks: Tracks, cursor: Cursor) -> Depths:
    places = (landmarks(state)["tricuspid_lateral"] for state in tracks.states)
    return {"tricuspid_lateral": np.array([cursor.depth_of(place) for place in places])}


def _of_cava(tracks: Tracks, cursor: Cursor) -> Depths:
    outside = [kind for kind in Kind if kind is not Kind.IVC]
    return {
        "ivc_front": tracks.border_mm(outside, (Kind.IVC,)),
        "ivc_back": tracks.border_mm((Kind.IVC,), outside),
    }


M_MODE_VIEWS: dict[View, MModeView] = {
    View.MMODE_PLAX_LV: MModeView("mmode-plax-lv", _across_ventricle((0.24, 0.36)), _of_ventricle, (50.0, 62.0), (50.0, 75.0)),
    View.MMODE_PLAX_MITRAL: MModeView(
        "mmode-plax-mitral", _across_ventricle((0.16, 0.26)), _of_mitral, (50.0, 62.0), (50.0, 75.0)
    ),
    View.MMODE_PLAX_AV: MModeView("mmode-plax-av", _across_root, _of_root, (38.0, 50.0), (80.0, 105.0)),
    View.MMODE_A4CH_RV: MModeView("mmode-a4ch-rv", _along_right_ventricle, _of_ring, (12.0, 25.0), (35.0, 65.0)),
    View.MMODE_IVC: MModeView("mmode-ivc", _across_cava, _of_cava, (38.0, 60.0), (45.0, 80.0)),
}
