"""A log has one line an event, whoever chose the words in it."""

import logging

import pytest

from node.telemetry import configure_logging


@pytest.fixture(autouse=True)
def _as_before() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, one in levels.items():
        logging.getLogger(name).setLevel(one)


@pytest.mark.parametrize("title", ["CART\n2026-01-01 ERROR forged", "A\r\nB", "\x1b[2J", "%s %d {0}", "\u202eXET"])
def test_a_title_writes_no_line_of_its_own(capsys: pytest.CaptureFixture[str], title: str) -> None:
    configure_logging()
    logging.getLogger("node.test").info("stored from %s", title)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert not set(written[:-1]) & set("\n\r\x1b\u202e")
