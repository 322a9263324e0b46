"""Every command as its user meets it: what it prints, and the exit code."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pynetdicom.sop_class import UltrasoundMultiFrameImageStorage  # type: ignore[attr-defined]
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from models.errors import ManifestError, TrainingConfigError
from node.cli import app
from node.db import audit, queue
from node.db.attention import WHOSE, ask_person
from node.db.audit import AuditEvent
from node.db.session import open_database
from node.db.tables import AuditEntry, Instance, JobKind, Receipt
from node.errors import InvalidTransition
from node.settings import load_settings
from node.study.job_ends import analysis_given_up
from tests.factories import source_file, source_header
from tests.peers.fake_pacs import FakePACS
from tests.rows import NOW, add_study
from tests.waiting import free_port


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    assert _run("init", tmp_path).exit_code == 0
    return tmp_path / "echonode.toml"


def test_init_makes_a_node_and_never_overwrites_one(tmp_path: Path, config: Path) -> None:
    before = config.read_text()
    again = _run("init", tmp_path)
    assert again.exit_code == 1
    assert "exists already" in again.output
    assert config.read_text() == before
    assert (tmp_path / "echonode-data" / "echonode.sqlite").exists()


def test_check_is_content_with_a_fresh_node(config: Path) -> None:
    result = _run("check", "--config", config)
    assert result.exit_code == 0, result.output
    assert "WRONG" not in result.output


@pytest.fixture
def pacs() -> Iterator[FakePACS]:
    with FakePACS([UltrasoundMultiFrameImageStorage]) as peer:
        yield peer


def _with_destination(config: Path, port: int) -> None:
    destination = f'[[destination]]\nname = "pacs"\nae_title = "FAKEPACS"\nhost = "127.0.0.1"\nport = {port}\n'
    config.write_text(config.read_text() + destination)


def test_check_asks_every_destination(config: Path, pacs: FakePACS) -> None:
    _with_destination(config, pacs.port)
    checks = {row["check"]: row for row in json.loads(_run("check", "--json", "--config", config).output)}
    assert checks["destination pacs"]["ok"]


def test_check_says_what_is_wrong_in_plain_words(config: Path) -> None:
    _with_destination(config, free_port())
    config.write_text(config.read_text().replace('view = "phantom_view"', 'view = "unheard_of"'))
    result = _run("check", "--json", "--config", config)
    assert result.exit_code == 1
    wrong = {row["check"]: row["message"] for row in json.loads(result.output) if not row["ok"]}
    assert wrong.keys() == {"model unheard_of", "destination pacs"}
    assert "models list" in wrong["model unheard_of"], "where to see what there is"
    assert "127.0.0.1" in wrong["destination pacs"]


@pytest.mark.parametrize(
    "command", ["check", "studies list", "documents list", "deliveries list", "audit verify", "audit list"]
)
def test_a_broken_configuration_is_used_wrong(tmp_path: Path, command: str) -> None:
    path = tmp_path / "echonode.toml"
    path.write_text("[node]\nprot = 11112\n")
    result = _run(*command.split(), "--config", path)
    assert "node.prot" in str(result.exception)


def test_an_empty_node_says_so(config: Path) -> None:
    assert "no study has arrived" in _run("studies", "list", "--config", config).output
    assert json.loads(_run("studies", "list", "--json", "--config", config).output) == []
    for command in ("show", "close", "reanalyse"):
        assert "no study 1.2.3" in str(_run("studies", command, "1.2.3", "--config", config).exception)


def test_what_is_in_quarantine_stands_below_the_studies(config: Path) -> None:
    """Bug prevented: a cart whose objects all went to quarantine, and a list that said nothing had arrived."""
    with open_database(load_settings(config)) as database:

        def arrive(session: Session) -> None:
            for number, (aet, why) in enumerate([("CART", "no DICOM"), ("[/X]", "cut short"), ("CART", "no DICOM")]):
                row = Instance(
                    receipt=Receipt.QUARANTINED, transfer_syntax_uid="1.2", path=f"quarantine/{number}", size_bytes=1,
                    sha256=str(number), calling_aet=aet, received_at=NOW + timedelta(seconds=number), note=why,
                )  # fmt: skip
                session.add(row)
            own = Instance(
                receipt=Receipt.OWN, transfer_syntax_uid="1.2", size_bytes=1, sha256="9", calling_aet="PACS", received_at=NOW
            )
            session.add(own)

        database.write(arrive)
    rows = json.loads(_run("studies", "list", "--json", "--config", config).output)
    assert [(row["study"], row["state"], row["from"], row["objects"], row["needs a person"]) for row in rows] == [
        (None, "quarantined", "CART", 2, True),
        (None, "quarantined", "[/X]", 1, True),
    ]
    assert rows[0]["reason"] == "2 objects are in quarantine: no DICOM"
    assert rows[0]["last arrival"] == (NOW + timedelta(seconds=2)).isoformat()
    printed = _run("studies", "list", "--config", config).output
    assert "1 object is in quarantine: cut short" in printed
    assert "[/X]" in printed
    assert "no study has arrived" not in printed
    shown = _run("studies", "show", "1.2.3", "--config", config)
    assert "no study 1.2.3; 3 objects are in quarantine, see `studies list`" in str(shown.exception)


def test_a_person_closes_a_study_and_has_a_failed_one_analysed_again(config: Path) -> None:
    with open_database(load_settings(config)) as database:

        def study_with_image(session: Session) -> None:
            study = add_study(session)
            image = Instance(
                study_id=study.id, receipt=Receipt.STORED, sop_instance_uid="2.25.9", transfer_syntax_uid="1.2", path="x",
                size_bytes=1, sha256="0", analysable=True, calling_aet="CART", received_at=NOW,
            )  # fmt: skip
            session.add(image)

        database.write(study_with_image)
        closed = _run("studies", "close", "2.25.1", "--config", config)
        assert closed.exit_code == 0, closed.output
        assert "complete, revision 1" in closed.output
        again = _run("studies", "close", "2.25.1", "--config", config)
        assert isinstance(again.exception, InvalidTransition)
        with database.session() as session:
            job = queue.claim(session, [JobKind.ANALYSE_STUDY], owner="me", now=datetime.now(UTC), lease_s=60)
            assert job is not None
            queue.fail(session, job, error="no luck", now=datetime.now(UTC), final=True, on_given_up=analysis_given_up)
        assert json.loads(_run("studies", "list", "--json", "--config", config).output)[0]["state"] == "failed"
        assert "complete, revision 2" in _run("studies", "reanalyse", "2.25.1", "--config", config).output


def test_a_person_reads_what_is_asked_and_says_that_it_is_settled(config: Path) -> None:
    reason = f"{WHOSE}AccessionNumber has several values [/X]"
    with open_database(load_settings(config)) as database:
        database.write(lambda session: ask_person(session, add_study(session), reason, now=NOW))
        asked = _run("studies", "resolve", "2.25.1", "--config", config).output
        assert reason in asked
        assert "settled by a look at the patient" in asked
        done = _run("studies", "resolve", "2.25.1", "--note", "the right patient", "--config", config)
        assert (done.exit_code, done.output) == (0, "resolved\n")
        shown = json.loads(_run("studies", "show", "2.25.1", "--json", "--config", config).output)
    assert shown["needs_person"] is False
    assert shown["resolved"][0]["note"] == "the right patient"
    assert "@" in shown["resolved"][0]["by"]


def test_a_changed_audit_entry_is_found_and_the_anchor_proves_the_tail(tmp_path: Path, config: Path) -> None:
    with open_database(load_settings(config)) as database:
        for _ in range(3):
            now = datetime.now(UTC)
            database.write(lambda session: audit.record(session, AuditEvent.NODE_STARTED, now=now, version="x"))  # noqa: B023
        audit.seal(database)
        out = tmp_path / "trail.jsonl"
        assert _run("audit", "export", out, "--config", config).exit_code == 0
        assert len(out.read_text().splitlines()) == 3
        anchored = ("audit", "verify", "--config", config, "--anchor", tmp_path / "trail.anchor.json")
        assert _run(*anchored).exit_code == 0
        with database.session() as session:
            last = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1)).one()
            session.delete(last)
        assert _run("audit", "verify", "--config", config).exit_code == 0, "a chain alone cannot miss its tail"
        assert _run(*anchored).exit_code == 1
        with database.session() as session:
            session.execute(update(AuditEntry).where(AuditEntry.sequence == 1).values(event="node_stopped"))
        verdict = _run("audit", "verify", "--json", "--config", config)
        assert verdict.exit_code == 1
        assert json.loads(verdict.output)["problem"]


def test_echo_and_send_tell_what_happened(pacs: FakePACS, tmp_path: Path) -> None:
    peer = f"FAKEPACS@127.0.0.1:{pacs.port}"
    assert _run("echo", peer).exit_code == 0
    nobody = _run("echo", f"FAKEPACS@127.0.0.1:{free_port()}")
    assert nobody.exit_code == 1
    assert "127.0.0.1" in nobody.output
    assert _run("echo", "nonsense").exit_code == 2
    empty = _run("send", peer, tmp_path)
    assert empty.exit_code == 1
    assert "no DICOM file" in empty.output
    source_file(source_header()).save_as(tmp_path / "IMG00001", enforce_file_format=True)  # as carts name them
    (tmp_path / "notes.txt").write_text("no DICOM file")
    rows = json.loads(_run("send", peer, tmp_path, "--json").output)
    assert [Path(row["file"]).name for row in rows] == ["IMG00001"]


def test_phantom_make_then_analyse_gives_findings_and_documents(tmp_path: Path) -> None:
    """Without network or database; the same numbers the node would send."""
    made = _run("phantom", "make", tmp_path / "study", "--seed", 3)
    assert made.exit_code == 0, made.output
    truth = json.loads((tmp_path / "study" / "truth.json").read_text())
    result = _run("analyse", tmp_path / "study", "--out", tmp_path / "out", "--config", tmp_path / "absent.toml")
    assert result.exit_code == 0, result.output
    findings = json.loads((tmp_path / "out" / truth["study"] / "findings.json").read_text())
    measured = {row["key"]: row["value"] for row in findings["measurements"]}
    true_ef = next(row["value"] for row in truth["measurements"] if row["key"] == "ef_bp")
    assert abs(measured["ef_bp"] - true_ef) < 10, "one heart says nothing of accuracy; this only tells EF from nonsense"
    assert list((tmp_path / "out" / truth["study"]).glob("tid1500-*.dcm"))


def test_models_are_listed_and_shown() -> None:
    weights = {row["name"]: row["weights"] for row in json.loads(_run("models", "list", "--json").output)}
    assert weights["phantom_view"] == weights["phantom_quality"] == weights["phantom_lv"] == "phantom-trained"
    assert weights["echonet_measurements/lvid"] == "to bring"
    assert _run("models", "show", "lvid").output.count("sha256") == 1, "the one model, not its whole family"
    assert "NOT FOR CLINICAL USE" in _run("models", "show", "phantom_lv").output
    recipe = 'drawn when they are needed.\n[probe]\nview = "doppler_av_cw"\nseed = 0\nframes = 1\n'
    assert recipe in _run("models", "show", "avvmax").output
    assert isinstance(_run("models", "show", "unheard_of").exception, ManifestError)


def test_train_says_what_is_wrong_with_its_configuration(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text("[model]\nname = 'x'\n")
    assert isinstance(_run("train", path).exception, TrainingConfigError)
