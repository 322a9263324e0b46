"""Logging: one line an event, no patient data. Studies appear by pseudonym, jobs by number."""

import logging
import sys
import warnings

# These libraries log data sets, SQL values or peers' names at levels we use; only their errors are of interest.
_QUIET = ("pynetdicom", "pydicom", "sqlalchemy", "alembic", "highdicom", "PIL")


def configure_logging(level: str = "INFO") -> None:
    quiet_warnings()
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # its errors quote attribute values


def quiet_warnings() -> None:
    """pydicom and highdicom warn of a bad value by quoting it; what a clip deviates in stands in its findings."""
    for module in ("pydicom", "highdicom", "pynetdicom"):
        warnings.filterwarnings("ignore", module=module)
