"""Values that models read off single clips, as quantities of the study: of several clips the best image counts."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from models.catalogue import GRADIENT_OF, QUANTITIES, Method, Quantity, View
from models.derive.displays.jets import Given, highest, is_possible, one_way
from models.derive.study.missing_views import shown_view
from models.results import ClipFindings, FrameReference, Measurement, ReadValue, Reason, in_order

Refusal = tuple[tuple[Reason, ...], str]
Refusals = Mapping[str, Refusal]

# Diastole before systole.
_DIAMETERS = (("lvidd_2d", "lvids_2d"), ("lvidd_mm", "lvids_mm"))
_WAVES = (("mv_e", "mv_a"), ("pulm_vein_s", "pulm_vein_d"))
# Parts -> what is made of them. Gradients are left out: they follow the velocity that was chosen.
_MADE_OF: dict[tuple[str, ...], tuple[str, ...]] = {
    parts: tuple(key for key, quantity in QUANTITIES.items() if quantity.parts == parts) for parts in _DIAMETERS + _WAVES
}
# All keys of a group come from one clip and one model: a receiver recomputes the shortening from the diameters it was sent.
_GROUPS = tuple((*parts, *made) for parts, made in _MADE_OF.items())
# Of several clips the one counts first that gives the other: walls and diameter make one mass, both integrals one valve's area.
_BESIDE = {
    "ivsd_2d": "lvidd_2d", "lvpwd_2d": "lvidd_2d", "ivsd_mm": "lvidd_mm", "lvpwd_mm": "lvidd_mm", "lvot_vmax": "lvot_vti",
    "av_vti": "av_vmax", "av_mg": "av_vmax", "mv_dt": "mv_e",
}  # fmt: skip


def read_quantities(clips: Sequence[ClipFindings]) -> tuple[dict[str, Measurement], Refusals]:
    """Measurements by key, and for keys without one why no model could give them: all reasons and words of all clips.

    Several clips may give a quantity. The one with the best image counts, then the one whose view is surest, then the one that
    arrived first. Of several models the first of the set counts. The diameters of the left ventricle and what is made of them
    come from the clip that gives most of them; so do E, A and E/A. What stands `_BESIDE` another is of its clip, if it can be.

    Of a jet the first model counts that gives a possible value, and its highest of all clips, with its gradient. There is none
    where a jet that exceeds its display may have been higher. Flow of the aortic valve towards the transducer counts only where
    none away from it was found. A clip with reasons gives nothing. A value that cannot be true is refused, and does not make
    room for another clip's; jets are the exception.
    """
    why: defaultdict[str, list[Refusal]] = defaultdict(list)
    for value in chain.from_iterable(clip.values for clip in clips if not clip.gates):
        if value.value is None:
            why[value.key].append((value.reasons, f"{value.model}: {value.detail}" if value.detail else ""))
    best = _chosen(clips, why)
    found = {}
    for key, (clip, value) in best.items():
        if value.value is not None and is_possible(value):
            found[key] = _measurement(clip, value, value.value)
        elif value.value is not None:
            low, high = QUANTITIES[key].limits
            why[key].append(((Reason.OUTSIDE_LIMITS,), f"{value.model}: outside {low:g} to {high:g} {value.unit}"))
    for key, words in _contradictory(found).items():
        del found[key]
        why[key].append(((Reason.OUTSIDE_LIMITS,), words))
    return found, {key: _together(key, refusals, clips) for key, refusals in why.items() if key not in found}


def _together(key: str, refusals: Sequence[Refusal], clips: Sequence[ClipFindings]) -> Refusal:
    """The reasons and words of all clips of the quantity's views, also of those that no model was asked about."""
    quantity = QUANTITIES[key]
    views = (*quantity.views, *quantity.also_in)
    gates = [reason for clip in clips if shown_view(clip) in views for reason in clip.gates]
    reasons = in_order([*gates, *(reason for stated, _ in refusals for reason in stated)])
    return reasons, "; ".join(dict.fromkeys(words for _, words in refusals if words))


def _chosen(clips: Sequence[ClipFindings], why: defaultdict[str, list[Refusal]]) -> dict[str, Given]:
    """What counts of all clips, by key; where a jet may have been higher, `why` nothing does."""
    best: dict[str, Given] = {}
    for group in _GROUPS:
        best |= _of_one_clip(clips, group)
    given_together = {*chain(*_GROUPS), *GRADIENT_OF.values()}
    others = dict.fromkeys(value.key for clip in clips for value in clip.values if value.key not in given_together)
    for key in sorted(others, key=lambda key: key in _BESIDE):
        given = list(_best_first(clips, (key,)))
        given = one_way(given) if QUANTITIES[key].either_way else given
        if leader := best.get(_BESIDE.get(key, "")):
            given.sort(key=lambda pair, clip=leader[0]: pair[0] is not clip)  # type: ignore[misc]
        if QUANTITIES[key].highest:
            pair, words = highest(given)
            for stopped in (key, GRADIENT_OF.get(key)) if words else ():
                if stopped:
                    why[stopped].append(((Reason.QUALITY,), words))
        else:
            pair = next((pair for pair in given if pair[1].value is not None or Reason.OUTSIDE_LIMITS in pair[1].reasons), None)
        if pair:
            best[key] = pair
    return best | _gradients(best)


def _of_one_clip(clips: Sequence[ClipFindings], group: Collection[str]) -> dict[str, Given]:
    """What the one clip and model give that rank first."""
    best: dict[str, Given] = {}
    for clip, value in _best_first(clips, group):
        if value.value is not None and all(of is clip and known.model == value.model for of, known in best.values()):
            best.setdefault(value.key, (clip, value))
    return best


def _gradients(best: Mapping[str, Given]) -> dict[str, Given]:
    """The gradients of the velocities which were chosen, and of no others."""
    gradients = {}
    for velocity, gradient in GRADIENT_OF.items():
        if velocity in best:
            clip, chosen = best[velocity]
            for value in clip.values:
                if (value.key, value.model) == (gradient, chosen.model) and value.value is not None:
                    gradients[gradient] = clip, value
    return gradients


def _best_first(clips: Sequence[ClipFindings], keys: Collection[str]) -> Iterator[Given]:
    given = [(clip, [value for value in clip.values if value.key in keys]) for clip in clips if not clip.gates]
    for clip, values in sorted(given, key=lambda pair: _rank(*pair), reverse=True):
        yield from ((clip, value) for value in values)


def _rank(clip: ClipFindings, values: Sequence[ReadValue]) -> tuple[int, float, float]:
    complete = len({value.key for value in values if value.value is not None})
    return complete, clip.quality.score if clip.quality else 0.0, clip.view.probability if clip.view else 0.0


def _contradictory(found: Mapping[str, Measurement]) -> dict[str, str]:
    """What falls with an impossible part, and why: no ratio is better than what it was made of."""
    fallen: dict[str, str] = {}
    for pair in _DIAMETERS:
        diameters = [found[key].value for key in pair if key in found]
        if len(diameters) < 2 or diameters[1] >= diameters[0]:
            with_them = pair if len(diameters) == 2 else ()
            words = "LVIDs is not smaller than LVIDd, or one of them is impossible"
            fallen |= dict.fromkeys((*with_them, *_MADE_OF[pair]), words)
    for pair in _WAVES:
        if not all(key in found for key in pair):
            fallen |= dict.fromkeys(_MADE_OF[pair], f"{' or '.join(pair)} is impossible")
    return {key: words for key, words in fallen.items() if key in found}


def _measurement(clip: ClipFindings, value: ReadValue, number: float) -> Measurement:
    quantity = QUANTITIES[value.key]
    return Measurement(
        key=value.key,
        value=number,
        unit=quantity.unit,
        method=quantity.method,
        view=_view(clip, quantity),
        sources=_sources(clip, value),
        beats=value.beats,
        sd=value.sd,
        model=value.model,
        direction=value.direction,
        calipers=value.calipers,
    )


def _view(clip: ClipFindings, quantity: Quantity) -> View | None:
    """The one that it was found in."""
    if len(quantity.views) != 1:
        return None
    shown = shown_view(clip)
    return shown if shown in quantity.also_in else quantity.views[0]


def _sources(clip: ClipFindings, value: ReadValue) -> tuple[FrameReference, ...]:
    """The frames with their phase: both phases of what is made of two, every frame of what is made of the whole clip."""
    uid = clip.sop_instance_uid
    if parts := [key for key in QUANTITIES[value.key].parts if QUANTITIES[key].phase]:
        pair = [other for key in parts for other in clip.values if other.key == key and other.model == value.model]
        if found := tuple(source for other in pair for source in _in_phase(other)):
            return found
    if not value.sources and QUANTITIES[value.key].method is Method.VIDEO_REGRESSION:
        return tuple(FrameReference(uid, number) for number in range(1, clip.number_of_frames + 1))
    return _in_phase(value) or (FrameReference(uid, 1, QUANTITIES[value.key].phase),)


def _in_phase(value: ReadValue) -> tuple[FrameReference, ...]:
    return tuple(source if source.phase else replace(source, phase=QUANTITIES[value.key].phase) for source in value.sources)
