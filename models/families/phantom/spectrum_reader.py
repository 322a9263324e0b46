"""Spectra measured by a network of our own: each beat's peak, integral and fall, and how far they can be believed."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.calibration import DisplayChoice
from models.catalogue import GRADIENT_OF, READ, TISSUE_DOPPLER, Direction, View
from models.clip import Clip
from models.derive.displays.doppler import shown_cm_s, wrong_way
from models.derive.displays.flow_edge import edge_of
from models.families.phantom.spectra import NEEDS, ROWS, BeatValue, Row, Spectrum, beats_of, is_cut_off, spectrum_of
from models.families.phantom.trace_maps import per_row, step_s, zero_row_of
from models.families.phantom.traces import PhantomTraces, Shown, mean_and_sd
from models.library.manifest import Manifest
from models.library.reading import Absent, Mark, not_measured
from models.networks.stored_weights import prepare
from models.results import CaliperKind, ReadValue, Reason

_CUT_OFF = "aliasing: the flow reaches the edge of the display"
_TURNED = "PhysicalDeltaY is positive: an inverted display, or a sender that leaves its sign out, which exchanges e' and s'"
_NO_FLOW_PERCENT = 100.0  # expected error of a display without flow


class SpectrumReader(PhantomTraces):
    """The columns of a reading are those of its table: none."""

    def _choice(self, clip: Clip) -> DisplayChoice:
        return clip.spectral_region()

    def _rows(self, view: View) -> tuple[Row, ...]:
        return tuple(row for row in ROWS.get(view, ()) if set(NEEDS[row.key]) <= set(self.manifest.labels))

    def _unmeasured(self, view: View, absent: list[Absent]) -> tuple[ReadValue, ...]:
        return tuple(not_measured(row.key, READ[row.key].unit, absent) for row in self._rows(view))

    def _spectrum(self, shown: Shown) -> Spectrum:
        maps = dict(zip(self.manifest.labels, shown.maps, strict=True))
        edge = edge_of(maps["flow"], zero_row_of(shown.seen, shown.region), per_row(shown.seen, shown.region))
        return spectrum_of(edge, maps, step_s(shown.seen, shown.region))

    def _measured(self, view: View, shown: Shown) -> tuple[tuple[ReadValue, ...], tuple[Mark, ...]]:
        if view in TISSUE_DOPPLER and shown.region.physical_delta_y > 0:
            return self._unmeasured(view, [(Reason.CALIBRATION_INCONSISTENT, _TURNED)]), ()
        spectrum = self._spectrum(shown)
        values, marks = [], []
        for row in self._rows(view):
            towards, beats = _side(spectrum, row)
            values.append(_value(row, spectrum, beats, towards, shown))
            marks += [_mark(row.key, beat, shown) for beat in beats]
        return (*values, *_ratio(values)), tuple(marks)

    def _expected_error(self, shown: Shown) -> float:
        """By the doubt of the outer edge where flow is fast, and by how much beats differ from one another."""
        doubt = doubt_of(self._spectrum(shown))
        if doubt is None:
            return _NO_FLOW_PERCENT
        base, slope = (self.manifest.threshold(key) for key in ("error_percent", "error_per_doubt"))
        return base + slope * doubt


def doubt_of(spectrum: Spectrum) -> float | None:
    """Of all waves of the stronger side the doubt of the edge about their peaks, in percent of it; None without a wave."""
    sides = [spectrum.waves("", towards) for towards in (True, False)]
    stronger = max(sides, key=lambda side: sum(abs(wave.peak_cm_s) for wave in side))
    waves = [wave for wave in stronger if wave.is_whole]
    if not waves:
        return None
    edge = spectrum.edge
    near = [np.abs(edge.velocity_cm_s[wave.columns]) > 0.6 * abs(wave.peak_cm_s) for wave in waves]
    shares = [
        np.median(edge.doubt_cm_s[wave.columns][part]) / abs(wave.peak_cm_s) for wave, part in zip(waves, near, strict=True)
    ]
    return float(100 * np.median(shares))


def _side(spectrum: Spectrum, row: Row) -> tuple[bool, list[BeatValue]]:
    """Which way it runs, and its beats: the usual way, or the other where another window may show it so."""
    beats = beats_of(spectrum, row, towards=row.towards)
    if not beats and READ[row.key].either_way:
        return not row.towards, beats_of(spectrum, row, towards=not row.towards)
    return row.towards, beats


def _value(row: Row, spectrum: Spectrum, beats: list[BeatValue], towards: bool, shown: Shown) -> ReadValue:
    quantity = READ[row.key]
    direction = Direction.TOWARDS if towards else Direction.AWAY
    if not beats:
        return not_measured(row.key, quantity.unit, [(Reason.QUALITY, f"no whole wave {direction.words} is seen")])
    if is_cut_off(spectrum, beats):
        value = not_measured(row.key, quantity.unit, [(Reason.QUALITY, _CUT_OFF)])
        per_unit = {"m/s": 100.0, "cm/s": 1.0}.get(quantity.unit)
        at_least = shown_cm_s(shown.region) / per_unit if per_unit else None
        return replace(value, direction=direction, at_least=at_least)
    if why := wrong_way(row.key, direction) if quantity.direction else None:
        return not_measured(row.key, quantity.unit, [why])
    highest = quantity.highest or row.key in GRADIENT_OF.values()
    of_beats, sd = mean_and_sd([beat.value for beat in beats], highest=highest)
    known = direction if quantity.direction else None
    return ReadValue(row.key, quantity.unit, of_beats, beats=len(beats), sd=sd, direction=known)


def _ratio(values: list[ReadValue]) -> tuple[ReadValue, ...]:
    """E/A, a ratio of means."""
    by_key = {value.key: value for value in values}
    if not {"mv_e", "mv_a"} <= by_key.keys():
        return ()
    early, late = by_key["mv_e"], by_key["mv_a"]
    if early.value is None or not late.value:
        absent = early if early.value is None else late
        return (replace(absent, key="mv_ea", unit="1", value=None, direction=None, at_least=None),)
    return (ReadValue("mv_ea", "1", early.value / late.value, beats=min(early.beats, late.beats)),)


def _mark(key: str, beat: BeatValue, shown: Shown) -> Mark:
    rows = [zero_row_of(shown.seen, shown.region) - value / per_row(shown.seen, shown.region) for _, value in beat.places]
    points = shown.seen.to_image(np.array([[column, row] for (column, _), row in zip(beat.places, rows, strict=True)]))
    kind = CaliperKind.POINT if len(points) == 1 else CaliperKind.LINE
    label = f"{beat.value:.3g} {READ[key].unit}"
    return Mark(shown.frame_index, kind, tuple((float(x), float(y)) for x, y in points), label, keys=(key,))


def load(manifest: Manifest, weights: Path | None, device: str) -> SpectrumReader:
    return prepare(SpectrumReader(manifest), manifest, weights, device)
