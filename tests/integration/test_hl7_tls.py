"""ORU messages in TLS, to OpenSSL's side of it, which socat has before the receiver. Nothing goes to anybody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.db.tables import DeliveryState
from node.egress.destinations import configured
from node.egress.destinations.hl7 import HL7Destination
from node.egress.destinations.kind import SendOutcome, StoredDocument
from node.errors import ConfigError
from node.settings import DeliverySettings, Settings
from sr_templates import hl7
from tests.certificates import Certificates
from tests.factories import evidence, identity, study_findings
from tests.peers.mllp_receiver import receiver, tls_before

SETTINGS = Settings(delivery=DeliverySettings(timeout_s=20))
needs_socat = pytest.mark.socat


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def mllp() -> Iterator[tuple[int, list[str]]]:
    with receiver() as running:
        yield running


@pytest.fixture
def document(tmp_path: Path) -> StoredDocument:
    (built,) = hl7.build(study_findings(), evidence(), identity())
    path = tmp_path / "stored"
    path.write_bytes(built.content)
    return StoredDocument(path, built.template, built.uid)


def destination(port: int, **fields: Any) -> HL7Destination:
    table = {"name": "ris", "kind": "hl7", "host": "127.0.0.1", "port": port, "documents": ["oru"], "tls": True, **fields}
    (made,) = configured(Settings.model_validate({"destination": [table]}))
    assert isinstance(made, HL7Destination)
    return made


def sent(document: StoredDocument, port: int, **fields: Any) -> SendOutcome:
    return destination(port, **fields).send(document, SETTINGS, 0)


@needs_socat
def test_a_message_arrives_in_tls_from_who_has_a_certificate(
    certificates: Certificates, mllp: tuple[int, list[str]], document: StoredDocument
) -> None:
    port, received = mllp
    trusted = {"ca_file": str(certificates.ca_file)}
    with tls_before(port, certificates.server, client_ca=certificates.ca_file) as encrypted:
        before = len(received)
        ours = {**trusted, "certificate_file": str(certificates.client)}
        assert sent(document, encrypted, **ours).state is DeliveryState.ACCEPTED
        assert len(received) == before + 1
        assert destination(encrypted, **ours).probe(SETTINGS).ok
        assert sent(document, encrypted, **trusted).state is DeliveryState.PENDING
        told = destination(encrypted, **trusted).probe(SETTINGS)
        assert (told.ok, "certificate required" in told.message) == (False, True)
        assert len(received) == before + 1


@needs_socat
@pytest.mark.parametrize(
    ("hosts", "expired", "ca", "said"),
    [
        (("127.0.0.1",), False, "other", "unable to get local issuer certificate"),
        (("127.0.0.1",), False, None, "unable to get local issuer certificate"),
        (("127.0.0.1",), True, "own", "certificate has expired"),
        (("other.example",), False, "own", "not valid for '127.0.0.1'"),
    ],
)
def test_nothing_goes_to_who_does_not_prove_who_it_is(
    certificates: Certificates,
    mllp: tuple[int, list[str]],
    document: StoredDocument,
    hosts: tuple[str, ...],
    expired: bool,
    ca: str | None,
    said: str,
) -> None:
    port, received = mllp
    trusted = {"own": {"ca_file": certificates.ca_file}, "other": {"ca_file": certificates.other_ca_file}}.get(ca or "", {})
    before = len(received)
    with tls_before(port, certificates.issued("peer", *hosts, expired=expired)) as encrypted:
        refused = sent(document, encrypted, **trusted)
        probed = destination(encrypted, **trusted).probe(SETTINGS)
    assert (refused.state, said in refused.detail) == (DeliveryState.PENDING, True)
    assert (probed.ok, said in probed.message) == (False, True)
    assert len(received) == before


def test_a_peer_without_tls_gets_nothing(
    certificates: Certificates, mllp: tuple[int, list[str]], document: StoredDocument
) -> None:
    port, received = mllp
    before = len(received)
    impatient = Settings(delivery=DeliverySettings(timeout_s=1))
    assert destination(port, ca_file=certificates.ca_file).send(document, impatient, 0).state is DeliveryState.PENDING
    assert len(received) == before


@pytest.mark.parametrize("wrong", [{"ca_file": "none.pem"}, {"certificate_file": "none.pem"}])
def test_a_file_that_is_not_there_is_said_and_tried_again(
    tmp_path: Path, mllp: tuple[int, list[str]], document: StoredDocument, wrong: dict[str, str]
) -> None:
    answer = sent(document, mllp[0], **{name: tmp_path / value for name, value in wrong.items()})
    assert (answer.state, answer.detail.endswith("No such file or directory")) == (DeliveryState.PENDING, True)


@pytest.mark.parametrize("fields", [{"tls": False, "ca_file": "ca.pem"}, {"key_file": "key.pem"}])
def test_files_that_nothing_looks_at_are_an_error_of_the_configuration(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"destination\.0"):
        destination(2575, **fields)
