"""Why a quantity is not measured."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a quantity is not measured, in order of precedence: the first that applies is the primary reason."""

    UNDECODABLE = "undecodable"  # the pixels could not be read
    COMPUTATION_FAILED = "computation_failed"  # the network broke off, or took too long
    NO_CALIBRATION = "no_calibration"  # no ultrasound region in centimetres
    CALIBRATION_INCONSISTENT = "calibration_inconsistent"  # the region does not fit the pixels
    VIEW_MISSING = "view_missing"  # no clip of the view that the quantity needs
    QUALITY = "quality"  # image quality below the limit
    OUT_OF_DISTRIBUTION = "out_of_distribution"  # unlike anything the network was trained on
    UNCERTAIN_OUTLINES = "uncertain_outlines"  # a larger error of EF is expected of them than is allowed
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
    DISAGREEMENT = "disagreement"  # two planes, two clips or two parts contradict each other
    PATIENT_SIZE = "patient_size"  # the patient's height or weight is unknown, or cannot be true
    SITE_CHOICE = "site_choice"  # it needs a convention that the site has not chosen
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
