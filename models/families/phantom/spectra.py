"""What is read of a spectrum by the view it is taken in: of each beat, at its place; and the values of all whole beats."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.catalogue.trace_labels import WAVES
from models.derive.displays.flow_edge import Edge
from models.derive.displays.waves import Wave, fall_of, integral_cm, mean_gradient_mmhg, waves_in

Place = tuple[float, float]  # a column of the display at the network's pace, and cm/s
_ALL = ""  # of a view whose waves have no names
_SURE = 0.5  # share of the flow in a column that its name covers


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The flow of a display: its `edge`, and by wave the columns that the network calls so, (columns,)."""

    edge: Edge
    named: Mapping[str, NDArray[np.bool_]]
    step_s: float

    def waves(self, name: str, towards: bool) -> tuple[Wave, ...]:
        """Those of this name, _ALL for any, that flow towards the transducer, or away from it."""
        return waves_in(self.edge.velocity_cm_s, self.step_s, towards=towards, where=self.named.get(name))


@dataclass(frozen=True)
class BeatValue:
    """In the catalogue's unit, where it is read, and the wave that must be shown whole, not cut off."""

    value: float
    places: tuple[Place, ...]
    waves: tuple[Wave, ...]


_Way = Callable[[Spectrum, Sequence[Wave]], BeatValue | None]


@dataclass(frozen=True)
class Row:
    """A quantity: the waves of a beat that it is read from, in their order, which way they run, and how it is read."""

    key: str
    names: tuple[str, ...]
    towards: bool
    way: _Way


def spectrum_of(edge: Edge, maps: Mapping[str, NDArray[np.floating]], step_s: float) -> Spectrum:
    """`maps` (rows, columns), probabilities by label: a column has the name that covers most of its flow."""
    flow = maps["flow"].sum(axis=0)
    shares = {name: maps[name].sum(axis=0) / np.maximum(flow, 1e-6) for name in WAVES if name in maps}
    most = np.max([np.zeros(flow.shape), *shares.values()], axis=0)
    return Spectrum(edge, {name: (share >= most) & (share > _SURE) for name, share in shares.items()}, step_s)


def _peak_m_s(spectrum: Spectrum, waves: Sequence[Wave]) -> BeatValue:
    return _peak_cm_s(spectrum, waves, 100.0)


def _peak_cm_s(spectrum: Spectrum, waves: Sequence[Wave], per_unit: float = 1.0) -> BeatValue:
    wave = waves[0]
    return BeatValue(abs(wave.peak_cm_s) / per_unit, ((wave.peak_column, wave.peak_cm_s),), (wave,))


def _gradient(spectrum: Spectrum, waves: Sequence[Wave]) -> BeatValue:
    """Simplified Bernoulli, 4 v^2 (Hatle et al., Br Heart J 1978;40:131-140)."""
    peak = _peak_m_s(spectrum, waves)
    return BeatValue(4 * peak.value**2, peak.places, peak.waves)


def _integral(spectrum: Spectrum, waves: Sequence[Wave]) -> BeatValue:
    total = sum(integral_cm(spectrum.edge.velocity_cm_s, wave, spectrum.step_s) for wave in waves)
    return BeatValue(total, _ends(waves), tuple(waves))


def _mean_gradient(spectrum: Spectrum, waves: Sequence[Wave]) -> BeatValue:
    return BeatValue(mean_gradient_mmhg(spectrum.edge.velocity_cm_s, waves), _ends(waves), tuple(waves))


def _deceleration(spectrum: Spectrum, waves: Sequence[Wave]) -> BeatValue | None:
    fall = fall_of(spectrum.edge.velocity_cm_s, waves[0], spectrum.step_s)
    if fall is None:
        return None
    line = ((fall.peak_column, waves[0].peak_cm_s), (fall.end_column, 0.0))
    return BeatValue(fall.length_ms, line, (waves[0],))


def _half_time(spectrum: Spectrum, waves: Sequence[Wave]) -> BeatValue | None:
    fall = fall_of(spectrum.edge.velocity_cm_s, waves[0], spectrum.step_s)
    if fall is None:
        return None
    line = ((fall.peak_column, waves[0].peak_cm_s), (fall.end_column, 0.0))
    return BeatValue(fall.half_time_ms, line, (waves[0],))


def _ends(waves: Sequence[Wave]) -> tuple[Place, ...]:
    return (waves[0].first - 0.5, 0.0), (waves[-1].last + 0.5, 0.0)


_E, _A, _S, _FILLING, _FLOW = ("e",), ("a",), ("s",), ("e", "a"), (_ALL,)
_TOWARDS, _AWAY = True, False
ROWS: Mapping[View, tuple[Row, ...]] = {
    View.DOPPLER_AV_PW: (Row("lvot_vmax", _FLOW, _AWAY, _peak_m_s), Row("lvot_vti", _FLOW, _AWAY, _integral)),
    View.DOPPLER_AV_CW: (
        Row("av_vmax", _FLOW, _AWAY, _peak_m_s),
        Row("av_pg", _FLOW, _AWAY, _gradient),
        Row("av_vti", _FLOW, _AWAY, _integral),
        Row("av_mg", _FLOW, _AWAY, _mean_gradient),
    ),
    View.DOPPLER_MV_PW: (
        Row("mv_e", _E, _TOWARDS, _peak_m_s),
        Row("mv_a", _A, _TOWARDS, _peak_m_s),
        Row("mv_dt", _E, _TOWARDS, _deceleration),
        Row("mv_pht", _E, _TOWARDS, _half_time),
        Row("mv_vti", _FILLING, _TOWARDS, _integral),
    ),
    View.DOPPLER_MV_CW: (Row("mr_vmax", _FLOW, _AWAY, _peak_m_s),),
    View.DOPPLER_TV_CW: (Row("tr_vmax", _FLOW, _AWAY, _peak_m_s), Row("tr_pg", _FLOW, _AWAY, _gradient)),
    View.DOPPLER_PV_PW: (Row("rvot_vti", _FLOW, _AWAY, _integral),),
    View.DOPPLER_PV_CW: (Row("pv_vmax", _FLOW, _AWAY, _peak_m_s), Row("pv_vti", _FLOW, _AWAY, _integral)),
    View.DOPPLER_PULMONARY_VEIN_PW: (
        Row("pulm_vein_s", _S, _TOWARDS, _peak_m_s), Row("pulm_vein_d", _E, _TOWARDS, _peak_m_s),
    ),
    View.DOPPLER_TISSUE_SEPTAL: (
        Row("e_septal", _E, _AWAY, _peak_cm_s), Row("a_septal", _A, _AWAY, _peak_cm_s),
        Row("s_septal", _S, _TOWARDS, _peak_cm_s),
    ),
    View.DOPPLER_TISSUE_LATERAL: (
        Row("e_lateral", _E, _AWAY, _peak_cm_s), Row("a_lateral", _A, _AWAY, _peak_cm_s),
        Row("s_lateral", _S, _TOWARDS, _peak_cm_s),
    ),
    View.DOPPLER_TISSUE_RV: (Row("tv_s", _S, _TOWARDS, _peak_cm_s),),
}  # fmt: skip

NEEDS: Mapping[str, tuple[str, ...]] = {  # the labels that each quantity is read from
    row.key: ("flow", *(name for name in row.names if name)) for rows in ROWS.values() for row in rows
} | {"mv_ea": ("flow", "e", "a"), "pulm_vein_s": ("flow", "s", "e")}  # S is told from D


def beats_of(spectrum: Spectrum, row: Row, *, towards: bool) -> list[BeatValue]:
    """Every beat that shows all it is read from, the parts that the edges of the display cut left out."""
    several = len(row.names) > 1
    groups = _beats(spectrum, row, towards) if several else [(wave,) for wave in spectrum.waves(row.names[0], towards)]
    found = (row.way(spectrum, waves) for waves in groups if all(wave.is_whole for wave in waves))
    return [beat for beat in found if beat is not None]


def _beats(spectrum: Spectrum, row: Row, towards: bool) -> list[tuple[Wave, ...]]:
    """Each first wave with those that follow it before the next one: early with atrial filling, where there is such."""
    first, *others = (spectrum.waves(name, towards) for name in row.names)
    bounds = [*(wave.first for wave in first), len(spectrum.edge.velocity_cm_s)]
    later = sorted((wave for waves in others for wave in waves), key=lambda wave: wave.first)
    groups = []
    for wave, (start, end) in zip(first, pairwise(bounds), strict=True):
        following = [other for other in later if start < other.first < end]
        if following or not later:
            groups.append((wave, *following))
    return groups


def is_cut_off(spectrum: Spectrum, beats: Sequence[BeatValue]) -> bool:
    """Whether the flow of any of these beats reaches the edge of the display: aliasing, or a scale set too small."""
    return any(bool(spectrum.edge.cut_off[wave.columns].any()) for beat in beats for wave in beat.waves)
