"""M-modes measured by a network of our own: distances of borders, of each whole beat, and how far they can be believed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.calibration import DisplayChoice
from models.catalogue import READ, View
from models.clip import Clip
from models.families.phantom.m_modes import NEEDS, ROWS, BeatValue, Layer, Row, beats_of, layer_of
from models.families.phantom.trace_maps import Maps, per_row, step_s
from models.families.phantom.traces import PhantomTraces, Shown, mean_and_sd
from models.library.manifest import Manifest
from models.library.reading import Absent, Mark, not_measured
from models.networks.stored_weights import prepare
from models.results import CaliperKind, ReadValue, Reason

_NO_LAYER_PERCENT = 100.0  # expected error of a display without a layer


class MModeReader(PhantomTraces):
    """The columns of a reading are those of its table: none."""

    def _choice(self, clip: Clip) -> DisplayChoice:
        return clip.m_mode_region()

    def _rows(self, view: View) -> tuple[Row, ...]:
        return tuple(row for row in ROWS.get(view, ()) if set(NEEDS[row.key]) <= set(self.manifest.labels))

    def _unmeasured(self, view: View, absent: list[Absent]) -> tuple[ReadValue, ...]:
        return tuple(not_measured(row.key, READ[row.key].unit, absent) for row in self._rows(view))

    def _layers(self, shown: Shown) -> Mapping[str, Layer]:
        return {label: layer_of(part) for label, part in zip(self.manifest.labels, shown.maps, strict=True)}

    def _measured(self, view: View, shown: Shown) -> tuple[tuple[ReadValue, ...], tuple[Mark, ...]]:
        layers = self._layers(shown)
        step, size = step_s(shown.seen, shown.region), per_row(shown.seen, shown.region)
        values, marks = [], []
        for row in self._rows(view):
            quantity = READ[row.key]
            found = beats_of(view, row, layers, step, size)
            if not found.values:
                reason = Reason.QUALITY if "sure" in found.why_none else Reason.NO_CARDIAC_CYCLE
                values.append(not_measured(row.key, quantity.unit, [(reason, found.why_none)]))
                continue
            value, sd = mean_and_sd([beat.value for beat in found.values], highest=False)
            values.append(ReadValue(row.key, quantity.unit, value, beats=len(found.values), sd=sd))
            marks += [_mark(row.key, beat, shown) for beat in found.values]
        return tuple(values), tuple(marks)

    def _expected_error(self, shown: Shown) -> float:
        doubt = doubt_of(shown.maps)
        if doubt is None:
            return _NO_LAYER_PERCENT
        base, slope = (self.manifest.threshold(key) for key in ("error_percent", "error_per_doubt"))
        return base + slope * doubt


def doubt_of(maps: Maps) -> float | None:
    """Of `maps` (layers, rows, columns), float32, probabilities: doubt about the layers that are seen, % of their thickness."""
    shares = []
    for part in maps:
        if layer_of(part).is_seen:
            thick = part.sum(axis=0)
            spread = np.sqrt((part * (1 - part)).sum(axis=0))
            shares.append(float(np.median(spread / np.maximum(thick, 1.0))))
    return 100 * float(np.mean(shares)) if shares else None


def _mark(key: str, beat: BeatValue, shown: Shown) -> Mark:
    points = shown.seen.to_image(np.array(beat.places))
    label = f"{beat.value:.2f} {READ[key].unit}"
    return Mark(shown.frame_index, CaliperKind.LINE, tuple((float(x), float(y)) for x, y in points), label, keys=(key,))


def load(manifest: Manifest, weights: Path | None, device: str) -> MModeReader:
    return prepare(MModeReader(manifest), manifest, weights, device)
