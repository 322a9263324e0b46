"""Miniature copies of the published data set layouts, a few small pictures each, written so that they read back exactly."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import av
import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frames = NDArray[np.uint8]  # (frames, rows, columns, 3)
Row = Sequence[object]

FILE_HEADER = ("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split")
TRACE_HEADER = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
LVH_HEADER = (
    "HashedFileName", "Calc", "CalcValue", "Frame", "X1", "X2", "Y1", "Y2", "Frames", "FPS", "Width", "Height", "split",
)  # fmt: skip
TMED2_HEADER = ("query_key", "view_label", "diagnosis_label", "SourceFolder", "view_classifier_split")


def write_csv(path: Path, header: Row, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_video(path: Path, frames: Frames, frames_per_s: int = 50) -> None:
    """AVI of uncompressed RGB, so that what is read is what was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=frames_per_s)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "bgr24"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="bgr24")))
        container.mux(stream.encode())


def write_image(path: Path, frame: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(path)


def discs(frames: int = 80, period: int = 40, size: int = 112, seed: int = 0) -> Frames:
    """A bright disc on dim noise, largest at frame 0, smallest half a period later."""
    y, x = np.mgrid[:size, :size]
    radius = size * (0.27 + 0.09 * np.cos(2 * np.pi * np.arange(frames) / period))
    inside = np.hypot(x - size / 2, y - size / 2) < radius[:, None, None]
    grey = np.where(inside, 200, np.random.default_rng(seed).integers(0, 40, (frames, size, size))).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)


def box_trace(left: int, top: int, right: int, bottom: int) -> list[tuple[float, float, float, float]]:
    """The long axis, and a chord every 2 px, of an upright box."""
    middle = (left + right) / 2
    return [(middle, top, middle, bottom), *((left, y, right, y) for y in range(top, bottom + 1, 2))]


def echonet_dynamic(
    root: Path, videos: dict[str, Frames], truth: dict[str, tuple[float, str]], traces: dict[str, dict[int, list[Row]]]
) -> Path:
    """`truth` is EF and split by name; EDV is 100 mL."""
    for name, frames in videos.items():
        write_video(root / "Videos" / f"{name}.avi", frames)
    rows = [
        (name, ef, 100 - ef, 100, *videos[name].shape[1:3], 50, len(videos[name]), split) for name, (ef, split) in truth.items()
    ]
    write_csv(root / "FileList.csv", FILE_HEADER, rows)
    lines = [
        (f"{name}.avi", *line, frame)
        for name, frames_of in traces.items()
        for frame, found in frames_of.items()
        for line in found
    ]
    write_csv(root / "VolumeTracings.csv", TRACE_HEADER, lines)
    return root


def write_nifti(path: Path, picture: NDArray[np.generic], x_mm: float, y_mm: float) -> None:
    """`picture` (rows, columns); NIfTI's first axis is x."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(np.asarray(picture).T.copy(), np.diag([x_mm, y_mm, 1.0, 1.0]))
    nibabel.save(image, path)


def camus_patient(
    root: Path, patient: str, pictures: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]], info: str,
    mm: tuple[float, float] = (0.3, 0.15),
) -> None:  # fmt: skip
    """`pictures`: for each of 2CH_ED, 2CH_ES, 4CH_ED, 4CH_ES the image and its labels."""
    for name, (image, labels) in pictures.items():
        write_nifti(root / patient / f"{patient}_{name}.nii.gz", image, *mm)
        write_nifti(root / patient / f"{patient}_{name}_gt.nii.gz", labels, *mm)
    for view in ("2CH", "4CH"):
        (root / patient / f"Info_{view}.cfg").write_text(info, encoding="utf-8")


def tmed2(root: Path, images: dict[str, tuple[NDArray[np.uint8], str, str]], fold: str = "fold0.csv") -> Path:
    """`images`: key -> picture, label, split."""
    for key, (picture, _, _) in images.items():
        write_image(root / "view_and_diagnosis_labeled_set" / key, picture)
    rows = [(key, label, "no_AS", "view_and_diagnosis_labeled_set", split) for key, (_, label, split) in images.items()]
    return write_csv(root / "DEV479" / fold, TMED2_HEADER, rows)


def tte47(
    root: Path, classes: Sequence[str], images: dict[str, tuple[NDArray[np.uint8], str]],
    experts: dict[str, tuple[str, str, str]] | None = None,
) -> Path:  # fmt: skip
    """`images`: entry -> picture, split; `experts`: entry -> their three answers."""
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for entry, (picture, split) in images.items():
        write_image(root / entry, picture)
        splits[split].append(entry)
    (root / "data_split.json").write_text(json.dumps(splits, indent=1), encoding="utf-8")
    (root / "class_lookup.json").write_text(json.dumps({str(i): name for i, name in enumerate(classes)}), encoding="utf-8")
    if experts is not None:
        header = ("image", "expert1", "expert2", "expert3")
        write_csv(root / "expert_labels.csv", header, [(entry, *answers) for entry, answers in experts.items()])
    return root
