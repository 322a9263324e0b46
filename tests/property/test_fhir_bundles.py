"""Any findings of any study are a transaction that the library takes: values as stated, identifiers whole or not at all."""

import json
from typing import Any

import fhir.resources.bundle
import fhir.resources.R4B.bundle
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydicom import config
from pydicom.dataelem import DataElement

from models.results import Measurement
from sr_templates import prefill
from sr_templates.evidence import missing_reference
from sr_templates.fhir import bundle
from sr_templates.fhir.datatypes import plain
from sr_templates.profile import Profile
from tests.factories import evidence, identity, source_header, study_findings
from tests.property.test_reports_come_back import findings, several

BUILT = ((bundle.build_r4, fhir.resources.R4B.bundle.Bundle), (bundle.build_r5, fhir.resources.bundle.Bundle))
# Whatever Unicode has: control characters, half surrogates, other scripts, what HTML and JSON are made of.
ANY_TEXT = st.text(st.characters() | st.sampled_from("\x00\x1b\ud800\ufffe<>&\"'|^=\\ ü山"), max_size=80)
KEYWORDS = {
    "PatientID": "LO", "PatientName": "PN", "IssuerOfPatientID": "LO", "AccessionNumber": "SH", "StudyDate": "DA",
    "StudyTime": "TM", "TimezoneOffsetFromUTC": "SH", "StudyInstanceUID": "UI", "SeriesInstanceUID": "UI",
}  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.sampled_from(sorted(KEYWORDS)), ANY_TEXT, max_size=4), st.booleans())
def test_whatever_a_header_says_a_bundle_is_valid(texts: dict[str, str], strict: bool) -> None:
    headers = [source_header(uid) for uid in evidence().headers]
    for header in headers:
        for keyword, text in texts.items():
            header[keyword] = DataElement(keyword, KEYWORDS[keyword], text, validation_mode=config.IGNORE)
    assume(not any(missing_reference(header) for header in headers))  # nothing could refer to these
    for build, model in BUILT:
        (built,) = build(study_findings(), evidence(*headers), identity(profile=Profile(strict=strict)))
        whole = json.loads(built.content)
        model.model_validate(whole)
        stated = {
            one["value"] for one in _identifiers(whole) if "type" in one and one["type"]["coding"][0]["code"] in ("MR", "ACSN")
        }
        assert all(value == plain(value) for value in stated)


def _identifiers(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [one for item in value for one in _identifiers(item)]
    if not isinstance(value, dict):
        return []
    own = [value["identifier"]] if isinstance(value.get("identifier"), dict) else value.get("identifier", [])
    return own + [one for item in value.values() for one in _identifiers(item)]


@settings(deadline=None, max_examples=25)
@given(several(), st.sampled_from(["m/s", "cm/s"]))
def test_what_is_stated_comes_back(measurements: tuple[Measurement, ...], velocity: Any) -> None:
    profile = Profile(velocity=velocity)
    chosen = prefill.choose(findings(measurements), evidence(), profile).values
    for build, model in BUILT:
        built = build(findings(measurements), evidence(), identity(profile=profile))
        assert bool(built) == bool(chosen)
        whole = json.loads(built[0].content) if built else {"resourceType": "Bundle", "type": "transaction"}
        model.model_validate(whole)
        found = [e["resource"] for e in whole.get("entry", ()) if e["resource"]["resourceType"] == "Observation"]
        read = [(one["valueQuantity"]["value"], one["valueQuantity"]["code"]) for one in found]
        expected = [prefill.stated(one, profile) for one in chosen]
        assert read == [(value, unit.value) for value, unit in expected]
