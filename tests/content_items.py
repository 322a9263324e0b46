"""A TID 1500 report as a receiver reads it, through bytes, and its content items by code."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

from highdicom import sr
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.results import StudyFindings
from sr_templates import measurement_report
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from tests.factories import evidence, identity, study_findings


def built(
    findings: StudyFindings | None = None, found: Evidence | None = None, maker: DocumentIdentity | None = None
) -> Dataset:
    """The one document, written and read back."""
    usual = findings is found is maker is None
    return dcmread(BytesIO(_usual() if usual else _written(findings or study_findings(), found, maker)))


@cache
def _usual() -> bytes:
    return _written(study_findings(), None, None)


def _written(findings: StudyFindings, found: Evidence | None, maker: DocumentIdentity | None) -> bytes:
    (document,) = measurement_report.build(findings, found or evidence(), maker or identity())
    assert (document.template, document.part) == ("tid1500", "")
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def items(parent: Dataset, *, name: str = "", value_type: str = "", deep: bool = True) -> Iterator[Dataset]:
    """Content items by code value of their name and by value type."""
    for child in parent.get("ContentSequence", []):
        named = child.get("ConceptNameCodeSequence")
        if (not name or (named and named[0].CodeValue == name)) and value_type in ("", child.ValueType):
            yield child
        if deep:
            yield from items(child, name=name, value_type=value_type)


def all_groups(report: Dataset) -> list[tuple[str, Dataset]]:
    """Measurement groups with their tracking identifier."""
    found = items(report, name="125007")
    return [(next(items(group, name="112039", deep=False)).TextValue, group) for group in found]


def groups(report: Dataset) -> dict[str, Dataset]:
    """The first of each tracking identifier."""
    return dict(reversed(all_groups(report)))


def value_groups(report: Dataset) -> list[Dataset]:
    """Those that readers of measurements look at."""
    return [group for found in items(report, name="126010") for group in items(found, name="125007", deep=False)]


def drawn_and_other_groups(report: Dataset) -> list[Any]:
    """As highdicom reads them: those with a region (TID 1410), then those without one (TID 1501)."""
    content = sr.ComprehensiveSR.from_dataset(report).content
    return [*content.get_planar_roi_measurement_groups(), *content.get_image_measurement_groups()]


def code_of(parent: Dataset, name: str) -> str:
    return str(next(items(parent, name=name, deep=False)).ConceptCodeSequence[0].CodeValue)


def number(parent: Dataset, equivalent: str) -> Dataset:
    """The NUM whose equivalent meaning is the catalogue's name."""
    (found,) = [n for n in items(parent, value_type="NUM") if equivalent in [t.TextValue for t in items(n, name="121050")]]
    return found


def missing(parent: Dataset, equivalent: str) -> Dataset:
    """The CODE that stands for a value there is none of."""
    codes = items(parent, value_type="CODE")
    (found,) = [code for code in codes if equivalent in [t.TextValue for t in items(code, name="121050")]]
    return found


def of_clip(report: Dataset, clip: str) -> Dataset:
    """What is said of a clip, by its tracking identifier, as if it were a group."""
    said = Dataset()
    evaluations = next(items(report, name="C0034375", deep=False)).ContentSequence
    said.ContentSequence = [i for i in evaluations if clip in [t.TextValue for t in items(i, name="112039", deep=False)]]
    return said
