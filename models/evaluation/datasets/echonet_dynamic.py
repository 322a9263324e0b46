"""EchoNet-Dynamic: FileList.csv, VolumeTracings.csv, Videos/*.avi. Ouyang et al., Nature 580 (2020) 252-256.

A trace is a list of lines: first the long axis, then chords from the apex to the mitral plane. The published mask is the
polygon of the chords' ends, rounded to whole pixels, without the long axis. Which of the two traced frames is end-diastole
follows from their areas, the larger one; the authors take the order of the file.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.clip import Clip
from models.derive.ventricle.volumes import area_cm2
from models.errors import DatasetError
from models.evaluation.datasets.items import DataSet, Item, Mask, Masks, Truth
from models.evaluation.datasets.pictures import filled_polygon, read_video
from models.evaluation.datasets.tables import Row, rows_of

FILES, TRACES, VIDEOS = "FileList.csv", "VolumeTracings.csv", "Videos"
_FILE_COLUMNS = ("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "Split")
_TRACE_COLUMNS = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
_FEWEST_LINES = 3  # the long axis and two chords enclose an area

Lines = NDArray[np.float64]  # (lines, 4): x1, y1, x2, y2 in px


@dataclass(frozen=True, eq=False)
class _Trace:
    lines: Lines
    row: Row  # the first of them


def detect(path: Path) -> bool:
    return (path / FILES).is_file() and (path / TRACES).is_file()


def read(path: Path) -> DataSet:
    """Every video of FileList.csv. One without two traces has no masks, and a note counts them. Raises DatasetError, also
    when a video is loaded that has not the size or the frames that the tables say.
    """
    traces = _traces(path / TRACES)
    items = [_item(path, row, traces) for row in rows_of(path / FILES, _FILE_COLUMNS)]
    untraced = sum(item.truth.ed_frame is None for item in items)
    notes = (f"{untraced} of {len(items)} videos have not two traced frames",) if untraced else ()
    return DataSet("echonet_dynamic", items, notes=notes)


def _item(path: Path, row: Row, traces: dict[str, dict[int, _Trace]]) -> Item:
    name = row.text("FileName").removesuffix(".avi")
    video = path / VIDEOS / f"{name}.avi"
    if not video.is_file():
        raise row.wrong(f"no video {VIDEOS}/{video.name}")
    size = row.index("FrameHeight"), row.index("FrameWidth")
    by_area = sorted(traces.get(name, {}).items(), key=lambda entry: area_cm2(outline(entry[1].lines).astype(np.float64)))
    traced = len(by_area) >= 2
    truth = Truth(
        ef_percent=row.number("EF"),
        edv_ml=row.number("EDV"),
        esv_ml=row.number("ESV"),
        ed_frame=by_area[-1][0] if traced else None,
        es_frame=by_area[0][0] if traced else None,
        masks=partial(_masks, dict(by_area) if traced else {}, *size),
        structures=("lv",) if traced else (),
    )
    return Item(name, name, row.split("Split"), partial(_load, video, row, dict(by_area)), truth)


def _load(video: Path, row: Row, traces: dict[int, _Trace]) -> Clip:
    clip = read_video(video)
    stated = row.index("FrameHeight"), row.index("FrameWidth")
    if stated != (clip.rows, clip.columns):
        raise row.wrong(
            f"FrameHeight and FrameWidth are {stated[0]} and {stated[1]}, {video.name} has {clip.rows} by {clip.columns}"
        )
    for frame, trace in traces.items():
        if frame >= clip.number_of_frames:
            raise trace.row.wrong(
                f"a trace on frame {frame} of {video.name}, which has {clip.number_of_frames}, counted from 0"
            )
    return clip


def _traces(path: Path) -> dict[str, dict[int, _Trace]]:
    found: dict[str, dict[int, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    first: dict[tuple[str, int], Row] = {}
    for row in rows_of(path, _TRACE_COLUMNS):
        name, frame = row.text("FileName").removesuffix(".avi"), row.index("Frame")
        first.setdefault((name, frame), row)
        found[name][frame].append(tuple(row.number(column) for column in ("X1", "Y1", "X2", "Y2")))
    for name, frames in found.items():
        for frame, lines in frames.items():
            if len(lines) < _FEWEST_LINES:
                raise DatasetError(f"{path.name}: {name} frame {frame} has {len(lines)} lines, too few to enclose an area")
    return {
        name: {frame: _Trace(np.array(lines), first[name, frame]) for frame, lines in frames.items()}
        for name, frames in found.items()
    }


def outline(lines: Lines) -> NDArray[np.int64]:
    """Vertices (n, 2), (x, y) px, of the published polygon, rounded as numpy rounds.

    `lines` (chords, 4) are the ends x1, y1, x2, y2 of its chords. It runs down one side of them and up the other.
    """
    chords = np.rint(lines[1:]).astype(np.int64)
    return np.concatenate([chords[:, :2], chords[::-1, 2:]])


def _masks(traces: dict[int, _Trace], rows: int, columns: int) -> Masks:
    masks: dict[int, Mask] = {frame: filled_polygon(outline(one.lines), rows, columns) for frame, one in traces.items()}
    return {"lv": masks} if masks else {}
