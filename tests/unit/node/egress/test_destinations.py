"""Kinds of destination: the configuration chooses one, and another kind needs nothing but itself."""

from pathlib import Path
from typing import Literal

import pytest

from node.db.tables import DeliveryState
from node.egress import destinations
from node.egress.destinations import configured
from node.egress.destinations.dicom import DicomDestination
from node.egress.destinations.folder import FolderDestination
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome, StoredDocument
from node.errors import ConfigError
from node.settings import DeliverySettings, Settings, load_settings
from tests.outbox import Outbox, document_bytes

DICOM = '[[destination]]\nname = "pacs"\nae_title = "PACS"\nhost = "h"\nport = 104\n'
HL7 = '[[destination]]\nname = "ris"\nkind = "hl7"\nhost = "h"\nport = 2575\n'
FOLDER = '[[destination]]\nname = "out"\nkind = "folder"\npath = "{}"\ndocuments = ["csv"]\n'
SHARE = '[[destination]]\nname = "share"\nkind = "share"\npath = "{}"\ndocuments = ["tid1500"]\n'


class ShareDestination(DestinationKind):
    """A folder, as a second kind would be: the whole of it."""

    kind: Literal["share"] = "share"
    path: Path

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        if not self.path.is_dir():
            if earlier_failures >= 2:
                return SendOutcome(DeliveryState.REFUSED, "the folder stays away", status="ENOENT")
            return SendOutcome(DeliveryState.PENDING, "the folder is away", status="ENOENT", counts=True)
        (self.path / document.path.name).write_bytes(document.path.read_bytes())
        return SendOutcome(DeliveryState.ACCEPTED, "written", status="OK")

    def probe(self, settings: Settings) -> ProbeAnswer:
        return ProbeAnswer(self.path.is_dir(), f"{self.path}: {'a folder' if self.path.is_dir() else 'no folder'}")


@pytest.fixture
def share_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(destinations.KINDS, "share", ShareDestination)


def _loaded(folder: Path, text: str) -> Settings:
    path = folder / "echonode.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_a_destination_without_a_kind_is_a_dicom_node(tmp_path: Path) -> None:
    """As every configuration of the version before has it."""
    (pacs,) = configured(_loaded(tmp_path, DICOM))
    assert isinstance(pacs, DicomDestination)
    assert (pacs.ae_title, pacs.host, pacs.port, pacs.documents) == ("PACS", "h", 104, ("tid1500", "seg"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DICOM.replace("port = 104", "port = 0"), "destination.0.port"),
        (DICOM.replace("port = 104", ""), "destination.0.port"),
        (DICOM + "prot = 1", "destination.0.prot"),
        (DICOM.replace("PACS", "BACK\\\\SLASH"), "destination.0.ae_title"),
        (DICOM + DICOM.replace("pacs", "b") + 'kind = "fax"', "destination.1.kind: 'fax' is none of dicom"),
        (DICOM + 'documents = ["oru"]', "destination.0.documents: kind 'dicom' takes tid1500"),
        (HL7, "destination.0.documents: kind 'hl7' takes oru, not tid1500"),
        (HL7 + 'documents = ["oru"]\nreceiving_facility = "A|B"', "destination.0.receiving_facility"),
        (HL7 + 'documents = ["oru"]\nreceiving_application = "A\\u001c"', "destination.0.receiving_application"),
        (HL7 + 'documents = ["oru"]\nca_file = 3', "destination.0.ca_file"),
        (DICOM.replace('"h"', '"a..b"'), "destination.0.host: 'a..b' is no host name and no address"),
        (DICOM.replace('"h"', '"two words"'), "destination.0.host: 'two words' is no host name"),
        (DICOM.replace('"h"', '""'), "destination.0.host: '' is no host name"),
        (HL7.replace('"h"', f'"{"x" * 70}"') + 'documents = ["oru"]', "destination.0.host"),
        (FOLDER.format(""), "destination.0.path: it names no folder"),
        (DICOM + 'documents = ["rtf"]', "destination.0.documents: no template is named 'rtf'; there are tid1500"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    settings = _loaded(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        configured(settings)
    assert said in str(caught.value)


@pytest.mark.parametrize(("written", "found"), [("out", "out"), ("../out", "../out"), ("/srv/out", "/srv/out")])
def test_paths_are_relative_to_the_configuration_file(tmp_path: Path, written: str, found: str) -> None:
    """As `data_dir` is: a node started from another folder writes to the same place."""
    (out,) = configured(_loaded(tmp_path, FOLDER.format(written)))
    assert isinstance(out, FolderDestination)
    assert out.path == tmp_path / found


@pytest.mark.usefixtures("share_kind")
def test_another_kind_demands_its_own_settings_and_no_others(tmp_path: Path) -> None:
    pacs, share = configured(_loaded(tmp_path, DICOM + SHARE.format(tmp_path)))
    assert isinstance(pacs, DicomDestination)
    assert isinstance(share, ShareDestination)
    assert share.probe(Settings()).ok
    with pytest.raises(ConfigError, match=r"destination\.0\.port"):
        configured(_loaded(tmp_path, SHARE.format(tmp_path) + "port = 104"))


@pytest.mark.usefixtures("share_kind")
def test_another_kind_delivers_and_its_sender_decides(tmp_path: Path) -> None:
    share = tmp_path / "share"
    settings = _loaded(tmp_path, SHARE.format(share))
    with Outbox(tmp_path / "node", settings.destination, DeliverySettings(first_retry_s=5)) as outbox:
        first = outbox.add("share")
        outbox.run_until_settled()
        away = outbox.delivery(first)
        assert (away.state, away.status, away.attempts) == ("refused", "ENOENT", 3)
        share.mkdir()
        second = outbox.add("share", 2)
        outbox.run()
        assert (outbox.delivery(second).state, outbox.delivery(second).status) == ("accepted", "OK")
    assert [path.read_bytes() for path in share.iterdir()] == [document_bytes("2.25.2")]
