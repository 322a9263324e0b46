"""Associations as requestor: what the library underneath must not take from the wall clock."""

import time

import pytest
from pynetdicom.dul import Timer
from pynetdicom.presentation import VerificationPresentationContexts

from node.egress.association import Peer, associate  # which sets the timers' clock
from node.egress.outcomes import Happening, StoreAnswer


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


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_cannot_even_be_looked_up_is_not_known(host: str) -> None:
    answer = associate(Peer(host, 104, "PACS", "ECHONODE"), VerificationPresentationContexts)
    assert answer == StoreAnswer(Happening.NOT_CONNECTED, f"PACS at {host}:104: the host name is not known")
