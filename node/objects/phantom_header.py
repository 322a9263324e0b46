"""What the header of a synthetic object says of patient, study, machine and regions."""

from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from models.calibration import RegionCalibration
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, MANUFACTURER, __version__


@dataclass(frozen=True)
class PhantomPatient:
    """`height_m` and `weight_kg` are left out where they are not known."""

    name: str = "PHANTOM^HEART"
    patient_id: str = "PHANTOM"
    birth_date: str = "19700101"
    sex: str = "O"
    height_m: float | None = None
    weight_kg: float | None = None


@dataclass(frozen=True)
class PhantomStudy:
    """What all clips of one study share. `created_at` is aware; dates and times are written in its own time zone."""

    study_instance_uid: str
    series_instance_uid: str
    created_at: datetime
    study_id: str = "PHANTOM"
    accession_number: str = ""


def new_dataset(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    """Without pixels; the transfer syntax comes with them."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = UID(sop_class_uid)
    dataset.SOPInstanceUID = UID(sop_instance_uid)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    dataset.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return dataset


def describe_patient_and_study(dataset: Dataset, patient: PhantomPatient, study: PhantomStudy) -> None:
    date, time = study.created_at.strftime("%Y%m%d"), study.created_at.strftime("%H%M%S")
    dataset.PatientName, dataset.PatientID = patient.name, patient.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = patient.birth_date, patient.sex
    if patient.height_m is not None:
        dataset.PatientSize = f"{patient.height_m:.2f}"
    if patient.weight_kg is not None:
        dataset.PatientWeight = f"{patient.weight_kg:.1f}"
    dataset.QualityControlSubject = "YES"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study.study_instance_uid, study.series_instance_uid
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = time
    dataset.TimezoneOffsetFromUTC = study.created_at.strftime("%z")
    dataset.StudyID, dataset.AccessionNumber = study.study_id, study.accession_number
    dataset.StudyDescription, dataset.ReferringPhysicianName = "Synthetic transthoracic echo", ""
    dataset.Modality, dataset.SeriesNumber = "US", 1
    dataset.BodyPartExamined = "HEART"
    dataset.Manufacturer, dataset.ManufacturerModelName = MANUFACTURER, "Phantom"
    dataset.SoftwareVersions = __version__


def region_item(region: RegionCalibration) -> Dataset:
    """One item of Sequence of Ultrasound Regions (PS3.3 C.8.5.5); what is 0 or not stated is left out where it may be."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = int(region.spatial_format), int(region.data_type)
    item.RegionFlags = 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = region.x0_px, region.y0_px
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = region.x1_px, region.y1_px
    item.PhysicalUnitsXDirection, item.PhysicalUnitsYDirection = int(region.physical_unit_x), int(region.physical_unit_y)
    item.PhysicalDeltaX, item.PhysicalDeltaY = region.physical_delta_x, region.physical_delta_y
    if region.reference_pixel_x0_px is not None:
        item.ReferencePixelX0 = region.reference_pixel_x0_px
        item.ReferencePixelPhysicalValueX = region.reference_physical_value_x
    if region.reference_pixel_y0_px is not None:
        item.ReferencePixelY0 = region.reference_pixel_y0_px
        item.ReferencePixelPhysicalValueY = region.reference_physical_value_y
    if region.doppler_correction_angle_deg:
        item.DopplerCorrectionAngle = region.doppler_correction_angle_deg
    return item
