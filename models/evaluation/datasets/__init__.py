"""The published data set layouts, by name: what marks them and who reads them. No training tool is imported here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import DatasetError
from models.evaluation.datasets import camus, echonet_dynamic, linear_csv, truth_json, views
from models.evaluation.datasets.items import DataSet
from models.evaluation.datasets.truth_json import ClipSource


@dataclass(frozen=True)
class Layout:
    """`marks` says what a folder of this layout holds."""

    marks: str
    detect: Callable[[Path], bool]
    read: Callable[[Path], DataSet]


DICOM, TTE47 = "dicom", "tte47"

LAYOUTS: dict[str, Layout] = {
    "echonet_dynamic": Layout("FileList.csv and VolumeTracings.csv", echonet_dynamic.detect, echonet_dynamic.read),
    "echonet_lvh": Layout("MeasurementsList.csv", linear_csv.detect_lvh, linear_csv.read_lvh),
    "echonet_measurements": Layout(
        "measurements.csv with coordinates", linear_csv.detect_measurements, linear_csv.read_measurements
    ),
    "camus": Layout("patient*/patient*_4CH_ED.nii.gz", camus.detect, camus.read),
    "tmed2": Layout("a CSV with view_classifier_split", views.detect_tmed2, views.read_tmed2),
    TTE47: Layout("data_split.json and class_lookup.json", views.detect_tte47, views.read_tte47),
    DICOM: Layout("DICOM objects beside truth.json", truth_json.detect, lambda path: truth_json.read(path, None)),
}


def detect_layout(path: Path) -> str:
    """The one layout that `path` has. Raises DatasetError where it has none, or several, itself or in its folders."""
    found = [name for name, layout in LAYOUTS.items() if layout.detect(path)]
    inside = _of_folders(path, found) if found else {}
    if len(found) == 1 and not inside:
        return found[0]
    if found:
        words = [*found, *(f"{name} (its folder {folder})" for name, folder in inside.items())]
        raise DatasetError(f"{path} could be {' or '.join(words)}: say which with --layout, or name the folder of one")
    marks = "; ".join(f"{name}: {layout.marks}" for name, layout in LAYOUTS.items())
    raise DatasetError(f"{path} is none of the known layouts ({marks})")


def _of_folders(path: Path, found: list[str]) -> dict[str, str]:
    """What folders right in `path` are laid out as, beside what it is `found` to be: some layouts are sought at any depth."""
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir()) if path.is_dir() else []
    others = {name: layout for name, layout in LAYOUTS.items() if name not in found}
    each = {name: next((folder.name for folder in folders if layout.detect(folder)), None) for name, layout in others.items()}
    return {name: folder for name, folder in each.items() if folder is not None}


def read_data(path: Path, layout: str = "auto", source: ClipSource | None = None, split: str = "") -> DataSet:
    """The data set at `path`; `source` reads the clips of a folder of DICOM objects. Raises DatasetError.

    All splits are read; `split` is the one that has to be whole, "" all of them.
    """
    if layout == "auto":
        layout = detect_layout(path)
    if layout not in LAYOUTS:
        raise DatasetError(f"no layout {layout!r}; there are: auto, {', '.join(LAYOUTS)}")
    if not LAYOUTS[layout].detect(path):
        raise DatasetError(f"{path} is not laid out as {layout}: {LAYOUTS[layout].marks} is missing")
    if layout == TTE47:
        return views.read_tte47(path, split)
    return truth_json.read(path, source) if layout == DICOM else LAYOUTS[layout].read(path)
