"""`echonode sr show`: what a structured report says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.objects.report_file import read_report_file
from sr_templates.reading.content_item import ContentItem
from sr_templates.reading.content_tree import Report
from sr_templates.reading.named_code import NamedCode

ReportFile = Annotated[Path, typer.Argument(help="A DICOM structured report, whatever wrote it.", exists=True, dir_okay=False)]


def show(file: ReportFile, as_json: AsJson = False) -> None:
    """The content of a structured report as a tree, and what of it had to be passed over."""
    report = read_report_file(file)
    if as_json:
        print_json(_document(report))
        return
    for line in report_lines(report):
        console.print(line, highlight=False, soft_wrap=True)


def report_lines(report: Report) -> Iterator[str]:
    """As a person reads it: the document, its tree, what was passed over."""
    yield _head(report)
    yield from _tree(report.root, 0)
    yield from (f"passed over: {note}" for note in report.notes)


def _head(report: Report) -> str:
    template = f", TID {report.template}" if report.template else ""
    flags = f"{'complete' if report.complete else 'partial'}, {'verified' if report.verified else 'unverified'}"
    return f"{report.sop_instance_uid or 'without SOP Instance UID'}{template}: {flags}"


def _tree(item: ContentItem, depth: int) -> Iterator[str]:
    relationship = "" if item.relationship in ("", "CONTAINS") else f"{item.relationship.lower()}: "
    name = f"{item.concept} ({item.concept.value}, {item.concept.scheme})" if item.concept else item.value_type or "item"
    said = f" = {' '.join(item.text.split())}" if item.text else f" -> {_path(item)}" if item.refers_to else ""
    yield f"{'  ' * depth}{item.path} {relationship}{name}{said}"
    for child in item.children:
        yield from _tree(child, depth + 1)


def _path(item: ContentItem) -> str:
    return ".".join(map(str, item.refers_to))


def _document(report: Report) -> dict[str, Any]:
    return {
        "sop_class_uid": report.sop_class_uid,
        "sop_instance_uid": report.sop_instance_uid,
        "template": report.template,
        "manufacturer": report.manufacturer,
        "series_description": report.series_description,
        "written_at": report.written_at,
        "complete": report.complete,
        "verified": report.verified,
        "predecessors": sorted(report.predecessors),
        "notes": list(report.notes),
        "content": _item(report.root),
    }


def _item(item: ContentItem) -> dict[str, Any]:
    """What it has: an absent part has no key."""
    number = item.number
    parts: dict[str, Any] = {
        "path": item.path,
        "relationship": item.relationship,
        "value_type": item.value_type,
        "concept": _code(item.concept),
        "text": item.text,
        "code": _code(item.code),
        "value": float(number.value) if number and number.value is not None else None,
        "unit": _code(number.unit) if number else None,
        "qualifier": _code(number.qualifier) if number else None,
        "references": [vars(reference) for reference in item.references],
        "refers_to": _path(item),
        "template": item.template,
        "content": [_item(child) for child in item.children],
    }
    return {name: part for name, part in parts.items() if part not in (None, "", [])}


def _code(code: NamedCode | None) -> dict[str, str] | None:
    return {"value": code.value, "scheme": code.scheme, "meaning": code.meaning} if code else None
