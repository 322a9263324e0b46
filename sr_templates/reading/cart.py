"""What the received reports of one study state, one value a key: the cart's, and a reading system's corrections of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.results import CartValue
from sr_templates.reading.content_tree import Report
from sr_templates.reading.measured_values import SRValue, measured_values
from sr_templates.reading.modifiers import Facet


@dataclass(frozen=True)
class Remark:
    """What was passed over in one report. The message holds no patient data."""

    sop_instance_uid: str
    message: str


@dataclass(frozen=True)
class CartReading:
    """`values` with a key first; the others are without one, or with several that they may have."""

    values: tuple[CartValue, ...] = ()
    remarks: tuple[Remark, ...] = ()


def cart_values(reports: Iterable[Report]) -> CartReading:
    """Of each key the value of the first report that has it: signed by a person before unsigned, complete before partial,
    newest before older, of the same time the one that came last.

    A report that another one names as its predecessor is replaced as a whole: a value that a correction dropped is gone. What
    a person signed is replaced by what a person signed.
    """
    received = sorted(reports, key=_precedence)[::-1]
    replaced = {report.sop_instance_uid for report in received if any(_replaces(other, report) for other in received)}
    found: dict[object, CartValue] = {}
    remarks: list[Remark] = []
    for report in received:
        if report.sop_instance_uid in replaced:
            continue
        for value in measured_values(report):
            if value.preferred and value.of_study and value.value is not None:
                stated = _cart_value(value, value.value, report)
                found.setdefault(stated.key or (stated.name, stated.unit, stated.method, stated.view, _place(value)), stated)
        remarks += _remarks(report)
    return CartReading(tuple(sorted(found.values(), key=lambda stated: not stated.key)), tuple(remarks))


def _replaces(new: Report, old: Report) -> bool:
    """Two that name each other replace neither."""
    named = old.sop_instance_uid in new.predecessors and new.sop_instance_uid not in old.predecessors
    return named and (new.verified or not old.verified)


def _precedence(report: Report) -> tuple[bool, bool, str]:
    return report.verified, report.complete, report.written_at


def _cart_value(value: SRValue, number: float, report: Report) -> CartValue:
    return CartValue(
        value.key or "",
        number,
        value.unit,
        value.stated(Facet.METHOD),
        value.view,
        report.sop_instance_uid,
        value.name,
        value.candidates if value.key is None else (),
    )


def _place(value: SRValue) -> tuple[str, ...]:
    facets = (Facet.SITE, Facet.MODE, Facet.FLOW, Facet.PHASE, Facet.STAGE)
    return (value.label, *(value.stated(facet) for facet in facets))


def _remarks(report: Report) -> list[Remark]:
    """The first fault, and how many there are: a report that is wrong once is often wrong two hundred times."""
    if not report.notes:
        return []
    more = f", and {len(report.notes) - 1} more" if len(report.notes) > 1 else ""
    return [Remark(report.sop_instance_uid, f"a structured report of the study is malformed: {report.notes[0]}{more}")]
