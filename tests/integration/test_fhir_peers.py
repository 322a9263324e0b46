"""Transactions before a FHIR server and validators that nobody here wrote: Medplum, npm's fhir (R4), fhircraft (R4, R5)."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from models.results import Caliper, CaliperKind
from node.db.tables import DeliveryState
from node.egress.destinations.fhir import FHIRDestination
from node.egress.destinations.kind import StoredDocument
from node.settings import DeliverySettings, Settings
from sr_templates.document import BuiltFile
from sr_templates.fhir import bundle
from tests.factories import A4C_UID, RELEASED_WEIGHTS, evidence, identity, measurement, study_findings
from tests.peers import javascript_readers

pytestmark = [pytest.mark.origins, pytest.mark.javascript]
SETTINGS = Settings(delivery=DeliverySettings(timeout_s=60))
# What is referred to within the bundle has an address of the server only when it is there.
_UNRESOLVED = 'Invalid reference: got "urn:uuid:'


def documents() -> list[BuiltFile]:
    """Values of outlines, of a jet that a network read, means, missing ones; then the next revision."""
    mark = Caliper(CaliperKind.POINT, A4C_UID, 1, ((33.0, 12.5),))
    jet = measurement("av_vmax", 3.1, model=RELEASED_WEIGHTS.name, calipers=(mark,))
    findings = study_findings(measurements=(*study_findings().measurements, jet), models=(RELEASED_WEIGHTS,), clips=())
    found = [build(findings, evidence(), identity()) for build in (bundle.build_r4, bundle.build_r5)]
    return [*(one for (one,) in found), *bundle.build_r4(findings, evidence(), identity(revision=2))]


R4, R5, SECOND = documents()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server without resources."""
    with javascript_readers.running("fhir_server.mjs") as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


def _asked(url: str, body: bytes | None = None) -> dict[str, Any]:
    with urlopen(Request(url, body, {"Content-Type": "application/fhir+json"}), timeout=60) as answer:
        resource: dict[str, Any] = json.load(answer)
    return resource


def test_validators_find_nothing(server: str) -> None:
    for document in (R4, SECOND):
        issues = _asked(f"{server}/judge", document.content)["issue"]
        assert [one for one in issues if not one.get("details", {}).get("text", "").startswith(_UNRESOLVED)] == []


def test_validators_find_what_is_wrong(server: str) -> None:
    """Else their silence says nothing."""
    broken = json.loads(R4.content)
    observation = next(one["resource"] for one in broken["entry"] if one["resource"]["resourceType"] == "Observation")
    observation["status"], observation["invented"] = "done", 1
    issues = _asked(f"{server}/judge", json.dumps(broken).encode("utf-8"))["issue"]
    assert {"invented", "status"} <= {word for one in issues for word in ("invented", "status") if word in json.dumps(one)}


def test_a_server_keeps_everything_once_and_connected(server: str, tmp_path: Path) -> None:
    destination = FHIRDestination(name="ehr", kind="fhir", url=f"{server}/fhir", documents=("fhir_r4",))
    for document in (R4, R4, SECOND, R4):
        path = tmp_path / document.uid
        path.write_bytes(document.content)
        answer = destination.send(StoredDocument(path, document.template, document.uid), SETTINGS, 0)
        assert (answer.state, answer.status) == (DeliveryState.ACCEPTED, "200"), answer.detail
    reports = _asked(f"{server}/fhir/DiagnosticReport?_count=100")["entry"]
    assert len(reports) == 2, "one for each revision"
    for report in (one["resource"] for one in reports):
        values = [_asked(f"{server}/fhir/{one['reference']}") for one in report["result"]]
        assert {one["resourceType"] for one in values} == {"Observation"}
        assert _asked(f"{server}/fhir/{values[0]['device']['reference']}")["resourceType"] == "Device"
    found = _asked(f"{server}/fhir/Observation?code=http://loinc.org|79991-6")["entry"]
    assert [one["resource"]["valueQuantity"]["value"] for one in found] == [56.4, 56.4]
    assert len(_asked(f"{server}/fhir/Device?_count=100")["entry"]) == 1


def test_a_server_finds_the_patient(server: str, tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:oid:1.2.3", "value": "PHANTOM-1"}]}
    created = _asked(f"{server}/fhir/Patient", json.dumps(patient).encode("utf-8"))
    (third,) = bundle.build_r4(study_findings(), evidence(), identity(revision=3))
    path = tmp_path / "third"
    path.write_bytes(third.content)
    destination = FHIRDestination(
        name="ehr", kind="fhir", url=f"{server}/fhir", documents=("fhir_r4",), patient_system="urn:oid:1.2.3", find_patient=True
    )
    assert destination.send(StoredDocument(path, third.template, third.uid), SETTINGS, 0).state is DeliveryState.ACCEPTED
    found = _asked(f"{server}/fhir/DiagnosticReport?subject=Patient/{created['id']}")["entry"]
    assert len(found) == 1


def test_a_server_that_judges_refuses_what_is_wrong(server: str, tmp_path: Path) -> None:
    broken = json.loads(R4.content)
    broken["entry"][-1]["resource"]["status"] = "done"
    path = tmp_path / "broken"
    path.write_text(json.dumps(broken), encoding="utf-8")
    destination = FHIRDestination(name="ehr", kind="fhir", url=f"{server}/fhir", documents=("fhir_r4",))
    answer = destination.send(StoredDocument(path, R4.template, R4.uid), SETTINGS, 0)
    assert (answer.state, answer.status) == (DeliveryState.REFUSED, "422")


@pytest.mark.parametrize(("document", "release"), [(R4, "R4"), (R5, "R5")], ids=["R4", "R5"])
@pytest.mark.filterwarnings("ignore:.*dom-6")  # a narrative is recommended for every resource; the report has it
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fhircraft_finds_nothing_by_the_structure_definitions(document: BuiltFile, release: str) -> None:
    """With their invariants, by another engine of FHIRPath."""
    models = importlib.import_module(f"fhircraft.fhir.resources.datatypes.{release}.core")
    for resource in (entry["resource"] for entry in json.loads(document.content)["entry"]):
        model = getattr(models, resource["resourceType"])
        model.model_validate(resource)
        with pytest.raises(ValueError, match="invented"):
            model.model_validate({**resource, "invented": 1})
