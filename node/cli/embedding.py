"""Frames of images and DICOM files through an encoder, and its features into one table."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models.manifest import Manifest, ManifestError
from node.errors import ConfigError, EchoNodeError, UnreadableClip
from node.study.clip_reader import read_clip

_IMAGES = (".png", ".jpg", ".jpeg")


def embed_files(manifest: Manifest, paths: Sequence[Path], out: Path) -> tuple[int, int, list[str]]:
    """Writes `source`, `frame_number` (1-based) and the features of each frame; gives frames, features, and what was left out.

    In a folder a file that is no image is left out; one that is named is an error. Raises EchoNodeError.
    """
    from models.families import WeightsError
    from models.predictor.embedding import NoEmbedding, embed_frames
    from models.registry import load_manifest

    if out.suffix not in (".npz", ".csv"):
        raise ConfigError(f"--out {out.name}: write .npz or .csv")
    try:
        network = load_manifest(manifest, pretrained=True)
    except (ManifestError, WeightsError) as error:
        raise EchoNodeError(str(error)) from error
    names: list[str] = []
    numbers: list[int] = []
    features: list[NDArray[np.float32]] = []
    skipped: list[str] = []
    for path, named in _files(paths):
        try:
            frames = _frames(path)
        except (UnreadableClip, UnidentifiedImageError) as error:
            if named:
                raise EchoNodeError(f"{path.name}: {error}") from error
            skipped.append(f"left out {path.name}: no image")
            continue
        try:
            features.append(embed_frames(network, frames))
        except NoEmbedding as error:
            raise EchoNodeError(str(error)) from error
        names += [str(path)] * len(frames)
        numbers += range(1, len(frames) + 1)
    if not features:
        raise EchoNodeError("there is no image to look at")
    table = np.concatenate(features)
    _write(out, names, numbers, table)
    return len(table), table.shape[1], skipped


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file, and whether it was named itself."""
    for path in paths:
        if path.is_dir():
            yield from ((found, False) for found in sorted(path.rglob("*")) if found.is_file())
        else:
            yield path, True


def _frames(path: Path) -> NDArray[np.uint8]:
    """uint8 RGB (n, rows, columns, 3)."""
    if path.suffix.lower() in _IMAGES:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))[None]
    return read_clip(path).frames


def _write(out: Path, names: list[str], numbers: list[int], features: NDArray[np.float32]) -> None:
    if out.suffix == ".npz":
        np.savez(out, source=np.array(names), frame_number=np.array(numbers), features=features)
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "frame_number", *(f"feature_{index}" for index in range(features.shape[1]))])
        writer.writerows([name, number, *row.tolist()] for name, number, row in zip(names, numbers, features, strict=True))
