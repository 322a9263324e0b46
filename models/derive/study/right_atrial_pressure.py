"""The pressure of the right atrium, which no image shows: assumed only where the site has chosen how."""

from collections.abc import Iterable, Mapping

from models.catalogue import QUANTITIES, Method
from models.derive.study.conventions import Breathing, Conventions, RightAtrialPressure
from models.results import Measurement, NotMeasured, Reason, in_order

# Rudski et al., J Am Soc Echocardiogr 2010;23:685-713: narrow and collapsing 3 mmHg, wide and not 15, else 8.
_GUIDELINE = "ASE 2010, by the vena cava"
_NARROW_CM, _LOW_MMHG, _MIDDLE_MMHG, _HIGH_MMHG = 2.1, 3.0, 8.0, 15.0
_COLLAPSES_PERCENT = {Breathing.SNIFF: 50.0, Breathing.QUIET: 20.0}
_UNSAID = "the site has not said how patients breathe while the vena cava is shown"


def with_right_atrial_pressure(
    found: Iterable[Measurement], missing: Iterable[NotMeasured], conventions: Conventions
) -> tuple[list[Measurement], list[NotMeasured]]:
    """All of both, with `rap` where the site chose one and a tricuspid jet was asked for; without a choice nothing is said.

    A collapse of the vena cava of which nobody has said whether the patient sniffed is taken back.
    """
    values, absent = {one.key: one for one in found}, {one.key: one for one in missing}
    if "ivc_collapse" in values and conventions.vena_cava_breathing is Breathing.UNKNOWN:
        del values["ivc_collapse"]
        absent["ivc_collapse"] = NotMeasured("ivc_collapse", (Reason.SITE_CHOICE,), _UNSAID)
    asked = "tr_vmax" in values or "tr_vmax" in absent
    if asked and conventions.right_atrial_pressure is not RightAtrialPressure.NONE:
        result = _pressure(values, absent, conventions)
        if isinstance(result, Measurement):
            values["rap"] = result
        else:
            absent["rap"] = result
    return list(values.values()), list(absent.values())


def _pressure(
    values: Mapping[str, Measurement], absent: Mapping[str, NotMeasured], conventions: Conventions
) -> Measurement | NotMeasured:
    jet = values.get("tr_vmax")
    if jet is None:
        return NotMeasured("rap", absent["tr_vmax"].reasons, "without tr_vmax")
    if conventions.right_atrial_pressure is RightAtrialPressure.FIXED:
        words = f"RA pressure assumed by the site for every patient: {conventions.right_atrial_pressure_mmhg:g} mmHg"
        return _assumed(conventions.right_atrial_pressure_mmhg, (jet,), words)
    diameter, collapse = (values.get(key) for key in ("ivc_diam", "ivc_collapse"))
    if diameter is None or collapse is None:
        reasons = [reason for key in ("ivc_diam", "ivc_collapse") if key in absent for reason in absent[key].reasons]
        return NotMeasured("rap", in_order(reasons or [Reason.VIEW_MISSING]), "without diameter and collapse of the vena cava")
    narrow = diameter.value <= _NARROW_CM
    collapses = collapse.value > _COLLAPSES_PERCENT[conventions.vena_cava_breathing]
    pressure = {(True, True): _LOW_MMHG, (False, False): _HIGH_MMHG}.get((narrow, collapses), _MIDDLE_MMHG)
    words = (
        f"{_GUIDELINE}: {diameter.value:.1f} cm, collapse {collapse.value:.0f} % on {conventions.vena_cava_breathing} breathing"
    )
    return _assumed(pressure, (diameter, collapse), words)


def _assumed(pressure_mmhg: float, parts: tuple[Measurement, ...], words: str) -> Measurement:
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    unit = QUANTITIES["rap"].unit
    return Measurement("rap", unit, pressure_mmhg, sources, method=Method.ASSUMPTION, view=None, derivation=words)
