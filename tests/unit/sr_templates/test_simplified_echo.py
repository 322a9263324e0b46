"""Bugs prevented: a simplified report in which a code does not say everything, or says more than was measured."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES, Direction, View
from models.results import CartValue, StudyFindings
from node.egress.building import WantedDocument, build_templates
from node.egress.built_files import document_bytes
from sr_templates import codes, simplified_echo
from sr_templates.conformance_check import check_document
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import PredecessorReference
from sr_templates.post_coordination import POST_COORDINATED, PostCoordinated
from sr_templates.profile import DEFAULT_PROFILE, Profile
from sr_templates.quantity_codes import SIMPLIFIED_CODES
from sr_templates.simplified_values import Section, SimplifiedValue, section
from tests.code_dictionary import meanings_in
from tests.factories import (
    A2C_UID,
    A4C_UID,
    RELEASED_WEIGHTS,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)

# No receiver has a field for their method; TID 5300 has none for the patient's own facts.
_NOWHERE = {"ef_video_regression", "ef_video_regression_biplane", "hr", "bsa"}


def _report(
    findings: StudyFindings | None = None, profile: Profile = DEFAULT_PROFILE, found: Evidence | None = None, **changes: object
) -> Dataset:
    wanted = [WantedDocument("tid5300", profile)]
    built = build_templates(findings or study_findings(), found or evidence(), identity(**changes), wanted)
    assert not built.problems
    (document,) = built.documents
    return dcmread(BytesIO(document_bytes(document)))


def _everything(**changes: object) -> StudyFindings:
    values = tuple(measurement(key, sum(q.limits) / 2, direction=q.direction) for key, q in QUANTITIES.items())
    return study_findings(measurements=values, **changes)


def _name(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def _children(item: Dataset, relationship: str = "") -> list[Dataset]:
    return [child for child in item.get("ContentSequence") or [] if relationship in ("", child.RelationshipType)]


def _sections(report: Dataset) -> dict[str, list[Dataset]]:
    return {_name(child): _children(child) for child in _children(report) if child.ValueType == "CONTAINER"}


def _said(item: Dataset) -> dict[str, str]:
    return {_name(child): str(child.ConceptCodeSequence[0].CodeValue) for child in _children(item) if child.ValueType == "CODE"}


def _number(report: Dataset, code: str) -> Dataset:
    (one,) = [item for items in _sections(report).values() for item in items if _name(item) == code]
    return one


def _all_items(item: Dataset) -> Iterator[Dataset]:
    for child in _children(item):
        yield child
        yield from _all_items(child)


def test_it_is_a_simplified_adult_echo_sr_with_all_its_modules() -> None:
    """PS3.3 A.35.17: Enhanced General Equipment and Timezone are mandatory there."""
    report = _report()
    assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.72"
    assert (report.Modality, report.CompletionFlag, report.VerificationFlag) == ("SR", "PARTIAL", "UNVERIFIED")
    for keyword in (
        "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions", "TimezoneOffsetFromUTC",
    ):  # fmt: skip
        assert report[keyword].value, keyword
    template = report.ContentTemplateSequence[0]
    assert (template.MappingResource, template.TemplateIdentifier) == ("DCMR", "5300")
    assert _name(report) == "125200"


@pytest.mark.slow
def test_the_rows_stand_in_the_order_of_the_template() -> None:
    report = _report(_everything())
    assert [_name(item) for item in _children(report)] == [
        "121049", "121005", "121012", "121013", "121014", "121015", "125301", "125302",
    ]  # fmt: skip
    assert {item.ContinuityOfContent for item in (report, *_children(report, "CONTAINS"))} == {"SEPARATE"}


@pytest.mark.slow
@pytest.mark.parametrize("profile", [DEFAULT_PROFILE, Profile(scheme="srt", velocity="cm/s")], ids=["default", "older"])
def test_the_rows_of_the_template_are_kept(profile: Profile) -> None:
    """The two meanings of CID 12300 that no Code Meaning can hold are shortened, which is no deviation."""
    values = tuple(replace(value, beats=2, sd=0.1) for value in _everything().measurements)
    deviations = check_document(_report(study_findings(measurements=values), profile))
    assert [str(one) for one in deviations] == []


@pytest.mark.slow
def test_every_quantity_has_its_place() -> None:
    """Or is said to have none: a new one must not be left out of the report without a word."""
    findings = _everything()
    written = simplified_echo.written(findings, evidence(), DEFAULT_PROFILE)
    assert {one.key for one in written.left_out} == _NOWHERE
    sections = _sections(_report(findings))
    assert len(sections["125301"]) == len(SIMPLIFIED_CODES)
    assert len(sections["125302"]) == len(POST_COORDINATED)
    assert SIMPLIFIED_CODES.keys() | POST_COORDINATED.keys() | _NOWHERE == QUANTITIES.keys()
    assert not SIMPLIFIED_CODES.keys() & POST_COORDINATED.keys(), "what has a code of CID 12300 is written by it alone"


@pytest.mark.slow
def test_one_code_alone_names_each_value() -> None:
    """PS3.17 CCCC.2.1: a receiver reads the code and nothing else."""
    names = [_name(item) for items in _sections(_report(_everything())).values() for item in items]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_a_pre_coordinated_value_has_no_modifier() -> None:
    for item in _sections(_report(_everything()))["125301"]:
        assert _children(item, "HAS CONCEPT MOD") == []
        assert _children(item, "HAS ACQ CONTEXT") == []


def test_a_mean_says_that_there_were_several_samples_and_a_single_value_does_not() -> None:
    report = _report()
    mean, single = _number(report, "79999-9"), _number(report, "79996-5")
    assert _said(mean) == {"121401": "373098007", "121404": "121412"}
    assert _said(single) == {"121404": "121411"}, "121410 is the user's, who has chosen nothing"


def test_a_value_refers_to_its_frames_by_value() -> None:
    images = _children(_number(_report(), "79991-6"), "INFERRED FROM")
    assert {_name(image) for image in images} == {"121112"}
    references = [image.ReferencedSOPSequence[0] for image in images]
    assert [(one.ReferencedSOPInstanceUID, list(one.ReferencedFrameNumber)) for one in references] == [
        (A4C_UID, [1, 11]), (A2C_UID, [1, 11]),
    ]  # fmt: skip
    assert all("ReferencedContentItemIdentifier" not in item for item in _all_items(_report()))


def test_the_evidence_lists_what_the_values_refer_to() -> None:
    (study,) = _report().CurrentRequestedProcedureEvidenceSequence
    listed = {one.ReferencedSOPInstanceUID for series in study.ReferencedSeriesSequence for one in series.ReferencedSOPSequence}
    assert listed == {A4C_UID, A2C_UID}


@pytest.mark.slow
def test_every_value_has_a_short_label_and_the_walls_say_their_mode() -> None:
    """80031-8 and 80032-6 have one meaning in CID 12300."""
    report = _report(_everything())
    labels = {_name(item): _children(item, "HAS PROPERTIES")[-1].TextValue for item in _sections(report)["125301"]}
    assert (labels["80032-6"], labels["80031-8"]) == ("LVPWd (2D)", "LVPWd (MM)")
    assert len(set(labels.values())) == len(labels)


_ROWS = sorted(POST_COORDINATED.items())


@pytest.mark.parametrize(("key", "row"), _ROWS)
def test_post_coordination_takes_its_words_from_the_groups_of_the_template(key: str, row: PostCoordinated) -> None:
    for code, group in ((row.type, 12303), (row.site, 12305), (row.observation, 12302), (row.measured, 12304)):
        assert code.meaning in meanings_in(code, group), f"{key}: {code.meaning} is not in CID {group}"
    for optional, group in ((row.cycle_point, 12307), (row.flow, 12306)):
        assert optional is None or meanings_in(optional, group) == {optional.meaning}
    assert (row.divisor is not None) == (row.type.value in ("125313", "118586006")), "of an index and a ratio, of nothing else"
    assert len(row.concept.value) <= 16
    assert len(row.concept.meaning) <= 64


@pytest.mark.slow
def test_a_post_coordinated_value_says_all_of_it_once() -> None:
    report = _report(_everything())
    assert _said(_number(report, "SVI-LVOT")) == {
        "125306": "125313", "363698007": "13418002", "125305": "44324008", "125307": "90096001", "370129005": "125219",
        "125308": "8277-6", "121404": "121411",
    }  # fmt: skip
    for item in _sections(report)["125302"]:
        modifiers = _children(item, "HAS CONCEPT MOD")
        assert [_name(modifier) for modifier in modifiers][:4] == ["125306", "363698007", "125305", "125307"]
        assert len({_name(modifier) for modifier in modifiers}) == len(modifiers)
        assert _children(item, "HAS ACQ CONTEXT") == [], "Image Mode modifies the concept here, unlike in TID 5203"


def test_the_direction_is_said_only_as_it_was_found() -> None:
    found = measurement("rvot_at", 90.0, direction=Direction.AWAY)
    for value, direction in ((found, "263677008"), (replace(found, direction=Direction.TOWARDS), None)):
        report = _report(study_findings(measurements=(value,)))
        assert _said(_number(report, "RVOT-AT")).get("260674002") == direction


def test_a_value_in_another_view_than_its_code_names_is_left_out() -> None:
    findings = study_findings(measurements=(replace(measurement("ef_a4c", 55.0), view=View.A3C), measurement("ef_a2c", 50.0)))
    assert [_name(item) for item in _sections(_report(findings))["125301"]] == ["79992-4"]
    (left_out,) = simplified_echo.written(findings, evidence(), DEFAULT_PROFILE).left_out
    assert (left_out.key, left_out.reason) == ("ef_a4c", "its code names another view")


def test_a_pressure_that_contains_an_assumed_one_stands_beside_it_alone() -> None:
    """Else nobody knows what was added to the gradient."""
    rvsp, rap = measurement("rvsp", 40.0), measurement("rap", 8.0)
    both = simplified_echo.written(study_findings(measurements=(rvsp, rap)), evidence(), DEFAULT_PROFILE)
    assert {value.key for value in both.values} == {"rvsp", "rap"}
    alone = simplified_echo.written(study_findings(measurements=(rvsp,)), evidence(), DEFAULT_PROFILE)
    assert [one.key for one in alone.left_out] == ["rvsp"]


def test_nothing_to_fill_in_makes_no_report() -> None:
    for findings in (study_findings(measurements=()), study_findings(measurements=(measurement("hr", 60.0),))):
        assert build_templates(findings, evidence(), identity(), [WantedDocument("tid5300")]).documents == []


def test_what_the_cart_has_measured_is_its_own() -> None:
    findings = study_findings(cart=(CartValue("ef_bp", 60.0, "%"),))
    assert "79991-6" not in [_name(item) for item in _sections(_report(findings))["125301"]]
    assert _number(_report(findings, Profile(fill="all")), "79991-6")
    wanted = [WantedDocument("tid5300", Profile(fill="none_if_cart_sr"))]
    assert build_templates(findings, evidence(), identity(), wanted).documents == []


def test_the_override_for_research_opens_no_prefilled_field() -> None:
    """A title and a description are no barrier to a receiver that files by code."""
    patient = evidence(*(source_header(uid, QualityControlSubject=None) for uid in (A4C_UID, A2C_UID)))
    findings = replace(study_findings(research_override=True), clips=study_findings().clips[:2])
    for template, count in (("tid5300", 0), ("tid1500", 1)):
        built = build_templates(findings, patient, identity(), [WantedDocument(template)])
        assert len(built.documents) == count, template
    released = replace(findings, research_override=False, models=(RELEASED_WEIGHTS,))
    clips = tuple(replace(clip, models=(RELEASED_WEIGHTS,)) for clip in released.clips)
    assert _report(replace(released, clips=clips), found=patient)


def test_a_profile_changes_unit_and_scheme() -> None:
    findings = study_findings(measurements=(measurement("lvot_vmax", 1.234), measurement("sv_bp", 70.0)))
    report = _report(findings, Profile(velocity="cm/s", scheme="srt"))
    measured = _number(report, "80029-2").MeasuredValueSequence[0]
    assert (str(measured.NumericValue), measured.MeasurementUnitsCodeSequence[0].CodeValue) == ("123", "cm/s")
    assert "SCT" not in {str(element.value) for element in report.iterall() if element.keyword == "CodingSchemeDesignator"}, (
        "a receiver of the older scheme knows none of the younger"
    )


def test_profiles_that_change_nothing_here_make_one_document() -> None:
    assert {"findings", "replicates"} & simplified_echo.LOOKS_AT == set()


def test_a_revision_names_the_report_that_it_replaces() -> None:
    before = PredecessorReference("1.2.3", "1.2.4", simplified_echo.KIND.sop_class_uid, "1.2.5")
    (item,) = _report(revision=2, predecessor=before).PredecessorDocumentsSequence
    assert item.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.5"


_LVIDD = SimplifiedValue(SIMPLIFIED_CODES["lvidd_2d"], 5.0, codes.CENTIMETRE, "LVIDd (2D)", selection=codes.MEAN_VALUE)


def test_two_preferred_values_of_one_code_are_refused() -> None:
    assert len(section(Section.PRE_COORDINATED, [_LVIDD, replace(_LVIDD, selection=None)]).ContentSequence) == 2
    with pytest.raises(DocumentError, match="preferred"):
        section(Section.PRE_COORDINATED, [_LVIDD, _LVIDD])


def test_a_modifier_that_a_section_does_not_know_is_refused() -> None:
    mode = (codes.IMAGE_MODE, codes.MODE_2D)
    with pytest.raises(DocumentError, match="no concept modifiers"):
        section(Section.PRE_COORDINATED, [replace(_LVIDD, modifiers=(mode,))])
    with pytest.raises(DocumentError, match="label alone"):
        section(Section.ADHOC, [_LVIDD])
    with pytest.raises(DocumentError, match="label alone"):
        section(Section.ADHOC, [replace(_LVIDD, selection=None, derivation=codes.MEAN)])
    with pytest.raises(DocumentError, match="a modifier twice"):
        replace(_LVIDD, modifiers=(mode, (codes.IMAGE_MODE, Code("399155008", "SCT", "M mode"))))
