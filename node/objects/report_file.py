"""A structured report from its file, read as leniently as every other object."""

from dataclasses import replace
from pathlib import Path

from node.errors import Unparseable
from node.objects.character_sets import DEFAULT_FALLBACK
from node.objects.header import read_noted_header
from sr_templates.reading.content_tree import NotAReport, Report, read_report


def read_report_file(path: Path, fallback_character_set: str = DEFAULT_FALLBACK) -> Report:
    """The report, with notes on the file before those on its content.

    Raises Unparseable, without a value, for what is no DICOM object or no report; OSError where the file cannot be read.
    """
    header, notes = read_noted_header(path, fallback_character_set)
    try:
        report = read_report(header)
    except NotAReport as error:
        raise Unparseable(str(error)) from None
    return replace(report, notes=(*notes, *report.notes))
