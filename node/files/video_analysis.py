"""An AVI, MP4 or image through the node's networks: without calibration, so nothing but ratios, and never a document."""

from dataclasses import replace
from pathlib import Path

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import QUANTITIES, View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.derive.ventricle.volumes import length_cm, to_cm
from models.library.model_set import ModelSet
from models.library.quantities import quantities_of
from models.results import ClipFindings, NotMeasured, QualityFlag, QualityIssue, Reason, StudyFindings, in_order
from node.objects.clip_file import clip_of_file
from node.work.clip_analysis import predictor_for

UNCALIBRATED = (
    "A video outside DICOM has no calibration: its ejection fraction is a ratio of pixels, and there are no documents."
)
_NO_SCALE = "a video outside DICOM has no calibration"
# Of both axes alike, so that a ratio of volumes is what it would be in centimetres.
_RATIOS = ("ef_a4c", "ef_a2c", "ef_video_regression")
# The image as if it were this deep, then the ventricle as if it were this long: the limits of volumes have a scale.
_DEPTH_CM, _LENGTH_CM = 16.0, 8.0


def analyse_video(path: Path, models: ModelSet) -> StudyFindings:
    """Raises UnreadableClip for a file without a video or image. Pixels are taken as square."""
    clip = clip_of_file(path)
    clip = replace(clip, sop_instance_uid=path.name, regions=(_whole_image(clip),))
    found = predictor_for(models).analyse(clip)
    scaled = _scaled(found)
    study = derive_study(path.name, [scaled], research_override=models.research_override, asked=quantities_of(models))
    return replace(_without_scale(study), clips=(_as_read(found, clip),))


def _whole_image(clip: Clip) -> RegionCalibration:
    size_cm = _DEPTH_CM / clip.rows
    return RegionCalibration(
        0, 0, clip.columns - 1, clip.rows - 1, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE,
        PhysicalUnit.CM, PhysicalUnit.CM, size_cm, size_cm,
    )  # fmt: skip


def _scaled(found: ClipFindings) -> ClipFindings:
    """With the long axis at the first end-diastole of an ordinary length."""
    outlines = {contour.frame_index: contour for contour in found.contours}
    if found.cm_per_px is None or not found.beats or found.beats[0].ed_frame_index not in outlines:
        return found
    length = length_cm(to_cm(outlines[found.beats[0].ed_frame_index].points_px, found.cm_per_px))
    if length <= 0:
        return found
    x_cm, y_cm = found.cm_per_px
    return replace(found, cm_per_px=(x_cm * _LENGTH_CM / length, y_cm * _LENGTH_CM / length))


def _without_scale(study: StudyFindings) -> StudyFindings:
    """Whatever has a length, an area or a velocity in it is not measured."""
    kept = tuple(one for one in study.measurements if one.key in _RATIOS)
    lost = [NotMeasured(one.key, (Reason.NO_CALIBRATION,), _NO_SCALE) for one in study.measurements if one.key not in _RATIOS]
    missing = [_with_reason(one) for one in study.not_measured]
    flag = QualityFlag(QualityIssue.CALIBRATION, None, UNCALIBRATED)
    return replace(study, measurements=kept, not_measured=(*lost, *missing), flags=(*study.flags, flag), assessments=())


def _with_reason(one: NotMeasured) -> NotMeasured:
    if one.key in _RATIOS or QUANTITIES[one.key].views == (View.A4C, View.A2C):
        return one
    return replace(one, reasons=in_order([*one.reasons, Reason.NO_CALIBRATION]))


def _as_read(found: ClipFindings, clip: Clip) -> ClipFindings:
    tolerated = tuple(QualityFlag(QualityIssue.TOLERATED, found.sop_instance_uid, note) for note in clip.notes)
    return replace(found, cm_per_px=None, region_rule="", area_curve_cm2=(), flags=found.flags + tolerated)
