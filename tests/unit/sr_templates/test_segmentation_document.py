"""The segmentation as highdicom reads it back, against masks made another way."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from models.results import Caliper, CaliperKind, ClipFindings, Contour, Reason
from sr_templates import segmentation
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.masks import rasterise
from tests.factories import (
    A2C_UID,
    A4C_UID,
    clip_findings,
    ellipse,
    evidence,
    identity,
    lv_contours,
    measurement,
    source_header,
    study_findings,
)


def built(clip: ClipFindings, found: Evidence | None = None) -> bytes:
    findings = study_findings(clips=(clip,), measurements=())
    (document,) = segmentation.build(findings, found or evidence(), identity())
    assert (document.template, document.part) == ("seg", clip.sop_instance_uid)
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def test_highdicom_reads_the_very_masks_frame_by_frame(tmp_path: Path) -> None:
    clip = clip_findings(contours=lv_contours(frames=[0, 3, 4, 17]))
    path = tmp_path / "seg.dcm"
    path.write_bytes(built(clip))
    read = hd.seg.segread(path)
    pixels = read.get_pixels_by_source_frame(A4C_UID, [1, 4, 5, 18], combine_segments=True)
    expected = np.stack([rasterise(contour.points_px, 60, 80) for contour in clip.contours])
    np.testing.assert_array_equal(pixels, expected)
    assert 0 < expected.mean() < 1


def test_frames_without_an_outline_are_left_out() -> None:
    seg = dcmread(BytesIO(built(clip_findings(contours=lv_contours(frames=[2, 7])))))
    assert seg.NumberOfFrames == 2
    references = [group.DerivationImageSequence[0].SourceImageSequence[0] for group in seg.PerFrameFunctionalGroupsSequence]
    assert [reference.ReferencedFrameNumber for reference in references] == [3, 8]
    assert {reference.ReferencedSOPInstanceUID for reference in references} == {A4C_UID}


def test_frames_are_in_time_order_whatever_the_order_of_the_outlines() -> None:
    ordered = built(clip_findings(contours=lv_contours()))
    assert built(clip_findings(contours=lv_contours()[::-1])) == ordered


def test_a_single_frame_source_is_segmented_too(tmp_path: Path) -> None:
    clip = clip_findings(number_of_frames=1, contours=lv_contours(frames=[0]))
    path = tmp_path / "seg.dcm"
    path.write_bytes(built(clip, evidence(source_header(frames=None))))
    pixels = hd.seg.segread(path).get_pixels_by_source_instance([A4C_UID], combine_segments=True)
    np.testing.assert_array_equal(pixels[0], rasterise(clip.contours[0].points_px, 60, 80))
    source = dcmread(path).PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    assert "ReferencedFrameNumber" not in source


@pytest.mark.parametrize(("rows", "columns"), [(61, 79), (7, 9), (64, 80)])
def test_bits_are_packed_over_frame_borders(tmp_path: Path, rows: int, columns: int) -> None:
    """61 x 79 is no multiple of eight: the second frame begins within a byte."""
    contours = tuple(Contour("lv", i, ellipse((columns / 2, rows / 2), (columns / 3 - i / 4, rows / 3))) for i in range(3))
    clip = clip_findings(rows=rows, columns=columns, number_of_frames=3, contours=contours)
    path = tmp_path / "seg.dcm"
    path.write_bytes(built(clip, evidence(source_header(frames=3, Rows=rows, Columns=columns))))
    read = hd.seg.segread(path)
    pixels = read.get_pixels_by_source_frame(A4C_UID, [1, 2, 3], combine_segments=True)
    np.testing.assert_array_equal(pixels, np.stack([rasterise(c.points_px, rows, columns) for c in contours]))
    assert len(read.PixelData) % 2 == 0


def test_the_segment_says_what_it_is_and_what_made_it() -> None:
    seg = dcmread(BytesIO(built(clip_findings())))
    (segment,) = seg.SegmentSequence
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "87878005"
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeValue == "123110"
    assert "ab" * 32 in algorithm.AlgorithmParameters
    assert segment.TrackingUID.startswith("2.25.")
    assert seg.SegmentationType == "BINARY"
    assert seg.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_the_size_of_a_pixel_is_the_regions_rows_first() -> None:
    """Of the region in cm, (x, y); in Pixel Spacing in mm, between rows, then between columns (PS3.3 10.7.1.3)."""
    seg = dcmread(BytesIO(built(clip_findings(cm_per_px=(0.0308641975308642, 0.04)))))
    (shared,) = seg.SharedFunctionalGroupsSequence
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.4, 0.3086419753]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == [1, 0, 0, 0, 1, 0]


def test_no_volume_follows_from_a_thickness_nobody_measured() -> None:
    """As if each frame of a beat were a slice: what some viewers print as the volume of a segment."""
    clip = clip_findings(cm_per_px=(0.05, 0.05), contours=lv_contours())
    seg = dcmread(BytesIO(built(clip)))
    (measures,) = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    voxel_ml = measures.PixelSpacing[0] * measures.PixelSpacing[1] * measures.SliceThickness / 1000
    assert 0 < seg.pixel_array.sum() * voxel_ml < 0.01


def test_without_a_scale_none_is_stated() -> None:
    """Pixel Spacing is left out, not 1; the masks and the frames they lie on are the same."""
    of_clip, without = (dcmread(BytesIO(built(clip_findings(cm_per_px=cm)))) for cm in ((0.05, 0.05), None))
    (measures,) = without.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert "PixelSpacing" not in measures
    assert "SliceThickness" in measures
    assert without.PixelData == of_clip.PixelData
    assert without.PerFrameFunctionalGroupsSequence == of_clip.PerFrameFunctionalGroupsSequence


def test_no_place_in_the_patient_is_invented() -> None:
    seg = dcmread(BytesIO(built(clip_findings())))
    present = {element.keyword for element in seg.iterall()}
    assert "PixelSpacing" in present
    assert present.isdisjoint(("FrameOfReferenceUID", "ImagePositionPatient", "PlanePositionSequence", "SpacingBetweenSlices"))


def test_no_person_made_it() -> None:
    seg = dcmread(BytesIO(built(clip_findings())))
    assert seg.ContentCreatorName == ""
    assert seg.SegmentSequence[0].SegmentAlgorithmName == identity().model_name


def test_lossy_once_is_lossy_for_ever() -> None:
    lossy = source_header(
        LossyImageCompression="01", LossyImageCompressionRatio="12.5", LossyImageCompressionMethod="ISO_10918_1"
    )
    seg = dcmread(BytesIO(built(clip_findings(), evidence(lossy))))
    assert (seg.LossyImageCompression, seg.LossyImageCompressionRatio) == ("01", 12.5)
    assert dcmread(BytesIO(built(clip_findings()))).LossyImageCompression == "00"


def test_one_document_a_clip_each_in_its_own_series() -> None:
    documents = segmentation.build(study_findings(), evidence(), identity())
    assert [document.part for document in documents] == [A4C_UID, A2C_UID]
    datasets: list[Dataset] = [document.dataset for document in documents]
    assert len({d.SOPInstanceUID for d in datasets}) == len({d.SeriesInstanceUID for d in datasets}) == 2
    assert len({d.SeriesNumber for d in datasets}) == 2


def test_a_stopped_clip_has_no_segmentation() -> None:
    findings = study_findings(clips=(clip_findings(gates=(Reason.QUALITY,)),))
    assert segmentation.build(findings, evidence(), identity()) == ()


def test_outlines_around_no_pixel_make_no_document() -> None:
    speck = Contour("lv", 0, ((3.2, 7.2), (3.4, 7.2), (3.3, 7.4)))
    findings = study_findings(clips=(clip_findings(contours=(speck,)),))
    assert segmentation.build(findings, evidence(), identity()) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 61},
        {"contours": (Contour("spleen", 0, ellipse((40, 30), (9, 9))),)},
        {"contours": (Contour("lv", 20, ellipse((40, 30), (9, 9))),)},
        {"contours": (Contour("lv", -1, ellipse((40, 30), (9, 9))),)},
        {"contours": (Contour("lv", 0, ((1.0, 2.0), (5.0, 6.0))),)},
        {"contours": (Contour("lv", 0, ((1.0, 2.0), (5.0, float("nan")), (9.0, 9.0))),)},
        {"contours": lv_contours([0]) * 2},
        {"cm_per_px": (0.05, 0.0)},
        {"cm_per_px": (float("nan"), 0.05)},
    ],
    ids=["size", "structure", "frame", "negative frame", "line", "not finite", "twice", "no length", "no number"],
)
def test_outlines_that_do_not_fit_their_object_are_refused(changes: dict[str, object]) -> None:
    findings = study_findings(clips=(replace(clip_findings(), **changes),))  # type: ignore[arg-type]
    with pytest.raises(DocumentError):
        segmentation.build(findings, evidence(), identity())


def test_other_chambers_are_segments_where_values_came_from_their_outlines(tmp_path: Path) -> None:
    atrium, mark = ellipse((40.0, 50.0), (6.0, 5.0)), ((1.0, 1.0), (9.0, 9.0))
    calipers = (Caliper(CaliperKind.OUTLINE, A4C_UID, 11, atrium), Caliper(CaliperKind.LINE, A4C_UID, 11, mark))
    area = measurement("la_area_a4c", 20.0, calipers=calipers)
    volume = measurement("la_vol_mod_a4c", 60.0, calipers=calipers[:1])
    findings = study_findings(clips=(clip_findings(contours=lv_contours(frames=[0, 10])),), measurements=(area, volume))
    (document,) = segmentation.build(findings, evidence(), identity())
    path = tmp_path / "seg.dcm"
    document.dataset.save_as(path, enforce_file_format=True)
    read = hd.seg.segread(path)
    assert [read.get_segment_description(number).segment_label for number in (1, 2)] == ["Left atrium", "LV cavity"]
    pixels = read.get_pixels_by_source_frame(A4C_UID, [1, 11])
    np.testing.assert_array_equal(pixels[1, ..., 0], rasterise(atrium, 60, 80))
    assert not pixels[0, ..., 0].any()
    assert read.NumberOfFrames == 3
