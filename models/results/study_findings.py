"""What one analysis says of a clip and of its study."""

from dataclasses import dataclass, field
from enum import StrEnum

from models.catalogue import View
from models.results.assessments import Assessment
from models.results.frame_marks import Beat, Contour, Point
from models.results.heat_maps import HeatMap
from models.results.quantity_values import CartValue, Measurement, NotMeasured, ReadValue
from models.results.reasons import Reason


@dataclass(frozen=True)
class ModelUse:
    """One set of weights that contributed to a finding. `trained_on_phantoms` triggers the patient safety rule.

    `weights_sha256` is empty of a network without weights, or with some that nobody trained: it measures nothing.
    `engine` is what computed the network, in which precision, and which quicker ones were refused for other results.
    """

    name: str
    version: str
    weights_sha256: str
    trained_on_phantoms: bool
    engine: str = ""


class QualityIssue(StrEnum):
    """What a quality flag says about a clip or a study."""

    POOR_IMAGE_QUALITY = "poor_image_quality"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    CALIBRATION = "calibration"
    UNDECODABLE = "undecodable"
    FORESHORTENING = "foreshortening"
    DEMOGRAPHICS_CHANGED = "demographics_changed"
    PIXEL_CONFLICT = "pixel_conflict"
    SEVERAL_PATIENT_IDS = "several_patient_ids"
    REJECTED = "rejected"  # left out, since a received rejection note names it
    TOLERATED = "tolerated"  # a deviation from the standard that did not stop the analysis


@dataclass(frozen=True)
class QualityFlag:
    """`sop_instance_uid` is None for a flag on the whole study. `message` holds no patient data. `judges` are the names of the
    models whose verdict it is; none where the header says so, or where nobody could judge.
    """

    issue: QualityIssue
    sop_instance_uid: str | None
    message: str
    judges: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViewPrediction:
    """`probability` belongs to `view`; `probabilities` to every class of the network, in its order."""

    view: View
    probability: float
    probabilities: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class QualityGrade:
    """Image quality 0 (worst) to 100 (best) as DCM 111029 defines the scale; `adequate` is the manifest's limit applied."""

    score: float
    adequate: bool


@dataclass(frozen=True)
class DistributionVerdict:
    """How far a clip lies from the training data; `inside` is the manifest's threshold applied to `distance`."""

    distance: float
    threshold: float
    inside: bool


class RateOrigin(StrEnum):
    """What a heart rate was taken from."""

    R_WAVES = "r_waves"
    HEADER = "header"  # Heart Rate (0018,1088), as the cart noted it
    BEATS = "beats"  # of the outlined ventricle


@dataclass(frozen=True)
class HeartRate:
    """Of one clip, in beats a minute: the mean of `beats`, `sd` over them; None of a single one, and of a stated rate."""

    bpm: float
    origin: RateOrigin
    beats: int = 1
    sd: float | None = None


@dataclass(frozen=True)
class OutlineVerdict:
    """By how many points the ejection fraction of these outlines may be off; `reliable` is the manifest's limit applied to it.

    `doubt` says in words what speaks most against them.
    """

    expected_error_points: float
    limit_points: float
    reliable: bool
    doubt: str


@dataclass(frozen=True)
class ClipFindings:
    """Everything found on one clip. `area_curve_cm2` has one value per frame (None where no contour was sought or found).

    `why_no_beats` says in words why a ventricle that was sought shows no whole beat.

    `gates` are the reasons that stopped numbers on this clip (empty under the research override for those it lifts, which
    then stand in `marked` instead). `contours` hold every frame that was segmented, by `outlined_by`. `values` are
    those of models that measure by themselves; `notes` say what of theirs was left out. `height_m` and `weight_kg` are the
    patient's as the header states them, whatever they are.
    """

    sop_instance_uid: str
    rows: int
    columns: int
    number_of_frames: int
    is_quality_control_subject: bool = False
    cm_per_px: Point | None = None
    region_rule: str = ""
    frame_times_ms: tuple[float, ...] = ()
    view: ViewPrediction | None = None
    quality: QualityGrade | None = None
    distribution: DistributionVerdict | None = None
    outlines: OutlineVerdict | None = None
    contours: tuple[Contour, ...] = ()
    outlined_by: str = ""
    area_curve_cm2: tuple[float | None, ...] = ()
    beats: tuple[Beat, ...] = ()
    why_no_beats: str = ""
    heart_rate: HeartRate | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    gates: tuple[Reason, ...] = ()
    marked: tuple[Reason, ...] = ()
    flags: tuple[QualityFlag, ...] = ()
    models: tuple[ModelUse, ...] = ()
    values: tuple[ReadValue, ...] = ()
    notes: tuple[str, ...] = ()
    heat_maps: tuple[HeatMap, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyFindings:
    """The result of one analysis of one study: what documents, database and `findings.json` are made from.

    `research_override` says that gates were lifted by configuration; documents then carry a research title. `cart` has at most
    one value a key.
    """

    study_instance_uid: str
    clips: tuple[ClipFindings, ...]
    measurements: tuple[Measurement, ...]
    not_measured: tuple[NotMeasured, ...]
    flags: tuple[QualityFlag, ...] = ()
    models: tuple[ModelUse, ...] = ()
    research_override: bool = False
    timings_s: dict[str, float] = field(default_factory=dict)
    cart: tuple[CartValue, ...] = ()
    assessments: tuple[Assessment, ...] = ()
