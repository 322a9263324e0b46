"""Small valid structured reports of every encoding."""

from collections.abc import Sequence
from functools import cache

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests import reports
from tests.reports import as_bytes, coded, document, number, section, text

_SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


@cache
def whole_reports() -> Sequence[bytes]:
    content = (
        section(
            reports.LEFT_VENTRICLE,
            reports.TWO_D,
            number(reports.EF, "56.4", "%", coded(reports.METHOD, reports.BIPLANE), text(reports.SHORT_LABEL, "EF")),
            number(reports.LVIDD, "47.1", "mm", coded(reports.SELECTION, reports.MEAN_CHOSEN, "HAS PROPERTIES")),
        ),
    )
    found = []
    for syntax in _SYNTAXES:
        dataset = document(*content, SpecificCharacterSet="ISO_IR 192")
        dataset.file_meta.TransferSyntaxUID = syntax
        found.append(as_bytes(dataset))
    return found
