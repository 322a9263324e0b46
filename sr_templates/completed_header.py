"""The newest header, with what it leaves blank from the others: a late capture without an order empties nobody's order."""

from collections.abc import Iterable
from contextlib import suppress
from copy import deepcopy

from pydicom.dataset import Dataset

from sr_templates.copied_values import text_of
from sr_templates.unreadable import UNREADABLE

# What belongs together comes from one header: the first attribute of a row decides, the others qualify it.
_TOGETHER = (
    ("PatientName",),
    ("PatientBirthDate",),
    ("PatientSex",),
    ("PatientAge",),
    ("PatientSize",),
    ("PatientWeight",),
    ("ReferringPhysicianName",),
    ("StudyID",),
    ("StudyDescription",),
    ("InstitutionName",),
    ("StudyDate", "StudyTime", "TimezoneOffsetFromUTC"),
    ("AccessionNumber", "IssuerOfAccessionNumberSequence"),
    ("AdmissionID", "IssuerOfAdmissionIDSequence"),
    ("ProcedureCodeSequence",),
)


def completed_header(newest: Dataset, headers: Iterable[Dataset]) -> Dataset:
    """`headers` are in the order of their arrival. Only one that states the newest one's patient identifier can say more of
    it: another may be of the patient that a correction took the study from.
    """
    patient = text_of(newest, "PatientID")
    of_patient = [one for one in headers if one is not newest and patient and text_of(one, "PatientID") == patient]
    completed = newest
    for keywords in _TOGETHER:
        if _says(newest, keywords[0]):
            continue
        fuller = next((one for one in reversed(of_patient) if _says(one, keywords[0])), None)
        if fuller is None:
            continue
        if completed is newest:
            completed = deepcopy(newest)
        for keyword in keywords:
            completed.pop(keyword, None)
            with suppress(*UNREADABLE):  # what qualifies it says nothing then
                completed[keyword] = deepcopy(fuller[keyword])
    return completed


def _says(header: Dataset, keyword: str) -> bool:
    if not keyword.endswith("Sequence"):
        return bool(text_of(header, keyword).strip())
    try:
        return bool(header.get(keyword))
    except UNREADABLE:
        return False
