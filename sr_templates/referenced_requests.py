"""Which orders a document answers: the sources' Request Attributes as the document's Referenced Request Sequence."""

from collections.abc import Iterable
from copy import deepcopy

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

# Of an item of (0040,A370), SR Document General Module (PS3.3 C.17.2): empty where unknown.
_TYPE_2_VALUES = (
    "AccessionNumber", "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
    "RequestedProcedureID", "RequestedProcedureDescription",
)  # fmt: skip
_TYPE_2_SEQUENCES = ("ReferencedStudySequence", "RequestedProcedureCodeSequence")
_OF_THE_STEP = ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription", "ScheduledProtocolCodeSequence")


def referenced_requests(document: Dataset, requests: Iterable[Dataset]) -> list[Dataset]:
    """One item for each requested procedure, however many steps it was done in.

    `document` has the study's attributes already: the accession number of the only order is the study's, if it says none.
    """
    items: list[Dataset] = []
    for request in requests:
        item = Dataset()
        for element in request:
            if element.keyword not in _OF_THE_STEP:
                item.add(deepcopy(element))
        if item not in items:
            items.append(item)
    for item in items:
        if len(items) == 1 and "AccessionNumber" not in item:
            _add_missing(item, document, ("AccessionNumber", "IssuerOfAccessionNumberSequence"))
        _add_missing(item, document, ("StudyInstanceUID",))
        for keyword in _TYPE_2_VALUES:
            item.setdefault(keyword, "")
        for keyword in _TYPE_2_SEQUENCES:
            item.setdefault(keyword, Sequence())
    return items


def _add_missing(item: Dataset, document: Dataset, keywords: Iterable[str]) -> None:
    for keyword in keywords:
        if keyword not in item and document.get(keyword):
            item.add(deepcopy(document[keyword]))
