"""Grade of diastolic function and left atrial pressure, by the guidelines of 2016 and 2025.

2016: Nagueh et al., ASE/EACVI, J Am Soc Echocardiogr 2016;29:277-314. 2025: Nagueh et al., ASE, J Am Soc Echocardiogr
2025;38:537-569 (DOI 10.1016/j.echo.2025.03.011). The cut-offs of both were checked in public summaries, not in the papers. Not
checked: how the signs of the second step of 2025 count where they contradict each other. There, and below the fewest criteria
that we demand, the grade is indeterminate: our choice, on the safe side.
"""

from collections.abc import Mapping, Sequence

from models.derive.study.diastolic_criteria import CAVEAT, Criteria, irregular
from models.results import Assessment, ClipFindings, Grade, Measurement, NotMeasured, Pressure

Verdict = tuple[Grade, Pressure, str]

_ASKED = {"mv_e", "e_septal", "e_lateral", "ee_avg"}
_EE_ABOVE = {"ee_avg": 14.0, "ee_septal": 15.0, "ee_lateral": 13.0}
_LA_ABOVE = {"la_vol_mod_bp_index": 34.0, "la_vol_al_bp_index": 34.0}
_NORMAL_EF_PERCENT, _LOW_E_M_S, _LOW_EA, _HIGH_EA = 50.0, 0.5, 0.8, 2.0
_FEWEST_OF_FOUR, _FEWEST_OF_THREE, _FEWEST_FURTHER = 3, 2, 2


def diastolic_function(
    measurements: Sequence[Measurement], not_measured: Sequence[NotMeasured], clips: Sequence[ClipFindings]
) -> tuple[Assessment, ...]:
    """By both guidelines; none where no model of the set was asked for mitral or annular velocities."""
    values = {one.key: one for one in measurements}
    if not _ASKED & {*values, *(one.key for one in not_measured)}:
        return ()
    rhythm = irregular(tuple(clips))
    return (
        _assessed("diastolic_function_2016", "ASE/EACVI 2016", values, rhythm),
        _assessed("diastolic_function_2025", "ASE 2025", values, rhythm),
    )


def _assessed(key: str, guideline: str, values: Mapping[str, Measurement], rhythm: str) -> Assessment:
    criteria = Criteria(values)
    grade, pressure, detail = (by_2016 if key.endswith("2016") else by_2025)(criteria)
    if rhythm:
        grade, pressure, detail = Grade.INDETERMINATE, Pressure.UNKNOWN, rhythm
    inputs, missing = tuple(dict.fromkeys(criteria.inputs)), tuple(dict.fromkeys(criteria.missing))
    return Assessment(key, "Diastolic function", guideline, grade, pressure, inputs, missing, detail, CAVEAT)


def by_2016(criteria: Criteria) -> Verdict:
    """With a normal EF the first algorithm (its figure 8A) asks whether there is dysfunction, and 8B how grave it is; with a
    reduced one 8B alone. Myocardial disease with a normal EF is not known here: 8A goes before 8B then, too.
    """
    ef_percent = criteria.number("ef_bp", "ef_a4c", "ef_a2c")
    if ef_percent is None:
        return _unknown("the ejection fraction decides between its two algorithms")
    signs = [
        criteria.above(_EE_ABOVE),
        criteria.any_below({"e_septal": 7.0, "e_lateral": 10.0}),
        criteria.above({"tr_vmax": 2.8}),
        criteria.above(_LA_ABOVE),
    ]
    if ef_percent < _NORMAL_EF_PERCENT:
        return _pressure_2016(criteria, signs)
    known = [sign for sign in signs if sign is not None]
    if len(known) < _FEWEST_OF_FOUR:
        return _unknown(f"{len(known)} of its 4 criteria")
    met = f"{sum(known)} of {len(known)} criteria"
    if 2 * sum(known) < len(known):
        return Grade.NORMAL, Pressure.NORMAL, met
    return _pressure_2016(criteria, signs) if 2 * sum(known) > len(known) else _unknown(met)


def _pressure_2016(criteria: Criteria, signs: Sequence[bool | None]) -> Verdict:
    """Figure 8B; `signs` are those of 8A, of which e' does not count here."""
    ratio, e_m_s = criteria.number("mv_ea"), criteria.number("mv_e")
    if ratio is None or e_m_s is None:
        return _unknown("without E and E/A")
    if ratio >= _HIGH_EA:
        return Grade.THREE, Pressure.ELEVATED, f"E/A {ratio:.2g}"
    if ratio <= _LOW_EA and e_m_s <= _LOW_E_M_S:
        return Grade.ONE, Pressure.NORMAL, f"E/A {ratio:.2g} and E {100 * e_m_s:.0f} cm/s"
    known = [sign for place, sign in enumerate(signs) if place != 1 and sign is not None]
    met = f"{sum(known)} of {len(known)} signs of a raised pressure"
    if len(known) < _FEWEST_OF_THREE or 2 * sum(known) == len(known):
        return _unknown(met)
    raised = 2 * sum(known) > len(known)
    return (Grade.TWO, Pressure.ELEVATED, met) if raised else (Grade.ONE, Pressure.NORMAL, met)


def by_2025(criteria: Criteria) -> Verdict:
    """First e', E/e' and TR; where they do not agree, pulmonary vein, atrial strain and volume, and relaxation time."""
    slow = _slow(criteria)
    raised = [criteria.above(_EE_ABOVE, inclusive=True), criteria.above({"tr_vmax": 2.8}, inclusive=True)]
    ratio = criteria.number("mv_ea")
    known = [sign for sign in raised if sign is not None]
    if slow is None or not known:
        return _unknown("without e', or with neither E/e' nor TR")
    if all(raised):
        return _elevated(ratio, "E/e' and TR")
    if len(known) == len(raised) and not any(known):
        if not slow:
            return Grade.NORMAL, Pressure.NORMAL, "e', E/e' and TR"
        if ratio is not None and ratio <= _LOW_EA:
            return Grade.ONE, Pressure.NORMAL, f"e' alone, E/A {ratio:.2g}"
    return _second_step(criteria, ratio, slow=slow)


def _slow(criteria: Criteria) -> bool | None:
    """Whether e' is reduced: of both walls by their mean, of one by its own cut-off."""
    both = [criteria.values[key].value for key in ("e_septal", "e_lateral") if key in criteria.values]
    each = criteria.any_below({"e_septal": 6.0, "e_lateral": 7.0}, inclusive=True)
    return sum(both) / 2 <= 6.5 if len(both) == 2 else each


def _second_step(criteria: Criteria, ratio: float | None, *, slow: bool) -> Verdict:
    further = [
        criteria.any_below({"pulm_vein_sd": 0.67}, inclusive=True),
        criteria.any_below({"la_strain": 18.0}, inclusive=True),
        criteria.above(_LA_ABOVE),
        criteria.any_below({"ivrt": 70.0}, inclusive=True),
    ]
    known = [sign for sign in further if sign is not None]
    met = f"second step, {sum(known)} of {len(known)} signs"
    if known and all(known):
        return _elevated(ratio, met)
    if len(known) < _FEWEST_FURTHER or any(known):
        return _unknown(met)
    return (Grade.ONE if slow else Grade.INDETERMINATE), Pressure.NORMAL, met


def _elevated(ratio: float | None, detail: str) -> Verdict:
    if ratio is None:
        return Grade.INDETERMINATE, Pressure.ELEVATED, f"{detail}; the grade needs E/A"
    return (Grade.THREE if ratio >= _HIGH_EA else Grade.TWO), Pressure.ELEVATED, f"{detail}; E/A {ratio:.2g}"


def _unknown(detail: str) -> Verdict:
    return Grade.INDETERMINATE, Pressure.UNKNOWN, detail
