"""Logging: one line an event, no patient data. Studies appear by pseudonym, jobs by number."""

import logging
import sys
import unicodedata
import warnings

_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# These libraries log data sets, SQL values or peers' names at levels we use; only their errors are of interest.
_QUIET = ("pynetdicom", "pydicom", "apscheduler", "sqlalchemy", "alembic", "highdicom", "PIL")


def visible(text: str) -> str:
    """Without what would steer a terminal (controls, changes of direction, halves of characters): written out instead.

    >>> visible("A\\x1b[2J")
    'A\\\\x1b[2J'
    """
    return "".join(letter if letter in "\n\t" or not _steers(letter) else repr(letter)[1:-1] for letter in text)


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs") or letter in _DIRECTIONS


class _OneLine(logging.Formatter):
    """A message is one line: an AE title with a line break in it must not write an entry of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        record.message = visible(record.message).replace("\n", "\\n")
        return super().formatMessage(record)


def configure_logging(level: str = "INFO") -> None:
    quiet_warnings()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # its errors quote attribute values


def quiet_warnings() -> None:
    """pydicom and highdicom warn of a bad value by quoting it; what a clip deviates in stands in its findings."""
    for module in ("pydicom", "highdicom", "pynetdicom"):
        warnings.filterwarnings("ignore", module=module)
