"""The A4C and the A2C clip of a study that belong together, for what is read off both at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.catalogue import View
from models.derive.study.missing_views import view_of, why_missing
from models.derive.ventricle.apical import least_foreshortened, lengths_differ, measurable
from models.results import ClipFindings, Reason

_VIEWS = (View.A4C, View.A2C)


@dataclass(frozen=True)
class ClipPair:
    """Two clips of one study, neither of them gated."""

    a4c: ClipFindings
    a2c: ClipFindings


@dataclass(frozen=True)
class NoPair:
    """Why a study has none: `reasons`, primary first."""

    reasons: tuple[Reason, ...]
    detail: str = ""


def choose_pair(clips: Sequence[ClipFindings]) -> ClipPair | NoPair:
    """The clip of each view that the method of discs would take: the least foreshortened, of equals the best image.

    A network needs no outline, so where none of a view can be measured the best image of it counts. Planes whose lengths
    contradict each other are no pair here either: one of them is foreshortened, whoever looks at it. Nor does a clip count
    whose outlined ventricle shows no whole beat: the stroke it shows is not the heart's.
    """
    chosen = {view: clip for view in _VIEWS if (clip := _chosen(clips, view))}
    if len(chosen) < len(_VIEWS):
        missing = [clip for clip in clips if view_of(clip) in _VIEWS and view_of(clip) not in chosen]
        detail = "; ".join(dict.fromkeys(clip.why_no_beats for clip in missing if _stops(clip) - set(clip.gates)))
        return NoPair(why_missing(_VIEWS, clips, [_stops(clip) for clip in clips], chosen), detail)
    a4c, a2c = (measurable(chosen[view]) for view in _VIEWS)
    if a4c and a2c and (why := lengths_differ(a4c, a2c)):
        return NoPair((Reason.DISAGREEMENT,), why)
    return ClipPair(chosen[View.A4C], chosen[View.A2C])


def _chosen(clips: Sequence[ClipFindings], view: View) -> ClipFindings | None:
    of_view = [clip for clip in clips if view_of(clip) is view and not _stops(clip)]
    outlined = least_foreshortened([apical for clip in of_view if (apical := measurable(clip))], view)
    return outlined.findings if outlined else max(of_view, key=_image, default=None)


def _stops(clip: ClipFindings) -> set[Reason]:
    return set(clip.gates) | ({Reason.NO_CARDIAC_CYCLE} if clip.contours and clip.why_no_beats else set())


def _image(clip: ClipFindings) -> tuple[float, float]:
    return clip.quality.score if clip.quality else 0.0, clip.view.probability if clip.view else 0.0
