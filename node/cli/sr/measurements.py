"""`echonode sr measurements`: the numbers of a structured report, by the keys of the catalogue."""

import csv
import sys
from typing import Annotated, Any

import typer

from node.cli.options import AsJson
from node.cli.output import print_json, show_rows
from node.cli.sr.show import ReportFile
from node.errors import ConfigError
from node.objects.report_file import read_report_file
from sr_templates.csv_table import spreadsheet_text
from sr_templates.reading.content_item import ImageReference
from sr_templates.reading.content_tree import Report
from sr_templates.reading.measured_values import SRValue, measured_values
from sr_templates.reading.modifiers import Facet

# The columns of the table that a person sees; CSV and JSON have all.
_COLUMNS = ("key", "value", "unit", "name", "finding_site", "method", "view", "image_mode", "counts", "remark")
_FACETS = (
    Facet.SITE, Facet.METHOD, Facet.VIEW, Facet.MODE, Facet.FLOW, Facet.PHASE, Facet.RESPIRATION, Facet.STAGE, Facet.DERIVATION,
    Facet.SELECTION,
)  # fmt: skip


def measurements(
    file: ReportFile,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """The numbers of a structured report by our keys, with site, method, view and mode; what has no key says why."""
    if as_json and as_csv:
        raise ConfigError("--json or --csv, not both")
    report = read_report_file(file)
    rows = [_row(value) for value in measured_values(report)]
    if as_json:
        print_json(_document(report, rows))
    elif as_csv:
        table = csv.DictWriter(sys.stdout, fieldnames=list(_row_names()), extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    else:
        show_rows(rows, _COLUMNS, as_json=False, empty="no number in this report")
    if not as_json:
        for note in report.notes:
            typer.echo(f"passed over: {note}", err=True)


def _cell(value: Any) -> Any:
    """A number as it is; text of whoever wrote the report is no formula."""
    text = "; ".join(value) if isinstance(value, list) else value
    return spreadsheet_text(text) if isinstance(text, str) else text


def _row_names() -> tuple[str, ...]:
    facets = tuple(_name(facet) for facet in _FACETS)
    return (
        "key",
        "value",
        "unit",
        "name",
        "code",
        "scheme",
        *facets,
        "label",
        "beats",
        "sd",
        "counts",
        "remark",
        "path",
        "images",
    )


def _name(facet: Facet) -> str:
    return facet.value.replace(" ", "_")


def _row(value: SRValue) -> dict[str, Any]:
    remark = value.why + (f": {', '.join(value.candidates)}" if value.candidates and value.why else "")
    return {
        "key": value.key,
        "value": value.value,
        "unit": value.unit,
        "name": value.name,
        "code": value.concept.value if value.concept else "",
        "scheme": value.concept.scheme if value.concept else "",
        **{_name(facet): value.stated(facet) for facet in _FACETS},
        "label": value.label,
        "beats": value.beats,
        "sd": value.sd,
        "counts": "yes" if value.preferred else "no",
        "remark": "; ".join(filter(None, (remark, *value.notes))),
        "path": value.path,
        "images": [_image(reference) for reference in value.images],
    }


def _image(reference: ImageReference) -> str:
    """The UID, and behind it the frames where they are not all."""
    frames = f"#{','.join(map(str, reference.frames))}" if reference.frames else ""
    return f"{reference.sop_instance_uid}{frames}"


def _document(report: Report, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "sop_instance_uid": report.sop_instance_uid,
        "template": report.template,
        "verified": report.verified,
        "notes": list(report.notes),
        "measurements": rows,
    }
