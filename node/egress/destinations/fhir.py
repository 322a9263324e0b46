"""A FHIR server: a document is one transaction to its base address, and created there once however often it is sent."""

import ipaddress
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from node.db.tables import DeliveryState
from node.egress.destinations.kind import ProbeAnswer, SendOutcome, StoredDocument
from node.egress.destinations.tls import TLSDestination
from node.egress.http_exchange import Answer, exchange
from node.egress.operation_outcome import Json, issues_of, listed, resource_of
from node.settings import Settings, reachable
from node.tls import words_of

_JSON = "application/fhir+json"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 2.1
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_MAX_FAILURES = 5  # of answers that may be passing or lasting: a few attempts tell
_BUSY = frozenset({408, 425, 429})
# 401: a token that another program renews may be a moment late. 409: two clients at one resource, or something lasting.
_MAY_PASS = frozenset({401, 409, 423})
_VERSIONS = {"fhir_r4": ("4.0", "4.3"), "fhir_r5": ("5.0",)}  # of the server that a template is for


class NoAnswer(Exception):
    """There is none, for a reason that may pass: the message says which."""


def _is_base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no address that begins with https:// and names a host")
    if parts.query or parts.fragment or "@" in parts.netloc or not url.isascii() or re.search(r"\s", url):
        raise ValueError("a base address has no user, query, fragment or space")
    reachable(parts.hostname)
    _ = parts.port  # ValueError where it is none
    return url.rstrip("/")


# A URI as an identifier's system, or none.
System = Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9+.-]*:[!-~]+)?$")]


class FHIRDestination(TLSDestination):
    kind: Literal["fhir"] = "fhir"
    url: Annotated[str, AfterValidator(_is_base)]
    token_file: Path | None = None
    token_variable: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$")] = ""
    patient_system: System = ""
    accession_system: System = ""
    find_patient: bool = False
    takes: ClassVar[frozenset[str]] = frozenset({".json"})

    @model_validator(mode="after")
    def _secrets_are_encrypted(self) -> Self:
        if self.token_file is not None and self.token_variable:
            raise ValueError("token_file and token_variable: one of them")
        if self._has_token and not self._is_encrypted and not _is_this_machine(urlsplit(self.url).hostname or ""):
            raise ValueError("a bearer token goes over https alone")
        return self

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        try:
            bundle = json.loads(document.path.read_bytes())
        except (OSError, ValueError):
            return SendOutcome(DeliveryState.REFUSED, "the stored document cannot be read")
        _add_systems(bundle, self.patient_system, self.accession_system)
        try:
            if self.find_patient and (not_found := self._find_patient(bundle, settings, earlier_failures)) is not None:
                return not_found
            answer = self._ask("POST", "", settings, json.dumps(bundle, ensure_ascii=False).encode("utf-8"))
        except NoAnswer as error:
            return SendOutcome(DeliveryState.PENDING, str(error))
        if answer.is_success:
            return self._of_transaction(answer, bundle, earlier_failures)
        return self._of_failure(answer, bundle, earlier_failures)

    def probe(self, settings: Settings) -> ProbeAnswer:
        """By what the server says of itself: its release, and whether it takes transactions."""
        try:
            answer = self._ask("GET", "/metadata", settings)
        except NoAnswer as error:
            return ProbeAnswer(False, str(error))
        statement = resource_of(answer.body)
        if answer.status != 200 or statement.get("resourceType") != "CapabilityStatement":
            return ProbeAnswer(False, f"{self}/metadata answers {answer.status}, and not what the server can do")
        return self._judged(statement)

    def __str__(self) -> str:
        return self.url

    @property
    def _has_token(self) -> bool:
        return self.token_file is not None or bool(self.token_variable)

    @property
    def _is_encrypted(self) -> bool:
        return self.url.startswith("https:")

    def _ask(self, method: str, path: str, settings: Settings, body: bytes | None = None) -> Answer:
        """Raises NoAnswer."""
        timeout_s = settings.delivery.timeout_s
        headers = {"Accept": _JSON, **({"Content-Type": _JSON, "Prefer": "return=minimal"} if body is not None else {})}
        if self._has_token:
            headers["Authorization"] = f"Bearer {self._token()}"
        try:
            context = self.context() if self._is_encrypted else None
            return exchange(method, self.url + path, headers=headers, body=body, context=context, timeout_s=timeout_s)
        except TimeoutError:
            raise NoAnswer(f"{self} did not answer within {timeout_s:g} s") from None
        except OSError as error:
            raise NoAnswer(f"{self} cannot be reached: {words_of(error)}") from None

    def _find_patient(self, bundle: Json, settings: Settings, earlier_failures: int) -> SendOutcome | None:
        """Writes the patient's address into the bundle; what becomes of the delivery where not just one has the identifier.

        Servers pass over what they cannot search for (FHIR 3.1.1.3), so that whom they found has to have it.
        """
        subjects = [entry["resource"]["subject"] for entry in bundle["entry"] if "subject" in entry["resource"]]
        identifier = subjects[0].get("identifier", {})
        if "system" not in identifier:
            return SendOutcome(DeliveryState.REFUSED, "a patient ID without issuer finds nobody: patient_system is not set")
        answer = self._ask("GET", f"/Patient?identifier={_search_token(identifier)}", settings)
        if not answer.is_success:
            return self._of_failure(answer, bundle, earlier_failures)
        found = patients_of(resource_of(answer.body), identifier)
        if not found:
            return _given_up_after_a_few(f"{self} knows no patient of this identifier", str(answer.status), earlier_failures)
        if len(found) > 1:
            return SendOutcome(DeliveryState.REFUSED, f"{self} has several patients of this identifier", str(answer.status))
        for subject in subjects:
            subject["reference"] = f"Patient/{found[0]}"
        return None

    def _token(self) -> str:
        """Read at every attempt: tokens are renewed. Raises NoAnswer."""
        where = f"the variable {self.token_variable}" if self.token_file is None else str(self.token_file)
        try:
            text = os.environ.get(self.token_variable, "") if self.token_file is None else self.token_file.read_text("ascii")
        except (OSError, UnicodeDecodeError):
            text = ""
        if not _TOKEN.fullmatch(text.strip()):
            raise NoAnswer(f"{where} holds no bearer token")
        return text.strip()

    def _judged(self, statement: Json) -> ProbeAnswer:
        version = str(statement.get("fhirVersion", ""))
        for template in self.documents:
            if not version.startswith(_VERSIONS.get(template, ("",))):
                return ProbeAnswer(False, f"{self} is of FHIR {version[:10]!r}, and {template} is of another release")
        offered = [
            one.get("code")
            for rest in listed(statement, "rest")
            for one in listed(rest, "interaction")
            if isinstance(one, dict)
        ]
        if offered and "transaction" not in offered:
            return ProbeAnswer(False, f"{self} takes no transactions")
        return ProbeAnswer(True, f"{self} is there, FHIR {version[:10]}")

    def _of_failure(self, answer: Answer, sent: Json, earlier_failures: int) -> SendOutcome:
        why, status = issues_of(resource_of(answer.body), sent), str(answer.status)
        said = f"{self} answered {status}{f': {why}' if why else ''}"
        if answer.status >= 500 or answer.status in _BUSY:
            return SendOutcome(DeliveryState.PENDING, said, status, wait_s=answer.wait_s(datetime.now(UTC)))
        if answer.status in _MAY_PASS:
            return _given_up_after_a_few(said, status, earlier_failures)
        return SendOutcome(DeliveryState.REFUSED, said, status)

    def _of_transaction(self, answer: Answer, sent: Json, earlier_failures: int) -> SendOutcome:
        """Everything was taken, or nothing was. A login page answers 200, too."""
        resource, status = resource_of(answer.body), str(answer.status)
        entries = [one.get("response") for one in listed(resource, "entry") if isinstance(one, dict)]
        if resource.get("type") != "transaction-response" or len(entries) != len(sent["entry"]):
            said = f"{self} answered {status}, and not what became of the transaction"
            return _given_up_after_a_few(said, status, earlier_failures)
        for response in entries:
            answered = str(response.get("status", "")) if isinstance(response, dict) else ""
            if not answered.startswith("2"):
                why = issues_of(response.get("outcome"), sent) if isinstance(response, dict) else ""
                said = f"{self} took a part of the transaction alone{f': {why}' if why else ''}"
                return SendOutcome(DeliveryState.REFUSED, said, answered[:3] or status)
        return SendOutcome(DeliveryState.ACCEPTED, f"{self} took the transaction", status)


def patients_of(found: Json, identifier: Json) -> list[str]:
    """The ids of those in a searchset that have this identifier."""
    same = [
        one["resource"].get("id")
        for one in listed(found, "entry")
        if isinstance(one, dict) and isinstance(one.get("resource"), dict) and one["resource"].get("resourceType") == "Patient"
        for own in listed(one["resource"], "identifier")
        if isinstance(own, dict) and (own.get("system"), own.get("value")) == (identifier["system"], identifier["value"])
    ]
    return list(dict.fromkeys(one for one in same if isinstance(one, str) and _ID.fullmatch(one)))


def _add_systems(bundle: Json, of_patients: str, of_orders: str) -> None:
    """Those of this site, where the images name no issuer: addressed at each attempt, as MSH-5 of HL7 is."""
    for resource in (entry["resource"] for entry in bundle["entry"]):
        known = ((resource.get("subject", {}), of_patients), *((one, of_orders) for one in resource.get("basedOn", ())))
        for reference, system in known:
            if system and "identifier" in reference:
                reference["identifier"].setdefault("system", system)


def _search_token(identifier: Json) -> str:
    """FHIR 3.1.1.4.10 (token) and 3.1.1.5: the delimiters of a value are escaped, then what an address cannot hold."""
    escaped = re.sub(r"[\\$,|]", r"\\\g<0>", identifier["value"])
    return quote(f"{identifier['system']}|{escaped}", safe="")


def _given_up_after_a_few(said: str, status: str, earlier_failures: int) -> SendOutcome:
    state = DeliveryState.REFUSED if earlier_failures + 1 >= _MAX_FAILURES else DeliveryState.PENDING
    return SendOutcome(state, said, status, counts=True)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
