"""Destinations that want documents in different ways: each way is built once, and goes to whoever asked for just that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.results import StudyFindings
from node.db.audit import AuditEvent
from node.db.tables import Delivery, Document, FailedDocument
from node.egress import building
from node.egress.building import Template, WantedDocument
from node.egress.documents import build_documents
from node.egress.routing import templates_wanted
from node.settings import Destination
from node.study.overview import study_overview
from sr_templates import measurement_report
from sr_templates.document import BuiltDocument
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.profile import COMMON, DIALECT, Profile
from tests.factories import A2C_UID, A4C_UID, POOR_UID, STUDY_UID, cart_value, source_header, study_findings
from tests.unit.node.egress.test_documents import Bench, document_bench


def destination(name: str, **settings: Any) -> Destination:
    return Destination(name=name, **{"documents": ("tid1500",), **settings})


STRICT, LENIENT = destination("strict", strict=True), destination("lenient")


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[Any]:
    """Makes a node with these destinations, to which three clips have come."""
    made: list[Bench] = []

    def make(*destinations: Destination) -> Bench:
        made.append(document_bench(tmp_path, destination=destinations))
        for uid in (A4C_UID, A2C_UID, POOR_UID):
            made[-1].receive(source_header(uid))
        return made[-1]

    yield make
    for bench in made:
        bench.database.close()


def deliveries(bench: Bench) -> dict[str, list[str]]:
    """The keys of the profiles that each destination gets."""
    profiles = {document.id: document.profile for document in bench.rows(Document)}
    found: dict[str, list[str]] = {}
    for delivery in bench.rows(Delivery):
        found.setdefault(delivery.destination, []).append(profiles[delivery.document_id])
    return found


@pytest.mark.slow
def test_two_ways_are_two_documents_under_their_own_uids(benches: Any) -> None:
    bench = benches(STRICT, LENIENT)
    build_documents(bench.analyse(study_findings()), bench.tools)
    documents = bench.rows(Document)
    assert {row.profile for row in documents} == {"", "strict"}
    assert len({row.sop_instance_uid for row in documents}) == len({row.series_instance_uid for row in documents}) == 2
    assert deliveries(bench) == {"strict": ["strict"], "lenient": [""]}
    assert {entry.details.get("profile") for entry in bench.events(AuditEvent.DOCUMENT_BUILT)} == {None, "strict"}


@pytest.mark.slow
def test_one_way_is_one_document_for_all(benches: Any) -> None:
    bench = benches(LENIENT, destination("another"))
    build_documents(bench.analyse(study_findings()), bench.tools)
    (document,) = bench.rows(Document)
    assert deliveries(bench) == {"lenient": [""], "another": [""]}
    assert document.profile == ""


@pytest.mark.slow
def test_a_choice_that_a_template_does_not_look_at_makes_no_document_of_its_own(benches: Any) -> None:
    bench = benches(LENIENT, destination("old", scheme="srt", velocity="cm/s", fill="all"))
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert len(bench.rows(Document)) == 1
    assert deliveries(bench) == {"lenient": [""], "old": [""]}


def test_a_template_that_looks_at_the_dialect_is_built_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(building.TEMPLATES, "card", Template(measurement_report.build, COMMON | DIALECT))
    both = ("card", "tid1500")
    old = destination("old", scheme="srt", strict=True, documents=both)
    assert templates_wanted((destination("new", documents=both), old, destination("alike", documents=both))) == (
        WantedDocument("tid1500", Profile()),
        WantedDocument("tid1500", Profile(strict=True)),
        WantedDocument("card", Profile()),
        WantedDocument("card", Profile(scheme="srt", strict=True)),
    )


def test_a_template_that_fails_in_one_way_leaves_the_other(benches: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
        if identity.profile.strict:
            raise RuntimeError
        return measurement_report.build(findings, evidence, identity)

    monkeypatch.setitem(building.TEMPLATES, "tid1500", Template(build))
    bench = benches(STRICT, LENIENT)
    build_documents(bench.analyse(study_findings()), bench.tools)
    assert deliveries(bench) == {"lenient": [""]}
    (failed,) = bench.rows(FailedDocument)
    assert (failed.template, failed.profile) == ("tid1500", "strict")
    assert failed.reason.startswith("RuntimeError (node.egress.building, line ")
    (entry,) = bench.events(AuditEvent.DOCUMENT_FAILED)
    assert entry.details == {"template": "tid1500", "profile": "strict", "reason": failed.reason}


@pytest.mark.slow
def test_a_revision_replaces_the_document_of_the_same_way(benches: Any) -> None:
    bench = benches(STRICT, LENIENT)
    for revision in (1, 2):
        build_documents(bench.analyse(study_findings(), revision), bench.tools)
    first, second = bench.rows(Document)[:2], bench.rows(Document)[2:]
    replaced = {row.profile: row.predecessor_uid for row in second}
    assert replaced == {row.profile: row.sop_instance_uid for row in first}


@pytest.mark.slow
def test_a_way_that_is_new_replaces_what_there_was(benches: Any) -> None:
    bench = benches(LENIENT)
    build_documents(bench.analyse(study_findings()), bench.tools)
    bench.tools = replace(bench.tools, settings=bench.tools.settings.model_copy(update={"destination": (STRICT,)}))
    build_documents(bench.analyse(study_findings(), 2), bench.tools)
    first, second = bench.rows(Document)
    assert (second.profile, second.predecessor_uid) == ("strict", first.sop_instance_uid)


def test_a_reporting_system_gets_what_the_cart_has_not_and_the_rest_is_explained(benches: Any) -> None:
    """Bug prevented: a field that stays empty in the reporting system, and nobody can say why."""
    rest = destination("reporting", documents=("tid5200",))
    both = destination("research", documents=("tid5200",), fill="all")
    bench = benches(rest, both)
    build_documents(bench.analyse(study_findings(cart=(cart_value("ef_bp", 58.0),))), bench.tools)
    assert deliveries(bench) == {"reporting": [""], "research": ["fill=all"]}
    (entry,) = bench.events(AuditEvent.VALUES_LEFT_OUT)
    assert entry.details["template"] == "tid5200"
    assert entry.details["keys_by_reason"] == {
        "the cart has measured it": ["ef_bp"],
        "the cart has measured ef_bp, which the same field takes": ["ef_a4c"],
    }
    with bench.database.reading() as session:
        overview = study_overview(session, STUDY_UID)
    assert overview is not None
    assert [one["template"] for one in overview["left_out"]] == ["tid5200"]


def test_a_study_of_which_nothing_may_be_filled_in_says_so(benches: Any) -> None:
    bench = benches(destination("reporting", documents=("tid5200",), fill="none_if_cart_sr"))
    build_documents(bench.analyse(study_findings(cart=(cart_value("ef_bp", 58.0),))), bench.tools)
    assert bench.rows(Document) == []
    (entry,) = bench.events(AuditEvent.VALUES_LEFT_OUT)
    assert list(entry.details["keys_by_reason"]) == ["the cart has sent a report of its own"]
