"""Values that models read off single clips, as quantities of the study: of several clips the best image counts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from models.catalogue import GRADIENT_OF, QUANTITIES, Method
from models.results import ClipFindings, ClipValue, FrameReference, Measurement, Phase, Reason

Refusals = Mapping[str, tuple[tuple[Reason, ...], str]]

# The phase at which a quantity is read, by convention; of the others no frame of one phase is known.
_PHASES = {
    **dict.fromkeys(("lvidd_2d", "ivsd_2d", "lvpwd_2d", "ao_root", "ao_asc", "rv_basal", "pa_diam"), Phase.END_DIASTOLE),
    **dict.fromkeys(("lvids_2d", "la_diam_ap_2d", "la_area_a4c", "la_area_a2c", "ra_area"), Phase.END_SYSTOLE),
}
_DIAMETERS = ("lvidd_2d", "lvids_2d")
_OF_BOTH = ("fs_2d", "ef_teichholz_2d")
# Made of one another, so of one clip: a receiver recomputes the shortening from the diameters it was sent.
_TOGETHER = (*_DIAMETERS, *_OF_BOTH)
# A jet is fastest where the beam lies along it, so the highest adequate value of all windows counts.
_HIGHEST = ("av_vmax", "tr_vmax", "mr_vmax")


def read_quantities(clips: Sequence[ClipFindings]) -> tuple[dict[str, Measurement], Refusals]:
    """Measurements by key, and for keys without one why no model could give them: reasons and words.

    Of several clips that give a quantity the one with the best image counts, then the one whose view is surest, then the one
    that arrived first; of several models the first of the set. The diameters of the left ventricle and what is made of them
    come from the clip that gives most of them. Of a jet the highest possible velocity of one model counts, with its gradient.
    A clip that has gates gives nothing. Of all else a value that cannot be true is refused, and does not make room for
    another clip's.
    """
    best: dict[str, tuple[ClipFindings, ClipValue]] = {}
    refused: dict[str, tuple[tuple[Reason, ...], str]] = {}
    for among in (lambda key: key in _TOGETHER, lambda key: key not in _TOGETHER):
        for clip, value in _best_first(clips, among):
            if value.value is None:
                refused.setdefault(value.key, (value.reasons, f"{value.model}: {value.detail}" if value.detail else ""))
            elif value.key in _HIGHEST and value.key in best:
                best[value.key] = max(best[value.key], (clip, value), key=lambda pair: _height(best[value.key][1], pair[1]))
            elif value.key not in _TOGETHER or _same_origin(best, clip, value):
                best.setdefault(value.key, (clip, value))
    _choose_gradients(best)
    found = {}
    for key, (clip, value) in best.items():
        low, high = QUANTITIES[key].limits
        if value.value is not None and _is_possible(value):
            found[key] = _measurement(clip, value, value.value)
        else:
            refused[key] = ((Reason.OUTSIDE_LIMITS,), f"{value.model}: outside {low:g} to {high:g} {value.unit}")
    for key in _contradictory(found):
        del found[key]
        refused[key] = ((Reason.OUTSIDE_LIMITS,), "LVIDs is not smaller than LVIDd, or one of them is impossible")
    return found, {key: why for key, why in refused.items() if key not in found}


def _is_possible(value: ClipValue) -> bool:
    low, high = QUANTITIES[value.key].limits
    return value.value is not None and low <= value.value <= high


def _height(known: ClipValue, value: ClipValue) -> float:
    """By which of two values of a jet the higher is told; what is impossible or of another model never is."""
    return value.value if value.value is not None and value.model == known.model and _is_possible(value) else 0.0


def _choose_gradients(best: dict[str, tuple[ClipFindings, ClipValue]]) -> None:
    """That of the velocity which was chosen, and of no other."""
    for velocity, gradient in GRADIENT_OF.items():
        best.pop(gradient, None)
        if velocity in best:
            clip, chosen = best[velocity]
            for value in clip.values:
                if (value.key, value.model) == (gradient, chosen.model) and value.value is not None:
                    best[gradient] = clip, value


def _best_first(clips: Sequence[ClipFindings], among: Callable[[str], bool]) -> Iterator[tuple[ClipFindings, ClipValue]]:
    given = [(clip, [value for value in clip.values if among(value.key)]) for clip in clips if not clip.gates]
    for clip, values in sorted(given, key=lambda pair: _rank(*pair), reverse=True):
        yield from ((clip, value) for value in values)


def _rank(clip: ClipFindings, values: Sequence[ClipValue]) -> tuple[int, float, float]:
    complete = len({value.key for value in values if value.key in _TOGETHER and value.value is not None})
    return complete, clip.quality.score if clip.quality else 0.0, clip.view.probability if clip.view else 0.0


def _same_origin(best: Mapping[str, tuple[ClipFindings, ClipValue]], clip: ClipFindings, value: ClipValue) -> bool:
    """Whether clip and model are those of what has been taken of the left ventricle's diameters so far."""
    taken = [best[key] for key in _TOGETHER if key in best]
    return all(other is clip and known.model == value.model for other, known in taken)


def _contradictory(found: Mapping[str, Measurement]) -> Collection[str]:
    """What falls with an impossible diameter: no ratio is better than what it was made of."""
    diameters = [found[key].value for key in _DIAMETERS if key in found]
    if len(diameters) == 2 and diameters[1] >= diameters[0]:
        return [key for key in _TOGETHER if key in found]
    return [] if len(diameters) == 2 else [key for key in _OF_BOTH if key in found]


def _measurement(clip: ClipFindings, value: ClipValue, number: float) -> Measurement:
    quantity = QUANTITIES[value.key]
    return Measurement(
        key=value.key,
        value=number,
        unit=quantity.unit,
        method=quantity.method,
        view=quantity.views[0] if len(quantity.views) == 1 else None,
        sources=_sources(clip, value),
        beats=value.beats,
        sd=value.sd,
        model=value.model,
    )


def _sources(clip: ClipFindings, value: ClipValue) -> tuple[FrameReference, ...]:
    """The frames with their phase: both phases of what is made of two, every frame of what is made of the whole clip."""
    uid = clip.sop_instance_uid
    if value.key in _OF_BOTH:
        pair = [other for key in _DIAMETERS for other in clip.values if other.key == key and other.model == value.model]
        if found := tuple(source for other in pair for source in _in_phase(other)):
            return found
    if not value.sources and QUANTITIES[value.key].method is Method.VIDEO_REGRESSION:
        return tuple(FrameReference(uid, number) for number in range(1, clip.number_of_frames + 1))
    return _in_phase(value) or (FrameReference(uid, 1, _PHASES.get(value.key)),)


def _in_phase(value: ClipValue) -> tuple[FrameReference, ...]:
    return tuple(source if source.phase else replace(source, phase=_PHASES.get(value.key)) for source in value.sources)
