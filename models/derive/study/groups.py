"""Clips of a study that belong together, one of each view, for what is read off all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from models.catalogue import View
from models.derive.study.missing_views import shown_view, why_missing
from models.derive.ventricle.apical import least_foreshortened, lengths_differ, measurable
from models.results import ClipFindings, Reason


@dataclass(frozen=True)
class ClipGroup:
    """Clips of one study in the order of their `views`, none of them stopped."""

    views: tuple[View, ...]
    clips: tuple[ClipFindings, ...]


@dataclass(frozen=True)
class NoGroup:
    """Why a study has none: `reasons`, primary first."""

    reasons: tuple[Reason, ...]
    detail: str = ""


def choose_group(views: tuple[View, ...], clips: Sequence[ClipFindings]) -> ClipGroup | NoGroup:
    """Of each view the clip that the method of discs would take: the least foreshortened, of equals the best image.

    A network needs no outline, so where none of a view can be measured the best image of it counts. Planes whose lengths
    contradict each other are no group either: one of them is foreshortened, whoever looks at it. Nor does a clip count
    whose outlined ventricle shows no whole beat: the stroke it shows is not the heart's.
    """
    chosen = {view: clip for view in views if (clip := _chosen(clips, view))}
    if len(chosen) < len(views):
        missing = [clip for clip in clips if shown_view(clip) in views and shown_view(clip) not in chosen]
        detail = "; ".join(dict.fromkeys(clip.why_no_beats for clip in missing if _stops(clip) - set(clip.gates)))
        return NoGroup(why_missing(views, clips, [_stops(clip) for clip in clips], chosen), detail)
    group = tuple(chosen[view] for view in views)
    planes = [plane for clip in group if (plane := measurable(clip))]
    for one, other in combinations(planes, 2):
        if why := lengths_differ(one, other):
            return NoGroup((Reason.DISAGREEMENT,), why)
    return ClipGroup(views, group)


def _chosen(clips: Sequence[ClipFindings], view: View) -> ClipFindings | None:
    of_view = [clip for clip in clips if shown_view(clip) is view and not _stops(clip)]
    outlined = least_foreshortened([apical for clip in of_view if (apical := measurable(clip))], view)
    return outlined.findings if outlined else max(of_view, key=_image, default=None)


def _stops(clip: ClipFindings) -> set[Reason]:
    return set(clip.gates) | ({Reason.NO_CARDIAC_CYCLE} if clip.contours and clip.why_no_beats else set())


def _image(clip: ClipFindings) -> tuple[float, float]:
    return clip.quality.score if clip.quality else 0.0, clip.view.probability if clip.view else 0.0
