"""Associations as requestor: what the library underneath must not take from the wall clock."""

import time

import pytest
from pynetdicom.dul import Timer

import node.egress.association  # noqa: F401  it sets the timers' clock


@pytest.mark.parametrize("hours", [-1, 1])
def test_the_timers_of_an_association_do_not_follow_a_clock_that_is_set(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    waiting, over = Timer(60), Timer(0)
    waiting.start()
    over.start()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600 * hours)
    assert not waiting.expired
    assert 0 < waiting.remaining <= 60
    assert over.expired
