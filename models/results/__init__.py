"""What an analysis finds: the vocabulary shared by networks, documents, database and JSON.

These are plain frozen dataclasses of plain values, so that they cross process borders and become JSON without own code. Frame
numbers are 1-based as in DICOM wherever a field is called `frame_number`; `frame_index` is 0-based.

Image points are (x, y) pixels of the whole image, x along columns, y along rows. (0, 0) is the *centre* of the top left pixel.
In a SCOORD that centre is (0.5, 0.5) (PS3.3 C.18.6.1.1).
"""

from models.results.assessments import Assessment, AssessmentInput, Grade, Pressure
from models.results.frame_marks import Beat, Caliper, CaliperKind, Contour, FrameReference, Point, of_frames
from models.results.heat_maps import HeatMap
from models.results.quantity_values import CartValue, Measurement, NotMeasured, QuantityValue, ReadValue
from models.results.reasons import Reason, in_order
from models.results.study_findings import (
    ClipFindings,
    DistributionVerdict,
    HeartRate,
    ModelUse,
    OutlineVerdict,
    QualityFlag,
    QualityGrade,
    QualityIssue,
    RateOrigin,
    StudyFindings,
    ViewPrediction,
)

__all__ = [
    "Assessment",
    "AssessmentInput",
    "Beat",
    "Caliper",
    "CaliperKind",
    "CartValue",
    "ClipFindings",
    "Contour",
    "DistributionVerdict",
    "FrameReference",
    "Grade",
    "HeartRate",
    "HeatMap",
    "Measurement",
    "ModelUse",
    "NotMeasured",
    "OutlineVerdict",
    "Point",
    "Pressure",
    "QualityFlag",
    "QualityGrade",
    "QualityIssue",
    "QuantityValue",
    "RateOrigin",
    "ReadValue",
    "Reason",
    "StudyFindings",
    "ViewPrediction",
    "in_order",
    "of_frames",
]
