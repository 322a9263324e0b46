"""Key Object Selections of frames: Best In Set, end-diastole and end-systole as they were used; Of Interest, all that was read.

No number stands in them: a viewer goes to the frames, and the words say which quantities came from each.
"""

from collections.abc import Iterable, Iterator

from pydicom.sr.coding import Code
from pydicom.uid import KeyObjectSelectionDocumentStorage

from models.catalogue import Phase
from models.results import FrameReference, StudyFindings
from sr_templates import codes
from sr_templates.contributing_equipment import networks
from sr_templates.document import BuiltDocument, DocumentKind, evidence_sequence
from sr_templates.evidence import Evidence
from sr_templates.frame_references import frame_numbers
from sr_templates.identity import DocumentIdentity
from sr_templates.key_objects import Selection, build_selection

_CLASS = KeyObjectSelectionDocumentStorage
BEST_IN_SET = DocumentKind("kos_best_in_set", _CLASS, "KO", 9310, "EchoNode end-diastole and end-systole")
OF_INTEREST = DocumentKind("kos_of_interest", _CLASS, "KO", 9320, "EchoNode frames measured")
_PHASES = {Phase.END_DIASTOLE: "end-diastole", Phase.END_SYSTOLE: "end-systole"}

_Used = tuple[FrameReference, str]  # a frame and the key of a quantity that came from it


def build_best_in_set(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """The frames of end-diastole and end-systole that values came from, of the best clips of their views: the set is the
    Stage-View (CID 7012). Nothing where no value came from any.
    """
    used = [(source, key) for source, key in _used(findings) if source.phase in _PHASES]
    return _selected(BEST_IN_SET, codes.BEST_IN_SET, codes.OF_STAGE_AND_VIEW, used, findings, evidence, identity)


def build_of_interest(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """Every frame that a value came from or that bears a caliper. Nothing where there is none."""
    return _selected(OF_INTEREST, codes.OF_INTEREST, None, list(_used(findings)), findings, evidence, identity)


def _used(findings: StudyFindings) -> Iterator[_Used]:
    for measurement in findings.measurements:
        yield from ((source, measurement.key) for source in measurement.sources)
        sources = {(source.sop_instance_uid, source.frame_number) for source in measurement.sources}
        for caliper in measurement.calipers:
            if (caliper.sop_instance_uid, caliper.frame_number) not in sources:
                yield FrameReference(caliper.sop_instance_uid, caliper.frame_number), measurement.key


def _selected(
    kind: DocumentKind,
    title: Code,
    modifier: Code | None,
    used: list[_Used],
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> tuple[BuiltDocument, ...]:
    """Raises DocumentError for a frame that the object does not have."""
    numbers: dict[str, list[int]] = {}
    for source, _ in used:
        numbers.setdefault(source.sop_instance_uid, []).append(source.frame_number)
    if not numbers:
        return ()
    selection = Selection(
        title=title,
        modifier=modifier,
        objects=[evidence.header(uid) for uid in numbers],
        study_references=evidence_sequence(evidence, numbers),
        words=[_words(frame, keys, findings) for frame, keys in _keys_by_frame(used)],
        frames={uid: frame_numbers(uid, found, evidence) or () for uid, found in numbers.items()},
        models=networks(findings),
    )
    return (build_selection(kind, selection, findings, evidence, identity),)


def _keys_by_frame(used: Iterable[_Used]) -> list[tuple[FrameReference, list[str]]]:
    keys: dict[FrameReference, dict[str, None]] = {}
    for source, key in used:
        keys.setdefault(source, {})[key] = None
    return [(source, list(found)) for source, found in keys.items()]


def _words(frame: FrameReference, keys: list[str], findings: StudyFindings) -> str:
    """In the order of use: "a4c, frame 12, end-systole: lvesv_bp, ef_bp"."""
    views = {clip.sop_instance_uid: clip.view.view.value for clip in findings.clips if clip.view is not None}
    where = [views.get(frame.sop_instance_uid, "clip"), f"frame {frame.frame_number}"]
    if frame.phase in _PHASES:
        where.append(_PHASES[frame.phase])
    return f"{', '.join(where)}: {', '.join(keys)}"
