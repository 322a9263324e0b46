"""Secondary captures: which frames, what is drawn on them, and what the objects say of themselves."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from models.results import Beat, Caliper, CaliperKind, Contour, FrameReference, StudyFindings
from node.egress.building import WantedDocument, build_templates
from node.egress.built_files import document_bytes, stored_bytes
from node.objects.clip_reader import read_clip
from sr_templates import secondary_capture
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from tests.factories import (
    A4C_UID,
    RELEASED_WEIGHTS,
    clip_findings,
    evidence,
    identity,
    measurement,
    source_header,
    study_findings,
)

pytestmark = pytest.mark.slow

ROWS, COLUMNS, FRAMES = 360, 480, 12
BOXES = {index: ((100.0 + index, 60.0), (300.0, 60.0), (300.0, 300.0), (100.0 + index, 300.0)) for index in range(FRAMES)}
CALIPER = Caliper(CaliperKind.LINE, A4C_UID, 4, ((50.0, 100.0), (50.0, 250.0)))
YELLOW = (255, 220, 0)


def _findings(**changes: Any) -> StudyFindings:
    """An A4C with an outline on every frame, of which values name the first and the eleventh, and a caliper on the fourth."""
    clip = clip_findings(
        rows=ROWS,
        columns=COLUMNS,
        number_of_frames=FRAMES,
        frame_times_ms=tuple(40.0 * number for number in range(FRAMES)),
        contours=tuple(Contour("lv", index, box) for index, box in BOXES.items()),
    )
    values = (
        measurement("lvedv_a4c", 118.0),
        measurement("lvesv_a4c", 53.04),
        measurement("lvidd_2d", 4.61, sources=(FrameReference(A4C_UID, 4),), calipers=(CALIPER,)),
    )
    return study_findings(clips=(replace(clip, **changes),), measurements=values, not_measured=(), models=(RELEASED_WEIGHTS,))


def _released(**changes: Any) -> StudyFindings:
    return _findings(models=(RELEASED_WEIGHTS,), **changes)


def _source(**attributes: Any) -> Evidence:
    return evidence(source_header(A4C_UID, **{"frames": FRAMES, "Rows": ROWS, "Columns": COLUMNS, **attributes}))


def _captures(findings: StudyFindings, found: Evidence) -> dict[str, Dataset]:
    built = secondary_capture.build(findings, found, identity(revision=2))
    return {document.part: dcmread(BytesIO(document_bytes(document))) for document in built}


def _pixels(capture: Dataset) -> NDArray[np.uint8]:
    file = BytesIO()
    capture.save_as(file, enforce_file_format=True)
    return read_clip(file.getvalue()).frames


def _yellow(frame: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.abs(frame.astype(int) - YELLOW).max(axis=2) < 60


def test_every_frame_that_values_came_from_is_an_image_and_the_beat_a_loop() -> None:
    captures = _captures(_released(), _source())
    assert list(captures) == ["#1 frame 1", "#1 frame 4", "#1 frame 11", "#1 loop"]
    assert [int(one.InstanceNumber) for one in captures.values()] == [1, 2, 3, 4]
    assert len({one.SeriesInstanceUID for one in captures.values()}) == 1
    assert len({one.SOPInstanceUID for one in captures.values()}) == 4
    classes = [one.SOPClassUID.name for one in captures.values()]
    assert classes == ["Secondary Capture Image Storage"] * 3 + ["Multi-frame True Color Secondary Capture Image Storage"]
    for one in captures.values():
        assert list(one.ImageType) == ["DERIVED", "SECONDARY"]
        assert (one.BurnedInAnnotation, one.ConversionType, one.Modality) == ("YES", "WSD", "US")
        assert one.SeriesDescription == "EchoNode pictures #1 A4C, revision 2"
        assert one.ImageComments == "Drawn by an algorithm and confirmed by nobody: not for diagnosis"


def test_a_capture_is_the_frame_with_its_marks_and_nothing_else() -> None:
    captures = _captures(_released(), _source())
    first, fourth = _pixels(captures["#1 frame 1"])[0], _pixels(captures["#1 frame 4"])[0]
    assert first.shape[0] > ROWS
    assert first.shape[1] == COLUMNS
    outline = _yellow(first[:ROWS])
    assert outline[60, 150]
    assert outline[180, 100]
    assert not outline[180, 50]  # the caliper of another frame
    rows, columns = np.nonzero(outline)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((60, 300, 100, 300), abs=1)
    assert (first[:ROWS][10:50] == 22).all()
    assert _yellow(fourth)[180, 50]
    assert not _yellow(fourth)[60, 150]  # the outline of the fourth frame gave no value
    assert (fourth[10:90, :40] == 28).all()
    assert (fourth[130:220, 55:250].min(axis=2) > 200).any()  # the label
    assert (first[ROWS:].min(axis=2) > 200).any()


def test_the_loop_shows_each_frame_with_its_own_outline() -> None:
    frames = _pixels(_captures(_released(), _source())["#1 loop"])
    assert len(frames) == FRAMES
    for index, frame in enumerate(frames):
        assert _yellow(frame)[180, 100 + index]
        assert (frame[10:50, :] == 22 + 2 * index).all()
        assert _yellow(frame)[180, 50] == (index == 3)


def test_the_loop_is_the_first_beat_in_its_own_time() -> None:
    times_ms = (0.0, 40.0, 80.0, 121.0, 160.0, 200.0, 240.0, 280.0, 320.0, 360.0, 400.0, 440.0)
    two_beats = (Beat(2, 4), Beat(7, 9))
    loop = _captures(_released(beats=two_beats, frame_times_ms=times_ms), _source())["#1 loop"]
    assert loop.NumberOfFrames == 5
    assert [float(step) for step in loop.FrameTimeVector] == [0, 41, 39, 40, 40]
    assert loop.FrameIncrementPointer == loop["FrameTimeVector"].tag
    assert list(loop.SourceImageSequence[0].ReferencedFrameNumber) == [3, 4, 5, 6, 7]
    even = _captures(_released(beats=two_beats), _source())["#1 loop"]
    assert (float(even.FrameTime), even.FrameIncrementPointer) == (40, even["FrameTime"].tag)
    timeless = _captures(_released(frame_times_ms=(), beats=()), _source())["#1 loop"]
    assert timeless.FrameIncrementPointer == timeless["PageNumberVector"].tag
    assert list(timeless.PageNumberVector) == list(range(1, FRAMES + 1))


def test_a_long_clip_without_beats_makes_a_loop_around_its_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secondary_capture, "_LONGEST_LOOP", 5)
    for frames, shown in ((300, [4, 5, 6, 7, 8]), (7, [3, 4, 5, 6, 7]), (4, [1, 2, 3, 4])):
        clip = _released(number_of_frames=frames, beats=(), contours=(), frame_times_ms=())
        (_, loop) = _captures(clip, _source(frames=frames)).values()
        assert list(loop.SourceImageSequence[0].ReferencedFrameNumber) == shown
        assert loop.NumberOfFrames == len(shown)


def test_a_single_frame_has_no_loop_and_no_frame_numbers() -> None:
    findings = _released(number_of_frames=1, beats=(), contours=(Contour("lv", 0, BOXES[0]),), frame_times_ms=())
    findings = replace(findings, measurements=findings.measurements[:1])
    captures = _captures(findings, _source(frames=None))
    assert list(captures) == ["#1 frame 1"]
    assert "ReferencedFrameNumber" not in captures["#1 frame 1"].SourceImageSequence[0]


def test_no_scale_of_the_image_is_claimed() -> None:
    regions = [Dataset()]
    for size, preserved in (((ROWS, COLUMNS), "YES"), ((90, 120), "NO")):
        factor = size[0] / ROWS
        contours = tuple(
            Contour("lv", index, tuple((x * factor, y * factor) for x, y in BOXES[index])) for index in range(FRAMES)
        )
        findings = _released(rows=size[0], columns=size[1], contours=contours)
        found = _source(Rows=size[0], Columns=size[1], SequenceOfUltrasoundRegions=regions, PixelSpacing=["0.5", "0.5"])
        for capture in _captures(replace(findings, measurements=findings.measurements[:2]), found).values():
            assert {"PixelSpacing", "SequenceOfUltrasoundRegions", "NominalScannedPixelSpacing"}.isdisjoint(capture.dir())
            assert capture.SourceImageSequence[0].SpatialLocationsPreserved == preserved
            assert capture.Columns == COLUMNS
            codes = [code.CodeMeaning for code in capture.get("DerivationCodeSequence", [])]
            assert codes == (["Spatial resampling"] if preserved == "NO" else [])


def test_a_lossless_source_stays_exact_and_a_lossy_one_says_what_was_lost() -> None:
    exact = _captures(_released(), _source())["#1 loop"]
    assert exact.file_meta.TransferSyntaxUID == RLELossless
    assert exact.LossyImageCompression == "00"
    lossy = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "12.5", "LossyImageCompressionMethod": "ISO_15444_1"}
    for capture in _captures(_released(), _source(**lossy)).values():
        assert capture.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
        assert capture.LossyImageCompression == "01"
        assert list(capture.LossyImageCompressionMethod) == ["ISO_15444_1", "ISO_10918_1"]
        assert float(capture.LossyImageCompressionRatio[0]) == 12.5
        assert float(capture.LossyImageCompressionRatio[1]) > 5
        assert np.abs(_pixels(capture)[0][10:50].astype(int) - _pixels(capture)[0][20, 20].astype(int)).max() < 6


def test_a_source_that_conceals_its_losses_is_lossy_all_the_same() -> None:
    found = _source()
    found.header(A4C_UID).file_meta = FileMetaDataset()
    found.header(A4C_UID).file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    assert _captures(_released(), found)["#1 frame 1"].LossyImageCompression == "01"
    found.header(A4C_UID).file_meta.TransferSyntaxUID = RLELossless
    assert _captures(_released(), found)["#1 frame 1"].LossyImageCompression == "00"


def test_the_archive_keeps_the_compressed_pixels_and_builds_the_same_again() -> None:
    one, again = (secondary_capture.build(_released(), _source(), identity())[0] for _ in range(2))
    assert dcmread(BytesIO(stored_bytes(one))).file_meta.TransferSyntaxUID == RLELossless
    assert stored_bytes(one) == stored_bytes(again)


def test_phantom_weights_are_marked_and_kept_from_patients() -> None:
    marked = _captures(_findings(), _source())["#1 frame 1"]
    assert marked.SeriesDescription.startswith("RESEARCH: ")
    assert marked.ImageComments.startswith("RESEARCH USE ONLY - weights trained on synthetic phantoms. ")
    assert marked.QualityControlSubject == "YES"
    plain = _captures(_released(), _source())["#1 frame 1"]
    assert marked.Rows > plain.Rows  # a line more in the band
    with pytest.raises(DocumentError, match="must not put a number on a patient"):
        secondary_capture.build(_findings(), _source(QualityControlSubject=None), identity())
    lifted = replace(_findings(), research_override=True)
    assert _captures(lifted, _source(QualityControlSubject=None))["#1 loop"].SeriesDescription.startswith("RESEARCH: ")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Evidence.from_headers([source_header(A4C_UID, frames=FRAMES, Rows=ROWS, Columns=COLUMNS)]), "needs pixels"),
        (_source(Rows=ROWS + 1), "another size"),
        (_source(frames=3), "does not have"),
        (replace(_source(), frame_of=lambda *_: np.zeros((ROWS, COLUMNS + 1, 3), np.uint8)), "another size"),
    ],
)
def test_what_cannot_be_shown_is_a_failed_document_and_the_others_go_out(found: Evidence, reason: str) -> None:
    findings = _released(number_of_frames=1)  # so that counting frames mends nothing
    built = build_templates(findings, found, identity(), [WantedDocument("sc"), WantedDocument("csv")])
    assert [failed.template for failed in built.failed] == ["sc"]
    assert reason in built.failed[0].reason
    assert {document.template for document in built.documents} == {"csv"}
