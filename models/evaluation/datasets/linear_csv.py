"""EchoNet-LVH's MeasurementsList.csv, and a table of videos and calipers for EchoNet-Measurements.

Of EchoNet-LVH the columns are known from its users, not from a publication: HashedFileName, Calc (IVSd, LVIDd, LVPWd, ...),
CalcValue in cm, Frame (taken as 0-based), X1, X2, Y1, Y2, split; the videos lie in folders of batches. EchoNet-Measurements'
authors publish the columns `video_path` and `frame_number` of what is to be read, and `measurement_name` and `coordinates`
("x1:x2:y1:y2") of what was: the truth is expected under the same names, in `measurements.csv`; that is our choice.
"""

import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from models.errors import DatasetError
from models.evaluation.datasets.items import Caliper, DataSet, Item, Truth
from models.evaluation.datasets.pictures import read_video
from models.evaluation.datasets.tables import Row, header_of, rows_of
from models.results import Point

LVH, MEASUREMENTS = "MeasurementsList.csv", "measurements.csv"
_LVH_COLUMNS = ("HashedFileName", "Calc", "CalcValue", "Frame", "X1", "X2", "Y1", "Y2", "split")
_NO_PATIENTS = "no patients are named: intervals are by video"
_COLUMNS = ("video_path", "frame_number", "measurement_name", "coordinates")

# What EchoNet-LVH calls a caliper -> which of EchoNet-Measurements' models draws it.
MODEL_OF_CALC = {"IVSd": "ivs", "IVSs": "ivs", "LVIDd": "lvid", "LVIDs": "lvid", "LVPWd": "lvpw", "LVPWs": "lvpw"}


def detect_lvh(path: Path) -> bool:
    return (path / LVH).is_file()


def detect_measurements(path: Path) -> bool:
    return (path / MEASUREMENTS).is_file() and set(_COLUMNS) <= set(header_of(path / MEASUREMENTS))


def read_lvh(path: Path) -> DataSet:
    """One item a video, with all its calipers. Raises DatasetError."""
    videos = {video.stem: video for video in sorted(path.rglob("*.avi"))}
    found: dict[str, tuple[Path, str, list[Caliper]]] = {}
    for row in rows_of(path / LVH, _LVH_COLUMNS):
        name, split = row.text("HashedFileName"), row.split("split")
        if name not in videos:
            raise row.wrong(f"no video {name}.avi in any folder")
        if name in found and found[name][1] != split:
            raise row.wrong(f"{name} is in {split}, and in {found[name][1]} by an earlier line")
        ends = (row.number("X1"), row.number("Y1")), (row.number("X2"), row.number("Y2"))
        caliper = _caliper(row, row.text("Calc"), row.index("Frame"), ends, row.number("CalcValue"))
        found.setdefault(name, (videos[name], split, []))[2].append(caliper)
    return DataSet("echonet_lvh", _items(found.items(), LVH), notes=(_NO_PATIENTS,))


def read_measurements(path: Path) -> DataSet:
    """One item a video; without lengths in cm, so errors are in px. Raises DatasetError."""
    found: dict[str, tuple[Path, str, list[Caliper]]] = {}
    for row in rows_of(path / MEASUREMENTS, _COLUMNS):
        name = row.text("video_path")
        if not (path / name).is_file():
            raise row.wrong(f"no video {name}")
        try:
            x1, x2, y1, y2 = (float(number) for number in row.text("coordinates").split(":"))
        except ValueError:
            raise row.wrong(f"coordinates are {row.cells['coordinates']!r}, not x1:x2:y1:y2") from None
        caliper = _caliper(row, row.text("measurement_name"), row.index("frame_number"), ((x1, y1), (x2, y2)), None)
        found.setdefault(name, (path / name, "", []))[2].append(caliper)
    return DataSet("echonet_measurements", _items(found.items(), MEASUREMENTS), notes=(_NO_PATIENTS,))


def _caliper(row: Row, key: str, frame: int, ends: tuple[Point, Point], length_cm: float | None) -> Caliper:
    length_px = math.dist(*ends)
    if length_px == 0:
        raise row.wrong(f"{key} has no length: both ends lie at {ends[0]}")
    if length_cm is not None and length_cm <= 0:
        raise row.wrong(f"{key} is {length_cm} cm long")
    return Caliper(key, frame, ends, None if length_cm is None else length_cm / length_px)


def _items(found: Iterable[tuple[str, tuple[Path, str, list[Caliper]]]], file: str) -> list[Item]:
    items = [
        Item(name, name, split, partial(read_video, video), Truth(calipers=tuple(calipers)))
        for name, (video, split, calipers) in found
    ]
    if not items:
        raise DatasetError(f"{file} line 2: no rows")
    return items
