"""The transaction that a FHIR server takes: everything at once or nothing, and nothing twice.

Each resource is created only where the receiver has none with its identifier (a conditional create), and all identifiers follow
from the analysis. So the same document sent twice changes nothing, and never sets back what a person has made final meanwhile.
"""

import json
from collections.abc import Iterable, Sequence, Set
from importlib import import_module

from pydantic import ValidationError

from models.results import Measurement, ModelUse, NotMeasured, StudyFindings
from sr_templates import prefill
from sr_templates.algorithm import networks_of
from sr_templates.contributing_equipment import networks
from sr_templates.document import BuiltFile
from sr_templates.drawn_regions import with_drawable_marks
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.fhir import device, observation
from sr_templates.fhir.datatypes import Json, Release, local, urn
from sr_templates.fhir.imaging_selection import ImagingSelections
from sr_templates.fhir.report import narrative, report
from sr_templates.fhir.study_facts import StudyFacts, study_facts
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import may_prefill

TEMPLATES = {Release.R4: "fhir_r4", Release.R5: "fhir_r5"}
# fhir.resources has R4B for R4: no resource of ours differs between them.
_LIBRARY = {Release.R4: "fhir.resources.R4B.bundle", Release.R5: "fhir.resources.bundle"}


def build_r4(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltFile, ...]:
    """One bundle per analysis, UTF-8; none where nothing may or need be said.

    Raises DocumentError for what FHIR cannot hold.
    """
    return _build(Release.R4, findings, evidence, identity)


def build_r5(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltFile, ...]:
    """As `build_r4`, with the frames that each value came from as ImagingSelections."""
    return _build(Release.R5, findings, evidence, identity)


def _build(release: Release, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltFile, ...]:
    findings = with_drawable_marks(findings, evidence)
    values = prefill.choose(findings, evidence, identity.profile).values
    absent = _absent(findings, evidence, identity)
    if not values and not absent:
        return ()
    template = TEMPLATES[release]
    uid = identity.derived_uid(evidence.study_instance_uid, template, "")
    study = study_facts(findings, evidence, identity)
    resources = _Resources(findings, evidence, identity, release, study)
    first = prefill.first_of_concept(values)
    results = [*(resources.add_value(one, first) for one in values), *(resources.add_absence(one) for one in absent)]
    text = narrative(values, absent, findings, study, identity)
    whole = resources.all_with(uid, report(uid, results, text, study, identity, release))
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(*one) for one in whole]}
    _require_valid(bundle, release)
    content = json.dumps(bundle, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    return (BuiltFile(template, "", uid, content, ".json"),)


class _Resources:
    """The resources of one bundle by UID; those that several values share stand once."""

    def __init__(
        self,
        findings: StudyFindings,
        evidence: Evidence,
        identity: DocumentIdentity,
        release: Release,
        study: StudyFacts,
    ) -> None:
        self._findings, self._evidence, self._identity = findings, evidence, identity
        self._release, self._study = release, study
        self._devices: dict[str, Json] = {}
        self._selections = ImagingSelections(study, evidence, identity, release)
        self._observations: dict[str, Json] = {}

    def add_value(self, measurement: Measurement, first: Set[str]) -> str:
        stated = observation.of_value(
            measurement,
            self._study,
            self._evidence,
            self._identity,
            first_of_concept=measurement.key in first,
            device=self._device(networks_of(measurement, self._findings)),
            derived_from=self._selections.derived_from(measurement),
        )
        return self._add(measurement.key, stated)

    def add_absence(self, result: NotMeasured) -> str:
        device = self._device(networks(self._findings))
        return self._add(result.key, observation.of_absence(result, self._study, self._evidence, self._identity, device))

    def all_with(self, uid: str, report: Json) -> Iterable[tuple[str, Json]]:
        """What is referred to stands before what refers to it."""
        return (*self._devices.items(), *self._selections.resources.items(), *self._observations.items(), (uid, report))

    def _add(self, key: str, stated: Json) -> str:
        uid = observation.uid_of(key, self._evidence, self._identity)
        self._observations[uid] = stated
        return uid

    def _device(self, uses: Sequence[ModelUse]) -> Json:
        uid = device.uid_of(uses, self._identity)
        self._devices.setdefault(uid, device.device(uses, self._identity, self._release))
        return local("Device", uid)


def _absent(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[NotMeasured, ...]:
    """What is not measured, and by the cart neither where the receiver has the cart's values."""
    if not may_prefill(findings, evidence) or (findings.cart and identity.profile.fill == "none_if_cart_sr"):
        return ()
    of_cart = {value.key for value in findings.cart} if identity.profile.fill == "missing" else set()
    return tuple(one for one in findings.not_measured if one.key not in of_cart)


def _entry(uid: str, resource: Json) -> Json:
    """Created where the receiver has none of this identifier."""
    identifier = resource["identifier"][0]
    once = f"identifier={identifier['system']}|{identifier['value']}"
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": once}
    return {"fullUrl": urn(uid), "resource": resource, "request": request}


def _require_valid(bundle: Json, release: Release) -> None:
    """By the library's models of the release. Its words quote values: the place alone is told."""
    try:
        import_module(_LIBRARY[release]).Bundle.model_validate(bundle)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False, include_context=False)[0]["loc"]))
        raise DocumentError(f"what the study says cannot be stated in FHIR: {place}") from None
