"""One value of an echo report: TID 5203 Echo Measurement, which is TID 300 with what echo adds to it."""

from collections.abc import Iterable, Iterator, Sequence

from highdicom import sr
from pydicom.dataelem import DataElement
from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from models.results import Measurement
from sr_templates import codes, prefill, selection
from sr_templates.evidence import Evidence
from sr_templates.frame_references import frame_numbers
from sr_templates.image_region import measured_at
from sr_templates.normal_value_items import normal_value_items
from sr_templates.profile import Profile, Scheme
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.srt import srt

_CONTAINS, _MOD = sr.RelationshipTypeValues.CONTAINS, sr.RelationshipTypeValues.HAS_CONCEPT_MOD
_ACQUISITION, _PROPERTIES = sr.RelationshipTypeValues.HAS_ACQ_CONTEXT, sr.RelationshipTypeValues.HAS_PROPERTIES

_Said = tuple[Code, Code | None, sr.RelationshipTypeValues]  # name, value where there is one, relationship to the NUM

FINDING_SITE = Code("363698007", "SCT", "Finding Site")
_DERIVATION = Code("121401", "DCM", "Derivation")

_VALVES = frozenset({codes.AORTIC_VALVE, codes.MITRAL_VALVE, codes.PULMONIC_VALVE, codes.TRICUSPID_VALVE})
# Concepts that name a property alone (CID 12222 and its neighbours): at a valve they need the direction of the flow.
_PROPERTIES_ALONE = frozenset({
    "11726-7", "20352-1", "20247-3", "20256-4", "20354-7", "20168-1", "20217-6", "20280-4", "399367004", "399027007",
})  # fmt: skip
# Every other concept names its point of the cardiac cycle, or is not read at one.
_STATE_THEIR_PHASE = frozenset({"la_area_a4c", "la_area_a2c", "ra_area", "rv_basal"})


def echo_value(
    measurement: Measurement,
    section: Code,
    profile: Profile,
    evidence: Evidence,
    parts: Sequence[Measurement] = (),
    *,
    preferred: bool,
    observation_uid: str,
) -> sr.NumContentItem:
    """A NUM with its modifiers by value, the frames it came from and the marks on them.

    The finding site stands where it differs from the section's, which every value below inherits (TID 5202 row 2). A value
    that is not `preferred` is a replicate of one that is. `parts` are assumptions that it was made with.
    """
    value, unit = prefill.stated(measurement, profile)
    item = number(in_scheme(QUANTITY_CODES[measurement.key].concept, profile.scheme), value, unit)
    item.add(DataElement("ObservationUID", "UI", observation_uid))
    children: list[sr.ContentItem] = [
        *_coded(_by_tid_300(measurement, section, profile, preferred), profile.scheme),
        *(normal_value_items(measurement, evidence, profile.scheme) if preferred else ()),
        *(_derived_from(part, profile) for part in parts),
        *sources(measurement, evidence),
        *_coded(_by_tid_5203(measurement), profile.scheme),
    ]
    if children:
        item.ContentSequence = sr.ContentSequence(children)
    return item


def in_scheme(code: Code, scheme: Scheme) -> Code:
    return srt(code) if scheme == "srt" else code


def _derived_from(part: Measurement, profile: Profile) -> sr.NumContentItem:
    """A value that another one was made with (TID 300 row 9), to stand below that one."""
    value, unit = prefill.stated(part, profile)
    name = in_scheme(QUANTITY_CODES[part.key].concept, profile.scheme)
    return number(name, value, unit, sr.RelationshipTypeValues.INFERRED_FROM)


def number(name: Code, value: float, unit: Code, relationship: sr.RelationshipTypeValues = _CONTAINS) -> sr.NumContentItem:
    """A NUM in as many digits as the value has: the decimal string says all of it."""
    item = sr.NumContentItem(name, value, unit, relationship_type=relationship)
    measured = item.MeasuredValueSequence[0]
    measured.NumericValue = str(value)
    if "FloatingPointValue" in measured:
        del measured.FloatingPointValue
    return item


def _by_tid_300(measurement: Measurement, section: Code, profile: Profile, preferred: bool) -> tuple[_Said, ...]:
    """In the order of its rows, up to its images."""
    code = QUANTITY_CODES[measurement.key]
    status = selection.status(measurement, among_replicates=profile.replicates)
    return (
        (codes.MEASUREMENT_METHOD, prefill.method(measurement), _MOD),
        (_DERIVATION, code.derivation if measurement.beats > 1 else None, _MOD),
        (FINDING_SITE, code.finding_site if code.finding_site != section else None, _MOD),
        (
            codes.SELECTION_STATUS,
            status if preferred else None,
            _PROPERTIES,
        ),
    )


def _by_tid_5203(measurement: Measurement) -> tuple[_Said, ...]:
    """Rows 2, 4, 5 and 6."""
    return (
        (codes.FLOW_DIRECTION, _flow(measurement), _MOD),
        (codes.CARDIAC_CYCLE_POINT, _cycle_point(measurement), _MOD),
        (codes.IMAGE_MODE, prefill.image_mode(measurement), _ACQUISITION),
        (codes.IMAGE_VIEW, prefill.image_view(measurement), _ACQUISITION),
    )


def _coded(said: Iterable[_Said], scheme: Scheme) -> Iterator[sr.CodeContentItem]:
    for name, value, relationship in said:
        if value is not None:
            yield sr.CodeContentItem(in_scheme(name, scheme), in_scheme(value, scheme), relationship)


def _flow(measurement: Measurement) -> Code | None:
    """Only as it was found to run, and where concept and site leave it open (PS3.17 N.3)."""
    code = QUANTITY_CODES[measurement.key]
    open_to_both = code.finding_site in _VALVES and code.concept.value in _PROPERTIES_ALONE
    return code.flow if open_to_both and measurement.direction is QUANTITIES[measurement.key].direction else None


def _cycle_point(measurement: Measurement) -> Code | None:
    """Nothing where the frames it came from are all of another phase."""
    phase = QUANTITIES[measurement.key].phase
    found = {source.phase for source in measurement.sources if source.phase is not None}
    return codes.PHASE_CODES[phase] if phase and measurement.key in _STATE_THEIR_PHASE and phase in (found or {phase}) else None


def sources(measurement: Measurement, evidence: Evidence) -> list[sr.ContentItem]:
    """TID 320, by value: one image an object, with all its frames that were read, then each mark on them.

    Raises DocumentError for a frame that the object does not have.
    """
    frames: dict[str, set[int]] = {}
    for source in measurement.sources:
        frames.setdefault(source.sop_instance_uid, set()).add(source.frame_number)
    images = (
        sr.SourceImageForMeasurement(evidence.header(uid).SOPClassUID, uid, frame_numbers(uid, numbers, evidence))
        for uid, numbers in frames.items()
    )
    return [*images, *measured_at(measurement, evidence)]
