"""DiagnosticReport: what an analysis says of a study, with the same for people in its narrative."""

from collections.abc import Iterable, Sequence
from html import escape

from models.catalogue import QUANTITIES
from models.results import Measurement, NotMeasured, StudyFindings
from sr_templates import codes, prefill
from sr_templates.fhir.datatypes import Json, Release, concept, local, logical, of_system, plain, uid_identifier
from sr_templates.fhir.study_facts import StudyFacts
from sr_templates.identity import DocumentIdentity

_CARDIAC_ULTRASOUND = of_system("http://terminology.hl7.org/CodeSystem/v2-0074", "CUS", "Cardiac Ultrasound")
_REPLACES = "http://hl7.org/fhir/StructureDefinition/diagnosticReport-replaces"
_XHTML = "http://www.w3.org/1999/xhtml"


def report(
    uid: str, results: Iterable[str], narrative: str, study: StudyFacts, identity: DocumentIdentity, release: Release
) -> Json:
    """`uid` is the document's; `results` are the UIDs of its observations. Without performer: no person and no organisation
    answers for what is preliminary.
    """
    title = codes.RESEARCH_REPORT if study.mark else codes.IMAGING_MEASUREMENT_REPORT
    return {
        **study.of_resource("DiagnosticReport"),
        "text": {"status": "generated", "div": narrative},
        **_replaced(identity),
        "identifier": [uid_identifier(uid)],
        **({"basedOn": list(study.orders)} if study.orders else {}),
        "category": [_CARDIAC_ULTRASOUND],
        "code": concept(title),
        **study.of_result(),
        "result": [local("Observation", one) for one in results],
        "imagingStudy" if release is Release.R4 else "study": [study.study],
    }


def narrative(
    values: Sequence[Measurement],
    absent: Sequence[NotMeasured],
    findings: StudyFindings,
    study: StudyFacts,
    identity: DocumentIdentity,
) -> str:
    """XHTML: each value, each reason, and what was remarkable of the study as a whole."""
    remarks = [study.mark, *(flag.message for flag in findings.flags if flag.sop_instance_uid is None)]
    rows = [_row(QUANTITIES[one.key].name, " ".join(_words(one, identity))) for one in values]
    for one in absent:
        reasons = "; ".join(codes.REASON_CODES[reason].reason.meaning for reason in one.reasons)
        rows.append(_row(QUANTITIES[one.key].name, f"not measured: {reasons}"))
    paragraphs = "".join(f"<p>{_text(remark)}</p>" for remark in remarks if plain(remark))
    head = f"<p>{_text(f'{identity.model_name}, revision {identity.revision}, preliminary')}</p>"
    return f'<div xmlns="{_XHTML}">{head}{paragraphs}<table>{"".join(rows)}</table></div>'


def _words(measurement: Measurement, identity: DocumentIdentity) -> list[str]:
    value, unit = prefill.stated(measurement, identity.profile)
    beats = [f"(mean of {measurement.beats} beats)"] if measurement.beats > 1 else []
    return [str(value), *([unit.value] if unit != codes.NO_UNITS else []), *beats]


def _replaced(identity: DocumentIdentity) -> Json:
    if identity.predecessor is None:
        return {}
    before = logical("DiagnosticReport", uid_identifier(identity.predecessor.sop_instance_uid))
    return {"extension": [{"url": _REPLACES, "valueReference": before}]}


def _row(name: str, said: str) -> str:
    return f"<tr><td>{_text(name)}</td><td>{_text(said)}</td></tr>"


def _text(text: str) -> str:
    return escape(plain(text), quote=False)
