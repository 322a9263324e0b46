"""What stands on the page of a study: plain values, rounded and worded, ready to be written in any form."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One line of the heading; an empty `text` is what the header does not state."""

    label: str
    text: str


@dataclass(frozen=True)
class HeadingBlock:
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class NormalText:
    """`position` is "below" or "above" where the value is outside the range. Empty texts are what the source does not print."""

    limits: str
    z_score: str
    position: str
    source_number: int  # of `StudyPage.normal_sources`, from 1 on


@dataclass(frozen=True)
class OtherValue:
    """What somebody else says of a quantity, and our value minus theirs; that is empty where we have none."""

    value: str
    difference: str


@dataclass(frozen=True)
class Source:
    """Frames of one clip that a value came from, and the figures that show some of them. `view` is empty where unknown."""

    view: str
    clip: str
    frames: str
    figures: tuple[int, ...]


@dataclass(frozen=True)
class FormField:
    """One quantity that was asked for: a value, or the `reasons` in words why there is none.

    `others` has one item for each of `StudyPage.compared`, None where that one says nothing.
    """

    key: str
    name: str
    value: str
    unit: str
    spread: str = ""
    beats: int = 0
    method: str = ""
    reasons: tuple[str, ...] = ()
    detail: str = ""
    normal: NormalText | None = None
    others: tuple[OtherValue | None, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class FormSection:
    title: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class Figure:
    """A frame with the marks of the values read on it. `jpeg` is empty where there are no pixels to show."""

    number: int
    title: str
    place: str
    values: tuple[str, ...]
    description: str  # for those who do not see it
    jpeg: bytes
    width_px: int = 0
    height_px: int = 0


@dataclass(frozen=True)
class AreaCurve:
    """The area of the ventricle over time as points of SVG polylines, a line for each run of frames that were outlined."""

    lines: tuple[str, ...]
    caption: str
    width: int
    height: int


@dataclass(frozen=True)
class ClipRow:
    name: str
    view: str
    quality: str
    adequate: bool
    beats: str
    remarks: tuple[str, ...]
    curve: AreaCurve | None = None


@dataclass(frozen=True)
class Algorithm:
    name: str
    version: str
    weights: str
    remark: str


@dataclass(frozen=True)
class StudyPage:
    """`mark` says that the page is no clinical document; empty where it may be one. `created` is ISO 8601, for the file itself.

    `compared` names those whose values stand beside ours. `cart_alone` is what the cart's report has and nobody asked for.
    """

    title: str
    mark: str
    created: str
    heading: tuple[HeadingBlock, ...]
    sections: tuple[FormSection, ...]
    figures: tuple[Figure, ...] = ()
    compared: tuple[str, ...] = ()
    normal_population: str = ""
    normal_sources: tuple[str, ...] = ()
    cart_alone: tuple[Entry, ...] = ()
    clips: tuple[ClipRow, ...] = ()
    flags: tuple[str, ...] = ()
    assessments: tuple[str, ...] = ()
    algorithms: tuple[Algorithm, ...] = ()
    footer: tuple[Entry, ...] = ()

    @property
    def measured(self) -> int:
        return sum(bool(field.value) for section in self.sections for field in section.fields)

    @property
    def asked(self) -> int:
        return sum(len(section.fields) for section in self.sections)
