"""What the header says of the content: template, evidence, equipment, time zone."""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage, SimplifiedAdultEchoSRStorage

from sr_templates.conformance.content_tree import ContentItem, items, text
from sr_templates.conformance.deviations import Deviation, Severity

_TITLES = {("125200", "DCM"): ("5200", "5300"), ("126000", "DCM"): ("1500",), ("126001", "DCM"): ("1500",)}
_SECTIONS_OF_5300 = {"125301", "125302", "125303", "125310"}
_EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
_ENHANCED_EQUIPMENT = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions")  # PS3.3 C.7.5.2


def template_label(document: Dataset) -> str:
    """The template that the root says it follows; "" where it says none."""
    return next((text(item, "TemplateIdentifier") for item in items(document, "ContentTemplateSequence")), "")


def template_of(root: ContentItem) -> str:
    """The template to hold the document against: by class, title or label, in this order; "" where none of them says."""
    document = root.dataset
    sop_class, label = text(document, "SOPClassUID"), template_label(document)
    if sop_class == KeyObjectSelectionDocumentStorage:
        return "2010"
    if sop_class == SimplifiedAdultEchoSRStorage:
        return "5300"
    titled = _by_title(root)
    if len(titled) > 1 and label not in titled:
        sections = {str(child.concept.value) for child in root.children if child.concept is not None}
        return "5300" if sections & _SECTIONS_OF_5300 else "5200"
    if label in titled or (not titled and label in ("1500", "2010", "5200", "5300")):
        return label
    return titled[0] if titled else ""


def _by_title(root: ContentItem) -> tuple[str, ...]:
    return _TITLES.get((root.concept.value, str(root.concept.scheme_designator)), ()) if root.concept else ()


def check_header(root: ContentItem, template: str) -> Iterator[Deviation]:
    document = root.dataset
    label = template_label(document)
    if label != template and not (label == "" and template == "2010"):
        said = f"template identifier {label}" if label else "no template identifier"
        yield _error(f'{said}, while title "{root.name}" and class make it TID {template}', "PS3.3 C.18.8.1.2")
    for item in items(document, "ContentTemplateSequence"):
        if text(item, "MappingResource") != "DCMR":
            yield _error(f"mapping resource {text(item, 'MappingResource') or 'absent'}, not DCMR", "PS3.3 C.18.8.1.2")
    yield from _evidence(root)
    if text(document, "SOPClassUID") == SimplifiedAdultEchoSRStorage:
        yield from _simplified(document)


def _evidence(root: ContentItem) -> Iterator[Deviation]:
    """Every object that the content refers to stands in an evidence sequence."""
    listed = {
        text(reference, "ReferencedSOPInstanceUID")
        for keyword in _EVIDENCE
        for study in items(root.dataset, keyword)
        for series in items(study, "ReferencedSeriesSequence")
        for reference in items(series, "ReferencedSOPSequence")
    }
    said: set[str] = set()
    for item in root.walk():
        for reference in items(item.dataset, "ReferencedSOPSequence"):
            uid = text(reference, "ReferencedSOPInstanceUID")
            if uid and uid not in listed | said:
                said.add(uid)
                message = f"refers to {uid}, which no evidence sequence lists"
                yield Deviation(Severity.ERROR, item.number, item.place, message, "PS3.3 C.17.2.3")


def _simplified(document: Dataset) -> Iterator[Deviation]:
    if not text(document, "TimezoneOffsetFromUTC"):
        yield _error("no Timezone Offset From UTC", "PS3.3 A.35.17, C.12.5")
    for keyword in _ENHANCED_EQUIPMENT:
        if not text(document, keyword):
            yield _error(f"no {keyword}", "PS3.3 A.35.17, C.7.5.2")


def _error(message: str, rule: str) -> Deviation:
    return Deviation(Severity.ERROR, "", "header", message, rule)
