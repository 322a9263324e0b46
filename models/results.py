"""What an analysis finds: the vocabulary shared by networks, documents, database and JSON.

These are plain frozen dataclasses of plain values, so that they cross process borders and become JSON without own code. Frame
numbers are 1-based as in DICOM wherever a field is called `frame_number`; `frame_index` is 0-based.

Image points are (x, y) pixels of the whole image, x along columns, y along rows. (0, 0) is the *centre* of the top left pixel.
In a SCOORD that centre is (0.5, 0.5) (PS3.3 C.18.6.1.1).
"""

from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum

from models.catalogue import Direction, Phase, View

Point = tuple[float, float]


class Reason(StrEnum):
    """Why a quantity is not measured, in order of precedence: the first that applies is the primary reason."""

    UNDECODABLE = "undecodable"  # the pixels could not be read
    COMPUTATION_FAILED = "computation_failed"  # the network broke off, or took too long
    NO_CALIBRATION = "no_calibration"  # no ultrasound region in centimetres
    CALIBRATION_INCONSISTENT = "calibration_inconsistent"  # the region does not fit the pixels
    VIEW_MISSING = "view_missing"  # no clip of the view that the quantity needs
    QUALITY = "quality"  # image quality below the limit
    OUT_OF_DISTRIBUTION = "out_of_distribution"  # unlike anything the network was trained on
    NO_CARDIAC_CYCLE = "no_cardiac_cycle"  # no whole beat or sweep, or no frame times
    STRESS_STAGE = "stress_stage"
    TRANSOESOPHAGEAL = "transoesophageal"
    NON_CARDIAC_PROBE = "non_cardiac_probe"
    CONTRAST_AGENT = "contrast_agent"
    PAEDIATRIC = "paediatric"
    THREE_DIMENSIONAL = "three_dimensional"
    COLOUR_DOPPLER = "colour_doppler"  # flow painted over the cavity
    SPLIT_SCREEN = "split_screen"
    OUTSIDE_LIMITS = "outside_limits"  # an impossible value, not an abnormal one
    DISAGREEMENT = "disagreement"  # the two planes contradict each other
    RESEARCH_WEIGHTS = "research_weights"  # weights trained on phantoms, object of a patient
    UNTRAINED_WEIGHTS = "untrained_weights"  # weights that nobody trained: a network as it is first set up

    @property
    def precedence(self) -> int:
        return list(Reason).index(self)


def in_order(reasons: "set[Reason] | tuple[Reason, ...] | list[Reason]") -> tuple[Reason, ...]:
    """Distinct reasons, primary first.

    >>> [r.value for r in in_order([Reason.RESEARCH_WEIGHTS, Reason.QUALITY, Reason.QUALITY])]
    ['quality', 'research_weights']
    """
    return tuple(sorted(set(reasons), key=lambda reason: reason.precedence))


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


@dataclass(frozen=True)
class FrameReference:
    """A frame that a value came from. `frame_number` is 1-based."""

    sop_instance_uid: str
    frame_number: int
    phase: Phase | None = None


def of_frames(*frame_indices: int) -> tuple[FrameReference, ...]:
    """0-based frames of the clip that a model is reading, of which the model knows no UID.

    >>> of_frames(0, 7)[1].frame_number
    8
    """
    return tuple(FrameReference("", int(index) + 1) for index in frame_indices)


@dataclass(frozen=True)
class Contour:
    """A closed outline of one structure on one frame: points (x, y) in px of the whole image, last not repeating the first.

    For `lv` the first and the last point are the ends of the mitral annulus line, so the closing edge is that line.
    """

    structure: str
    frame_index: int
    points_px: tuple[Point, ...]


@dataclass(frozen=True)
class Beat:
    """One cardiac cycle by frame index (0-based): end-diastole, the following end-systole."""

    ed_frame_index: int
    es_frame_index: int


@dataclass(frozen=True)
class QuantityValue:
    """What is said of a number on its whole way, from the network that reads it to the document.

    `sources` are the frames it came from, of several clips where it needs several; empty where it is of the whole clip. `sd` is
    over the `beats` that were averaged, in `unit`; None for a single beat. `direction` is the one found of a velocity, and of
    what is made of it alone. `model` is the one that read the value by itself; "" for what is made of outlines or of other
    values.
    """

    key: str
    unit: str
    value: float | None
    sources: tuple[FrameReference, ...] = ()
    beats: int = 1
    sd: float | None = None
    direction: Direction | None = None
    model: str = ""


@dataclass(frozen=True)
class ReadValue(QuantityValue):
    """One number that a model reads off a clip, or why there is none: `value` None with `reasons`, the primary one first.

    `key` is that of the dictionary of echo measurements where it has one. A length in "px" is a pixel count of an uncalibrated
    clip: it stands beside the NotMeasured value in cm, never in its place. A phase that `sources` state stands before the one
    that the quantity has by convention. A model returns `sources` without a UID and no `model`; the analysis adds both.
    `at_least` is of a velocity that exceeds its display the highest that can be shown there, in `unit`.
    """

    reasons: tuple[Reason, ...] = ()
    detail: str = ""
    at_least: float | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.reasons):
            raise ValueError(f"{self.key}: a value, or the reasons for its absence")

    @property
    def frame_index(self) -> int | None:
        """The frame it came from, or the first of several, 0-based; None where it is of the whole clip."""
        return self.sources[0].frame_number - 1 if self.sources else None


@dataclass(frozen=True)
class Measurement(QuantityValue):
    """A value with everything a reader needs to check it. `key` and `unit` are those of `catalogue.QUANTITIES`."""

    value: float
    _: KW_ONLY
    method: str
    view: View | None


@dataclass(frozen=True)
class NotMeasured:
    """A quantity that was asked for and could not be given. `reasons` is never empty, primary first."""

    key: str
    reasons: tuple[Reason, ...]
    detail: str = ""

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError(f"NotMeasured {self.key!r} without a reason")


@dataclass(frozen=True)
class CartValue:
    """A value that a received SR of the study states: nobody's but its writer's, never measured here.

    `key` and `unit` are those of `catalogue.QUANTITIES`. Without a key, which is "" then, the unit is the stated one, and
    `candidates` are the keys that it may have. `method` is the stated one in words, `name` the concept as the SR words it.
    """

    key: str
    value: float
    unit: str
    method: str = ""
    view: View | None = None
    sop_instance_uid: str = ""
    name: str = ""
    candidates: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class ClipFindings:
    """Everything found on one clip. `area_curve_cm2` has one value per frame (None where no contour was sought or found).

    `why_no_beats` says in words why a ventricle that was sought shows no whole beat.

    `gates` are the reasons that stopped numbers on this clip (empty under the research override for those it lifts, which
    then stand in `marked` instead). `contours` hold every frame that was segmented, by `outlined_by`. `values` are
    those of models that measure by themselves; `notes` say what of theirs was left out.
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
    contours: tuple[Contour, ...] = ()
    outlined_by: str = ""
    area_curve_cm2: tuple[float | None, ...] = ()
    beats: tuple[Beat, ...] = ()
    why_no_beats: str = ""
    gates: tuple[Reason, ...] = ()
    marked: tuple[Reason, ...] = ()
    flags: tuple[QualityFlag, ...] = ()
    models: tuple[ModelUse, ...] = ()
    values: tuple[ReadValue, ...] = ()
    notes: tuple[str, ...] = ()
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
