"""Which of a study's values of one quantity counts (TID 310 row 6, Selection Status)."""

from collections.abc import Sequence

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from models.results import Measurement
from sr_templates import codes
from sr_templates.quantity_codes import QUANTITY_CODES

_CONCEPT = QUANTITY_CODES["ef_bp"].concept
# Of one concept, as the catalogue has them: biplane discs before A4C, A2C and Teichholz. ASE/EACVI recommend the biplane method
# and discourage Teichholz (J Am Soc Echocardiogr 2015;28:1-39). Video regression is a concept of its own, and no candidate.
EJECTION_FRACTIONS = tuple(key for key in QUANTITIES if QUANTITY_CODES[key].concept == _CONCEPT)


def ejection_fraction(measurements: Sequence[Measurement]) -> Measurement | None:
    """The one that counts. Every other value of a study stands once, so that nothing is to be selected."""
    found = {measurement.key: measurement for measurement in measurements}
    return next((found[key] for key in EJECTION_FRACTIONS if key in found), None)


def status(measurement: Measurement) -> Code:
    """CID 224: a mean of beats, or the only value there is. Never "User chosen value": no person chose."""
    return codes.MEAN_VALUE if measurement.beats > 1 else codes.MOST_RECENT_VALUE
