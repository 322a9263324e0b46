"""Observation: one value, or one quantity that could not be measured and why (profile imaging-measurement of dicom-sr)."""

from collections.abc import Sequence
from dataclasses import replace

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from models.results import Measurement, NotMeasured
from sr_templates import codes, prefill, tracking
from sr_templates.evidence import Evidence
from sr_templates.fhir.datatypes import Json, coding, concept, of_system, plain, quantity, uid_identifier
from sr_templates.fhir.study_facts import StudyFacts
from sr_templates.identity import DocumentIdentity
from sr_templates.quantity_codes import QUANTITY_CODES

_OBSERVATION_UID = of_system(
    "http://hl7.org/fhir/uv/dicom-sr/CodeSystem/dicom-identifier-type", "observation-uid", "Observation UID"
)
_IMAGING = of_system("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging")
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
# CID 42 in the words of FHIR.
_ABSENT_CODES = {
    "114007": ("not-performed", "Not Performed"),
    "114006": ("error", "Error"),
    "114009": ("error", "Error"),
    "114011": ("unknown", "Unknown"),
}


def uid_of(key: str, evidence: Evidence, identity: DocumentIdentity) -> str:
    """Observation UID (0040,A171), as the reports of the same analysis have it."""
    return tracking.observation_uid(key, evidence, identity)


def of_value(
    measurement: Measurement,
    study: StudyFacts,
    evidence: Evidence,
    identity: DocumentIdentity,
    *,
    first_of_concept: bool,
    device: Json,
    derived_from: Sequence[Json],
) -> Json:
    """The code of CID 12300, which alone says everything, with the concept beside it where this is the `first_of_concept`."""
    value, unit = prefill.stated(measurement, identity.profile)
    code = QUANTITY_CODES[measurement.key]
    components = _components(measurement, identity)
    return {
        **_observation(measurement.key, _codes(measurement.key, both=first_of_concept), study, evidence, identity),
        "valueQuantity": quantity(value, unit),
        "device": device,
        **_note(study.mark),
        "bodySite": concept(code.finding_site),
        **_method(prefill.method(measurement)),
        **({"derivedFrom": list(derived_from)} if derived_from else {}),
        **({"component": components} if components else {}),
    }


def of_absence(result: NotMeasured, study: StudyFacts, evidence: Evidence, identity: DocumentIdentity, device: Json) -> Json:
    """No value, ever, but the reason: in FHIR's words, in those of CID 42 and in ours, and all reasons as text."""
    primary = codes.REASON_CODES[result.reasons[0]]
    code = QUANTITY_CODES[result.key]
    fhir_code, display = _ABSENT_CODES[primary.qualifier.value]
    words = "; ".join(codes.REASON_CODES[reason].reason.meaning for reason in result.reasons)
    in_fhir = {"system": _ABSENT, "code": fhir_code, "display": display}
    return {
        **_observation(result.key, _codes(result.key, both=False), study, evidence, identity),
        "dataAbsentReason": {
            "coding": [in_fhir, coding(primary.qualifier), coding(primary.reason)],
            "text": plain(f"{words}: {result.detail}" if result.detail else words),
        },
        "device": device,
        **_note(study.mark),
        "bodySite": concept(code.finding_site),
        **_method(prefill.method_of(result.key)),
    }


def _observation(key: str, coded: Sequence[Code], study: StudyFacts, evidence: Evidence, identity: DocumentIdentity) -> Json:
    return {
        **study.of_resource("Observation"),
        "identifier": [{"type": _OBSERVATION_UID, **uid_identifier(uid_of(key, evidence, identity))}],
        **({"basedOn": [study.orders[0]]} if study.orders else {}),
        "partOf": [study.study],
        "category": [_IMAGING],
        "code": concept(*coded, text=QUANTITIES[key].name),
        **study.of_result(),
    }


def _codes(key: str, *, both: bool) -> list[Code]:
    code = QUANTITY_CODES[key]
    if code.simplified is None:
        return [code.concept]
    same = code.simplified.value == code.concept.value
    return [code.simplified, code.concept] if both and not same else [code.simplified]


def _note(text: str) -> Json:
    return {"note": [{"text": text}]} if text else {}


def _method(method: Code | None) -> Json:
    return {"method": concept(method)} if method is not None else {}


def _components(measurement: Measurement, identity: DocumentIdentity) -> list[Json]:
    """What the value was found in, and how far the beats lie apart: what modifies it in a report, and no result of its own."""
    code, expected = QUANTITY_CODES[measurement.key], QUANTITIES[measurement.key].direction
    flow = code.flow if measurement.direction is expected else None
    pairs = [(codes.IMAGE_VIEW, prefill.image_view(measurement)), (codes.IMAGE_MODE, prefill.image_mode(measurement))]
    pairs.append((codes.FLOW_DIRECTION, flow))
    found: list[Json] = [{"code": concept(name), "valueCodeableConcept": concept(value)} for name, value in pairs if value]
    if measurement.beats > 1:
        found.append({"code": concept(codes.BEATS_AVERAGED), "valueInteger": measurement.beats})
    if measurement.beats > 1 and measurement.sd is not None:
        deviation = prefill.stated(replace(measurement, value=measurement.sd), identity.profile)
        found.append({"code": concept(codes.STANDARD_DEVIATION), "valueQuantity": quantity(*deviation)})
    return found
