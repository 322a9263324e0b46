"""`echonode report`: the page of a stored study, as HTML and PDF, audited; and what is said where there is none."""

import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pydicom.uid import ExplicitVRLittleEndian
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from models.results import StudyFindings
from node.cli import app
from node.db.audit import AuditEvent
from node.db.session import open_database
from node.db.tables import Analysis, Instance, Receipt, StudyState
from node.errors import EchoNodeError
from node.objects.findings_json import dump_findings
from node.settings import load_settings
from node.study.archive import Archive
from tests.factories import A2C_UID, A4C_UID, POOR_UID, source_file, source_header, study_findings
from tests.rows import NOW, add_study, audited

UID = "2.25.1"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "echonode.toml"
    path.write_text('[node]\ndata_dir = "node"\n', encoding="utf-8")
    return path


def stored(config: Path, findings: StudyFindings | None = None, **attributes: Any) -> None:
    """A study with three clips of 60 x 80 grey pixels; without `findings` it is not analysed yet."""
    settings = load_settings(config)
    archive = Archive(settings.archive_dir)

    def fill(session: Session) -> None:
        study = add_study(session, state=StudyState.ANALYSED)
        for uid in (A4C_UID, A2C_UID, POOR_UID):
            file = io.BytesIO()
            source_file(source_header(uid, StudyInstanceUID=UID, **attributes)).save_as(file, enforce_file_format=True)
            path, sha256 = archive.store_bytes(file.getvalue())
            session.add(
                Instance(
                    study_id=study.id, sop_instance_uid=uid, path=path, sha256=sha256, size_bytes=len(file.getvalue()),
                    transfer_syntax_uid=ExplicitVRLittleEndian, receipt=Receipt.STORED.value, received_at=NOW,
                    calling_aet="CART",
                )
            )  # fmt: skip
        if findings is not None:
            session.add(
                Analysis(
                    analysis_uuid="8a9d7f57-7a53-4a52-8a52-cc9d1c1d6a77", study_id=study.id, revision=1, started_at=NOW,
                    finished_at=NOW, findings=dump_findings(findings),
                )
            )  # fmt: skip

    with open_database(settings) as database:
        database.write(fill)


def run(config: Path, out: Path, uid: str = UID) -> Result:
    return CliRunner().invoke(app, ["report", uid, "--out", str(out), "--config", str(config)])


@pytest.mark.slow
def test_the_page_shows_numbers_and_frames_and_is_audited(config: Path, tmp_path: Path) -> None:
    stored(config, study_findings())
    result = run(config, tmp_path / "page.html")
    assert (result.exit_code, result.output) == (0, f"{tmp_path / 'page.html'}: 7 of 10 quantities measured\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert "56.4" in page
    assert "Synthetic, Heart" in page
    with open_database(load_settings(config)) as database:
        assert audited(database) == [AuditEvent.PAGE_WRITTEN.value]
    run(config, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


@pytest.mark.slow
def test_as_pdf_it_is_one_page(config: Path, tmp_path: Path) -> None:
    stored(config, study_findings())
    assert run(config, tmp_path / "page.PDF").exit_code == 0
    assert len(pypdfium2.PdfDocument(tmp_path / "page.PDF")) == 1


def said(result: Result) -> str:
    return f"{result.output}{result.exception}"


def test_it_says_why_there_is_no_page(config: Path, tmp_path: Path) -> None:
    stored(config)
    assert "is not analysed yet" in said(run(config, tmp_path / "page.html"))
    assert "no study 2.25.7" in said(run(config, tmp_path / "page.html", "2.25.7"))
    assert ".html or .pdf" in said(run(config, tmp_path / "page.docx"))
    assert not list(tmp_path.glob("page.*"))


def test_no_page_puts_numbers_of_phantom_weights_on_a_patient(config: Path, tmp_path: Path) -> None:
    stored(config, study_findings(), QualityControlSubject="NO")
    assert "must not put a number on a patient" in said(run(config, tmp_path / "page.html"))
    assert not (tmp_path / "page.html").exists()


def test_a_stored_object_that_is_gone_is_said(config: Path, tmp_path: Path) -> None:
    stored(config, study_findings())
    for path in load_settings(config).archive_dir.rglob("*.dcm"):
        path.unlink()
    result = run(config, tmp_path / "page.html")
    assert isinstance(result.exception, EchoNodeError)
    assert "no page: " in said(result)
