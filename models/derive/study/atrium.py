"""The left atrium's volume from the outlines of two planes, by discs and by area and length.

Lang et al., Recommendations for Cardiac Chamber Quantification by Echocardiography in Adults (ASE/EACVI), J Am Soc Echocardiogr
2015;28:1-39: discs along the longer of the two lengths; 0.85 A1 A2 / L with the shorter one; the two within 5 mm.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from models.catalogue import ATRIAL, Method, Quantity
from models.derive.ventricle.volumes import Outline, area_cm2, biplane_volume_ml, length_cm, to_cm
from models.results import CaliperKind, ClipFindings, Measurement, NotMeasured, Point, Reason, in_order

_MOST_APART_CM = 0.5
_AREA_LENGTH = 8 / (3 * np.pi)  # of an ellipsoid: 0.85


def atrial_volumes(
    measurements: Iterable[Measurement], not_measured: Iterable[NotMeasured], clips: Sequence[ClipFindings]
) -> tuple[list[Measurement], list[NotMeasured]]:
    """Every biplane volume of which both planes were asked for: its value, or what its planes lack."""
    found, missing = {m.key: m for m in measurements}, {n.key: n for n in not_measured}
    scales = {clip.sop_instance_uid: clip.cm_per_px for clip in clips}
    values: list[Measurement] = []
    absent: list[NotMeasured] = []
    for quantity in ATRIAL.values():
        if not all(part in found or part in missing for part in quantity.parts):
            continue
        if lacking := [missing[part] for part in quantity.parts if part not in found]:
            reasons = in_order([reason for one in lacking for reason in one.reasons])
            absent.append(NotMeasured(quantity.key, reasons, f"without {' and '.join(one.key for one in lacking)}"))
            continue
        result = _biplane(quantity, [found[part] for part in quantity.parts], scales)
        (values if isinstance(result, Measurement) else absent).append(result)  # type: ignore[arg-type]
    return values, absent


def _biplane(
    quantity: Quantity, planes: Sequence[Measurement], scales: Mapping[str, Point | None]
) -> Measurement | NotMeasured:
    """First beat with first beat and so on, as many as both planes have."""
    pairs = list(zip(*(_outlines_cm(plane, scales) for plane in planes), strict=False))
    if not pairs:
        return NotMeasured(quantity.key, (Reason.QUALITY,), "the volumes of the single planes have no outlines")
    lengths = np.array([[length_cm(outline) for outline in pair] for pair in pairs]).mean(axis=0)
    if abs(lengths[0] - lengths[1]) > _MOST_APART_CM:
        words = f"LA lengths differ by more than 5 mm: A4C {lengths[0]:.1f} cm, A2C {lengths[1]:.1f} cm"
        return NotMeasured(quantity.key, (Reason.DISAGREEMENT,), words)
    of_pair = area_length_volume_ml if quantity.method is Method.AREA_LENGTH_BIPLANE else biplane_volume_ml
    by_beat = [of_pair(*pair) for pair in pairs]
    value, (low, high) = float(np.mean(by_beat)), quantity.limits
    if not low <= value <= high:
        words = f"{value:.3g} mL is outside {low:g} to {high:g} mL"
        return NotMeasured(quantity.key, (Reason.OUTSIDE_LIMITS,), words)
    return Measurement(
        key=quantity.key,
        value=value,
        unit=quantity.unit,
        method=quantity.method,
        view=None,
        sources=tuple(source for plane in planes for source in plane.sources[: len(pairs)]),
        beats=len(pairs),
        sd=float(np.std(by_beat, ddof=1)) if len(pairs) > 1 else None,
    )


def area_length_volume_ml(a4c_cm: Outline, a2c_cm: Outline) -> float:
    """0.85 A1 A2 / L of outlines `a4c_cm` and `a2c_cm` (points, 2), (x, y), with the shorter length.

    An ellipsoid of 6 cm length and 4 by 5 cm across has pi / 6 * 6 * 4 * 5 = 62.83 mL:

    >>> angle = np.linspace(-np.pi / 2 + 1e-6, 3 * np.pi / 2 - 1e-6, 721)
    >>> planes = [np.column_stack([width / 2 * np.cos(angle), 3 * np.sin(angle)]) for width in (4, 5)]
    >>> round(area_length_volume_ml(*planes), 2)
    62.83
    """
    shorter = min(length_cm(a4c_cm), length_cm(a2c_cm))
    return float(_AREA_LENGTH * area_cm2(a4c_cm) * area_cm2(a2c_cm) / shorter)


def _outlines_cm(plane: Measurement, scales: Mapping[str, Point | None]) -> list[Outline]:
    """In the order of the beats."""
    return [
        to_cm(caliper.points_px, scale)
        for caliper in plane.calipers
        if caliper.kind is CaliperKind.OUTLINE and (scale := scales.get(caliper.sop_instance_uid))
    ]
