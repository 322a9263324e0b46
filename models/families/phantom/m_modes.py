"""What is read of an M-mode by the view it is taken in: distances of borders at the phases of every whole beat."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.derive.calipers.diameter_curve import Motion, phase_frames, running_median

Curve = NDArray[np.float64]
Place = tuple[float, float]  # a column of the display at the network's pace, and a row of it

_DEPTH = "before_ring"
_SURE = 0.6  # least probability within a layer, in the mean, that is believed
_SEEN = 0.7  # share of the columns that have to show a layer
_THINNEST_ROWS = 2.0


@dataclass(frozen=True)
class Row:
    """A quantity: the layer it is the thickness of, and at which phase of whose motion."""

    key: str
    layer: str
    at_es: bool = False


@dataclass(frozen=True)
class Timing:
    """The layer whose size tells the beats, and how."""

    layer: str
    motion: Motion


ROWS: Mapping[View, tuple[Row, ...]] = {
    View.MMODE_PLAX_LV: (
        Row("ivsd_mm", "septum"), Row("lvidd_mm", "cavity"), Row("lvpwd_mm", "posterior_wall"), Row("lvids_mm", "cavity", True),
    ),
    View.MMODE_PLAX_AV: (Row("la_diam_ap_mm", "la", True),),
    View.MMODE_A4CH_RV: (Row("tapse", _DEPTH),),
}  # fmt: skip
TIMED_BY: Mapping[View, Timing] = {
    View.MMODE_PLAX_LV: Timing("cavity", Motion.CAVITY),
    View.MMODE_PLAX_AV: Timing("la", Motion.ATRIUM),
    View.MMODE_A4CH_RV: Timing(_DEPTH, Motion.CAVITY),
}
NEEDS: Mapping[str, tuple[str, ...]] = {  # the labels that each quantity is read from
    row.key: (row.layer, TIMED_BY[view].layer) for view, rows in ROWS.items() for row in rows
}


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer from its row `near` the probe to the one `far` from it, float64 (columns,), px; NaN where it is not seen."""

    near: Curve
    far: Curve

    @property
    def rows(self) -> Curve:
        """Its thickness (columns,), px."""
        return self.far - self.near

    @property
    def is_seen(self) -> bool:
        return bool(np.isfinite(self.near).mean() >= _SEEN)


def layer_of(probability: NDArray[np.floating]) -> Layer:
    """Of `probability` (rows, columns), any float, 0 to 1: as thick as a column sums up to, about its middle."""
    rows = np.arange(len(probability))[:, None]
    thick = probability.sum(axis=0).astype(np.float64)
    middle = (probability * rows).sum(axis=0) / np.maximum(thick, 1e-6)
    sure = (probability**2).sum(axis=0) / np.maximum(thick, 1e-6)
    seen = (thick >= _THINNEST_ROWS) & (sure >= _SURE)
    return Layer(np.where(seen, middle - thick / 2, np.nan), np.where(seen, middle + thick / 2, np.nan))


@dataclass(frozen=True)
class BeatValue:
    """In cm, and the two ends of the line it is the length of."""

    value: float
    places: tuple[Place, Place]


@dataclass(frozen=True)
class MModeBeats:
    """The values of all whole beats of a quantity, or in words why there is none."""

    values: tuple[BeatValue, ...]
    why_none: str = ""


def beats_of(view: View, row: Row, layers: Mapping[str, Layer], step_s: float, cm_per_row: float) -> MModeBeats:
    layer = layers[row.layer]
    if not layer.is_seen:
        return MModeBeats((), f"the borders of the {row.layer.replace('_', ' ')} are not sure")
    rows = running_median(layer.rows)
    timing = TIMED_BY[view]
    timed = layers[timing.layer]
    if not timed.is_seen:
        return MModeBeats((), "no layer tells the beats")
    times_ms = 1000 * step_s * np.arange(len(rows), dtype=np.float64)
    found = phase_frames(running_median(timed.rows), times_ms, (), None, timing.motion)
    if row.layer == _DEPTH:
        pairs = list(zip(found.ed, found.es, strict=False))
        values = [_way(rows, ed, es, cm_per_row) for ed, es in pairs]
    else:
        columns = found.es if row.at_es else found.ed
        values = [_line(layer, rows, column, cm_per_row) for column in columns]
    values = [value for value in values if np.isfinite(value.value)]
    return MModeBeats(tuple(values), "" if values else found.why_none or "no whole beat is seen")


def _line(layer: Layer, rows: Curve, column: int, cm_per_row: float) -> BeatValue:
    middle = (layer.near[column] + layer.far[column]) / 2
    ends = (float(column), float(middle - rows[column] / 2)), (float(column), float(middle + rows[column] / 2))
    return BeatValue(float(rows[column] * cm_per_row), ends)


def _way(rows: Curve, ed: int, es: int, cm_per_row: float) -> BeatValue:
    """Along the beam, from where the ring lies at end-diastole to where it lies at end-systole."""
    ends = (float(ed), float(rows[ed] - 0.5)), (float(es), float(rows[es] - 0.5))
    return BeatValue(float((rows[ed] - rows[es]) * cm_per_row), ends)
