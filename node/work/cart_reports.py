"""The structured reports that came with a study, read beside its clips: none of them can stop its analysis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.results import CartValue, QualityFlag, QualityIssue
from node.errors import FAULTS_OF_INPUT, Unparseable, words_of
from node.objects.character_sets import DEFAULT_FALLBACK
from node.objects.report_file import read_report_file
from sr_templates.reading.cart import cart_values
from sr_templates.reading.content_tree import Report


@dataclass(frozen=True)
class CartReports:
    """Where the reports of one study lie, by SOP Instance UID, and which of them are documents of ours that came back."""

    files: Mapping[str, Path]
    is_ours: Callable[[Report], bool]


@dataclass(frozen=True)
class ReadReports:
    """What the reports state; `flags` say what of them was passed over, each on its report. `signed`: a person verified one."""

    values: tuple[CartValue, ...]
    flags: tuple[QualityFlag, ...]
    signed: bool


def read_cart_reports(reports: CartReports, fallback_character_set: str = DEFAULT_FALLBACK) -> ReadReports:
    read: list[Report] = []
    flags: list[QualityFlag] = []
    for uid, path in reports.files.items():
        try:
            report = read_report_file(path, fallback_character_set)
            if not reports.is_ours(report):
                cart_values([report])  # alone: one that breaks the reading takes no other along
                read.append(report)
        except (Unparseable, OSError, *FAULTS_OF_INPUT) as error:
            flags.append(_not_read(uid, error))
    found = cart_values(read)
    flags += [QualityFlag(QualityIssue.TOLERATED, remark.sop_instance_uid, remark.message) for remark in found.remarks]
    return ReadReports(found.values, tuple(flags), signed=any(report.verified for report in read))


def _not_read(sop_instance_uid: str, error: BaseException) -> QualityFlag:
    if isinstance(error, Unparseable):
        words = str(error)
    else:
        words = error.strerror or type(error).__name__ if isinstance(error, OSError) else words_of(error)
    return QualityFlag(QualityIssue.TOLERATED, sop_instance_uid, f"a structured report of the study was not read: {words}")
