"""summary.html: one self-contained page with key frames and contours, area curves and tables."""

import base64
import io
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, select_autoescape
from PIL import Image, ImageDraw
from sqlalchemy import select

from models.catalogue import QUANTITIES, View
from models.clip import Clip
from models.results import ClipFindings, Contour
from node.db.session import open_database
from node.db.tables import Instance, Receipt
from node.demo.summary import Summary
from node.objects.clip_reader import read_clip
from node.objects.phantom_writer import WrittenStudy
from node.settings import Settings
from node.study.archive import Archive
from node.version import __version__

_MEASURED_COLOUR, _TRUTH_COLOUR = (255, 196, 0), (0, 200, 255)
_CHART_WIDTH, _CHART_HEIGHT = 420, 150


@dataclass(frozen=True)
class KeyFrame:
    caption: str
    png_base64: str


@dataclass(frozen=True)
class ClipCard:
    """What the page shows of one clip."""

    title: str
    lines: tuple[str, ...]
    frames: tuple[KeyFrame, ...]
    curves: tuple[str, ...]  # SVG polylines, one of each run of frames with an area
    curve_range: str


def write_page(summary: Summary, settings: Settings, written: WrittenStudy, out: Path) -> None:
    """Writes `out/summary.html`; nothing on it is fetched from elsewhere."""
    truth_clips = {clip["sop_instance_uid"]: clip for clip in written.truth["clips"]}
    cards = []
    paths = _clip_paths(settings)
    clips = sorted(summary.findings.clips, key=_view_then_quality) if summary.findings else []
    for findings in clips:
        clip = read_clip(paths[findings.sop_instance_uid])
        cards.append(_card(clip, findings, truth_clips[findings.sop_instance_uid]))
    (out / "summary.html").write_text(rendered(summary, cards), encoding="utf-8")


def rendered(summary: Summary, cards: list[ClipCard]) -> str:
    """Every text on the page is escaped."""
    template = Environment(autoescape=select_autoescape(default=True)).from_string(
        resources.files("node.demo").joinpath("summary.html").read_text(encoding="utf-8")
    )
    return template.render(
        summary=summary,
        cards=cards,
        names={key: quantity.name for key, quantity in QUANTITIES.items()},
        version=__version__,
        chart_width=_CHART_WIDTH,
        chart_height=_CHART_HEIGHT,
    )


def _view_then_quality(findings: ClipFindings) -> tuple[bool, float]:
    """Four-chamber clips first, the best first."""
    is_a4c = findings.view is not None and findings.view.view is View.A4C
    return not is_a4c, -findings.quality.score if findings.quality else 0.0


def _clip_paths(settings: Settings) -> dict[str, Path]:
    archive = Archive(settings.archive_dir)
    with open_database(settings) as database, database.reading() as session:
        rows = session.scalars(select(Instance).where(Instance.receipt == Receipt.STORED))
        return {str(row.sop_instance_uid): archive.path(row.path) for row in rows if row.path}


def _card(clip: Clip, findings: ClipFindings, truth: dict[str, Any]) -> ClipCard:
    view = f"{findings.view.view.value} ({findings.view.probability:.0%})" if findings.view else "no view"
    quality = f"{findings.quality.score:.0f} of 100" if findings.quality else "not graded"
    gates = ", ".join(reason.value for reason in findings.gates)
    lines = (
        f"true view {truth['view']}, true quality level {truth['quality']} of 3",
        f"quality {quality}",
        f"no numbers from this clip: {gates}" if gates else f"{len(findings.beats)} beat(s) measured",
    )
    curves, limits = area_curves(findings)
    return ClipCard(view, lines, _key_frames(clip, findings, truth), curves, limits)


def _key_frames(clip: Clip, findings: ClipFindings, truth: dict[str, Any]) -> tuple[KeyFrame, ...]:
    if not findings.beats:
        return (KeyFrame("first frame", _png(clip, 0, None, _truth_contour(truth, 0))),)
    beat = findings.beats[0]
    found = {contour.frame_index: contour for contour in findings.contours}
    return tuple(
        KeyFrame(f"{name}, frame {index + 1}", _png(clip, index, found.get(index), _truth_contour(truth, index)))
        for name, index in (("end-diastole", beat.ed_frame_index), ("end-systole", beat.es_frame_index))
    )


def _truth_contour(truth: dict[str, Any], frame_index: int) -> list[tuple[float, float]]:
    for contour in truth["contours"]:
        if contour["structure"] == "lv" and contour["frame_index"] == frame_index:
            return [(float(x), float(y)) for x, y in contour["points_px"]]
    return []


def _png(clip: Clip, frame_index: int, measured: Contour | None, truth: list[tuple[float, float]]) -> str:
    image = Image.fromarray(clip.frames[frame_index])
    draw = ImageDraw.Draw(image)
    if truth:
        draw.line([*truth, truth[0]], fill=_TRUTH_COLOUR, width=2)
    if measured is not None:
        draw.line([*measured.points_px, measured.points_px[0]], fill=_MEASURED_COLOUR, width=2)
    if region := clip.b_mode_region().region:
        image = image.crop((region.x0_px, region.y0_px, region.x1_px + 1, region.y1_px + 1))
    image.thumbnail((480, 480))
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def area_curves(findings: ClipFindings) -> tuple[tuple[str, ...], str]:
    """The LV area over time as SVG points, and its range as text. No line is drawn over frames that were not outlined."""
    timed = list(zip(findings.frame_times_ms, findings.area_curve_cm2, strict=False))
    known = [(t, area) for t, area in timed if area is not None]
    if len(known) < 2:
        return (), ""
    start_ms, end_ms = known[0][0], known[-1][0]
    low, high = min(a for _, a in known), max(a for _, a in known)
    span_ms, span_cm2 = max(end_ms - start_ms, 1e-6), max(high - low, 1e-6)
    runs: list[list[str]] = [[]]
    for t, area in timed:
        if area is None:
            runs.append([])
        else:
            x, y = (t - start_ms) / span_ms * _CHART_WIDTH, (high - area) / span_cm2 * (_CHART_HEIGHT - 10) + 5
            runs[-1].append(f"{x:.1f},{y:.1f}")
    curves = tuple(" ".join(run) for run in runs if run)
    return curves, f"LV area {low:.1f} to {high:.1f} cm² over {span_ms:.0f} ms"
