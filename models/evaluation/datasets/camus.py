"""CAMUS as NIfTI: patientXXXX/patientXXXX_{2CH,4CH}_{ED,ES}[_gt].nii.gz and Info_{2CH,4CH}.cfg. Leclerc et al., IEEE TMI 2019.

An item is one view of one patient: a clip of two frames, end-diastole and end-systole. NIfTI's first axis runs along x, its
spacing is in mm; where pixels are oblong, image and masks are resampled to square ones. Labels of the masks: 1 left ventricle,
2 myocardium, 3 left atrium. Splits come from `database_split/subgroup_{training,validation,testing}.txt` where that is there.
"""

import gzip
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import View
from models.clip import Clip
from models.errors import DatasetError
from models.evaluation.datasets.items import DataSet, Item, Masks, Truth, split_named

VIEWS, PHASES = ("2CH", "4CH"), ("ED", "ES")
STRUCTURES = {1: "lv", 2: "myocardium", 3: "la"}
_FOLDER = "database_nifti"
_SHOWN = {"2CH": View.A2C, "4CH": View.A4C}
_SPLITS = "database_split"
_CM_PER_MM = 0.1
_MOST_OBLONG = 1.05

Picture = NDArray[np.float64]  # (rows, columns)


def detect(path: Path) -> bool:
    return any(_root(path).glob("patient*/patient*_?CH_ED.nii.gz"))


def read(path: Path) -> DataSet:
    """Both views of every patient. Raises DatasetError for a view with a missing file, with the item's line if any."""
    splits = _splits(path / _SPLITS)
    folders = sorted(folder for folder in _root(path).glob("patient*") if folder.is_dir())
    items = [_item(folder, view, splits) for folder in folders for view in VIEWS if any(folder.glob(f"*_{view}_*"))]
    notes = () if splits else (f"no {_SPLITS}: every patient is in one split",)
    return DataSet("camus", items, classes=VIEWS, notes=notes)


def _root(path: Path) -> Path:
    return path / _FOLDER if (path / _FOLDER).is_dir() else path


def _splits(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(folder.glob("subgroup_*.txt")):
        split = split_named(file.stem.removeprefix("subgroup_").replace("testing", "test"))
        if split is None:
            continue
        for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            patient = text.strip()
            if patient in found:
                raise DatasetError(f"{file.name} line {line}: {patient} is in {found[patient]} already")
            if patient:
                found[patient] = split
    return found


def _item(folder: Path, view: str, splits: Mapping[str, str]) -> Item:
    patient = folder.name
    images = [folder / f"{patient}_{view}_{phase}.nii.gz" for phase in PHASES]
    masks = [folder / f"{patient}_{view}_{phase}_gt.nii.gz" for phase in PHASES]
    for file in (*images, *masks):
        if not file.is_file():
            raise DatasetError(f"{folder}: no {file.name}")
    if splits and patient not in splits:
        raise DatasetError(f"{_SPLITS}: {patient} is in no subgroup")
    known = _info(folder / f"Info_{view}.cfg")
    truth = Truth(
        label=view,
        view=_SHOWN[view],
        ef_percent=_number(known, "EF", "LVef"),
        edv_ml=_number(known, "LVedv"),
        esv_ml=_number(known, "LVesv"),
        ed_frame=0,
        es_frame=1,
        masks=partial(_masks, masks),
        structures=tuple(STRUCTURES.values()),
    )
    return Item(f"{patient}_{view}", patient, splits.get(patient, ""), partial(_clip, f"{patient}_{view}", images), truth)


def _info(file: Path) -> dict[str, str]:
    """`key: value` lines; an absent file knows nothing."""
    if not file.is_file():
        return {}
    found = {}
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        entry = re.fullmatch(r"\s*(\w+)\s*:\s*(.*?)\s*", text)
        if entry is None:
            raise DatasetError(f"{file} line {line}: {text!r} is not `key: value`")
        key, value = entry.groups()
        if key in _NUMBERS and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise DatasetError(f"{file} line {line}: {key} is {value!r}, not a number")
        found[key] = value
    return found


_NUMBERS = ("EF", "LVef", "LVedv", "LVesv")


def _number(known: Mapping[str, str], *keys: str) -> float | None:
    return next((float(known[key]) for key in keys if key in known), None)


def _clip(key: str, files: list[Path]) -> Clip:
    pictures = [_picture(file) for file in files]
    if pictures[0][0].shape != pictures[1][0].shape:
        raise DatasetError(f"{files[1]}: {pictures[1][0].shape} is not the shape {pictures[0][0].shape} at end-diastole")
    squared = [_square_pixels(np.clip(picture, 0, 255), spacing, cv2.INTER_LINEAR) for picture, spacing in pictures]
    frames = np.stack([np.rint(picture).astype(np.uint8) for picture, _ in squared])
    (x_mm, y_mm), (rows, columns) = squared[0][1], frames.shape[1:]
    region = RegionCalibration(
        0, 0, columns - 1, rows - 1, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, PhysicalUnit.CM, PhysicalUnit.CM,
        x_mm * _CM_PER_MM, y_mm * _CM_PER_MM,
    )  # fmt: skip
    return Clip(key, np.repeat(frames[..., None], 3, axis=3), None, (region,))


def _masks(files: list[Path]) -> Masks:
    labels = [_square_pixels(*_picture(file), cv2.INTER_NEAREST)[0] for file in files]
    return {name: {frame: picture == label for frame, picture in enumerate(labels)} for label, name in STRUCTURES.items()}


def _square_pixels(picture: Picture, spacing: tuple[float, float], interpolation: int) -> tuple[Picture, tuple[float, float]]:
    """Most of CAMUS has pixels twice as wide as high, in which a heart is half as wide as it is: the finer side stays."""
    (rows, columns), (x_mm, y_mm) = picture.shape, spacing
    if max(spacing) <= _MOST_OBLONG * min(spacing):
        return picture, spacing
    finer = min(spacing)
    size = round(columns * x_mm / finer), round(rows * y_mm / finer)
    resized = np.asarray(cv2.resize(picture, size, interpolation=interpolation), dtype=np.float64)
    return resized, (columns * x_mm / size[0], rows * y_mm / size[1])


def _picture(file: Path) -> tuple[Picture, tuple[float, float]]:
    """(rows, columns), and the size of a pixel along x and y in mm."""
    from nibabel.filebasedimages import ImageFileError
    from nibabel.nifti1 import Nifti1Image

    try:
        image = Nifti1Image.from_filename(file)
        values = np.asarray(image.dataobj, dtype=np.float64)
    except (ImageFileError, OSError, EOFError, gzip.BadGzipFile, ValueError) as error:
        raise DatasetError(f"{file}: no readable NIfTI ({type(error).__name__})") from error
    values = values.reshape(values.shape[:2]) if values.size == np.prod(values.shape[:2]) else values
    if values.ndim != 2:
        raise DatasetError(f"{file}: shape {values.shape} is not one image")
    x_mm, y_mm = (float(side) for side in image.header["pixdim"][1:3])
    return values.T, (x_mm, y_mm)
