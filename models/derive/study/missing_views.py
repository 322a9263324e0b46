"""Why no clip of a view that a quantity needs may give it."""

from collections.abc import Container, Iterable, Sequence

from models.catalogue import DISPLAYS, OUTLINED, View
from models.results import ClipFindings, Reason, in_order

APICAL_VIEWS = frozenset(view for quantity in OUTLINED.values() for view in quantity.views)  # in which a ventricle is outlined


def shown_view(clip: ClipFindings) -> View | None:
    return clip.view.view if clip.view else None


def why_missing(
    views: Iterable[View], clips: Sequence[ClipFindings], stops: Sequence[set[Reason]], chosen: Container[View]
) -> tuple[Reason, ...]:
    """All that stood in the way of every one of `views` that is not `chosen`; `stops` are those of each clip."""
    reasons: set[Reason] = set()
    for view in views:
        if view in chosen:
            continue
        of_view = [found for clip, found in zip(clips, stops, strict=True) if shown_view(clip) is view]
        reasons |= set().union(*of_view) if of_view else _no_clip(view, clips, stops)
    return in_order(tuple(reasons))


def _no_clip(view: View, clips: Sequence[ClipFindings], stops: Sequence[set[Reason]]) -> set[Reason]:
    """The missing view may be hidden in a clip whose view was not recognised - in any clip, where all were stopped."""
    hiding = clips if all(clip.gates for clip in clips) else [clip for clip in clips if _may_hide(view, shown_view(clip))]
    gates = {reason for clip in hiding for reason in clip.gates}
    research = {Reason.RESEARCH_WEIGHTS} & set().union(*stops)
    return {Reason.VIEW_MISSING} | gates | research


def _may_hide(view: View, found: View | None) -> bool:
    """A display hides none but one of the same flow of which its image does not say how it was taken."""
    if found in DISPLAYS:
        return view.startswith(f"{found}_")
    return found not in APICAL_VIEWS
