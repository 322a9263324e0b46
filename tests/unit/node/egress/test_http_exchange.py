"""How long a server asks not to be troubled: Retry-After as RFC 9110 has it, and as servers write it."""

from datetime import UTC, datetime

import pytest

from node.egress.http_exchange import Answer

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("", 0),
        ("0", 0),
        ("120", 120),
        ("Wed, 04 Mar 2026 12:01:30 GMT", 90),
        ("Wed, 04 Mar 2026 13:00:30 +0100", 30),
        ("Wed, 04 Mar 2026 12:01:30 -0000", 90),
        ("Wed, 04 Mar 2020 12:01:30 GMT", 0),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("٣", 0),
        ("Wed, 99 Foo 9999999 99:99:99 GMT", 0),
    ],
)
def test_a_number_of_seconds_or_a_date(text: str, wait_s: float) -> None:
    assert Answer(429, b"", text).wait_s(NOW) == wait_s


def test_an_endless_wait_is_a_number_that_a_date_can_take() -> None:
    assert 0 < Answer(503, b"", "9" * 400).wait_s(NOW) < 1e10
