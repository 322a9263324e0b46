"""Documents as canonical JSON: any change of what we write is seen in a diff and decided by a person.

After a change that is wanted: `python -m tests.golden.test_golden_documents` writes the files again.
"""

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.catalogue import Direction, View
from models.results import FrameReference, NotMeasured, Reason, StudyFindings
from node.egress.building import DICOM_SUFFIX, TEMPLATES, WantedDocument, build_templates
from node.egress.built_files import document_bytes
from tests.factories import (
    A4C_UID,
    PHANTOM_WEIGHTS,
    POOR_UID,
    clip_findings,
    evidence,
    identity,
    lv_contours,
    measurement,
    poor_clip,
    source_header,
    study_findings,
)

FOLDER = Path(__file__).parent / "documents"
NAMES = ("tid1500", "tid1500_3d", "tid5200", "tid5300", "seg", "kos")


def _findings() -> StudyFindings:
    """Small: one measured A4C over two beats, one poor clip, the biplane and the A2C EF missing; of models that read by
    themselves the velocity of one jet, that of another missing.
    """
    of_frame, model = (FrameReference(A4C_UID, 1),), PHANTOM_WEIGHTS.name
    jet = measurement("av_vmax", 3.123, sources=of_frame, model=model, direction=Direction.AWAY)
    return study_findings(
        clips=(clip_findings(contours=lv_contours([0, 10])), poor_clip()),
        measurements=(measurement("ef_a4c", 55.08, beats=2, sd=1.234), measurement("lvedv_a4c", 118.0), jet),
        not_measured=(
            NotMeasured("ef_bp", (Reason.VIEW_MISSING, Reason.QUALITY), f"no {View.A2C.value} clip"),
            NotMeasured("ef_a2c", (Reason.VIEW_MISSING, Reason.QUALITY)),
            NotMeasured("tr_vmax", (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)),
        ),
    )


def _documents() -> Iterator[tuple[str, Dataset]]:
    found = evidence(source_header(A4C_UID), source_header(POOR_UID))
    for document in build_templates(_findings(), found, identity(), [WantedDocument(name) for name in NAMES]):
        yield document.template, dcmread(BytesIO(document_bytes(document)))


def canonical(dataset: Dataset) -> dict[str, Any]:
    """Keyword -> value in the order of tags; bulk data as hash, so that the file can be read and compared."""
    values: dict[str, Any] = {}
    for element in dataset:
        if element.VR == "SQ":
            values[element.keyword] = [canonical(item) for item in element.value]
        elif isinstance(element.value, bytes):
            values[element.keyword] = f"{len(element.value)} bytes, SHA-256 {hashlib.sha256(element.value).hexdigest()}"
        elif element.VM > 1:
            values[element.keyword] = [str(value) for value in element.value]
        else:
            values[element.keyword] = "" if element.value is None else str(element.value)
    return values


def _text(dataset: Dataset) -> str:
    meta = canonical(dataset.file_meta)
    del meta["FileMetaInformationGroupLength"]
    whole = {"FileMetaInformation": meta, **canonical(dataset)}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_as_they_were(name: str) -> None:
    (written,) = [dataset for template, dataset in _documents() if template == name]
    assert _text(written) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_every_template_has_its_golden_document() -> None:
    objects = [name for name, template in TEMPLATES.items() if template.suffix == DICOM_SUFFIX]
    assert sorted(template for template, _ in _documents()) == sorted(NAMES) == sorted(objects)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(NAMES)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, dataset in _documents():
        (FOLDER / f"{name}.json").write_text(_text(dataset), encoding="utf-8")
