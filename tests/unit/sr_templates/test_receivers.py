"""Bug prevented: a report that is valid and fills no field of a reporting system right.

Every quantity of the catalogue is measured, each with a value of its own; each kind of receiver gets the report of its profile.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.catalogue import QUANTITIES
from models.results import Caliper, CaliperKind, StudyFindings
from node.egress.building import WantedDocument, build_templates
from node.egress.built_files import document_bytes
from sr_templates import echo_report
from sr_templates.profile import Profile
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import A4C_UID, cart_value, evidence, identity, measurement, study_findings
from tests.receivers import by_exact_modifiers, by_site_and_code, flat_by_code

pytestmark = pytest.mark.slow  # every quantity, in every profile, through bytes into a receiver

Form = Callable[[Dataset], dict[str, float]]

PROFILES = {
    "by site and code": Profile(scheme="srt", findings="121070", replicates=True),
    "flat by code": Profile(),
    "by exact modifiers": Profile(replicates=True),
}
FORMS: dict[str, tuple[Form, frozenset[str]]] = {
    "by site and code": (by_site_and_code.form, frozenset(by_site_and_code.FIELDS)),
    "flat by code": (flat_by_code.form, frozenset(flat_by_code.FIELDS)),
    "by exact modifiers": (by_exact_modifiers.form, frozenset(by_exact_modifiers.FIELDS)),
}


_MARKS = (
    Caliper(CaliperKind.LINE, A4C_UID, 1, ((20.0, 10.0), (20.0, 40.0))),
    Caliper(CaliperKind.POINT, A4C_UID, 1, ((33.0, 12.5),)),
    Caliper(CaliperKind.OUTLINE, A4C_UID, 1, ((10.0, 10.0), (30.0, 10.0), (20.0, 30.0))),
)


def _everything() -> StudyFindings:
    """No two values are alike."""
    count = len(QUANTITIES)
    values = []
    for number, (key, quantity) in enumerate(QUANTITIES.items(), start=1):
        low, high = quantity.limits
        value = low + (high - low) * number / (count + 1)
        marks = (_MARKS[number % len(_MARKS)],)  # no receiver minds coordinates below a value
        values.append(measurement(key, value, direction=quantity.direction, beats=1 + number % 2 * 2, calipers=marks))
    return study_findings(measurements=tuple(values))


FINDINGS = _everything()


@cache
def report(profile: Profile) -> Dataset:
    """Of everything; not to be changed."""
    return _built(FINDINGS, profile)


def _built(findings: StudyFindings, profile: Profile) -> Dataset:
    """As a receiver gets it; empty where there is nothing to fill in."""
    built = build_templates(findings, evidence(), identity(), [WantedDocument("tid5200", profile)])
    assert not built.problems
    return dcmread(BytesIO(document_bytes(built.documents[0]))) if built.documents else Dataset()


def _expected(keys: frozenset[str]) -> dict[str, float]:
    values = {value.key: value.value for value in FINDINGS.measurements}
    return {key: pytest.approx(values[key], abs=0.5001 * 10 ** -QUANTITY_CODES[key].decimals) for key in keys}


@pytest.mark.parametrize("receiver", PROFILES)
def test_every_field_of_each_receiver_is_filled_right(receiver: str) -> None:
    form, keys = FORMS[receiver]
    assert form(report(PROFILES[receiver])) == _expected(keys)


def test_without_its_profile_the_receiver_of_carts_reads_no_site() -> None:
    """The profiles are not idle: SNOMED CT codes are unknown to it."""
    assert by_site_and_code.form(report(Profile())) == {}


def test_one_value_each_is_not_enough_for_exact_modifiers() -> None:
    """The single value says that it is the most recent one, a property that this receiver does not expect."""
    assert by_exact_modifiers.form(report(Profile())) != by_exact_modifiers.form(report(PROFILES["by exact modifiers"]))


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_last_ejection_fraction_is_the_biplane_one(profile: Profile) -> None:
    assert flat_by_code.form(report(profile))["ef_bp"] == _expected(frozenset({"ef_bp"}))["ef_bp"]


def _selected_in_order(found: Dataset) -> list[Dataset]:
    numbers = [item for item in flat_by_code.numbers(found) if item.ConceptNameCodeSequence[0].CodeValue == "18043-0"]
    return [n for n in numbers if any(c.ConceptNameCodeSequence[0].CodeValue == "121404" for c in n.ContentSequence)]


def test_with_replicates_the_first_the_last_and_the_first_selected_are_all_biplane() -> None:
    """Receivers that nobody has listed take one of these."""
    found = report(Profile(replicates=True))
    all_of_them = [n for n in flat_by_code.numbers(found) if n.ConceptNameCodeSequence[0].CodeValue == "18043-0"]
    takers = (all_of_them[0], all_of_them[-1], _selected_in_order(found)[0])
    biplane = _expected(frozenset({"ef_bp"}))["ef_bp"]
    assert [float(number.MeasuredValueSequence[0].NumericValue) for number in takers] == [biplane] * 3


def _groups(item: Dataset) -> list[Dataset]:
    groups = [item] if item.get("ConceptNameCodeSequence") and item.ConceptNameCodeSequence[0].CodeValue == "125007" else []
    for child in item.get("ContentSequence") or []:
        groups += _groups(child)
    return groups


def _unselected(number: Dataset) -> Dataset:
    copy = deepcopy(number)
    copy.ContentSequence = [
        c for c in copy.ContentSequence if c.ConceptNameCodeSequence[0].CodeValue not in ("121404", "121401")
    ]
    return copy


@dataclass(frozen=True)
class _Group:
    dataset: Dataset
    others: tuple[Dataset, ...]
    numbers: tuple[Dataset, ...]
    copies: tuple[Dataset, ...]


@cache
def _to_shuffle(profile: Profile) -> tuple[Dataset, tuple[_Group, ...]]:
    whole = deepcopy(report(profile))
    groups = []
    for group in _groups(whole):
        numbers = tuple(item for item in group.ContentSequence if item.ValueType == "NUM")
        others = tuple(item for item in group.ContentSequence if item.ValueType != "NUM")
        groups.append(_Group(group, others, numbers, tuple(map(_unselected, numbers))))
    return whole, tuple(groups)


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
@pytest.mark.parametrize("receiver", ["by site and code", "by exact modifiers"])
def test_neither_order_nor_further_copies_move_a_value_to_another_field(receiver: str, random: Random) -> None:
    """A receiver that selects needs no order: an archive or an interface engine may change it, carts write values twice.

    The single-plane field of the second receiver is left out: without views it holds whichever comes first.
    """
    shuffled, groups = _to_shuffle(PROFILES[receiver])
    for group in groups:
        numbers = [*group.numbers, *(copy for copy in group.copies if random.random() < 0.3)]
        random.shuffle(numbers)
        group.dataset.ContentSequence = [*numbers, *group.others]
    form, keys = FORMS[receiver]
    filled = form(shuffled)
    filled.pop("ef_a4c", None)
    assert filled == _expected(keys - {"ef_a4c"})


def _key(number: Dataset, section: str, mode: str) -> tuple[str, ...]:
    said = {c.ConceptNameCodeSequence[0].CodeValue: c.ConceptCodeSequence[0].CodeValue for c in _coded(number)}
    return (
        number.ConceptNameCodeSequence[0].CodeValue,
        said.get("363698007", said.get("G-C0E3", section)),
        said.get("370129005", said.get("G-C036", "")),
        said.get("111031", ""),
        said.get("399264008", said.get("G-0373", mode)),
    )


def _coded(item: Dataset) -> list[Dataset]:
    return [child for child in item.get("ContentSequence") or [] if child.ValueType == "CODE"]


def _values(item: Dataset, section: str = "", mode: str = "") -> list[tuple[tuple[str, ...], bool, float]]:
    for child in _coded(item):
        if child.ConceptNameCodeSequence[0].CodeValue in ("363698007", "G-C0E3"):
            section = child.ConceptCodeSequence[0].CodeValue
        if child.ConceptNameCodeSequence[0].CodeValue in ("399264008", "G-0373"):
            mode = child.ConceptCodeSequence[0].CodeValue
    found = []
    for child in item.ContentSequence:
        if child.ValueType == "CONTAINER":
            found += _values(child, section, mode)
        elif child.ValueType == "NUM" and section:
            selected = any(c.ConceptNameCodeSequence[0].CodeValue == "121404" for c in _coded(child))
            found.append((_key(child, section, mode), selected, float(child.MeasuredValueSequence[0].NumericValue)))
    return found


_CHOICES = [
    Profile(scheme=scheme, findings=findings, velocity=velocity, replicates=replicates)
    for scheme, findings in (("sct", "59776-5"), ("srt", "121070"))
    for velocity in ("m/s", "cm/s")
    for replicates in (False, True)
]


@pytest.mark.parametrize("profile", _CHOICES, ids=lambda profile: profile.key() or "default")
def test_in_every_profile_one_meaning_has_one_preferred_value(profile: Profile) -> None:
    """Concept, site, method, view and mode never stand for two quantities, and each has exactly one preferred value."""
    by_meaning: dict[tuple[str, ...], list[tuple[bool, float]]] = {}
    for meaning, selected, value in _values(report(profile)):
        by_meaning.setdefault(meaning, []).append((selected, value))
    of_sections = [v for v in echo_report.written(FINDINGS, evidence(), profile).values if v.key not in ("hr", "bsa")]
    assert len(by_meaning) == len(of_sections) > 70
    for said in by_meaning.values():
        assert sorted(selected for selected, _ in said) == ([False, True] if profile.replicates else [True])
        assert len({value for _, value in said}) == 1


def _of_cart(*keys: str) -> StudyFindings:
    """A study of which the cart has measured these, each as half of what we found."""
    return replace(FINDINGS, cart=tuple(cart_value(v.key, v.value / 2) for v in FINDINGS.measurements if v.key in keys))


def _after_both(form: Form, findings: StudyFindings, profile: Profile) -> tuple[dict[str, float], dict[str, float]]:
    """What a receiver holds after the cart's report, and after ours on top of it."""
    measured = tuple(measurement(value.key, value.value) for value in findings.cart)
    first = form(_built(replace(findings, measurements=measured, cart=()), profile))
    return first, {**first, **form(_built(findings, profile))}


@pytest.mark.parametrize("receiver", PROFILES)
@pytest.mark.parametrize(
    "keys",
    [("lvidd_mm", "lvids_mm", "ef_bp"), ("mv_e", "e_septal", "tapse", "lvedv_bp", "ef_bp")],
    ids=["M-mode", "some"],
)
def test_what_the_cart_has_measured_stays(receiver: str, keys: tuple[str, ...]) -> None:
    """Ours comes second and fills the rest: no receiver may lose a sonographer's value by it."""
    form, _ = FORMS[receiver]
    first, both = _after_both(form, _of_cart(*keys), PROFILES[receiver])
    assert first
    assert {key: both[key] for key in first} == first
    assert len(both) > len(first)


def test_a_better_value_of_ours_takes_the_field_of_a_worse_one() -> None:
    """The one exception: a receiver without methods then shows the biplane ejection fraction, not that of two diameters."""
    first, both = _after_both(flat_by_code.form, _of_cart("ef_teichholz_2d"), Profile())
    assert first["ef_bp"] != both["ef_bp"] == _expected(frozenset({"ef_bp"}))["ef_bp"]


# Where methods, views and modes are dropped: the value that the field shall hold, and those that stand there too.
_OF_ONE_FIELD = {
    "ef_bp": ("ef_a4c", "ef_a2c", "ef_teichholz_2d", "ef_teichholz_mm"),
    "lvedv_bp": ("lvedv_a4c", "lvedv_a2c"),
    "lvesv_bp": ("lvesv_a4c", "lvesv_a2c"),
    "la_vol_mod_bp": ("la_vol_al_bp", "la_vol_mod_a4c", "la_vol_mod_a2c"),
    "ava_vti": ("ava_vmax",),
    **{f"{key}_2d": (f"{key}_mm",) for key in ("lvidd", "lvids", "ivsd", "lvpwd", "fs", "la_diam_ap", "lv_mass_cube")},
}


@pytest.mark.parametrize("profile", _CHOICES, ids=lambda profile: profile.key() or "default")
def test_a_receiver_that_knows_name_and_site_alone_holds_the_best_value(profile: Profile) -> None:
    """It keeps what comes last, or first of what is written twice; by exact meaning nothing is lost to it."""
    held: dict[tuple[str, str], list[float]] = {}
    for number, section, flow in _by_name_and_site(report(profile)):
        held.setdefault((number.ConceptNameCodeSequence[0].CodeMeaning, section + flow), []).append(
            float(number.MeasuredValueSequence[0].NumericValue)
        )
    of_one_field = {key: {key, *others} for key, others in _OF_ONE_FIELD.items()}
    several = [values for values in held.values() if len(set(values)) > 1]
    assert len(several) == len(of_one_field)
    best = _expected(frozenset(_OF_ONE_FIELD))
    assert sorted(values[-1] for values in several) == sorted(best.values(), key=lambda value: value.expected)
    if profile.replicates:
        assert [values[0] for values in several] == [values[-1] for values in several]


def _by_name_and_site(item: Dataset, section: str = "") -> Iterator[tuple[Dataset, str, str]]:
    for child in _coded(item):
        if child.ConceptNameCodeSequence[0].CodeValue in ("363698007", "G-C0E3"):
            section = child.ConceptCodeSequence[0].CodeValue
    for child in item.get("ContentSequence") or []:
        if child.ValueType == "CONTAINER":
            yield from _by_name_and_site(child, section)
        elif child.ValueType == "NUM" and section:
            said = {c.ConceptNameCodeSequence[0].CodeValue: c.ConceptCodeSequence[0].CodeValue for c in _coded(child)}
            site = said.get("363698007", said.get("G-C0E3", section))
            yield child, site, said.get("260674002", said.get("G-C048", ""))


def test_what_is_not_written_is_listed() -> None:
    chosen = echo_report.written(FINDINGS, evidence(), Profile())
    assert {one.key for one in chosen.left_out} | {value.key for value in chosen.values} == set(QUANTITIES)
    assert {one.key for one in chosen.left_out} == {"ef_video_regression", "ef_video_regression_biplane"}


def test_no_two_quantities_of_the_catalogue_have_one_meaning() -> None:
    """Found in the views that they need: whoever adds a quantity is told here that receivers could not tell it from another."""
    meanings = [echo_report.meaning(value) for value in FINDINGS.measurements]
    assert len(set(meanings)) == len(QUANTITIES)
