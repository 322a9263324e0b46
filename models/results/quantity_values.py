"""Numbers and their absence, from the network that reads them to the document."""

from dataclasses import KW_ONLY, dataclass

from models.catalogue import Direction, View
from models.results.frame_marks import Caliper, FrameReference
from models.results.reasons import Reason


@dataclass(frozen=True)
class QuantityValue:
    """What is said of a number on its whole way, from the network that reads it to the document.

    `sources` are the frames it came from, of several clips where it needs several; empty where it is of the whole clip. `sd` is
    over the `beats` that were averaged, in `unit`; None for a single beat. `direction` is the one found of a velocity, and of
    what is made of it alone. `model` is the one that read the value by itself; "" for what is made of outlines or of other
    values. `calipers` are the marks it was read from, on frames of `sources`: those of each averaged beat. What is made of
    other values has none, its parts have theirs; the outlines of volumes are those of the clip.
    """

    key: str
    unit: str
    value: float | None
    sources: tuple[FrameReference, ...] = ()
    beats: int = 1
    sd: float | None = None
    direction: Direction | None = None
    model: str = ""
    calipers: tuple[Caliper, ...] = ()


@dataclass(frozen=True)
class ReadValue(QuantityValue):
    """One number that a model reads off a clip, or why there is none: `value` None with `reasons`, the primary one first.

    `key` is that of the dictionary of echo measurements where it has one. A length in "px" is a pixel count of an uncalibrated
    clip: it stands beside the NotMeasured value in cm, never in its place. A phase that `sources` state stands before the one
    that the quantity has by convention. A model returns `sources` and `calipers` without a UID and no `model`; the analysis
    adds both.
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
    """A value with everything a reader needs to check it. `key` and `unit` are those of `catalogue.QUANTITIES`.

    `derivation` says in words how it was computed of other values, and what the site chose for it; "" for what was read.
    """

    value: float
    _: KW_ONLY
    method: str
    view: View | None
    derivation: str = ""


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
