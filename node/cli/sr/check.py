"""`echonode sr check`: structured reports held against the standard."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.errors import Unparseable
from node.objects.header import read_noted_header
from sr_templates.conformance.deviations import Deviation, Severity
from sr_templates.conformance_check import check_document, is_report

ReportFiles = Annotated[
    list[Path], typer.Argument(help="DICOM structured reports, whatever wrote them.", exists=True, dir_okay=False)
]


def check(files: ReportFiles, as_json: AsJson = False) -> None:
    """Reports against the standard's template rows: each deviation with path and rule; exit code 1 where there is one."""
    found = {file: _deviations(file) for file in files}
    if as_json:
        print_json([{"file": str(file), "deviations": [vars(one) for one in found[file]]} for file in files])
    else:
        for file in files:
            console.print(f"{file}: {_count(found[file])}", highlight=False, soft_wrap=True)
            for deviation in found[file]:
                console.print(f"  {deviation}", highlight=False, soft_wrap=True)
    if any(found.values()):
        raise typer.Exit(1)


def _deviations(file: Path) -> tuple[Deviation, ...]:
    try:
        document, notes = read_noted_header(file)
    except Unparseable as error:
        return (_of_file(Severity.ERROR, str(error), "PS3.10 7"),)
    if not is_report(document):
        return (_of_file(Severity.ERROR, "is no structured report", "PS3.3 C.17.3"),)
    return (*(_of_file(Severity.WARNING, note, "PS3.5") for note in notes), *check_document(document))


def _of_file(severity: Severity, message: str, rule: str) -> Deviation:
    return Deviation(severity, "", "file", message, rule)


def _count(deviations: tuple[Deviation, ...]) -> str:
    errors = sum(deviation.severity is Severity.ERROR for deviation in deviations)
    return f"{errors} errors, {len(deviations) - errors} warnings" if deviations else "as the standard has it"
