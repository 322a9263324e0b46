"""CSV: one row per quantity of a study, measured or not and why, for spreadsheets and registries."""

import csv
from io import StringIO

from models.catalogue import QUANTITIES
from models.results import Measurement, NotMeasured, StudyFindings
from sr_templates import prefill
from sr_templates.copied_values import text_of
from sr_templates.document import BuiltFile
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import refuse_numbers_on_patients, research_mark
from sr_templates.profile import DEFAULT_PROFILE

TEMPLATE = "csv"
COLUMNS = (
    "study_instance_uid", "accession_number", "patient_id", "study_date", "revision", "key", "name", "value", "unit", "method",
    "view", "beats", "sd", "model", "sop_instance_uids", "frames", "reasons", "mark",
)  # fmt: skip


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltFile, ...]:
    """One table per analysis, UTF-8, lines ended as RFC 4180 has them. Values are rounded as in every other document.

    Raises DocumentError for numbers of phantom-trained weights on a patient.
    """
    refuse_numbers_on_patients(findings, evidence)
    text = StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, restval="")
    table.writeheader()
    of_study = {
        "study_instance_uid": spreadsheet_text(evidence.study_instance_uid),
        "accession_number": spreadsheet_text(text_of(evidence.newest, "AccessionNumber")),
        "patient_id": spreadsheet_text(text_of(evidence.newest, "PatientID")),
        "study_date": spreadsheet_text(text_of(evidence.newest, "StudyDate")),
        "revision": str(identity.revision),
        "mark": research_mark(findings),
    }
    table.writerows(of_study | _measured(measurement) for measurement in findings.measurements)
    table.writerows(of_study | _not_measured(result) for result in findings.not_measured)
    uid = identity.derived_uid(evidence.study_instance_uid, TEMPLATE, "")
    return (BuiltFile(TEMPLATE, "", uid, text.getvalue().encode("utf-8"), ".csv"),)


def spreadsheet_text(text: str) -> str:
    """What others wrote and a spreadsheet would compute, as text: ="..." as Excel and its kin read it."""
    return '="' + text.replace('"', '""') + '"' if text[:1] in tuple("=+-@\t\r\n") else text


def _measured(measurement: Measurement) -> dict[str, str]:
    value, unit = prefill.stated(measurement, DEFAULT_PROFILE)
    sources = measurement.sources
    return {
        "key": measurement.key,
        "name": QUANTITIES[measurement.key].name,
        "value": str(value),
        "unit": unit.value,
        "method": measurement.method,
        "view": measurement.view.value if measurement.view else "",
        "beats": str(measurement.beats),
        "sd": "" if measurement.sd is None else f"{measurement.sd:.3g}",
        "model": measurement.model,
        "sop_instance_uids": spreadsheet_text(" ".join(dict.fromkeys(source.sop_instance_uid for source in sources))),
        "frames": " ".join(str(source.frame_number) for source in sources),
    }


def _not_measured(result: NotMeasured) -> dict[str, str]:
    name = QUANTITIES[result.key].name
    return {"key": result.key, "name": name, "reasons": " ".join(reason.value for reason in result.reasons)}
