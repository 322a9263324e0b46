"""Which of a study's values of one concept counts, in whatever document, and what says so (TID 310 row 6, Selection Status)."""

from collections.abc import Iterable

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from models.results import Measurement
from sr_templates import codes
from sr_templates.quantity_codes import QUANTITY_CODES

# ASE/EACVI recommend discs in two planes before one, and discourage Teichholz (J Am Soc Echocardiogr 2015;28:1-39). Of one
# method the catalogue's order decides: A4C before A2C, 2D before M-mode.
_BETTER_FIRST = ("125207", "125204", "125208", "125205")
_PLACE = {key: place for place, key in enumerate(QUANTITIES)}
_EJECTION_FRACTION = QUANTITY_CODES["ef_bp"].concept  # video regression is a concept of its own, and no candidate


def rank(key: str) -> int:
    """The lower the better, of quantities of one concept."""
    code = QUANTITY_CODES.get(key)
    method = code.method.value if code is not None and code.method is not None else ""
    return _BETTER_FIRST.index(method) if method in _BETTER_FIRST else len(_BETTER_FIRST)


def best_first(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The better before the worse, otherwise in the catalogue's order."""
    return sorted(measurements, key=lambda measurement: (rank(measurement.key), _PLACE[measurement.key]))


def ejection_fraction(measurements: Iterable[Measurement]) -> Measurement | None:
    """The one that counts. Every other value of a study stands once, so that nothing is to be selected."""
    found = (measurement for measurement in measurements if QUANTITY_CODES[measurement.key].concept == _EJECTION_FRACTION)
    return next(iter(best_first(found)), None)


def status(measurement: Measurement, *, among_replicates: bool = False) -> Code:
    """CID 224: a mean of beats, or the only value there is. Never "User chosen value" (121410): no person chose.

    Among replicates it is their mean, be it of one sample: receivers of that habit look for nothing else.
    """
    return codes.MEAN_VALUE if measurement.beats > 1 or among_replicates else codes.MOST_RECENT_VALUE
