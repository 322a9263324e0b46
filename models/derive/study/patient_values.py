"""What is the patient's and no image's: body surface and heart rate, by which other values are indexed and multiplied."""

import statistics
from collections.abc import Collection, Sequence

from models.catalogue import QUANTITIES, Method
from models.derive.limits import impossible
from models.derive.study.conventions import BodySurfaceFormula, Conventions
from models.results import ClipFindings, FrameReference, HeartRate, Measurement, NotMeasured, RateOrigin, Reason, in_order

# Outside these a header has another unit in it (170 for 1.70 m), or nobody's figure. 0 is what carts write for unknown.
_HEIGHT_M, _WEIGHT_KG = (1.2, 2.3), (25.0, 350.0)
_SPREAD = 0.02  # share of the surface by which the objects of a study may differ: our choice, a height in whole centimetres
_METHODS = {BodySurfaceFormula.DU_BOIS: Method.DU_BOIS, BodySurfaceFormula.MOSTELLER: Method.MOSTELLER}
_ORIGINS = {
    RateOrigin.R_WAVES: "between R waves",
    RateOrigin.HEADER: "as the images state it",
    RateOrigin.BEATS: "between end-diastoles",
}


def body_surface_m2(height_m: float, weight_kg: float, formula: BodySurfaceFormula) -> float:
    """By Du Bois and Du Bois (Arch Intern Med 1916;17:863-871) or Mosteller (N Engl J Med 1987;317:1098).

    >>> round(body_surface_m2(1.67, 72.6, BodySurfaceFormula.DU_BOIS), 3)
    1.814
    >>> round(body_surface_m2(1.67, 72.6, BodySurfaceFormula.MOSTELLER), 3)
    1.835
    """
    if formula is BodySurfaceFormula.MOSTELLER:
        return float((100 * height_m * weight_kg / 3600) ** 0.5)
    return float(0.007184 * weight_kg**0.425 * (100 * height_m) ** 0.725)


def patient_values(
    clips: Sequence[ClipFindings], barred: Collection[Reason], conventions: Conventions
) -> tuple[list[Measurement], list[NotMeasured]]:
    """Body surface and heart rate of the study, or why they are not known."""
    usable = [clip for clip in clips if not clip.gates]  # of a stress stage the heart rate is another
    stops = in_order([*barred, *([] if usable else (reason for clip in clips for reason in clip.gates))])
    if stops:  # no number of a study with barred weights leaves the node, whoever gave it
        return [], [NotMeasured(key, stops) for key in ("bsa", "hr")]
    results = [_body_surface(usable, conventions.body_surface), _heart_rate(usable)]
    found = [result for result in results if isinstance(result, Measurement)]
    return found, [result for result in results if isinstance(result, NotMeasured)]


def _body_surface(clips: Sequence[ClipFindings], formula: BodySurfaceFormula) -> Measurement | NotMeasured:
    stated = [(clip, clip.height_m, clip.weight_kg) for clip in clips]
    known = [(clip, height, weight) for clip, height, weight in stated if height and weight]
    if not known:
        return NotMeasured("bsa", (Reason.PATIENT_SIZE,), "no object of the study states height and weight")
    true = [(c, h, w) for c, h, w in known if _HEIGHT_M[0] <= h <= _HEIGHT_M[1] and _WEIGHT_KG[0] <= w <= _WEIGHT_KG[1]]
    if not true:
        _, height_m, weight_kg = known[-1]
        words = f"a height of {height_m:g} m and a weight of {weight_kg:g} kg are no adult's"
        return NotMeasured("bsa", (Reason.PATIENT_SIZE,), words)
    areas = [body_surface_m2(height_m, weight_kg, formula) for _, height_m, weight_kg in true]
    if max(areas) - min(areas) > _SPREAD * max(areas):
        return NotMeasured("bsa", (Reason.PATIENT_SIZE,), "the objects of the study state several heights or weights")
    clip = true[-1][0]
    return _value("bsa", areas[-1], clip, method=_METHODS[formula], derivation=_METHODS[formula].value)


def _heart_rate(clips: Sequence[ClipFindings]) -> Measurement | NotMeasured:
    """That of the display which gives the LVOT's VTI, for it makes the cardiac output; else the middle one of all clips."""
    rates = [(clip, clip.heart_rate) for clip in clips if clip.heart_rate]
    if not rates:
        return NotMeasured("hr", (Reason.NO_CARDIAC_CYCLE,), "no R waves, no stated heart rate and no two beats in a row")
    of_output = [
        (clip, rate)
        for clip, rate in rates
        if any(value.key == "lvot_vti" and value.value is not None for value in clip.values)
    ]
    eligible = of_output or rates
    middle = statistics.median_low([rate.bpm for _, rate in eligible])
    clip, rate = next((clip, rate) for clip, rate in eligible if rate.bpm == middle)
    if words := impossible("hr", QUANTITIES["hr"].unit, rate.bpm, {}):
        return NotMeasured("hr", (Reason.OUTSIDE_LIMITS,), words)
    return _value("hr", rate.bpm, clip, method=QUANTITIES["hr"].method, derivation=_words(rate), beats=rate.beats, sd=rate.sd)


def _words(rate: HeartRate) -> str:
    return _ORIGINS[rate.origin]


def _value(
    key: str, value: float, clip: ClipFindings, *, method: Method, derivation: str, beats: int = 1, sd: float | None = None
) -> Measurement:
    first = (FrameReference(clip.sop_instance_uid, 1),)
    unit = QUANTITIES[key].unit
    return Measurement(
        key=key, value=value, unit=unit, method=method, view=None, sources=first, beats=beats, sd=sd, derivation=derivation
    )
