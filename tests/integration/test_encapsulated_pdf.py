"""The encapsulated page through tools that nobody here wrote: its bytes come back, and a PACS hands it out."""

import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from node.egress.built_files import document_bytes
from node.egress.dicom_store import send_files
from sr_templates import encapsulated_pdf
from tests.factories import evidence, identity, study_findings
from tests.peers.orthanc import Orthanc


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "page.dcm"
    path.write_bytes(document_bytes(encapsulated_pdf.build(study_findings(), evidence(), identity())[0]))
    return path


def content(document: Path) -> bytes:
    read = dcmread(document)
    whole: bytes = read.EncapsulatedDocument[: read.EncapsulatedDocumentLength]
    return whole


@pytest.mark.dcmtk
def test_dcmtk_takes_out_what_was_put_in(document: Path, tmp_path: Path) -> None:
    subprocess.run(["dcm2pdf", str(document), str(tmp_path / "page.pdf")], check=True)
    assert (tmp_path / "page.pdf").read_bytes() == content(document)


@pytest.mark.orthanc
def test_orthanc_shows_it(document: Path, tmp_path: Path) -> None:
    with Orthanc(tmp_path / "orthanc") as orthanc:
        (answer,) = send_files([document], host="127.0.0.1", port=orthanc.dicom_port, called_aet="ORTHANC", calling_aet="NODE")
        assert answer.ok
        (identifier,) = orthanc.find("Instance", SOPInstanceUID=str(dcmread(document).SOPInstanceUID))
        assert orthanc.get_bytes(f"/instances/{identifier}/pdf").rstrip(b"\0") == content(document)
