"""Which destinations a study's documents go to."""

from datetime import UTC, datetime
from typing import Any

import pytest

from node.db.tables import Study
from node.egress.routing import Routing, routing_of
from node.settings import AERule, Destination, Route, Settings
from tests.factories import source_header

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)  # the day after the study
PACS = Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104)
REPORTING = Destination(name="reporting", ae_title="REPORT", host="127.0.0.1", port=105)


def routed(*routes: Route, rules: tuple[AERule, ...] = (), **header: Any) -> Routing:
    settings = Settings(destination=(PACS, REPORTING), route=routes, ae_rule=rules)
    study = Study(calling_aet="CART_3", source_rule="carts")
    return routing_of(settings, study, source_header(**header), now=NOW)


def names(*routes: Route, rules: tuple[AERule, ...] = (), **header: Any) -> list[str]:
    return [destination.name for destination in routed(*routes, rules=rules, **header).destinations]


def test_without_routes_everything_goes_everywhere() -> None:
    assert names() == ["pacs", "reporting"]


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (Route(name="all"), ["pacs", "reporting"]),
        (Route(name="one", destinations=("reporting",)), ["reporting"]),
        (Route(name="cart", calling_aet="CART_*", destinations=("pacs",)), ["pacs"]),
        (Route(name="other cart", calling_aet="CART_4", destinations=("pacs",)), []),
        (Route(name="stress", description="*Stress*", destinations=("pacs",)), ["pacs"]),
        (Route(name="other study", description="*TEE*", destinations=("pacs",)), []),
        (Route(name="both must match", calling_aet="CART_4", description="*Stress*"), []),
        (Route(name="nowhere", ignore=True), []),
    ],
    ids=lambda value: value.name if isinstance(value, Route) else "",
)
def test_a_route_matches_by_sender_and_description(route: Route, expected: list[str]) -> None:
    assert names(route, StudyDescription="Stress Echo") == expected


def test_the_first_route_that_matches_decides() -> None:
    ignored = Route(name="ignored", calling_aet="CART_3", ignore=True)
    rest = Route(name="rest", destinations=("pacs",))
    assert names(ignored, rest) == []
    assert names(rest, ignored) == ["pacs"]


def test_a_study_without_description_matches_only_what_matches_everything() -> None:
    assert names(Route(name="echo", description="Echo*")) == []
    assert names(Route(name="any")) == ["pacs", "reporting"]


def _carts(days: int | None) -> tuple[AERule, ...]:
    return (AERule(name="carts", address="127.0.0.0/8", report_studies_older_than_days=days),)


@pytest.mark.parametrize(
    ("days", "study_date", "reported"),
    [
        (None, "19990101", True),
        (30, "20260304", True),
        (30, "20260203", True),  # thirty days before
        (30, "20260202", False),
        (30, "", True),  # unknown is not old
        (0, "20260304", False),
    ],
)
def test_old_studies_of_a_migration_are_stored_not_reported(days: int | None, study_date: str, reported: bool) -> None:
    assert bool(names(rules=_carts(days), StudyDate=study_date)) == reported


def test_the_limit_of_another_source_does_not_count() -> None:
    other = AERule(name="archive", address="127.0.0.0/8", report_studies_older_than_days=1)
    assert names(rules=(other,), StudyDate="19990101") == ["pacs", "reporting"]


def test_what_keeps_documents_here_is_named() -> None:
    assert routed().kept_by == routed(Route(name="all")).kept_by == ""
    assert routed(Route(name="research", ignore=True)).kept_by == "route 'research' ignores the study"
    neither = routed(Route(name="a", calling_aet="X"), Route(name="b", calling_aet="Y"))
    assert neither.kept_by == "none of 2 route(s) matches the study"
    old = routed(rules=_carts(30), StudyDate="19990101")
    assert old.kept_by == "ae_rule 'carts': older than report_studies_older_than_days"
    nowhere = routing_of(Settings(route=(Route(name="a", calling_aet="X"),)), Study(calling_aet="C"), source_header(), now=NOW)
    assert nowhere == Routing(), "nobody decided anything"
