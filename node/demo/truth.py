"""What is exactly true of the quantities of the demo's study, to stand beside what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.catalogue import QUANTITIES
from models.derive.study.derivations import derived_values
from models.results import Measurement, StudyFindings


@dataclass(frozen=True)
class TrueValues:
    """`values` by key, in the catalogue's units. For those in `derived` no truth is stated: true parts give them."""

    values: Mapping[str, float]
    derived: tuple[str, ...] = ()


def true_values(truth: Mapping[str, Any], findings: StudyFindings | None) -> TrueValues:
    """What `truth.json` says of the picture that a value was read from; of several pictures, and of no value, of the heart.

    Where it says nothing of the heart, what has no value has the truth of the first picture that shows it.
    What it does not say is made of what it says, by the formulas that the node computes with.
    """
    values = _by_key(truth)
    pictures = {clip["sop_instance_uid"]: _by_key(clip) for clip in truth["clips"]}
    measured = {found.key: found for found in findings.measurements} if findings else {}
    for picture in pictures.values():
        values = {key: value for key, value in picture.items() if key not in measured} | values
    for found in measured.values():
        uids = {source.sop_instance_uid for source in found.sources}
        if len(uids) == 1 and found.key in (of_picture := pictures.get(uids.pop(), {})):
            values[found.key] = of_picture[found.key]
    derived = _derived(values)
    return TrueValues({**values, **derived}, tuple(derived))


def _derived(values: Mapping[str, float]) -> dict[str, float]:
    parts = [
        Measurement(key=key, value=value, unit=QUANTITIES[key].unit, method=QUANTITIES[key].method, view=None)
        for key, value in values.items()
    ]
    found, _ = derived_values(parts, (), ())
    return {one.key: one.value for one in found if one.key not in values}


def _by_key(entry: Mapping[str, Any]) -> dict[str, float]:
    return {row["key"]: row["value"] for row in entry.get("measurements", ())}
