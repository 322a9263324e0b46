"""Where in its plane a trace is taken: the valve, annulus or vessel that a sonographer sets the gate on."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.phantom.rendered import PlaneClip, SectorShape
from models.phantom.screens.layer import Place

_Outlines = Mapping[str, NDArray[np.float64]]  # structure -> (points, 2), (lateral, axial) mm
# Planes that a trace is usually taken in, the usual one first.
ABOVE: Mapping[View, tuple[str, ...]] = {
    **dict.fromkeys((View.DOPPLER_AV_CW, View.DOPPLER_AV_PW), ("a5ch-full", "a3ch-full")),
    **dict.fromkeys((View.DOPPLER_MV_PW, View.DOPPLER_MV_CW), ("a4ch-full", "a4ch-lv")),
    **dict.fromkeys((View.DOPPLER_TISSUE_SEPTAL, View.DOPPLER_TISSUE_LATERAL), ("a4ch-full", "a4ch-lv")),
    **dict.fromkeys((View.DOPPLER_TV_CW, View.DOPPLER_TV_PW), ("a4ch-rv", "a4ch-full", "plax-tv")),
    View.DOPPLER_TISSUE_RV: ("a4ch-rv", "a4ch-full"),
    **dict.fromkeys((View.DOPPLER_PV_PW, View.DOPPLER_PV_CW), ("psax-pv", "psax-av")),
    View.DOPPLER_PULMONARY_VEIN_PW: ("a4ch-full",),
    View.DOPPLER_AO_DESCENDING: ("suprasternal",),
    View.MMODE_PLAX_LV: ("plax-full-lv",),
    View.MMODE_PLAX_AV: ("plax-full-out", "plax-full-lv"),
    View.MMODE_PLAX_MITRAL: ("plax-full-mv", "plax-full-lv"),
    View.MMODE_A4CH_RV: ("a4ch-rv", "a4ch-full"),
    View.MMODE_IVC: ("subcostal-ivc",),
}


def gate_mm(view: View, clip: PlaneClip) -> Place | None:
    """(lateral, axial) in mm in the first frame of `clip`, by its outlines; None where they do not tell, or it lies outside."""
    seen = {name: drawn[0][_inside(clip.sector, drawn[0])] for name, drawn in clip.contours_mm.items()}
    place = _PLACES[view]({name: outline for name, outline in seen.items() if len(outline)}) if view in _PLACES else None
    return (float(place[0]), float(place[1])) if place is not None and _inside(clip.sector, place) else None


def _inside(sector: SectorShape, places_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(...), of places (..., 2), (lateral, axial) in mm; false where they are NaN."""
    radius, angle = np.hypot(places_mm[..., 0], places_mm[..., 1]), np.arctan2(places_mm[..., 0], places_mm[..., 1])
    return np.asarray((radius > sector.near_mm) & (radius < sector.far_mm) & (np.abs(angle) < sector.half_angle_rad))


def _meeting(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part (n, 2) of the outline `one`, in mm, that comes closest to `other`."""
    gaps = np.hypot(*np.moveaxis(one[:, None] - other, -1, 0))
    return np.asarray(one[(gaps <= gaps.min() + 4.0).any(axis=1)])


def _between(one: str, other: str) -> Callable[[_Outlines], NDArray[np.float64] | None]:
    """Where two structures come closest."""

    def place(outlines: _Outlines) -> NDArray[np.float64] | None:
        if one not in outlines or other not in outlines:
            return None
        first, second = outlines[one], outlines[other]
        return np.asarray((_meeting(first, second).mean(axis=0) + _meeting(second, first).mean(axis=0)) / 2)

    return place


def _annulus(side: int) -> Callable[[_Outlines], NDArray[np.float64] | None]:
    """The mitral annulus in an apical view: its septal end on the image's left (-1), its lateral one (1), its middle (0)."""

    def place(outlines: _Outlines) -> NDArray[np.float64] | None:
        if "lv" not in outlines:
            return None
        ends = outlines["lv"][[0, -1]]
        return np.asarray(ends.mean(axis=0) if not side else ends[np.argsort(ends[:, 0])[0 if side < 0 else 1]])

    return place


def _lateral_tricuspid(outlines: _Outlines) -> NDArray[np.float64] | None:
    """The end of the tricuspid annulus away from the left ventricle."""
    if not {"rv", "ra", "lv"} <= outlines.keys():
        return None
    valve = _meeting(outlines["rv"], outlines["ra"])
    away = np.sign(valve[:, 0].mean() - outlines["lv"][:, 0].mean())
    return np.asarray(valve[np.argmax(away * valve[:, 0])])


def _middle(name: str) -> Callable[[_Outlines], NDArray[np.float64] | None]:
    return lambda outlines: np.asarray(outlines[name].mean(axis=0)) if name in outlines else None


_PLACES: Mapping[View, Callable[[_Outlines], NDArray[np.float64] | None]] = {
    **dict.fromkeys((View.DOPPLER_AV_CW, View.DOPPLER_AV_PW), _between("lv", "aorta")),
    **dict.fromkeys((View.DOPPLER_MV_PW, View.DOPPLER_MV_CW), _annulus(0)),
    View.DOPPLER_TISSUE_SEPTAL: _annulus(-1),
    View.DOPPLER_TISSUE_LATERAL: _annulus(1),
    **dict.fromkeys((View.DOPPLER_TV_CW, View.DOPPLER_TV_PW), _between("rv", "ra")),
    **dict.fromkeys((View.DOPPLER_TISSUE_RV, View.MMODE_A4CH_RV), _lateral_tricuspid),
    View.DOPPLER_PULMONARY_VEIN_PW: _middle("la"),
    View.DOPPLER_AO_DESCENDING: _middle("aorta"),
    View.MMODE_PLAX_LV: _middle("lv"),
    View.MMODE_PLAX_AV: _middle("aorta"),
    View.MMODE_PLAX_MITRAL: _between("lv", "la"),
}
