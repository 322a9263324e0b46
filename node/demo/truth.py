"""What is exactly true of the quantities of the demo's study, to stand beside what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.results import StudyFindings


@dataclass(frozen=True)
class TrueValues:
    """`values` by key, in the catalogue's units. Of those in `derived` nothing was drawn: true parts give them."""

    values: Mapping[str, float]
    derived: tuple[str, ...] = ()


def true_values(truth: Mapping[str, Any], findings: StudyFindings | None) -> TrueValues:
    """What `truth.json` says of the picture that a value was read from; of several pictures, and of no value, of the heart."""
    values = _by_key(truth)
    pictures = {clip["sop_instance_uid"]: _by_key(clip) for clip in truth["clips"]}
    for found in findings.measurements if findings else ():
        uids = {source.sop_instance_uid for source in found.sources}
        if len(uids) == 1 and found.key in (of_picture := pictures.get(uids.pop(), {})):
            values[found.key] = of_picture[found.key]
    return TrueValues(values)


def _by_key(entry: Mapping[str, Any]) -> dict[str, float]:
    return {row["key"]: row["value"] for row in entry.get("measurements", ())}
