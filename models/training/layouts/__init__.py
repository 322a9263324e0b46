"""The published data set layouts, by name: what marks them and who reads them. No training tool is imported here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.training.layouts import camus, echonet_dynamic, linear_csv, truth_json, views
from models.training.layouts.items import DataSet, LayoutError
from models.training.layouts.truth_json import ClipSource


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
    """The one layout that `path` has. Raises LayoutError where it has none, or several."""
    found = [name for name, layout in LAYOUTS.items() if layout.detect(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise LayoutError(f"{path} could be {' or '.join(found)}: say which with --layout")
    marks = "; ".join(f"{name}: {layout.marks}" for name, layout in LAYOUTS.items())
    raise LayoutError(f"{path} is none of the known layouts ({marks})")


def read_data(path: Path, layout: str = "auto", source: ClipSource | None = None, split: str = "") -> DataSet:
    """The data set at `path`; `source` reads the clips of a folder of DICOM objects. Raises LayoutError.

    All splits are read; `split` is the one that has to be whole, "" all of them.
    """
    if layout == "auto":
        layout = detect_layout(path)
    if layout not in LAYOUTS:
        raise LayoutError(f"no layout {layout!r}; there are: auto, {', '.join(LAYOUTS)}")
    if layout == TTE47:
        return views.read_tte47(path, split)
    return truth_json.read(path, source) if layout == DICOM else LAYOUTS[layout].read(path)
