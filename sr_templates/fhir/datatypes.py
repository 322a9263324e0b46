"""FHIR's data types, from codes, UIDs and text as DICOM has them."""

import re
import uuid
from enum import StrEnum
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from sr_templates.codes import PRIVATE_SCHEME, PRIVATE_SCHEME_UID
from sr_templates.copied_values import text_of

Json = dict[str, Any]


class Release(StrEnum):
    """A release of FHIR, by the version that its media type states (application/fhir+json; fhirVersion=)."""

    R4 = "4.0"
    R5 = "5.0"


UID_SYSTEM = "urn:dicom:uid"  # the value is then an OID as a URN
URI_SYSTEM = "urn:ietf:rfc3986"  # the value is a URI of any kind
_SYSTEMS = {  # as terminology.hl7.org registers the schemes of PS3.16 table 8-1
    "SCT": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "UCUM": "http://unitsofmeasure.org",
    PRIVATE_SCHEME: f"urn:oid:{PRIVATE_SCHEME_UID}",
}
_V2_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Universal Entity ID Type (0040,0033), HL7 table 0301: those whose values are URIs, or become one.
_URN_PREFIX = {"ISO": "urn:oid:", "UUID": "urn:uuid:", "URI": ""}


def coding(code: Code) -> Json:
    return {"system": _SYSTEMS[code.scheme_designator], "code": code.value, "display": code.meaning}


def concept(*codes: Code, text: str = "") -> Json:
    """CodeableConcept: the first coding says the most, the others say the same with less."""
    return _stated({"coding": [coding(code) for code in codes], "text": text})


def of_system(system: str, code: str, display: str) -> Json:
    """A CodeableConcept of one of HL7's own code systems."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def quantity(value: float, unit: Code) -> Json:
    return {"value": value, "unit": unit.value, "system": _SYSTEMS["UCUM"], "code": unit.value}


def uid_identifier(uid: str) -> Json:
    return {"system": UID_SYSTEM, "value": f"urn:oid:{uid}"}


def urn(uid: str) -> str:
    """The UUID that a UID under 2.25 consists of (PS3.5 B.2); of any other, a name-based one.

    >>> urn("2.25.329800735698586629295641978511506172918")
    'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6'
    """
    number = uid.removeprefix("2.25.")
    made = uid != number and number.isdecimal() and int(number) < 1 << 128
    return f"urn:uuid:{uuid.UUID(int=int(number)) if made else uuid.uuid5(uuid.NAMESPACE_OID, uid)}"


def local(kind: str, uid: str) -> Json:
    """A reference to a resource of the same bundle."""
    return {"reference": urn(uid), "type": kind}


def logical(kind: str, identifier: Json, display: str = "") -> Json:
    """A reference to what the receiver knows already, by its identifier; where neither is known, it says so."""
    if not identifier.get("value") and not display:
        unknown = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
        return {"type": kind, "extension": [unknown]}
    return _stated({"type": kind, "identifier": identifier if identifier.get("value") else {}, "display": display})


def issued_identifier(kind: str, value: str, local_name: str, issuer: Dataset | None) -> Json:
    """An identifier of type `kind` (HL7 table 0203) with what is known of its issuer: no system is invented.

    `issuer` has a Universal Entity ID (PS3.3 10.14) or none. Empty where the value is.
    """
    if not plain(value) or plain(value) != value:  # a changed identifier may be another patient's
        return {}
    names = Dataset() if issuer is None else issuer
    assigner = plain(local_name) or plain(text_of(names, "LocalNamespaceEntityID"))
    return _stated(
        {
            "type": {"coding": [{"system": _V2_TYPES, "code": kind}]},
            "system": _issuer_system(text_of(names, "UniversalEntityID"), text_of(names, "UniversalEntityIDType")),
            "value": value,
            "assigner": {"display": assigner} if assigner else {},
        }
    )


def plain(text: str) -> str:
    """Without the characters that neither a string of FHIR nor XML may have, and without spaces at its ends."""
    return _FORBIDDEN.sub("", text).strip()


def is_id(text: str) -> bool:
    """Whether FHIR's type id can hold it, as those of UIDs in an ImagingSelection."""
    return _ID.fullmatch(text) is not None


def _issuer_system(entity_id: str, kind: str) -> str:
    system = f"{_URN_PREFIX[kind]}{entity_id}" if entity_id and kind in _URN_PREFIX else ""
    return system if ":" in system and not re.search(r"\s", system) and plain(system) == system else ""


def _stated(fields: Json) -> Json:
    """Without what is empty, which FHIR does not allow."""
    return {name: value for name, value in fields.items() if value}
