"""The rows of the quantities against pydicom's dictionaries, and against one another."""

import pytest
from pydicom.sr.coding import Code

from models.catalogue import ATRIAL, DERIVED, FURTHER, OUTLINED, QUANTITIES, READ, Method, View
from sr_templates import codes, quantity_codes, tracking
from sr_templates.accepted_codes import ACCEPTED
from sr_templates.quantity_codes import QUANTITY_CODES, image_mode_of
from tests.code_dictionary import fitting, in_context_group, meanings_in

_OF_THE_PATIENT = {"hr", "bsa"}
_SEEN_IN_NO_IMAGE = _OF_THE_PATIENT | {"rap"}
# The context group of measurements of each section of TID 5202, by the structure of the quantity.
_SECTIONS = {
    "lv": 12200, "lvot": 12200, "septal annulus": 12200, "lateral annulus": 12200, "mitral annulus": 12200, "rv": 12204,
    "rvot": 12204, "tricuspid annulus": 12204, "la": 12205, "ra": 12206, "av": 12211, "aortic annulus": 12211, "mv": 12207,
    "tv": 12208, "pv": 12209, "aorta": 12212, "sinotubular junction": 12212, "pa": 12210, "ivc": 12215, "pulmonary vein": 12214,
}  # fmt: skip
# In no group of their section, which is extensible: CID 12304, and an orifice at the sinotubular junction (CID 12222).
_OTHER_GROUPS = {"la_strain": 12304, "ao_stj": 12222}


def test_every_quantity_has_its_row_and_every_row_its_quantity() -> None:
    assert quantity_codes._ROWS.keys() == QUANTITIES.keys()


def test_no_fact_of_a_quantity_has_a_hole() -> None:
    """Keys and fields: what a row names exists, and what belongs together is there together."""
    holes = []
    for key, quantity in QUANTITIES.items():
        row = quantity_codes._ROWS[key]
        holes += [f"{key}: {what}" for what, is_there in (
            ("unit", quantity.unit in codes.UNIT_CODES),
            ("method", quantity.method in codes.METHOD_CODES),
            ("structure", quantity.structure in codes.STRUCTURE_CODES.keys() & tracking._STRUCTURES.keys()),
            ("views", (quantity.views or key in _SEEN_IN_NO_IMAGE) and set(quantity.views) <= codes.VIEW_CODES.keys()),
            ("limits", quantity.limits[0] < quantity.limits[1]),
            ("parts", set(quantity.parts) <= QUANTITIES.keys()),
            ("parts of a ratio or gradient", quantity.parts or quantity.method not in (Method.RATIO, Method.BERNOULLI)),
            ("direction of the flow", quantity.direction or row.flow is None),
            ("direction that may be either", quantity.direction or not quantity.either_way),
            ("direction of a velocity", quantity.direction or quantity.unit not in ("m/s", "cm/s")),
            ("phase of parts", len({bool(QUANTITIES[part].phase) for part in {*quantity.parts} - _OF_THE_PATIENT}) < 2),
        ) if not is_there]  # fmt: skip
    assert holes == []


def test_quantities_that_share_a_concept_differ_in_what_a_value_says_beside_it() -> None:
    """Else a receiver that matches by code would mix them. Limit: views count only where one makes the mode or is said."""
    identities = [
        (row.concept.value, row.method, row.finding_site, image_mode_of(key, None), _view_said(key), row.flow)
        for key, row in QUANTITY_CODES.items()
    ]
    assert len(set(identities)) == len(identities)


def _view_said(key: str) -> View | None:
    views = QUANTITIES[key].views
    return views[0] if len(views) == 1 else None


@pytest.mark.parametrize("key", [key for key in QUANTITIES if key not in _OF_THE_PATIENT])
def test_a_concept_stands_in_the_group_of_its_section_as_printed_there(key: str) -> None:
    """A receiver that matches the meaning finds it only in the words of the context group of that section."""
    row = QUANTITY_CODES[key]
    if row.concept.scheme_designator == codes.PRIVATE_SCHEME:
        assert row.simplified is None, "what the standard has a code for is written by it"
        return
    group = _OTHER_GROUPS.get(key, _SECTIONS[QUANTITIES[key].structure])
    if not in_context_group(row.concept, group):
        assert row.concept == row.simplified
        group = 12300
    assert _printed(row.concept, group) == {row.concept.meaning}


@pytest.mark.parametrize("key", [key for key, row in QUANTITY_CODES.items() if row.simplified])
def test_a_pre_coordinated_code_is_one_of_its_group_as_printed_there(key: str) -> None:
    simplified = QUANTITY_CODES[key].simplified
    assert simplified is not None
    assert _printed(simplified, 12300) == {simplified.meaning}


def _printed(code: Code, group: int) -> set[str]:
    return set(map(fitting, meanings_in(code, group)))


def test_a_pre_coordinated_code_says_everything() -> None:
    """TID 5301: two quantities under one code could not be told apart."""
    simplified = [row.simplified.value for row in QUANTITY_CODES.values() if row.simplified]
    assert len(set(simplified)) == len(simplified) > 70


@pytest.mark.parametrize("method", [code for code in codes.METHOD_CODES.values() if code and code.scheme_designator == "DCM"])
def test_a_method_is_one_of_echocardiography(method: Code) -> None:
    assert meanings_in(method, 12227) == {method.meaning}


def test_mass_is_never_said_to_be_of_a_method_of_volumes() -> None:
    """125206 Cube Method is in CID 12228 (volumes) and not in CID 12232 (mass)."""
    mass = [row.method for row in QUANTITY_CODES.values() if row.concept.value == "18087-7"]
    assert len(mass) == 2
    assert all(
        method and (method.scheme_designator == codes.PRIVATE_SCHEME or in_context_group(method, 12232)) for method in mass
    )


@pytest.mark.parametrize(
    ("key", "view", "mode"),
    [
        ("lvidd_2d", View.PLAX, "399064001"),
        ("lvidd_mm", View.MMODE_PLAX_LV, "399155008"),
        ("av_vmax", View.DOPPLER_AV_CW, "261198000"),
        ("av_vmax", View.DOPPLER_AV, None),
        ("ef_bp", None, "399064001"),
        ("ee_septal", None, None),
        ("gls_a4c", View.A4C, "130679"),
        ("bsa", None, None),
    ],
)
def test_the_mode_is_that_of_the_image_found(key: str, view: View | None, mode: str | None) -> None:
    found = image_mode_of(key, view)
    assert (found.value if found else None) == mode


def test_strain_of_another_method_than_speckle_tracking_is_never_said_to_be_speckle_tracking() -> None:
    speckles = {key for key in QUANTITIES if image_mode_of(key, None) is codes.SPECKLE_TRACKING_2D}
    assert speckles == {key for key, quantity in QUANTITIES.items() if quantity.method is Method.SPECKLE_TRACKING}


def test_no_quantity_is_in_two_tables() -> None:
    """The later table would silently win."""
    assert len(QUANTITIES) == sum(map(len, (OUTLINED, READ, DERIVED, ATRIAL, FURTHER)))


def test_what_is_read_for_a_code_of_ours_is_no_other_code_of_ours() -> None:
    """But for the posterior wall, of which the standard contradicts itself."""
    ours = {code.value for row in QUANTITY_CODES.values() for code in (row.concept, row.simplified) if code}
    assert {row.read.value for row in ACCEPTED} & ours == {"80031-8", "80032-6"}
    written = {code for row in QUANTITY_CODES.values() for code in (row.concept, row.simplified, row.flow) if code}
    written |= {*codes.STRUCTURE_CODES.values(), *codes.UNIT_CODES.values(), codes.MODE_2D}
    assert {row.written for row in ACCEPTED} <= written
