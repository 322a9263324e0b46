"""The frames that values came from, with the outlines and calipers that gave them: what a document shows of a study."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from models.catalogue import QUANTITIES, Phase
from models.results import Caliper, CaliperKind, ClipFindings, Contour, Measurement, Point, StudyFindings
from sr_templates import prefill
from sr_templates.copied_values import text_of
from sr_templates.drawn_regions import outlines_used
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.profile import DEFAULT_PROFILE

NOT_CONFIRMED = "Drawn by an algorithm and confirmed by nobody: not for diagnosis"  # beside every picture of ours


@dataclass(frozen=True)
class MarkedFrame:
    """`values` came from this frame, perhaps from others as well; calipers are labelled with theirs."""

    frame_number: int
    phase: Phase | None
    contours: tuple[Contour, ...]
    calipers: tuple[Caliper, ...]
    values: tuple[Measurement, ...]


@dataclass(frozen=True)
class MarkedClip:
    """A clip and those of its frames that have a mark from which a value was read, in their order."""

    clip: ClipFindings
    frames: tuple[MarkedFrame, ...]

    @property
    def view(self) -> str:
        return view_name(self.clip)

    @property
    def values(self) -> tuple[Measurement, ...]:
        return tuple({one.key: one for frame in self.frames for one in frame.values}.values())

    @property
    def outlines(self) -> tuple[Contour, ...]:
        """Of the structures that values came from, on every frame: a moving picture shows them move."""
        structures = {contour.structure for frame in self.frames for contour in frame.contours}
        ours = (contour for contour in self.clip.contours if contour.structure in structures)
        return tuple(contour for contour in ours if _are_places(contour.points_px))


def marked_clips(findings: StudyFindings, evidence: Evidence) -> tuple[MarkedClip, ...]:
    """In the order of clips. A value that names a frame without a mark shows nothing there.

    Raises DocumentError for marks that lie on no frame of their object, or on one of another size.
    """
    outlines = outlines_used(findings, evidence)
    found = []
    for clip in findings.clips:
        contours = outlines.get(clip.sop_instance_uid, ())
        calipers = _calipers(clip, findings.measurements)
        numbers = {contour.frame_index + 1 for contour in contours} | {caliper.frame_number for caliper in calipers}
        if numbers:
            _refuse_misfits(clip, numbers, evidence)
            frames = (_marked_frame(clip, number, contours, calipers, findings) for number in sorted(numbers))
            found.append(MarkedClip(clip, tuple(frames)))
    return tuple(found)


def _refuse_misfits(clip: ClipFindings, frame_numbers: Iterable[int], evidence: Evidence) -> None:
    source = evidence.header(clip.sop_instance_uid)
    if (str(clip.rows), str(clip.columns)) != (text_of(source, "Rows"), text_of(source, "Columns")):
        raise DocumentError("marks were found on an image of another size")
    frames = evidence.number_of_frames(clip.sop_instance_uid) or 1
    if not all(1 <= number <= frames for number in frame_numbers):
        raise DocumentError("a mark lies on a frame that the object does not have")


def _marked_frame(
    clip: ClipFindings, number: int, contours: Iterable[Contour], calipers: Iterable[Caliper], findings: StudyFindings
) -> MarkedFrame:
    values = tuple(one for one in findings.measurements if (clip.sop_instance_uid, number) in _places(one))
    phases = (source.phase for one in values for source in one.sources if source.frame_number == number and source.phase)
    return MarkedFrame(
        number,
        next(phases, None),
        tuple(contour for contour in contours if contour.frame_index + 1 == number),
        tuple(caliper for caliper in calipers if caliper.frame_number == number),
        values,
    )


def view_name(clip: ClipFindings) -> str:
    """As people write it, empty where it is not known."""
    return clip.view.view.value.upper().replace("_", " ") if clip.view else ""


def value_text(measurement: Measurement) -> str:
    """Name, value and unit, rounded as in every document.

    >>> value_text(Measurement("ef_bp", "%", 56.43, method="", view=None))
    'EF biplane Simpson 56.4 %'
    """
    value, unit = prefill.stated(measurement, DEFAULT_PROFILE)
    of_unit = "" if unit.value == "1" else f" {unit.value}"
    return f"{QUANTITIES[measurement.key].name} {value}{of_unit}"


def _are_places(points_px: Sequence[Point]) -> bool:
    return bool(points_px) and math.isfinite(sum(chain.from_iterable(points_px)))


def _places(measurement: Measurement) -> set[tuple[str, int]]:
    sources = {(source.sop_instance_uid, source.frame_number) for source in measurement.sources}
    return sources | {(caliper.sop_instance_uid, caliper.frame_number) for caliper in measurement.calipers}


def _calipers(clip: ClipFindings, measurements: Iterable[Measurement]) -> list[Caliper]:
    """Each mark that can be drawn once, labelled with all values that were read from it."""
    found: dict[tuple[int, CaliperKind, tuple[Point, ...]], Caliper] = {}
    for measurement in measurements:
        for caliper in measurement.calipers:
            if caliper.sop_instance_uid == clip.sop_instance_uid and _are_places(caliper.points_px):
                place, text = (caliper.frame_number, caliper.kind, caliper.points_px), value_text(measurement)
                label = f"{found[place].label}, {text}" if place in found else text
                found[place] = replace(caliper, label=label)
    return list(found.values())
