"""A person who looks at a study, or at the list of them, reads why nothing came of it."""

import io

import pytest
from rich.console import Console
from sqlalchemy.orm import Session

from models.results import CartValue
from node.cli.studies import print_overview
from node.db import audit, queue
from node.db.attention import WITHHELD, ask_person, documents_let_out
from node.db.audit import AuditEvent
from node.db.session import Database
from node.db.tables import Analysis, DeliveryState, FailedDocument, JobKind, Study, StudyState
from node.objects.findings_json import dump_findings
from node.study.overview import job_errors, reason_of, study_overview
from tests.factories import cart_value, measurement, study_findings
from tests.rows import NOW, add_deliveries, add_study


def page_text(database: Database, study_instance_uid: str) -> tuple[str, str | None]:
    """The page as printed, and the reason in the list."""
    with database.reading() as session:
        page = study_overview(session, study_instance_uid)
        study = session.query(Study).filter_by(study_instance_uid=study_instance_uid).one()
        listed = reason_of(study, job_errors(session))
    assert page is not None
    assert page["reason"] == listed
    console = Console(file=io.StringIO(), width=400, markup=False)
    print_overview(page, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), listed


@pytest.fixture
def study_uid(database: Database) -> str:
    return database.write(lambda session: str(add_study(session, state=StudyState.ANALYSED).study_instance_uid))


def of_study(database: Database, change: object) -> None:
    database.write(lambda session: change(session, session.query(Study).one()))  # type: ignore[operator]


@pytest.mark.parametrize("final", [True, False])
def test_a_job_that_failed_says_why(database: Database, study_uid: str, final: bool) -> None:
    def fail(session: Session, study: Study) -> None:
        queue.enqueue(session, JobKind.BUILD_DOCUMENTS, 1, study_id=study.id, revision=1, now=NOW)
        job = queue.claim(session, [JobKind.BUILD_DOCUMENTS], owner="me", now=NOW, lease_s=60)
        assert job is not None
        queue.fail(session, job, error="DocumentError: [/X] no frames", now=NOW, final=final, retry_at=NOW)

    of_study(database, fail)
    text, listed = page_text(database, study_uid)
    assert "DocumentError: [/X] no frames" in text
    assert listed is not None
    assert "DocumentError" in listed


def test_withheld_documents_say_why_until_they_are_let_out(database: Database, study_uid: str) -> None:
    of_study(database, lambda session, study: ask_person(session, study, WITHHELD + "two people", now=NOW))
    text, listed = page_text(database, study_uid)
    assert "a person has to decide: documents withheld: two people" in text
    assert listed == "documents withheld: two people"
    of_study(database, lambda session, study: documents_let_out(study))
    assert page_text(database, study_uid)[1] is None


def test_documents_that_go_out_answer_no_other_question(database: Database, study_uid: str) -> None:
    of_study(database, lambda session, study: ask_person(session, study, "a late image after the last revision", now=NOW))
    of_study(database, lambda session, study: documents_let_out(study))
    assert page_text(database, study_uid)[1] == "a late image after the last revision"


def test_what_was_irregular_in_the_source_is_a_flag(database: Database, study_uid: str) -> None:
    def remark(session: Session, study: Study) -> None:
        audit.record(session, AuditEvent.SOURCE_IRREGULAR, now=NOW, study=study.pseudonym, remarks=["AccessionNumber is long"])

    of_study(database, remark)
    assert "flag tolerated: AccessionNumber is long" in page_text(database, study_uid)[0]


def test_what_was_irregular_in_an_earlier_revision_is_no_flag_of_this_one(database: Database, study_uid: str) -> None:
    def remark(session: Session, study: Study) -> None:
        details = {"remarks": ["AccessionNumber is long"], "revision": study.revision}
        audit.record(session, AuditEvent.SOURCE_IRREGULAR, now=NOW, study=study.pseudonym, **details)

    def correct(session: Session, study: Study) -> None:
        study.revision += 1

    of_study(database, remark)
    assert "AccessionNumber is long" in page_text(database, study_uid)[0]
    of_study(database, correct)
    assert "AccessionNumber is long" not in page_text(database, study_uid)[0]


def test_a_refused_delivery_says_why(database: Database, study_uid: str) -> None:
    def refuse(session: Session, study: Study) -> None:
        for delivery in add_deliveries(session, study.id, DeliveryState.REFUSED, DeliveryState.ACCEPTED):
            delivery.detail = "answered 0xa900"

    of_study(database, refuse)
    text, listed = page_text(database, study_uid)
    assert "pacs-0 refused (answered 0xa900), pacs-1 accepted" in text
    assert listed == "delivery to pacs-0 refused: answered 0xa900"


def test_a_document_that_could_not_be_built_is_no_reason_once_it_is(database: Database, study_uid: str) -> None:
    for reason in ("DocumentError: PatientID is 2 values", "seg not built: AttributeError"):
        of_study(database, lambda session, study, reason=reason: ask_person(session, study, reason, now=NOW))
        assert page_text(database, study_uid)[1] == reason
        of_study(database, lambda session, study: documents_let_out(study))
        assert page_text(database, study_uid)[1] is None


def test_a_failed_document_stands_among_the_documents_and_the_flags(database: Database, study_uid: str) -> None:
    def fail(session: Session, study: Study) -> None:
        add_deliveries(session, study.id, DeliveryState.ACCEPTED)
        session.add(FailedDocument(analysis_id=1, study_id=study.id, template="kos", reason="LookupError", created_at=NOW))

    of_study(database, fail)
    text, _ = page_text(database, study_uid)
    assert "document kos      could not be built: LookupError" in text
    assert "flag document_failed: kos not built: LookupError" in text
    assert "document seg" in text


def test_the_carts_values_stand_beside_ours_with_the_difference(database: Database, study_uid: str) -> None:
    velocity = measurement("mv_e", 0.853)
    findings = study_findings(
        measurements=(*study_findings().measurements, velocity),
        cart=(
            cart_value("ef_bp", 58.0),
            cart_value("ef_a2c", 60.5),
            cart_value("lvot_diam", 2.05),
            CartValue("", 4.7, "cm", name="LVIDd", candidates=("lvidd_2d", "lvidd_mm")),
        ),
    )

    def analyse(session: Session, study: Study) -> None:
        session.add(
            Analysis(
                analysis_uuid="a",
                study_id=study.id,
                revision=1,
                findings=dump_findings(findings),
                started_at=NOW,
                finished_at=NOW,
            )
        )

    of_study(database, analyse)
    text, _ = page_text(database, study_uid)
    lines = [line.strip() for line in text.splitlines()]
    assert "ef_bp          56.4 %  (method of discs, biplane)  cart 58 %, difference -1.6" in lines
    assert "ef_a2c         not measured: no_cardiac_cycle, disagreement  cart 60.5 %" in lines
    assert "lvot_diam      cart 2.05 cm" in lines
    assert f"mv_e           0.85 m/s  ({velocity.method})" in lines
    assert "1 number of the cart's report has no key; may be among them: lvidd_2d, lvidd_mm" in lines
    with database.reading() as session:
        page = study_overview(session, study_uid)
    assert page is not None
    compared = {stated["key"]: (stated["ours"], stated["difference"]) for stated in page["cart"]}
    assert compared["ef_bp"] == (56.4321, pytest.approx(-1.5679))
    assert compared["lvot_diam"] == (None, None)
