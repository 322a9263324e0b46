"""Data sets of labelled single images: TMED-2's folds, and TTE47 with its three experts.

TMED-2 (Huang et al.): a CSV a fold with `query_key` (the image), `SourceFolder`, `view_label` and `view_classifier_split`; the
images lie in their source folder, beside the CSV or above it. TTE47: `data_split.json`, of entries like
`<class>/01-<64 hex>-<frame>.png` by split, and `class_lookup.json`. Neither the folder of TTE47's images nor the file of its
experts is published: `images` or none, and `expert_labels.csv` with a column `image` and one for each expert, are our choice.
"""

import json
import re
from collections import defaultdict
from functools import partial
from pathlib import Path

from models.errors import DatasetError
from models.evaluation.datasets.items import NOT_SURE, DataSet, Item, Truth, split_named
from models.evaluation.datasets.pictures import read_image
from models.evaluation.datasets.tables import Row, header_of, rows_of

TMED2_CLASSES = ("PLAX", "PSAX", "A2C", "A4C", "A4CorA2CorOther")
_TMED2_COLUMNS = ("query_key", "SourceFolder", "view_label", "view_classifier_split")
_TMED2_PATIENT = re.compile(r"(\d+)s\d+_")  # 1234s1_7.png: patient, study, image

SPLIT_FILE, CLASS_FILE, EXPERT_FILE = "data_split.json", "class_lookup.json", "expert_labels.csv"
_STUDY_HASH = re.compile(r"-([0-9a-f]{64})-")


def detect_tmed2(path: Path) -> bool:
    return bool(tmed2_folds(path))


def read_tmed2(path: Path) -> DataSet:
    """One fold: `path` is its CSV, or a folder that holds one alone. Raises DatasetError."""
    folds = tmed2_folds(path)
    if len(folds) != 1:
        names = ", ".join(str(fold.relative_to(path)) for fold in folds)
        raise DatasetError(f"{path}: {len(folds)} folds ({names}); name one of them" if folds else f"{path}: no fold")
    items = [_tmed2_item(folds[0], row) for row in rows_of(folds[0], _TMED2_COLUMNS)]
    return DataSet("tmed2", items, TMED2_CLASSES, notes=(f"fold {folds[0].name}", *_shared_groups(items, "patient")))


def tmed2_folds(path: Path) -> list[Path]:
    """The CSVs of folds at or below `path`."""
    files = [path] if path.is_file() else sorted(path.rglob("*.csv"))
    return [file for file in files if file.suffix == ".csv" and set(_TMED2_COLUMNS) <= set(header_of(file))]


def _tmed2_item(fold: Path, row: Row) -> Item:
    key, label = row.text("query_key"), row.text("view_label")
    if label not in TMED2_CLASSES:
        raise row.wrong(f"view_label is {label!r}, none of {', '.join(TMED2_CLASSES)}")
    inside = Path(row.text("SourceFolder")) / key
    image = next((folder / inside for folder in fold.parents[:3] if (folder / inside).is_file()), None)
    if image is None:
        raise row.wrong(f"no image {inside}")
    patient = _TMED2_PATIENT.match(key)
    group = patient[1] if patient else Path(key).stem.rpartition("_")[0] or key
    return Item(key, group, row.split("view_classifier_split"), partial(read_image, image), Truth(label=label))


def detect_tte47(path: Path) -> bool:
    return (path / SPLIT_FILE).is_file() and (path / CLASS_FILE).is_file()


def read_tte47(path: Path, wanted: str = "") -> DataSet:
    """Every image of every split, with the experts' answers where the file is there. Raises DatasetError.

    Public are the test images alone, while the list names those of every split: of splits other than `wanted` ("": all are)
    entries without an image are left out, with a note that counts them.
    """
    classes = _classes(path / CLASS_FILE)
    text, splits = _json(path / SPLIT_FILE)
    answers = _answers(path / EXPERT_FILE, classes) if (path / EXPERT_FILE).is_file() else {}
    items: list[Item] = []
    absent: set[str] = set()
    for name, entries in splits.items():
        split = split_named(name)
        if split is None or not isinstance(entries, list):
            raise DatasetError(f"{SPLIT_FILE} line {_line(text, name)}: {name!r} is no list of train, val or test")
        for entry in map(str, entries):
            image = next((place for place in (path / entry, path / "images" / entry) if place.is_file()), None)
            items.append(_tte47_item(image or path / entry, entry, split, classes, answers, text))
            if image is None and wanted in ("", split):
                raise DatasetError(f"{SPLIT_FILE} line {_line(text, entry)}: no image {entry}")
            if image is None:
                absent.add(entry)
    if strange := set(answers) - {item.key for item in items}:
        raise DatasetError(f"{EXPERT_FILE}: {min(strange)} is in no split")
    notes = _shared_groups(items, "study hash") + _left_out([item.split for item in items if item.key in absent])
    return DataSet("tte47", [item for item in items if item.key not in absent], classes, notes=notes)


def _tte47_item(
    image: Path, entry: str, split: str, classes: tuple[str, ...], answers: dict[str, dict[str, str]], text: str
) -> Item:
    label = entry.partition("/")[0]
    if label not in classes or "/" not in entry:
        raise DatasetError(f"{SPLIT_FILE} line {_line(text, entry)}: {entry!r} begins with no class of {CLASS_FILE}")
    study = _STUDY_HASH.search(entry)
    truth = Truth(label=label, answers=answers.get(entry, {}))
    return Item(entry, study[1] if study else entry, split, partial(read_image, image), truth)


def _left_out(splits: list[str]) -> tuple[str, ...]:
    counts = ", ".join(f"{splits.count(split)} of {split}" for split in dict.fromkeys(splits))
    return (f"left out, no image: {counts}",) if splits else ()


def _classes(file: Path) -> tuple[str, ...]:
    text, found = _json(file)
    if set(found) != {str(index) for index in range(len(found))}:
        raise DatasetError(f"{file.name} line {_line(text, next(iter(found), ''))}: keys are not 0 to {len(found) - 1}")
    return tuple(str(found[str(index)]) for index in range(len(found)))


def _answers(file: Path, classes: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Expert -> answer by image; an empty cell is no answer."""
    experts = [name for name in header_of(file) if name != "image"]
    if not experts:
        raise DatasetError(f"{file.name} line 1: no expert")
    found: dict[str, dict[str, str]] = {}
    for row in rows_of(file, ("image",)):
        given = {expert: row.cells[expert].strip() for expert in experts if row.cells[expert].strip()}
        for expert, answer in given.items():
            if answer != NOT_SURE and answer not in classes:
                raise row.wrong(f"{expert} says {answer!r}, which is no class and not {NOT_SURE!r}")
        found[row.text("image")] = given
    return found


def _json(file: Path) -> tuple[str, dict[str, object]]:
    text = file.read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise DatasetError(f"{file.name} line {error.lineno}: {error.msg}") from error
    if not isinstance(found, dict):
        raise DatasetError(f"{file.name} line 1: not an object")
    return text, found


def _line(text: str, word: str) -> int:
    return text[: max(text.find(word), 0)].count("\n") + 1


def _shared_groups(items: list[Item], what: str) -> tuple[str, ...]:
    """What belongs to two splits at once: a leak between training and test."""
    splits: dict[str, set[str]] = defaultdict(set)
    for item in items:
        splits[item.group].add(item.split)
    leaking = [found for found in splits.values() if len(found) > 1]
    pairs = (("train", "test"), ("val", "test"), ("train", "val"))
    counts = [f"{sum({one, other} <= found for found in leaking)} in {one} and {other}" for one, other in pairs]
    return (f"{what} in two splits: {len(leaking)} of {len(splits)} ({', '.join(counts)})",)
