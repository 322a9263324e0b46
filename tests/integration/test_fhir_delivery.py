"""Transactions to a FHIR server over real connections: taken once, refused for a reason, tried again when that may help."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import config
from pydicom.dataelem import DataElement

from node.db import queue
from node.db.tables import DeliveryState
from node.egress import delivery
from node.egress.destinations import configured
from node.egress.destinations.fhir import FHIRDestination
from node.egress.destinations.kind import SendOutcome, StoredDocument
from node.errors import ConfigError
from node.settings import DeliverySettings, Settings
from sr_templates.fhir import bundle
from tests.certificates import Certificates
from tests.factories import evidence, identity, source_header, study_findings
from tests.outbox import LEASE_S, Outbox
from tests.peers.fhir_server import FHIRServer, outcome, reply, running
from tests.waiting import free_port, patience

SETTINGS = Settings(delivery=DeliverySettings(timeout_s=20))
(R4,), (R5,) = (build(study_findings(), evidence(), identity()) for build in (bundle.build_r4, bundle.build_r5))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def server() -> Iterator[FHIRServer]:
    with running(FHIRServer()) as running_server:
        yield running_server


@pytest.fixture
def document(tmp_path: Path) -> StoredDocument:
    path = tmp_path / "stored"
    path.write_bytes(R4.content)
    return StoredDocument(path, R4.template, R4.uid)


def destination(url: str, **fields: Any) -> FHIRDestination:
    (made,) = configured(Settings.model_validate({"destination": [_table(url, **fields)]}))
    assert isinstance(made, FHIRDestination)
    return made


def _table(url: str, **fields: Any) -> dict[str, Any]:
    return {"name": "ehr", "kind": "fhir", "url": url, "documents": ["fhir_r4"], **fields}


def sent(document: StoredDocument, url: str, *, failures: int = 0, settings: Settings = SETTINGS, **fields: Any) -> SendOutcome:
    return destination(url, **fields).send(document, settings, failures)


def test_a_server_has_everything_once_however_often_it_comes(server: FHIRServer, document: StoredDocument) -> None:
    outcomes = [sent(document, server.url) for _ in range(3)]
    assert {(one.state, one.status) for one in outcomes} == {(DeliveryState.ACCEPTED, "200")}
    assert len(server.resources) == len(json.loads(R4.content)["entry"])
    (report,) = server.of_type("DiagnosticReport")
    values = [server.resources[one["reference"]] for one in report["result"]]
    assert [one["valueQuantity"]["value"] for one in values[:2]] == [56.4, 121.3]
    assert values[0]["device"]["reference"] in server.resources


def test_what_a_person_has_made_final_stays_final(server: FHIRServer, document: StoredDocument) -> None:
    """An update instead of a conditional create would set it back to preliminary."""
    sent(document, server.url)
    (report,) = server.of_type("DiagnosticReport")
    report["status"] = "final"
    assert sent(document, server.url).state is DeliveryState.ACCEPTED
    assert [one["status"] for one in server.of_type("DiagnosticReport")] == ["final"]


def test_a_site_names_the_systems_that_images_do_not(server: FHIRServer, document: StoredDocument) -> None:
    sent(document, server.url, patient_system="urn:oid:1.2.3", accession_system="https://ris.example/acsn")
    (report,) = server.of_type("DiagnosticReport")
    assert (report["subject"]["identifier"]["system"], "reference" in report["subject"]) == ("urn:oid:1.2.3", False)
    assert [one["identifier"]["system"] for one in report["basedOn"]] == ["https://ris.example/acsn"]


def _patient(number: str, value: str = "PHANTOM-1", system: str = "urn:oid:1.2.3") -> dict[str, Any]:
    return {"resourceType": "Patient", "id": number, "identifier": [{"system": system, "value": value}]}


FOUND = {"find_patient": True, "patient_system": "urn:oid:1.2.3"}


def test_the_patient_is_found_where_it_is_asked_for(server: FHIRServer, document: StoredDocument) -> None:
    """By the number alone it may be another one."""
    assert sent(document, server.url, find_patient=True).state is DeliveryState.REFUSED
    assert server.requests == []
    server.patients = [_patient("5", system="urn:oid:9"), _patient("6", "PHANTOM-12")]
    unknown = sent(document, server.url, **FOUND)
    assert (unknown.state, unknown.counts) == (DeliveryState.PENDING, True), "admitted a moment later, maybe"
    assert sent(document, server.url, failures=4, **FOUND).state is DeliveryState.REFUSED
    server.patients.append(_patient("77"))
    assert sent(document, server.url, **FOUND).state is DeliveryState.ACCEPTED
    assert {one["subject"]["reference"] for one in server.of_type("Observation")} == {"Patient/77"}
    server.patients.append(_patient("78"))
    assert "several patients" in sent(document, server.url, **FOUND).detail


@pytest.mark.parametrize(
    "found",
    [
        [{"resource": _patient("1", "OTHER")}],  # of a server that cannot search for identifiers, and tells all it has
        [{"resource": _patient("../Device/1")}],
        [{"resource": {"resourceType": "OperationOutcome"}}, {"resource": {"resourceType": "Patient", "identifier": 7}}, 7],
        "no list",
    ],
)
def test_whom_a_search_brings_has_to_have_the_identifier(server: FHIRServer, document: StoredDocument, found: Any) -> None:
    server.before = [reply(200, {"resourceType": "Bundle", "type": "searchset", "entry": found})]
    assert "knows no patient" in sent(document, server.url, **FOUND).detail
    assert len(server.requests) == 1


def test_a_search_that_fails_is_a_failure_as_any(server: FHIRServer, document: StoredDocument) -> None:
    server.before = [outcome(503, "transient", "later"), outcome(403, "forbidden", "no patients")]
    assert sent(document, server.url, **FOUND).state is DeliveryState.PENDING
    assert sent(document, server.url, **FOUND).state is DeliveryState.REFUSED


@pytest.mark.parametrize("patient_id", ["A|B,C$", "ü 1&x=#?/%41", "山"])
def test_a_search_finds_odd_identifiers(server: FHIRServer, tmp_path: Path, patient_id: str) -> None:
    headers = evidence(*(source_header(uid, SpecificCharacterSet="ISO_IR 192") for uid in evidence().headers))
    for header in headers.headers.values():
        header["PatientID"] = DataElement("PatientID", "LO", patient_id, validation_mode=config.IGNORE)
    (built,) = bundle.build_r4(study_findings(), headers, identity())
    path = tmp_path / "odd"
    path.write_bytes(built.content)
    server.patients = [_patient("77", patient_id)]
    assert sent(StoredDocument(path, built.template, built.uid), server.url, **FOUND).state is DeliveryState.ACCEPTED


def test_r5_goes_to_a_server_of_r5(tmp_path: Path) -> None:
    path = tmp_path / "r5"
    path.write_bytes(R5.content)
    with running(FHIRServer("5.0.0")) as server:
        assert sent(StoredDocument(path, R5.template, R5.uid), server.url).state is DeliveryState.ACCEPTED
        assert server.of_type("ImagingSelection")
        assert destination(server.url, documents=["fhir_r5"]).probe(SETTINGS).ok
        assert "another release" in destination(server.url).probe(SETTINGS).message


@pytest.mark.parametrize(
    ("status", "failures", "state", "counts"),
    [
        (500, 9, DeliveryState.PENDING, False),
        (503, 0, DeliveryState.PENDING, False),
        (429, 9, DeliveryState.PENDING, False),
        (408, 0, DeliveryState.PENDING, False),
        (401, 0, DeliveryState.PENDING, True),
        (401, 4, DeliveryState.REFUSED, True),
        (409, 0, DeliveryState.PENDING, True),
        (400, 0, DeliveryState.REFUSED, False),
        (403, 0, DeliveryState.REFUSED, False),
        (404, 0, DeliveryState.REFUSED, False),
        (412, 0, DeliveryState.REFUSED, False),
        (422, 0, DeliveryState.REFUSED, False),
        (302, 0, DeliveryState.REFUSED, False),
    ],
)
def test_the_status_decides(
    server: FHIRServer, document: StoredDocument, status: int, failures: int, state: DeliveryState, counts: bool
) -> None:
    server.before = [outcome(status, "processing", "this is why", Location="http://elsewhere.example/")]
    answer = sent(document, server.url, failures=failures)
    assert (answer.state, answer.status, answer.counts) == (state, str(status), counts)
    assert answer.detail.endswith(f"answered {status}: processing: this is why")
    assert len(server.requests) == 1, "a redirection is followed by nobody"


def test_why_it_was_refused_is_said_without_the_patient(server: FHIRServer, document: StoredDocument) -> None:
    server.before = [
        outcome(422, "value", "Patient 'PHANTOM-1' (Synthetic Heart, Smith A1234) not found, Observation.code invalid")
    ]
    detail = sent(document, server.url).detail
    assert detail.endswith("answered 422: value: Patient * not found, Observation.code invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Log in</html>",
        b"",
        b"[" * 100_000,
        b'{"resourceType": "Bundle", "type": "batch-response", "entry": []}',
        b'{"resourceType": "Bundle", "type": "transaction-response", "entry": []}',
        b'{"resourceType": "Bundle", "type": "transaction-response", "entry": 7}',
    ],
)
def test_an_answer_that_says_nothing_of_the_transaction_is_no_success(
    server: FHIRServer, document: StoredDocument, body: bytes
) -> None:
    """The page of a proxy that wants a login comes with 200."""
    server.before = [(200, {}, body)] * 2
    assert sent(document, server.url).state is DeliveryState.PENDING
    assert sent(document, server.url, failures=4).state is DeliveryState.REFUSED


def test_a_part_that_was_not_taken_is_a_refusal(server: FHIRServer, document: StoredDocument) -> None:
    entries: list[dict[str, Any]] = [{"response": {"status": "201 Created"}} for _ in json.loads(R4.content)["entry"]]
    issue = {"severity": "error", "code": "forbidden", "diagnostics": "no devices"}
    entries[0] = {"response": {"status": "403", "outcome": {"resourceType": "OperationOutcome", "issue": [issue]}}}
    server.before = [reply(200, {"resourceType": "Bundle", "type": "transaction-response", "entry": entries})]
    answer = sent(document, server.url)
    assert (answer.state, answer.status) == (DeliveryState.REFUSED, "403")
    assert answer.detail.endswith("forbidden: no devices")


def test_nobody_there_is_tried_again(document: StoredDocument) -> None:
    assert sent(document, f"http://127.0.0.1:{free_port()}").state is DeliveryState.PENDING


@pytest.mark.parametrize("talk", [b"", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nshort"])
def test_a_peer_that_talks_nonsense_is_tried_again(document: StoredDocument, talk: bytes) -> None:
    with _talking(talk) as port:
        assert sent(document, f"http://127.0.0.1:{port}").state is DeliveryState.PENDING


def test_a_peer_that_never_ends_is_not_waited_for(document: StoredDocument) -> None:
    """A byte now and then keeps a timeout of each step from ever passing."""
    impatient = Settings(delivery=DeliverySettings(timeout_s=0.5))
    with _talking(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", drip=b" ") as port:
        answer = sent(document, f"http://127.0.0.1:{port}", settings=impatient)
    assert (answer.state, answer.detail.partition(" did ")[2]) == (DeliveryState.PENDING, "not answer within 0.5 s")


class _talking:  # noqa: N801 - used as a function
    """A server that says this and no more, or drips until its client leaves."""

    def __init__(self, words: bytes, drip: bytes = b"") -> None:
        self._words, self._drip, self._stop = words, drip, threading.Event()

    def __enter__(self) -> int:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(patience(10))
        self._server.close()

    def _talk(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.recv(1 << 20)
            connection.sendall(self._words)
            try:
                while self._drip and not self._stop.wait(0.05):
                    connection.sendall(self._drip)
            except OSError:
                pass


def test_a_crash_before_the_answer_is_recorded_makes_no_duplicate(
    tmp_path: Path, server: FHIRServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = destination(server.url)
    with Outbox(tmp_path, (table,), DeliverySettings(first_retry_s=5)) as outbox:
        row = outbox.add("ehr", content=R4.content, template="fhir_r4")
        with monkeypatch.context() as patched:
            patched.setattr(delivery, "_record", _crash)
            with pytest.raises(KeyboardInterrupt):
                outbox.run()
        assert len(server.of_type("DiagnosticReport")) == 1
        outbox.clock.advance(LEASE_S + 1)
        outbox.database.write(lambda session: queue.requeue_lost(session, now=outbox.clock()))
        outbox.run_until_settled()
        assert outbox.delivery(row).state == "accepted"
    assert len(server.requests) == 2
    assert len(server.resources) == len(json.loads(R4.content)["entry"])


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_answer_that_is_lost_makes_no_duplicate(server: FHIRServer, document: StoredDocument) -> None:
    server.after = lambda: None
    assert sent(document, server.url).state is DeliveryState.PENDING
    server.after = None
    assert sent(document, server.url).state is DeliveryState.ACCEPTED
    assert len(server.of_type("DiagnosticReport")) == 1


@pytest.mark.parametrize(("asked_for", "comes_after_s"), [("120", 120), ("2", 5), ("nonsense", 5), ("99999999999", 3600)])
def test_a_busy_server_is_left_alone_as_long_as_it_asks(
    tmp_path: Path, server: FHIRServer, asked_for: str, comes_after_s: float
) -> None:
    """Its own pauses hold beside it, and before the delivery expires there is an attempt."""
    server.before = [outcome(429, "throttled", "later", **{"Retry-After": asked_for})]
    settings = DeliverySettings(first_retry_s=5, expire_after_s=3600)
    with Outbox(tmp_path, (destination(server.url),), settings) as outbox:
        row = outbox.add("ehr", content=R4.content, template="fhir_r4")
        outbox.run()
        due = outbox.next_attempt_at()
        assert due is not None
        assert (due - outbox.clock.now).total_seconds() == comes_after_s
        outbox.run_until_settled()
        assert outbox.delivery(row).state == "accepted"


def test_the_token_is_read_at_each_attempt(tmp_path: Path, document: StoredDocument, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    with running(FHIRServer(token="t0ken.of-today==")) as server:
        assert "holds no bearer token" in sent(document, server.url, token_file=str(token)).detail
        assert not destination(server.url, token_file=str(token)).probe(SETTINGS).ok
        token.write_text("yesterday\n")
        assert sent(document, server.url, token_file=str(token)).status == "401"
        token.write_text("t0ken.of-today==\n")
        assert sent(document, server.url, token_file=str(token)).state is DeliveryState.ACCEPTED
        monkeypatch.setenv("EHR_TOKEN", "two lines\r\nX-Header: 1")
        assert sent(document, server.url, token_variable="EHR_TOKEN").state is DeliveryState.PENDING
        monkeypatch.setenv("EHR_TOKEN", "t0ken.of-today==")
        assert sent(document, server.url, token_variable="EHR_TOKEN").state is DeliveryState.ACCEPTED
        assert len(server.of_type("DiagnosticReport")) == 1


def test_the_probe_asks_and_leaves_nothing(server: FHIRServer) -> None:
    said = destination(server.url).probe(SETTINGS)
    assert (said.ok, said.message) == (True, f"{server.url} is there, FHIR 4.0.1")
    assert [(method, path) for method, path, _ in server.requests] == [("GET", "/fhir/metadata")]
    assert server.resources == {}
    assert not destination(server.url + "/other").probe(SETTINGS).ok
    assert not destination(f"http://127.0.0.1:{free_port()}").probe(SETTINGS).ok
    server.before = [
        reply(
            200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [{"interaction": [{"code": "batch"}]}]}
        )
    ]
    assert "no transactions" in destination(server.url).probe(SETTINGS).message


def _server_context(certificate: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
    context.load_cert_chain(certificate)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_server_proves_who_it_is(certificates: Certificates, document: StoredDocument) -> None:
    with running(FHIRServer(), _server_context(certificates.server)) as server:
        trusted = sent(document, server.url, ca_file=str(certificates.ca_file))
        assert (trusted.state, len(server.requests)) == (DeliveryState.ACCEPTED, 1)
        assert destination(server.url, ca_file=str(certificates.ca_file)).probe(SETTINGS).ok
        for ca_file in ({}, {"ca_file": str(certificates.other_ca_file)}):
            refused = sent(document, server.url, **ca_file)
            assert (refused.state, "certificate is not accepted" in refused.detail) == (DeliveryState.PENDING, True)
        assert len(server.requests) == 2, "nothing was sent to it"


@pytest.mark.parametrize(
    ("hosts", "expired", "said"), [(("127.0.0.1",), True, "expired"), (("other.example",), False, "not valid for")]
)
def test_a_certificate_of_another_time_or_host_is_none(
    certificates: Certificates, document: StoredDocument, hosts: tuple[str, ...], expired: bool, said: str
) -> None:
    certificate = certificates.issued("wrong", *hosts, expired=expired)
    with running(FHIRServer(), _server_context(certificate)) as server:
        refused = sent(document, server.url, ca_file=str(certificates.ca_file))
        assert (refused.state, said in refused.detail, server.requests) == (DeliveryState.PENDING, True, [])


def test_a_server_that_asks_for_it_gets_our_certificate(certificates: Certificates, document: StoredDocument) -> None:
    context = _server_context(certificates.server, client_ca=certificates.ca_file)
    with running(FHIRServer(), context) as server:
        ours = {"ca_file": str(certificates.ca_file), "certificate_file": str(certificates.client)}
        assert sent(document, server.url, **ours).state is DeliveryState.ACCEPTED
        assert sent(document, server.url, ca_file=str(certificates.ca_file)).state is DeliveryState.PENDING
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "table",
    [
        _table("ftp://ehr.example/fhir"),
        _table("https://"),
        _table("https://user:secret@ehr.example/fhir"),
        _table("https://ehr.example/fhir?x=1"),
        _table("https://ehr.example:99999/fhir"),
        _table("https://ehr.example/ fhir"),
        _table("http://ehr.example/fhir", token_variable="T"),
        _table("https://ehr.example/fhir", token_variable="T", token_file="t"),
        _table("https://ehr.example/fhir", key_file="k"),
        _table("https://ehr.example/fhir", patient_system="no uri"),
        _table("https://ehr.example/fhir", documents=["tid1500"]),
    ],
)
def test_what_cannot_be_meant_is_an_error_of_the_configuration(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"destination\.0"):
        configured(Settings.model_validate({"destination": [table]}))
