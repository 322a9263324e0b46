"""The area of the left ventricle over the frames of a clip, as lines to draw."""

from models.results import ClipFindings
from sr_templates.study_page.contents import AreaCurve

_WIDTH, _HEIGHT, _MARGIN = 240, 56, 4


def area_curve(clip: ClipFindings) -> AreaCurve | None:
    """None with fewer than two areas. No line is drawn over frames that were not outlined."""
    timed = list(zip(clip.frame_times_ms, clip.area_curve_cm2, strict=False))
    known = [(t, area) for t, area in timed if area is not None]
    if len(known) < 2:
        return None
    start_ms, end_ms = known[0][0], known[-1][0]
    low, high = min(area for _, area in known), max(area for _, area in known)
    per_ms, per_cm2 = _WIDTH / max(end_ms - start_ms, 1e-6), (_HEIGHT - 2 * _MARGIN) / max(high - low, 1e-6)
    runs: list[list[str]] = [[]]
    for t, area in timed:
        if area is None:
            runs.append([])
        else:
            runs[-1].append(f"{(t - start_ms) * per_ms:.1f},{(high - area) * per_cm2 + _MARGIN:.1f}")
    caption = f"{low:.1f} to {high:.1f} cm² over {end_ms - start_ms:.0f} ms"
    return AreaCurve(tuple(" ".join(run) for run in runs if run), caption, _WIDTH, _HEIGHT)
