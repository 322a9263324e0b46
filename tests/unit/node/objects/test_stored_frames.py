"""Frames of stored objects, for documents that show them."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from node.egress.building import read_evidence
from node.objects.clip_reader import read_clip
from node.objects.stored_frames import StoredFrames
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from tests.factories import A2C_UID, A4C_UID, POOR_UID, source_file, source_header
from tests.unit.node.objects.ultrasound_object import as_file, encapsulated, jpeg_frames, moving_picture, ultrasound_object


def _stored(folder: Path, sop_instance_uid: str, level: int = 0) -> Path:
    header = source_header(sop_instance_uid, frames=3)
    path = folder / f"{sop_instance_uid}.dcm"
    pixels = np.repeat(np.array([level, level + 1, level + 2], np.uint8), 60 * 80).tobytes()
    source_file(header, pixels).save_as(path, enforce_file_format=True)
    return path


def test_a_frame_is_what_the_analysis_saw(tmp_path: Path) -> None:
    picture = moving_picture(3)
    stated = {"PhotometricInterpretation": "YBR_FULL_422"}
    compressed = ultrasound_object(encapsulated(jpeg_frames(picture)), uid.JPEGBaseline8Bit, frames=3, **stated)
    path = tmp_path / "clip.dcm"
    path.write_bytes(as_file(compressed))
    frames = StoredFrames({"1.2": path})
    for number in (3, 1):
        assert np.array_equal(frames("1.2", number), read_clip(path).frames[number - 1])


def test_evidence_has_the_frames_of_its_objects(tmp_path: Path) -> None:
    paths = [_stored(tmp_path, sop_uid, level) for sop_uid, level in ((A4C_UID, 10), (A2C_UID, 20), (POOR_UID, 30))]
    found = read_evidence(paths)
    for _ in range(2):  # more clips than are kept open
        for sop_uid, level in ((A4C_UID, 12), (A2C_UID, 22), (POOR_UID, 32)):
            frame = found.frame(sop_uid, 3)
            assert (frame.shape, frame.dtype, set(frame.ravel())) == ((60, 80, 3), np.uint8, {level})


def test_what_cannot_be_shown_is_said_without_a_value(tmp_path: Path) -> None:
    path = _stored(tmp_path, A4C_UID)
    frames = StoredFrames({A4C_UID: path, A2C_UID: tmp_path / "cut.dcm"})
    (tmp_path / "cut.dcm").write_bytes(path.read_bytes()[:500])
    for sop_uid, number in ((A4C_UID, 0), (A4C_UID, 4), (A2C_UID, 1), (POOR_UID, 1)):
        with pytest.raises(DocumentError) as raised:
            frames(sop_uid, number)
        assert sop_uid not in str(raised.value)
    with pytest.raises(DocumentError, match="not in the study"):
        read_evidence([path]).frame(POOR_UID, 1)
    with pytest.raises(DocumentError, match="needs pixels"):
        Evidence.from_headers([source_header(A4C_UID)]).frame(A4C_UID, 1)
