"""What a study's values give together: each derived quantity of which the parts are known, or why there is none."""

from collections.abc import Iterable, Mapping, Sequence

from models.catalogue import QUANTITIES, Method, Quantity
from models.derive.limits import impossible
from models.derive.study.formulas import FORMULAS, Formula, internal
from models.results import ClipFindings, Measurement, NotMeasured, Reason, in_order

# Facts of the patient: what is made with them is seen on the frames of its other parts.
OF_THE_PATIENT = ("hr", "bsa", "rap")
_CONTINUITY = (Method.CONTINUITY_VTI, Method.CONTINUITY_VMAX, Method.VTI_RATIO)
_RATES_DIFFER = 0.10  # the continuity equation takes two displays as one beat: our choice of how alike they have to be


def derived_values(
    measurements: Iterable[Measurement], not_measured: Iterable[NotMeasured], clips: Sequence[ClipFindings]
) -> tuple[list[Measurement], list[NotMeasured]]:
    """All of `measurements` and `not_measured` and what follows of them, each quantity once.

    What a network gave stands. A quantity of which a part was neither given nor asked for is not mentioned; one of which a
    part is missing says what its parts lack.
    """
    found, missing = {m.key: m for m in measurements}, {n.key: n for n in not_measured}
    rates = {clip.sop_instance_uid: clip.heart_rate.bpm for clip in clips if clip.heart_rate}
    for key, formula in FORMULAS.items():
        parts = QUANTITIES[key].parts
        if key in found or not all(part in found or part in missing for part in parts):
            continue
        lacking = [missing[part] for part in parts if part not in found]
        if lacking:
            missing.setdefault(key, _without(key, lacking))
            continue
        result = _derived(QUANTITIES[key], formula, [found[part] for part in parts], rates)
        if isinstance(result, Measurement):
            found[key] = result
            missing.pop(key, None)
        else:
            missing[key] = result
    return list(found.values()), list(missing.values())


def _without(key: str, lacking: Sequence[NotMeasured]) -> NotMeasured:
    reasons = in_order([reason for one in lacking for reason in one.reasons])
    return NotMeasured(key, reasons, f"without {' and '.join(one.key for one in lacking)}")


def _derived(
    quantity: Quantity, formula: Formula, parts: Sequence[Measurement], rates: Mapping[str, float]
) -> Measurement | NotMeasured:
    if quantity.method in _CONTINUITY and (words := _other_rate(parts, rates)):
        return NotMeasured(quantity.key, (Reason.DISAGREEMENT,), words)
    value = formula.of(*(internal(part.value, part.unit) for part in parts))
    if value is None:
        return NotMeasured(quantity.key, (Reason.OUTSIDE_LIMITS,), f"{' and '.join(quantity.parts)} contradict each other")
    if words := impossible(quantity.key, quantity.unit, value, {}):
        return NotMeasured(quantity.key, (Reason.OUTSIDE_LIMITS,), words)
    seen = [part for part in parts if part.key not in OF_THE_PATIENT] or list(parts)
    return Measurement(
        key=quantity.key,
        value=value,
        unit=quantity.unit,
        method=quantity.method,
        view=quantity.views[0] if len(quantity.views) == 1 else None,
        sources=tuple(dict.fromkeys(source for part in seen for source in part.sources)),
        beats=min(part.beats for part in seen),
        sd=_spread(quantity, parts),
        direction=parts[0].direction if len(parts) == 1 else None,
        derivation="; ".join(dict.fromkeys((formula.words, *(part.derivation for part in parts if part not in seen)))),
    )


def _spread(quantity: Quantity, parts: Sequence[Measurement]) -> float | None:
    """Only that of an index: the body surface is one figure. How parts of other beats vary together nobody knows."""
    if quantity.parts[1:] != ("bsa",) or parts[0].sd is None:
        return None
    return parts[0].sd / parts[1].value


def _other_rate(parts: Sequence[Measurement], rates: Mapping[str, float]) -> str:
    """How the heart rates of the displays contradict each other, in words; "" where they agree, or one is not known."""
    of_displays = [
        (part.key, rate)
        for part in parts
        if part.unit in ("cm", "m/s") and part.method != Method.CALIPERS
        for rate in {rates[source.sop_instance_uid] for source in part.sources if source.sop_instance_uid in rates}
    ]
    bpm = [rate for _, rate in of_displays]
    if len(bpm) < 2 or max(bpm) - min(bpm) <= _RATES_DIFFER * max(bpm):
        return ""
    return "heart rates differ by more than 10 %: " + ", ".join(f"{key} {rate:.0f}/min" for key, rate in of_displays)
