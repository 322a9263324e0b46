"""The transaction as a receiver reads it: each value under its own code, what is referred to there, nothing twice."""

import json
from collections import Counter
from typing import Any

import fhir.resources.bundle
import fhir.resources.R4B.bundle
import pytest

from models.catalogue import QUANTITIES
from models.results import Caliper, CaliperKind, NotMeasured, Reason, StudyFindings
from sr_templates.evidence import Evidence
from sr_templates.fhir import bundle
from sr_templates.fhir.datatypes import Json, Release
from sr_templates.identity import PredecessorReference
from sr_templates.profile import Profile
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import (
    A2C_UID,
    A4C_UID,
    PHANTOM_WEIGHTS,
    RELEASED_WEIGHTS,
    STUDY_UID,
    cart_value,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)

BUILD = {Release.R4: bundle.build_r4, Release.R5: bundle.build_r5}
LIBRARY = {Release.R4: fhir.resources.R4B.bundle.Bundle, Release.R5: fhir.resources.bundle.Bundle}
RELEASES = pytest.mark.parametrize("release", Release)


def built(
    release: Release = Release.R4, findings: StudyFindings | None = None, headers: Evidence | None = None, **changes: Any
) -> Json:
    (file,) = BUILD[release](findings or study_findings(), headers or evidence(), identity(**changes))
    assert (file.template, file.suffix) == (bundle.TEMPLATES[release], ".json")
    whole: Json = json.loads(file.content)
    return whole


def resources(whole: Json, kind: str) -> list[Json]:
    return [entry["resource"] for entry in whole["entry"] if entry["resource"]["resourceType"] == kind]


def by_text(whole: Json, key: str) -> Json:
    return next(one for one in resources(whole, "Observation") if one["code"]["text"] == QUANTITIES[key].name)


def codes(concept: Json) -> list[str]:
    return [f"{coding['system'].rsplit('/', 1)[-1]} {coding['code']}" for coding in concept["coding"]]


@RELEASES
def test_each_value_is_an_observation_of_its_own_code(release: Release) -> None:
    whole = built(release)
    biplane = by_text(whole, "ef_bp")
    assert codes(biplane["code"]) == ["loinc.org 79991-6", "loinc.org 18043-0"]
    unit = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
    assert biplane["valueQuantity"] == {"value": 56.4, **unit}
    assert codes(biplane["bodySite"]) == ["sct 87878005"]
    assert codes(biplane["method"]) == ["DCM 125207"]
    valued = [one for one in resources(whole, "Observation") if "valueQuantity" in one]
    assert len(valued) == len(study_findings().measurements)
    assert len({one["code"]["coding"][0]["code"] for one in valued}) == len(valued)


def test_a_receiver_that_knows_the_concept_alone_finds_the_best_value() -> None:
    """Three observations once would have had the code of the ejection fraction, and the last of them wins."""
    for order in (study_findings().measurements, study_findings().measurements[::-1]):
        whole = built(findings=study_findings(measurements=order, not_measured=()))
        found = [one for one in resources(whole, "Observation") if "loinc.org 18043-0" in codes(one["code"])]
        assert [one["valueQuantity"]["value"] for one in found] == [56.4]


def test_sites_tell_values_of_one_concept_apart() -> None:
    values = (
        measurement("av_vmax", 1.5),
        measurement("lvot_vmax", 0.9),
        measurement("e_septal", 8.0),
        measurement("e_lateral", 9.0),
    )
    whole = built(findings=study_findings(measurements=values))
    told = [(one["code"]["coding"][-1]["code"], codes(one["bodySite"])[0]) for one in resources(whole, "Observation")]
    assert len(set(told[: len(values)])) == len(values)


def test_beats_view_and_deviation_modify_the_value() -> None:
    found = by_text(built(), "ef_a4c")
    stated = {part["code"]["coding"][0]["code"]: part for part in found["component"]}
    assert codes(stated["111031"]["valueCodeableConcept"]) == ["sct 399214001"]
    assert stated["BEATS"]["valueInteger"] == 2
    assert stated["386136009"]["valueQuantity"]["value"] == 1.2


@RELEASES
def test_what_nobody_has_signed_is_preliminary_and_judged_by_nobody(release: Release) -> None:
    whole = built(release)
    results = [*resources(whole, "Observation"), *resources(whole, "DiagnosticReport")]
    assert {one["status"] for one in results} == {"preliminary"}
    text = json.dumps(whole)
    assert not any(word in text for word in ('"interpretation"', '"resultsInterpreter"', '"performer"', '"final"'))


@pytest.mark.parametrize("reason", Reason)
def test_a_missing_value_has_its_reason_and_no_number(reason: Reason) -> None:
    whole = built(findings=study_findings(not_measured=(NotMeasured("tr_vmax", (reason, Reason.QUALITY), "why"),)))
    absent = by_text(whole, "tr_vmax")
    assert not [name for name in absent if name.startswith("value")]
    first, cid_42, own = absent["dataAbsentReason"]["coding"]
    assert first["code"] in ("not-performed", "error", "unknown")
    assert (cid_42["system"].endswith("/DCM"), own["system"].startswith("urn:oid:2.25.")) == (True, True)
    assert absent["dataAbsentReason"]["text"].endswith(": why")
    assert "component" not in absent
    assert resources(whole, "DiagnosticReport")[0]["text"]["div"].count("not measured") == 1


@RELEASES
def test_what_is_referred_to_is_there_and_everything_is_created_once(release: Release) -> None:
    whole = built(release)
    urls = [entry["fullUrl"] for entry in whole["entry"]]
    criteria = [(entry["request"]["url"], entry["request"]["ifNoneExist"]) for entry in whole["entry"]]
    assert len(set(urls)) == len(urls) == len(set(criteria))
    assert {entry["request"]["method"] for entry in whole["entry"]} == {"POST"}
    assert set(_references(whole)) <= set(urls)
    report = resources(whole, "DiagnosticReport")[0]
    assert Counter(one["reference"] for one in report["result"]) == Counter(urls[-1 - len(report["result"]) : -1])
    for entry, (kind, once) in zip(whole["entry"], criteria, strict=True):
        identifier = entry["resource"]["identifier"][0]
        assert (kind, once) == (entry["resource"]["resourceType"], f"identifier={identifier['system']}|{identifier['value']}")


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [one for item in value for one in _references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["reference"]] if "reference" in value else []
    return own + [one for item in value.values() for one in _references(item)]


@RELEASES
def test_the_same_analysis_gives_the_same_bytes_and_the_next_other_results(release: Release) -> None:
    first = BUILD[release](study_findings(), evidence(), identity())
    assert first == BUILD[release](study_findings(), evidence(), identity())
    before = PredecessorReference(STUDY_UID, "", "", first[0].uid)
    second = built(release, revision=2, predecessor=before)
    urls = {
        kind: {e["fullUrl"] for e in second["entry"] if e["resource"]["resourceType"] == kind}
        for kind in ("Observation", "Device")
    }
    old = {e["fullUrl"] for e in json.loads(first[0].content)["entry"]}
    assert not urls["Observation"] & old
    assert urls["Device"] <= old
    (replaces,) = resources(second, "DiagnosticReport")[0]["extension"]
    assert replaces["valueReference"]["identifier"]["value"] == f"urn:oid:{first[0].uid}"


def test_the_profile_chooses_what_goes_in_and_its_unit() -> None:
    findings = study_findings(
        cart=(cart_value("ef_bp", 55.0), cart_value("tr_vmax", 2.0)),
        measurements=(measurement("av_vmax", 1.234), measurement("ef_bp", 50.0)),
        not_measured=(NotMeasured("tr_vmax", (Reason.QUALITY,)),),
    )
    few = built(findings=findings, profile=Profile(velocity="cm/s"))
    (only,) = resources(few, "Observation")
    assert (only["valueQuantity"]["value"], only["valueQuantity"]["code"]) == (123, "cm/s")
    assert len(resources(built(findings=findings, profile=Profile(fill="all")), "Observation")) == 3
    assert bundle.build_r4(findings, evidence(), identity(profile=Profile(fill="none_if_cart_sr"))) == ()


def test_numbers_of_phantom_weights_never_leave_for_a_patient() -> None:
    patients = evidence(*(source_header(uid, QualityControlSubject=None) for uid in evidence().headers))
    for findings in (study_findings(research_override=True), study_findings(measurements=())):
        assert bundle.build_r4(findings, patients, identity()) == bundle.build_r5(findings, patients, identity()) == ()
    released = study_findings(models=(RELEASED_WEIGHTS,), clips=())
    whole = built(findings=released, headers=patients)
    assert "HTEST" not in json.dumps(whole)


def test_a_phantom_is_test_data_and_says_so() -> None:
    whole = built()
    tagged = [one["resourceType"] for one in (entry["resource"] for entry in whole["entry"]) if "HTEST" in json.dumps(one)]
    assert set(tagged) == {"Observation", "DiagnosticReport"}, "a network is the same for patients"
    assert "synthetic phantoms" in resources(whole, "DiagnosticReport")[0]["text"]["div"]
    assert all("synthetic phantoms" in one["note"][0]["text"] for one in resources(whole, "Observation"))


def test_each_algorithm_is_a_device_with_its_weights() -> None:
    jet = measurement("av_vmax", 3.1, model=RELEASED_WEIGHTS.name)
    findings = study_findings(
        measurements=(measurement("ef_bp", 50.0), jet), not_measured=(), models=(PHANTOM_WEIGHTS, RELEASED_WEIGHTS)
    )
    whole = built(findings=findings)
    named = {one["deviceName"][0]["name"]: one for one in resources(whole, "Device")}
    assert set(named) == {PHANTOM_WEIGHTS.name, RELEASED_WEIGHTS.name}
    device = named[RELEASED_WEIGHTS.name]
    assert [one["value"] for one in device["version"]] == [RELEASED_WEIGHTS.version, RELEASED_WEIGHTS.weights_sha256]
    assert device["identifier"][1] == {
        "system": "urn:ietf:rfc3986",
        "value": "ni:///sha-256;zc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc0",
    }
    url = next(entry["fullUrl"] for entry in whole["entry"] if entry["resource"] == device)
    assert by_text(whole, "av_vmax")["device"]["reference"] == url


def test_several_networks_are_the_node_with_them() -> None:
    clips = tuple(
        clip if clip.sop_instance_uid != A2C_UID else type(clip)(**{**vars(clip), "models": (RELEASED_WEIGHTS,)})
        for clip in study_findings().clips
    )
    whole = built(Release.R5, findings=study_findings(clips=clips, not_measured=()))
    node = next(one for one in resources(whole, "Device") if one["displayName"] == "EchoNode")
    said = " ".join(one["valueString"] for one in node["property"])
    assert PHANTOM_WEIGHTS.weights_sha256 in said
    assert RELEASED_WEIGHTS.weights_sha256 in said


def test_r5_names_the_frames_of_each_value() -> None:
    whole = built(Release.R5)
    selected = {
        entry["fullUrl"]: (one["uid"], one["subset"])
        for entry in whole["entry"]
        for one in entry["resource"].get("instance", ())
    }
    frames = {selected[one["reference"]][0]: selected[one["reference"]][1] for one in by_text(whole, "ef_bp")["derivedFrom"]}
    assert frames == {A4C_UID: ["1", "11"], A2C_UID: ["1", "11"]}


def test_r5_has_the_marks_that_a_value_was_read_from() -> None:
    """In the coordinates of a SCOORD: the corner of the image is 0, 0."""
    line = Caliper(CaliperKind.LINE, A4C_UID, 3, ((5.0, 40.0), (12.0, 30.25)))
    outside = Caliper(CaliperKind.LINE, A4C_UID, 3, ((5.0, 40.0), (500.0, 30.0)))
    findings = study_findings(measurements=(measurement("tapse", 2.1, calipers=(line, outside)),), not_measured=())
    regions = [
        (one["subset"], one["imageRegion2D"])
        for selection in resources(built(Release.R5, findings=findings), "ImagingSelection")
        for one in selection["instance"]
        if selection["code"]["coding"][0]["code"] == "111030"
    ]
    assert regions == [(["3"], [{"regionType": "polyline", "coordinate": [5.5, 40.5, 12.5, 30.75]}])]
    whole = built(Release.R4, findings=findings)
    assert len(by_text(whole, "tapse")["derivedFrom"]) == 1


def test_r4_names_them_in_words() -> None:
    derived = by_text(built(Release.R4), "ef_bp")["derivedFrom"]
    assert [one["display"] for one in derived] == [f"{A4C_UID}, frames 1, 11", f"{A2C_UID}, frames 1, 11"]
    assert {one["identifier"]["value"] for one in derived} == {f"urn:oid:{STUDY_UID}"}


@pytest.mark.slow
@RELEASES
def test_every_quantity_of_the_catalogue_can_be_stated(release: Release) -> None:
    middle = tuple(measurement(key, sum(quantity.limits) / 2) for key, quantity in QUANTITIES.items())
    whole = built(release, findings=study_findings(measurements=middle, not_measured=()))
    stated = [one for one in resources(whole, "Observation") if "valueQuantity" in one]
    keys = {key for key in QUANTITIES if not QUANTITY_CODES[key].concept.value.startswith("EF-VIDEO")}
    assert {one["code"]["text"] for one in stated} == {QUANTITIES[key].name for key in keys}
    told = [(*codes(one["code"]), *codes(one["bodySite"]), *codes(one.get("method", {"coding": []}))) for one in stated]
    assert len(set(told)) == len(told), "two values that no receiver can tell apart"
    LIBRARY[release].model_validate(whole)
