"""Findings and source headers as tests need them: small, plausible, every part replaceable."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from models.catalogue import QUANTITIES, Phase, View
from models.results import (
    Beat,
    CartValue,
    ClipFindings,
    Contour,
    DistributionVerdict,
    FrameReference,
    HeatMap,
    Measurement,
    ModelUse,
    NotMeasured,
    Point,
    QualityFlag,
    QualityGrade,
    QualityIssue,
    Reason,
    StudyFindings,
    ViewPrediction,
)
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity

STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
SERIES_UID = "1.2.826.0.1.3680043.8.498.1.1"
A4C_UID, A2C_UID, POOR_UID = (f"{SERIES_UID}.{number}" for number in (1, 2, 3))
CREATED_AT = datetime(2026, 3, 4, 15, 6, 7, tzinfo=timezone(timedelta(hours=1)))
RECEIVED_AT = datetime(2026, 3, 4, 14, 0, 0, tzinfo=UTC)
PHANTOM_WEIGHTS = ModelUse("phantom_lv", "1.0", "ab" * 32, trained_on_phantoms=True)
RELEASED_WEIGHTS = ModelUse("hospital_lv", "2.1", "cd" * 32, trained_on_phantoms=False)


def identity(**changes: Any) -> DocumentIdentity:
    values: dict[str, Any] = {
        "node_uuid": "0f6d1b0a-2f5c-4f43-9d0e-6f3f6f1f2a11",
        "device_observer_uid": "2.25.20452381173021",
        "institution_name": "Echo Lab",
        "software_version": "0.1.0",
        "manufacturer": "EchoNode",
        "model_name": "EchoNode",
        "analysis_uuid": "8a9d7f57-7a53-4a52-8a52-cc9d1c1d6a77",
        "revision": 1,
        "created_at": CREATED_AT,
    }
    return DocumentIdentity(**{**values, **changes})


def source_header(sop_instance_uid: str = A4C_UID, *, frames: int | None = 20, **attributes: Any) -> Dataset:
    """The header of an ultrasound clip of a phantom; keyword arguments set or, with None, remove attributes."""
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.SOPClassUID = UltrasoundMultiFrameImageStorage if frames is not None else "1.2.840.10008.5.1.4.1.1.6.1"
    header.SOPInstanceUID = sop_instance_uid
    header.StudyDate, header.StudyTime = "20260304", "143000"
    header.AccessionNumber, header.StudyID = "A1234", "S1"
    header.Modality = "US"
    header.Manufacturer = "Phantom"
    header.ReferringPhysicianName = "House^Gregory"
    header.PatientName, header.PatientID = "Synthetic^Heart", "PHANTOM-1"
    header.PatientBirthDate, header.PatientSex = "19700101", "O"
    header.QualityControlSubject = "YES"
    header.StudyInstanceUID, header.SeriesInstanceUID = STUDY_UID, SERIES_UID
    header.Rows, header.Columns = 60, 80
    if frames is not None:
        header.NumberOfFrames = frames
    for keyword, value in attributes.items():
        if value is None:
            del header[keyword]
        else:
            setattr(header, keyword, value)
    return header


def source_file(header: Dataset, pixels: bytes | None = None) -> Dataset:
    """The header with pixels and File Meta Information, ready for `save_as`."""
    dataset = Dataset()
    dataset.update(header)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    size = int(header.Rows) * int(header.Columns) * int(header.get("NumberOfFrames", 1))
    dataset.add_new("PixelData", "OB", pixels or bytes(size))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def evidence(*headers: Dataset) -> Evidence:
    """By default the three clips that `study_findings` is about. Every frame is of one grey, each number of another."""
    found = Evidence.from_headers(headers or [source_header(uid) for uid in (A4C_UID, A2C_UID, POOR_UID)])

    def frame_of(sop_instance_uid: str, frame_number: int) -> NDArray[np.uint8]:
        header = found.header(sop_instance_uid)
        return np.full((header.Rows, header.Columns, 3), 20 + 2 * frame_number, np.uint8)

    return replace(found, frame_of=frame_of)


def ellipse(centre: Point, radii: Point, points: int = 40) -> tuple[Point, ...]:
    angles = [2 * math.pi * number / points for number in range(points)]
    return tuple((centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in angles)


def lv_contours(frames: Sequence[int] = tuple(range(20)), centre: Point = (40.0, 30.0)) -> tuple[Contour, ...]:
    """A ventricle that beats: smaller towards the middle of every twenty frames."""
    return tuple(
        Contour("lv", index, ellipse(centre, (10.0 - 3 * math.sin(math.pi * (index % 20) / 20), 18.0 - index % 20 / 10)))
        for index in frames
    )


def clip_findings(sop_instance_uid: str = A4C_UID, view: View = View.A4C, **changes: Any) -> ClipFindings:
    """A good phantom clip of 20 frames, 60 x 80 pixels, outlined on each."""
    clip = ClipFindings(
        sop_instance_uid,
        rows=60,
        columns=80,
        number_of_frames=20,
        is_quality_control_subject=True,
        cm_per_px=(0.05, 0.05),
        frame_times_ms=tuple(40.0 * number for number in range(20)),
        view=ViewPrediction(view, 0.987),
        quality=QualityGrade(83.4, adequate=True),
        distribution=DistributionVerdict(1.2, threshold=3.0, inside=True),
        contours=lv_contours(),
        beats=(Beat(0, 10),),
        models=(PHANTOM_WEIGHTS,),
        heat_maps=(heat_map(),),
    )
    return replace(clip, **changes)


def heat_map(**changes: Any) -> HeatMap:
    """Hot in the upper left cell of three rows and four columns, on the first frame."""
    return replace(HeatMap(PHANTOM_WEIGHTS.name, "lv", 1, 3, 4, "ff" + "00" * 11), **changes)


def poor_clip(**changes: Any) -> ClipFindings:
    """A clip that the quality check stopped: no outlines, one flag."""
    flag = QualityFlag(
        QualityIssue.POOR_IMAGE_QUALITY, POOR_UID, "image quality 21 of 100, below the limit of 40", (PHANTOM_WEIGHTS.name,)
    )
    values: dict[str, Any] = {
        "quality": QualityGrade(21.0, adequate=False),
        "contours": (),
        "beats": (),
        "gates": (Reason.QUALITY,),
        "flags": (flag,),
    }
    return clip_findings(POOR_UID, **{**values, **changes})


def measurement(key: str, value: float, **changes: Any) -> Measurement:
    """A value with the unit, views and ED or ES frames that its quantity calls for: both of an ejection fraction."""
    quantity = QUANTITIES[key]
    clips = {View.A2C: A2C_UID}
    of_one = {"lvedv": Phase.END_DIASTOLE, "lvesv": Phase.END_SYSTOLE, "lv": Phase.END_DIASTOLE}.get(
        key.split("_", maxsplit=1)[0]
    )
    frames = {Phase.END_DIASTOLE: 1, Phase.END_SYSTOLE: 11}
    sources = tuple(
        FrameReference(clips.get(view, A4C_UID), number, phase)
        for view in quantity.views or (View.A4C,)
        for phase, number in frames.items()
        if phase is (quantity.phase or of_one or phase)
    )
    view = quantity.views[0] if len(quantity.views) == 1 else None
    return replace(Measurement(key, quantity.unit, value, sources, method=quantity.method.value, view=view), **changes)


def study_findings(**changes: Any) -> StudyFindings:
    """An A4C, an A2C and a poor clip: biplane EF and volumes, A4C single plane over two beats, A2C not measured."""
    findings = StudyFindings(
        STUDY_UID,
        clips=(clip_findings(), clip_findings(A2C_UID, View.A2C), poor_clip()),
        measurements=(
            measurement("ef_bp", 56.4321),
            measurement("lvedv_bp", 121.27),
            measurement("lvesv_bp", 52.84),
            measurement("ef_a4c", 55.08, beats=2, sd=1.234),
            measurement("lvedv_a4c", 118.0, beats=2, sd=2.0),
            measurement("lvesv_a4c", 53.0, beats=2, sd=1.0),
            measurement("lv_len_d_a4c", 8.4567),
        ),
        not_measured=tuple(
            NotMeasured(key, (Reason.NO_CARDIAC_CYCLE, Reason.DISAGREEMENT), "one beat is not whole")
            for key in ("ef_a2c", "lvedv_a2c", "lvesv_a2c")
        ),
        models=(PHANTOM_WEIGHTS,),
    )
    return replace(findings, **changes)


CART_SR_UID = "1.2.826.0.1.3680043.8.498.7.1"


def cart_value(key: str, value: float, **changes: Any) -> CartValue:
    """A value of the cart's SR, in the unit of its quantity."""
    stated = CartValue(key, value, QUANTITIES[key].unit, sop_instance_uid=CART_SR_UID, name=QUANTITIES[key].name)
    return replace(stated, **changes)
