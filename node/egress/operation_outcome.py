"""What a FHIR server says of a request that it does not take, without the patient that its words may quote."""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

Json = dict[str, Any]

_SEVERE = ("fatal", "error")
_MOST_ISSUES, _LONGEST_TEXT = 3, 300
_MASK = "*"
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")  # IssueType
_LOWER_CASE = re.compile(r"[a-z]{1,24}([-'][a-z]{1,24})?")
_PATH = re.compile(r"([A-Z][A-Za-z]+)((\.[a-z][A-Za-z0-9]*|\.ofType\([A-Za-z]+\))(\[\d{1,4}\])?)*")
_RESOURCES = frozenset(
    {"Bundle", "Device", "DiagnosticReport", "ImagingSelection", "ImagingStudy", "Observation", "Patient", "ServiceRequest"}
)
_CAPITALISED = frozenset({
    "A", "All", "An", "Cannot", "Constraint", "Could", "Duplicate", "Element", "Error", "Failed", "FHIR", "HTTP", "ID",
    "Invalid", "JSON", "Missing", "Multiple", "No", "None", "Not", "Profile", "Property", "Reference", "References", "Resource",
    "Resources", "The", "This", "Unable", "Unknown", "Unrecognised", "Unrecognized", "Unsupported", "URL", "Validation",
    "Value",
})  # fmt: skip


def resource_of(body: bytes) -> Json:
    """The resource that an answer is; empty where it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("resourceType"), str) else {}


def issues_of(outcome: object, sent: Json) -> str:
    """The first severe issues of an OperationOutcome: code, diagnostics, place. `sent` is the Bundle that it is about."""
    found = [issue for issue in listed(outcome, "issue") if isinstance(issue, dict)]
    severe = [issue for issue in found if issue.get("severity") in _SEVERE] or found
    return "; ".join(dict.fromkeys(filter(None, (_issue(issue, sent) for issue in severe[:_MOST_ISSUES]))))


def without_patient(text: object, sent: Json) -> str:
    """Words of the language and names of FHIR are kept. Whatever else stands there may be of this patient, or of another.

    >>> without_patient("Invalid identifier 'PID 1' of jane doe in Patient.identifier[0]", {"subject": {"display": "Doe Jane"}})
    'Invalid identifier * of * in Patient.identifier[0]'
    """
    if not isinstance(text, str):
        return ""
    patient, names = {word.casefold() for word in _words_of_patient(sent)}, set(_names(sent))
    words = (word if _is_harmless(word, patient, names) else _MASK for word in text[:2000].split())
    runs = ([_MASK] if masked else list(run) for masked, run in groupby(words, lambda word: word == _MASK))
    return " ".join(word for run in runs for word in run)[:_LONGEST_TEXT]


def listed(value: object, name: str) -> list[Any]:
    """The elements of a list that an object should have; none where it has none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _issue(issue: Json, sent: Json) -> str:
    code, details = issue.get("code"), issue.get("details")
    text = issue.get("diagnostics") or (details.get("text") if isinstance(details, dict) else "")
    places = (*listed(issue, "expression"), *listed(issue, "location"))
    place = next((f" ({one})" for one in places if isinstance(one, str) and _is_path(one)), "")
    said = (code if isinstance(code, str) and _CODE.fullmatch(code) else "", without_patient(text, sent))
    return ": ".join(filter(None, said)) + place


def _is_harmless(word: str, patient: set[str], names: set[str]) -> bool:
    core = word.strip("'\"`.,:;!?(){}<>")
    if core.casefold() in patient:
        return False
    return core in _CAPITALISED or core in names or _is_path(core) or _LOWER_CASE.fullmatch(core) is not None


def _is_path(text: str) -> bool:
    found = _PATH.fullmatch(text)
    return found is not None and found[1] in _RESOURCES


def _names(value: object) -> Iterator[str]:
    """Of elements, as the Bundle has them."""
    if isinstance(value, dict):
        yield from value
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in below:
        yield from _names(one)


def _words_of_patient(value: object, *, within: bool = False) -> Iterator[str]:
    """Every word of the patient and the orders."""
    if isinstance(value, dict):
        for name in value.keys() - {"type", "system"}:
            yield from _words_of_patient(value[name], within=within or name in ("subject", "basedOn"))
    elif isinstance(value, list):
        for below in value:
            yield from _words_of_patient(below, within=within)
    elif within and isinstance(value, str):
        yield from (value, *re.findall(r"\w+", value))
