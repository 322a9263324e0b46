"""Documents as canonical JSON: any change of what we write is seen in a diff and decided by a person.

After a change that is wanted: `python -m tests.golden.test_golden_documents` writes the files again.
"""

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.catalogue import Direction, View
from models.results import Caliper, CaliperKind, FrameReference, NotMeasured, Reason, StudyFindings
from node.egress.building import DICOM_SUFFIX, TEMPLATES, Built, WantedDocument, build_templates
from node.egress.built_files import document_bytes
from sr_templates import encapsulated_pdf
from sr_templates.document import BuiltFile
from sr_templates.evidence import Evidence
from sr_templates.study_page import as_html, study_page
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
PAGE = FOLDER / "study_page.html"  # what the PDF is laid out from


def _findings() -> StudyFindings:
    """Small: one measured A4C over two beats, one poor clip, the biplane and the A2C EF missing; of models that read by
    themselves the velocity of one jet with its mark, that of another missing; a length with its line.
    """
    of_frame, model = (FrameReference(A4C_UID, 1),), PHANTOM_WEIGHTS.name
    peak = Caliper(CaliperKind.POINT, A4C_UID, 1, ((52.25, 40.0),))
    jet = measurement("av_vmax", 3.123, sources=of_frame, model=model, direction=Direction.AWAY, calipers=(peak,))
    axis = Caliper(CaliperKind.LINE, A4C_UID, 1, ((40.0, 47.5), (40.0, 12.0)))
    length = measurement("lv_len_d_a4c", 8.457, calipers=(axis,))
    return study_findings(
        clips=(clip_findings(contours=lv_contours([0, 10])), poor_clip()),
        measurements=(measurement("ef_a4c", 55.08, beats=2, sd=1.234), measurement("lvedv_a4c", 118.0), length, jet),
        not_measured=(
            NotMeasured("ef_bp", (Reason.VIEW_MISSING, Reason.QUALITY), f"no {View.A2C.value} clip"),
            NotMeasured("ef_a2c", (Reason.VIEW_MISSING, Reason.QUALITY)),
            NotMeasured("tr_vmax", (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)),
        ),
    )


def _documents() -> dict[str, str]:
    """Template -> canonical text, of several documents all, in their order. The bytes of a PDF are those of the machine:
    others stand in their place.
    """
    found = evidence(source_header(A4C_UID), source_header(POOR_UID))
    wanted = [WantedDocument(name) for name in TEMPLATES]
    texts: dict[str, str] = {}
    with patch.object(encapsulated_pdf, "as_pdf", lambda page: b"%PDF"):
        for document in build_templates(_findings(), found, identity(), wanted):
            texts[document.template] = texts.get(document.template, "") + _text(document)
    return texts


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


def _file(template: str) -> Path:
    """Objects of DICOM as JSON, other documents under their own suffix, with the line ends of a text file."""
    suffix = TEMPLATES[template].suffix
    return FOLDER / f"{template}{'.json' if suffix == DICOM_SUFFIX else suffix}"


def _text(document: Built) -> str:
    content = document_bytes(document)
    if isinstance(document, BuiltFile):
        if document.suffix == ".json":
            return json.dumps(json.loads(content), indent=1, ensure_ascii=False) + "\n"
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    dataset = dcmread(BytesIO(content))
    meta = canonical(dataset.file_meta)
    del meta["FileMetaInformationGroupLength"]
    whole = {"FileMetaInformation": meta, **canonical(dataset)}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def documents() -> dict[str, str]:
    return _documents()


@pytest.mark.parametrize("name", TEMPLATES)
def test_documents_are_as_they_were(name: str, documents: dict[str, str]) -> None:
    assert documents[name] == _file(name).read_text(encoding="utf-8")


def _page() -> str:
    """Without pictures: `sc.json` has those."""
    found = Evidence.from_headers([source_header(A4C_UID), source_header(POOR_UID)])
    return as_html(study_page(_findings(), found, identity()))


def test_the_page_is_as_it_was() -> None:
    assert _page() == PAGE.read_text(encoding="utf-8")


def test_there_is_no_document_of_a_template_that_is_no_more() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*(_file(name).name for name in TEMPLATES), PAGE.name}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in _documents().items():
        _file(name).write_text(text, encoding="utf-8")
    PAGE.write_text(_page(), encoding="utf-8")
