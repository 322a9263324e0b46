"""The decision table, and its complement: every status the standard knows, and every other number, has one outcome."""

from itertools import pairwise

import pytest
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

from node.db.tables import DeliveryState
from node.egress.outcomes import (
    MAX_PROCESSING_FAILURES,
    STATE_OF_HAPPENING,
    STATE_OF_STATUS,
    Happening,
    StoreAnswer,
    decide,
)

ACCEPTED, WARNED, AGAIN, REFUSED = (
    DeliveryState.ACCEPTED,
    DeliveryState.ACCEPTED_WITH_WARNING,
    DeliveryState.PENDING,
    DeliveryState.REFUSED,
)


def answered(status: int | None) -> StoreAnswer:
    return StoreAnswer(Happening.ANSWERED, "", status)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0x0000, ACCEPTED),
        (0x0111, ACCEPTED),  # already there
        (0xB000, WARNED),
        (0xB006, WARNED),
        (0xB007, WARNED),
        (0x0107, WARNED),
        (0x0116, WARNED),
        (0xA700, AGAIN),
        (0xA7FF, AGAIN),
        (0x0110, AGAIN),
        (0x0213, AGAIN),
        (0xA900, REFUSED),
        (0xA9FF, REFUSED),
        (0xC000, REFUSED),
        (0xCFFF, REFUSED),
        (0x0117, REFUSED),
        (0x0122, REFUSED),
        (0x0124, REFUSED),
        (0xFE00, REFUSED),
        (0xFF00, REFUSED),  # "pending" is no answer to a C-STORE
        (0xA6FF, REFUSED),
        (0xA800, REFUSED),
        (None, REFUSED),
    ],
)
def test_statuses(status: int | None, state: DeliveryState) -> None:
    assert decide(answered(status)) is state


def test_every_number_that_is_not_listed_is_final() -> None:
    listed = {status for first, last, _ in STATE_OF_STATUS for status in range(first, last + 1)}
    unlisted = set(range(0x10000)) - listed
    assert {decide(answered(status)) for status in unlisted} == {REFUSED}
    assert len(unlisted) > 0x8000


def test_ranges_do_not_overlap() -> None:
    """A status in two ranges would depend on their order."""
    ranges = sorted((first, last) for first, last, _ in STATE_OF_STATUS)
    assert all(first <= last for first, last in ranges)
    assert all(last < first for (_, last), (first, _) in pairwise(ranges))


@pytest.mark.parametrize(
    ("category", "allowed"),
    [("Success", {ACCEPTED}), ("Warning", {WARNED}), ("Failure", {AGAIN, REFUSED, ACCEPTED}), ("Cancel", {REFUSED})],
)
def test_agrees_with_the_standards_categories(category: str, allowed: set[DeliveryState]) -> None:
    statuses = [status for status, (kind, _) in STORAGE_SERVICE_CLASS_STATUS.items() if kind == category]
    assert statuses
    assert {decide(answered(status)) for status in statuses} == allowed


def test_the_only_failure_that_counts_as_accepted_is_a_duplicate() -> None:
    failures = [status for status, (kind, _) in STORAGE_SERVICE_CLASS_STATUS.items() if kind == "Failure"]
    assert [status for status in failures if decide(answered(status)) is ACCEPTED] == [0x0111]


def test_processing_failure_is_tried_a_few_times_only() -> None:
    states = [decide(answered(0x0110), earlier) for earlier in range(MAX_PROCESSING_FAILURES + 1)]
    assert states == [AGAIN] * (MAX_PROCESSING_FAILURES - 1) + [REFUSED, REFUSED]


def test_out_of_resources_is_tried_however_often_it_came() -> None:
    assert decide(answered(0xA700), 1000) is AGAIN


@pytest.mark.parametrize(
    ("happened", "state"),
    [
        (Happening.NOT_CONNECTED, AGAIN),
        (Happening.REJECTED_TRANSIENT, AGAIN),
        (Happening.ABORTED, AGAIN),
        (Happening.TIMED_OUT, AGAIN),
        (Happening.REJECTED_PERMANENT, REFUSED),
        (Happening.NO_CONTEXT, REFUSED),
        (Happening.NOT_SENT, REFUSED),
    ],
)
def test_what_happens_without_a_status(happened: Happening, state: DeliveryState) -> None:
    outcome = decide(StoreAnswer(happened, ""))
    assert outcome is state


def test_every_happening_has_its_line() -> None:
    assert STATE_OF_HAPPENING.keys() | {Happening.ANSWERED} == set(Happening)


@pytest.mark.parametrize(
    ("status", "stored"), [(0x0000, True), (0x0111, True), (0xB007, True), (0xA700, False), (0xC001, False)]
)
def test_stored_means_that_the_receiver_has_it(status: int, stored: bool) -> None:
    assert answered(status).stored is stored
