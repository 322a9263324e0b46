"""What a revision changes in words: of each key the value before and now, what is new, what is withdrawn and why."""

from collections.abc import Iterator

from models.catalogue import QUANTITIES
from models.results import Measurement, StudyFindings
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import may_show_earlier
from sr_templates.quantity_codes import QUANTITY_CODES


def revision_changes(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[str, ...]:
    """One text a key against the document that this one replaces; empty for a first document, and where that one's findings
    cannot be read any more.
    """
    predecessor = identity.predecessor
    if predecessor is None or predecessor.findings is None:
        return ()
    since = f"since revision {predecessor.revision}: "
    shows_before = may_show_earlier(predecessor.findings, evidence)
    texts = [since + text for text in _changes(predecessor.findings, findings, shows_before=shows_before)]
    return tuple(texts) or (f"{since}no value changed",)


def _changes(before: StudyFindings, now: StudyFindings, *, shows_before: bool) -> Iterator[str]:
    earlier = {one.key: one for one in before.measurements}
    later = {one.key: one for one in now.measurements}
    reasons = {one.key: one.reasons for one in now.not_measured}
    for key, quantity in QUANTITIES.items():
        name, old, new = f"{quantity.name} ({key})", earlier.get(key), later.get(key)
        if old is not None and new is not None:
            if _stated(old) != _stated(new):
                yield f"{name} {_stated(old)} -> {_stated(new)}" if shows_before else f"{name} changed to {_stated(new)}"
        elif new is not None:
            yield f"{name} newly measured, {_stated(new)}"
        elif old is not None:
            why = ", ".join(reason.value for reason in reasons.get(key, ())) or "no model is asked for it any more"
            yield f"{name} withdrawn{f', was {_stated(old)}' if shows_before else ''}: {why}"


def _stated(measurement: Measurement) -> str:
    """As it stands in documents."""
    return f"{round(measurement.value, QUANTITY_CODES[measurement.key].decimals):g} {measurement.unit}"
