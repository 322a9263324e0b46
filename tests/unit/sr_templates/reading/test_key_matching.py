"""Which key a stated value has: by all that is said of it, in either edition of SNOMED, and none where that does not decide."""

from collections.abc import Mapping

import pytest

from models.catalogue import QUANTITIES
from sr_templates.post_coordination import POST_COORDINATED
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.reading.concept_rules import RULES
from sr_templates.reading.key_matching import match
from sr_templates.reading.key_rows import ROWS
from sr_templates.reading.modifiers import Facet, Modifiers
from sr_templates.reading.named_code import NamedCode, identity_of_code
from tests import reports

S, M, V, MODE, F = Facet.SITE, Facet.METHOD, Facet.VIEW, Facet.MODE, Facet.FLOW
LV, AV, MV, TV, LVOT = (
    reports.LEFT_VENTRICLE,
    reports.AORTIC_VALVE,
    reports.MITRAL_VALVE,
    reports.TRICUSPID_VALVE,
    reports.OUTFLOW_TRACT,
)
TWO_D, MM, CW, PW = reports.TWO_D, reports.M_MODE, reports.CONTINUOUS, reports.PULSED
ANTE, REGURGITANT = reports.ANTEGRADE, reports.REGURGITANT
MASS = ("18087-7", "LN", "Left Ventricle Mass")
E_PRIME = ("G-037A", "SRT", "Left Ventricular Peak Early Diastolic Tissue Velocity")
TDI = ("P5-B0128", "SRT", "Tissue Doppler Imaging")
SEPTAL = ("G-0391", "SRT", "Medial Mitral Annulus")
ORIFICE = ("G-038F", "SRT", "Cardiovascular Orifice Diameter")
MODIFIED_SIMPSON = ("125227", "DCM", "Modified Simpson")
E_WAVE = ("18037-2", "LN", "Mitral Valve E-Wave Peak Velocity")


def said(
    concept: reports.Coded, stated: Mapping[Facet, reports.Coded], label: str = ""
) -> tuple[str | None, str, tuple[str, ...]]:
    modifiers = Modifiers({facet: (NamedCode(*code),) for facet, code in stated.items()})
    found = match(NamedCode(*concept), modifiers, label)
    return found.row.key if found.row else None, found.why, found.candidates


@pytest.mark.parametrize(
    ("key", "concept", "stated"),
    [
        ("ef_bp", reports.EF, {M: reports.BIPLANE, S: LV, MODE: TWO_D}),
        ("ef_a4c", reports.EF, {M: reports.SINGLE_PLANE, V: reports.A4C}),
        ("ef_a2c", reports.EF, {M: reports.SINGLE_PLANE, V: reports.A2C, S: LV}),
        ("ef_teichholz_mm", reports.EF, {M: ("125209", "DCM", "Teichholz"), MODE: MM}),
        ("lvedv_bp", reports.EDV, {M: reports.BIPLANE, V: reports.A4C}),  # where the plane is one of the two
        ("lvidd_2d", reports.LVIDD, {MODE: TWO_D}),
        ("lvidd_2d", reports.LVIDD, {MODE: ("399009009", "SCT", "B mode")}),
        ("lvidd_mm", reports.LVIDD, {MODE: MM, S: LV}),
        ("lv_mass_cube_2d", MASS, {MODE: TWO_D, M: ("125206", "DCM", "Cube Method")}),
        ("lv_mass_cube_mm", MASS, {MODE: MM}),
        ("av_vmax", reports.PEAK_VELOCITY, {S: AV, F: ANTE, MODE: CW}),
        ("tr_vmax", reports.PEAK_VELOCITY, {S: TV, F: REGURGITANT, MODE: CW}),
        ("tr_vmax", reports.PEAK_VELOCITY, {S: TV, F: ("R-42E61", "SRT", "Retrograde Flow")}),
        ("mr_vmax", ("20355-4", "LN", "Peak Blood Velocity"), {S: MV, F: REGURGITANT}),
        ("lvot_vmax", reports.PEAK_VELOCITY, {S: LVOT, MODE: PW}),  # nothing regurgitates in the tract
        ("lvot_diam", ORIFICE, {S: LVOT}),
        ("e_septal", E_PRIME, {S: SEPTAL, MODE: TDI}),
        ("e_septal", E_PRIME, {S: SEPTAL, MODE: PW}),
        ("mv_e", E_WAVE, {S: LV}),  # in a section of diastolic function: the concept says the valve
        ("la_diam_ap_2d", reports.DIAMETER, {S: reports.LEFT_ATRIUM, MODE: TWO_D}),
        ("la_area_a2c", ("GEU-106-0104", "99GEMS", "LA Area A2C"), {S: reports.LEFT_ATRIUM}),
        ("ivsd_2d", ("79969-2", "LN", "Interventricular septum diastolic dimension 2D"), {}),
        ("rap", ("18070-3", "LN", "Right Atrium Systolic Pressure"), {}),
    ],
)
def test_what_is_said_decides(key: str, concept: reports.Coded, stated: Mapping[Facet, reports.Coded]) -> None:
    assert said(concept, stated)[0] == key


@pytest.mark.parametrize(
    ("concept", "stated", "why", "candidates"),
    [
        (reports.LVIDD, {S: LV}, "no image mode", ("lvidd_2d", "lvidd_mm")),
        (reports.EF, {S: LV, MODE: TWO_D}, "no method", ("ef_bp", "ef_a4c", "ef_a2c", "ef_teichholz_2d")),
        (reports.EF, {M: reports.SINGLE_PLANE}, "ambiguous", ("ef_a4c", "ef_a2c")),
        (reports.EF, {M: MODIFIED_SIMPSON}, "ambiguous", ("ef_bp", "ef_a4c", "ef_a2c")),
        (reports.PEAK_VELOCITY, {S: AV, MODE: CW}, "no flow direction", ("av_vmax",)),
        (reports.PEAK_VELOCITY, {F: ANTE, MODE: CW}, "no finding site", ("av_vmax", "pv_vmax")),
        (reports.PEAK_GRADIENT, {S: TV}, "no flow direction", ("tr_pg",)),
        (ORIFICE, {S: ("T-32550", "SRT", "Right ventricle outflow tract")}, "ambiguous", ("rvot_prox", "rvot_dist")),
    ],
)
def test_what_is_not_said_is_not_guessed(
    concept: reports.Coded, stated: Mapping[Facet, reports.Coded], why: str, candidates: tuple[str, ...]
) -> None:
    """Bug prevented: the last of three ejection fractions, or an aortic gradient, in the field of another."""
    key, reason, may_be = said(concept, stated)
    assert key is None
    assert why in reason
    assert may_be == candidates


@pytest.mark.parametrize(
    ("concept", "stated", "why"),
    [
        (reports.EF, {M: ("125220", "DCM", "Planimetry")}, "method Planimetry"),
        (reports.PEAK_VELOCITY, {S: AV, F: REGURGITANT}, "flow direction Regurgitant Flow"),
        (reports.PEAK_VELOCITY, {S: AV, F: ANTE, MODE: PW}, "image mode Doppler Pulsed"),
        (reports.LVIDD, {MODE: ("426865009", "SCT", "3D mode")}, "image mode 3D mode"),
        (reports.LVIDD, {MODE: TWO_D, Facet.PHASE: ("R-FAB5B", "SRT", "End Systole")}, "cardiac cycle point End Systole"),
        (reports.LVIDD, {MODE: TWO_D, Facet.STAGE: ("434161005", "SCT", "Peak stress")}, "stage Peak stress"),
        (reports.LVIDD, {MODE: TWO_D, Facet.DERIVATION: ("R-10047", "SRT", "Standard Deviation")}, "Standard Deviation"),
        (E_WAVE, {Facet.RESPIRATION: ("14910006", "SCT", "inspiration")}, "inspiration"),
        (("12345-6", "LN", "Something"), {}, "no key for this concept"),
        (("GEU-106-9999", "99GEMS", "Theirs"), {}, "private code of 99GEMS"),
    ],
)
def test_what_is_another_thing_is_not_filed(concept: reports.Coded, stated: Mapping[Facet, reports.Coded], why: str) -> None:
    key, reason, may_be = said(concept, stated)
    assert (key, may_be) == (None, ())
    assert why in reason


def test_rest_is_no_stress() -> None:
    assert said(reports.LVIDD, {MODE: TWO_D, Facet.STAGE: ("F-01604", "SRT", "Resting State")})[0] == "lvidd_2d"


@pytest.mark.parametrize(
    ("code", "label", "key"),
    [
        ("80032-6", "", "lvpwd_2d"),
        ("80031-8", "", "lvpwd_mm"),
        ("80031-8", "LVPWd (2D)", "lvpwd_2d"),  # PS3.17 CCCC.5
        ("80032-6", "LVPWd MM", "lvpwd_mm"),
    ],
)
def test_two_codes_of_one_text_are_told_by_their_label(code: str, label: str, key: str) -> None:
    assert said((code, "LN", "Left ventricular posterior wall diastolic thickness"), {}, label)[0] == key


PRIVATE = ("X-17", "99CART", "Theirs")


def test_a_private_concept_is_read_by_the_code_that_it_is_said_to_equal() -> None:
    assert said(PRIVATE, {Facet.EQUIVALENT: reports.LVIDD, MODE: MM})[0] == "lvidd_mm"


def axes(key: str) -> dict[Facet, reports.Coded]:
    """What TID 5302 says of a quantity."""
    row, method = POST_COORDINATED[key], QUANTITY_CODES[key].method
    stated = {
        Facet.PROPERTY: row.measured,
        S: row.site,
        Facet.TYPE: row.type,
        Facet.OBSERVATION: row.observation,
        Facet.DIVISOR: row.divisor,
        Facet.PHASE: row.cycle_point,
        M: method,
    }
    return {facet: (code.value, code.scheme_designator, code.meaning) for facet, code in stated.items() if code is not None}


@pytest.mark.parametrize("key", POST_COORDINATED)
def test_a_private_concept_is_read_by_its_axes(key: str) -> None:
    assert said(PRIVATE, axes(key))[0] == key


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("svi_lvot", {Facet.DIVISOR: ("8302-2", "LN", "Body Height")}),
        ("svi_lvot", {S: LV}),
        ("ee_septal", {Facet.DIVISOR: ("79999-9", "LN", "Left ventricular end diastolic volume single plane 4C (MOD)")}),
        ("s_septal", {Facet.PHASE: ("90892000", "SCT", "Diastole")}),
        ("sv_bp", {M: ("125209", "DCM", "Teichholz")}),
        ("ivc_collapse", {Facet.TYPE: ("118586006", "SCT", "Ratio")}),
    ],
)
def test_another_axis_is_another_quantity(key: str, changed: Mapping[Facet, reports.Coded]) -> None:
    """Bug prevented: an index filed as what was indexed, or the ratio of a velocity as the velocity."""
    assert said(PRIVATE, axes(key) | dict(changed))[0] is None


def test_how_a_number_came_about_is_no_axis() -> None:
    entered = {Facet.TYPE: ("113857", "DCM", "Manual Entry")}
    assert said(PRIVATE, axes("sv_lvot") | entered)[0] == "sv_lvot"


def test_a_property_alone_is_read_as_the_concept_that_it_is() -> None:
    diameter = {Facet.PROPERTY: reports.DIAMETER, S: reports.LEFT_ATRIUM, MODE: TWO_D}
    assert said(PRIVATE, diameter)[0] == "la_diam_ap_2d"
    assert said(PRIVATE, diameter | {Facet.TYPE: ("125313", "DCM", "Indexed")})[0] is None


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_key_is_reached_by_its_own_codes(key: str) -> None:
    """By the concept with everything that is written beside it, and by the code of CID 12300 alone."""
    code = QUANTITY_CODES[key]
    row = next(row for row in ROWS[identity_of_code(code.concept)] if row.key == key and not row.further)
    stated = {
        S: (code.finding_site.value, "SCT", ""),
        **({M: (code.method.value, code.method.scheme_designator, "")} if code.method else {}),
        **({F: (code.flow.value, "SCT", "")} if code.flow else {}),
        **({MODE: (*reversed(row.mode), "")} if row.mode else {}),
    }
    concept = (code.concept.value, code.concept.scheme_designator, code.concept.meaning)
    views = {"a4c": reports.A4C, "a2c": reports.A2C}
    if len(row.planes) == 1 and row.planes[0].value in views:
        stated[V] = views[row.planes[0].value]
    assert said(concept, stated)[0] == key
    if code.simplified:
        simplified = (code.simplified.value, code.simplified.scheme_designator, code.simplified.meaning)
        assert said(simplified, {})[0] == key


def test_every_concept_of_several_keys_has_a_rule() -> None:
    """Bug prevented: a row added to the catalogue whose concept is another key's, and a value that is filed under the first."""
    several = {concept for concept, rows in ROWS.items() if len({row.key for row in rows if not row.further}) > 1}
    assert several
    assert {concept for concept in several if concept not in RULES} == set()
