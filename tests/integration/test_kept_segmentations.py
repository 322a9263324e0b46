"""Segmentations are kept deflated: small, and still files that every tool reads, equal to what goes out plain."""

import subprocess
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from node.egress.building import build_templates
from node.egress.built_files import document_bytes, stored_bytes
from node.egress.syntax_conversion import write_copy
from sr_templates.document import BuiltDocument
from tests.factories import evidence, identity, study_findings
from tests.peers.validators import dciodvfy_errors


@pytest.fixture
def built() -> list[BuiltDocument]:
    return build_templates(study_findings(), evidence(), identity())


def test_only_segmentations_are_deflated(built: list[BuiltDocument]) -> None:
    for document in built:
        deflated = dcmread(BytesIO(stored_bytes(document))).file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
        assert deflated is (document.template == "seg")
        assert dcmread(BytesIO(document_bytes(document))).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_the_same_bytes_every_time(built: list[BuiltDocument]) -> None:
    """After a crash the documents are built again and must be the ones that were sent."""
    again = build_templates(study_findings(), evidence(), identity())
    assert [stored_bytes(one) for one in built] == [stored_bytes(other) for other in again]


@pytest.mark.validators
@pytest.mark.dcmtk
def test_every_tool_reads_what_is_kept(built: list[BuiltDocument], tmp_path: Path) -> None:
    for number, document in enumerate(built):
        kept, plain = tmp_path / f"{number}-kept.dcm", tmp_path / f"{number}-plain.dcm"
        kept.write_bytes(stored_bytes(document))
        plain.write_bytes(document_bytes(document))
        assert dcmread(kept) == dcmread(plain)
        sent = write_copy(kept, ExplicitVRLittleEndian, tmp_path) if document.template == "seg" else kept
        assert dciodvfy_errors(sent) == []  # Debian's is built without zlib
        dump = subprocess.run(["/usr/bin/dcmdump", str(kept)], capture_output=True, text=True, check=True)
        assert document.dataset.SOPInstanceUID in dump.stdout
        if document.template == "seg":
            assert kept.stat().st_size * 5 < plain.stat().st_size
            segmentation = hd.seg.segread(kept)
            assert np.array_equal(segmentation.pixel_array, dcmread(plain).pixel_array)
