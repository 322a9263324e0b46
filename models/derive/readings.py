"""Values that models read off single clips, as quantities of the study: of several clips the best image counts."""

from collections.abc import Mapping, Sequence

from models.catalogue import QUANTITIES
from models.results import ClipFindings, ClipValue, FrameReference, Measurement, Reason

Refusals = Mapping[str, tuple[tuple[Reason, ...], str]]


def read_quantities(clips: Sequence[ClipFindings]) -> tuple[dict[str, Measurement], Refusals]:
    """Measurements by key, and for keys without one why no model could give them: reasons and words.

    A clip that has gates gives nothing. A value that cannot be true is refused, and does not make room for another clip's.
    """
    best: dict[str, tuple[ClipFindings, ClipValue]] = {}
    refused: dict[str, tuple[tuple[Reason, ...], str]] = {}
    for clip in sorted(clips, key=_image_quality, reverse=True):
        for value in () if clip.gates else clip.values:
            if value.value is None:
                refused.setdefault(value.key, (value.reasons, f"{value.model}: {value.detail}" if value.detail else ""))
            else:
                best.setdefault(value.key, (clip, value))
    found = {}
    for key, (clip, value) in best.items():
        low, high = QUANTITIES[key].limits
        if value.value is not None and low <= value.value <= high:
            found[key] = _measurement(clip, value, value.value)
        else:
            refused[key] = ((Reason.OUTSIDE_LIMITS,), f"{value.model}: outside {low:g} to {high:g} {value.unit}")
    return found, {key: why for key, why in refused.items() if key not in found}


def _image_quality(clip: ClipFindings) -> float:
    return clip.quality.score if clip.quality else 0.0


def _measurement(clip: ClipFindings, value: ClipValue, number: float) -> Measurement:
    quantity = QUANTITIES[value.key]
    source = FrameReference(clip.sop_instance_uid, value.frame_number or 1)
    return Measurement(value.key, number, quantity.unit, quantity.method, quantity.views[0], (source,))
