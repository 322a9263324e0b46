"""Whether a structured report is as the standard has it: its template row by row, its items, its class, its header."""

import warnings

from pydicom.dataset import Dataset

from sr_templates.conformance.content_tree import ContentItem, items, text
from sr_templates.conformance.deviations import Deviation, Severity
from sr_templates.conformance.header import check_header, template_of
from sr_templates.conformance.item_fields import check_fields
from sr_templates.conformance.preferred_values import check_preferred
from sr_templates.conformance.relationships import OBJECT_CLASSES, check_relationship
from sr_templates.conformance.row_matching import RowMatching
from sr_templates.conformance.template_rows import whole_template


def is_report(document: Dataset) -> bool:
    """Whether it has a content tree at all."""
    return text(document, "ValueType") == "CONTAINER"


def check_document(document: Dataset) -> tuple[Deviation, ...]:
    """All deviations of a report, in the order of its content, the header's first. Never raises for what the report says.

    A report of a class or a template that has no table here is checked as far as the others reach, and that is said.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of values that break their own representation: here they are deviations
        return tuple(dict.fromkeys(sorted(_deviations(ContentItem(document, (1,))), key=_by_place)))


def _deviations(root: ContentItem) -> list[Deviation]:
    found: list[Deviation] = []
    template = template_of(root)
    of_class = OBJECT_CLASSES.get(text(root.dataset, "SOPClassUID"))
    if of_class is None:
        found.append(Deviation(Severity.WARNING, "", "header", "a SOP class that is not checked here", "PS3.3 A.35"))
    for item in root.walk():
        found += check_fields(item)
        if of_class is not None:
            found += check_relationship(item, of_class)
    if template:
        observed = bool(items(root.dataset, "AuthorObserverSequence") or items(root.dataset, "VerifyingObserverSequence"))
        found += check_header(root, template)
        found += RowMatching(header_names_observer=observed).check(root, whole_template(template))
        found += check_preferred(root)
    else:
        found.append(Deviation(Severity.WARNING, "", "header", f'title "{root.name}" is of no template known here', "PS3.16 A"))
    return found


def _by_place(deviation: Deviation) -> tuple[list[int], str]:
    return [int(number) for number in deviation.path.split(".") if number], deviation.message
