"""Videos, images and DICOM files through an encoder, and its features into one table."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.analysis.embedding import embed, encodes_clips, require_embedding
from models.analysis.engine_choice import move_to_engine
from models.errors import BackendError, ReadingError
from models.library.manifest import Manifest
from models.library.registry import load_manifest
from node.errors import ConfigError, EchoNodeError, UnreadableClip
from node.files.file_arguments import named_files
from node.files.output_files import refuse_replacing, written_to
from node.objects.clip_file import clip_of_file

_TABLES = (".npz", ".csv")


@dataclass(frozen=True)
class Embedded:
    """What was written: `rows` features of `width` each, one of a clip or of a frame; `skipped` says what was left out."""

    rows: int
    width: int
    of_clips: bool
    skipped: tuple[str, ...]
    computed_by: str

    @property
    def what(self) -> str:
        return "clips" if self.of_clips else "frames"


def embed_files(
    manifest: Manifest,
    paths: Sequence[Path],
    out: Path,
    device: str = "cpu",
    engine: str = "torch",
    *,
    progress: Callable[[str], None] = lambda line: None,
) -> Embedded:
    """Writes `source` and the features of each clip, or `source`, `frame_number` (1-based) and the features of each frame.

    In a folder a file that is no image is left out; one that is named is an error. Raises EchoNodeError.
    """
    if out.suffix not in _TABLES:
        raise ConfigError(f"--out {out.name}: write .npz or .csv")
    files = list(named_files(paths))
    read = (path for path, named in files if named or path.suffix not in _TABLES)  # a table of before may be replaced
    refuse_replacing([("--out", out)], [manifest.path, *read])
    model = load_manifest(manifest, pretrained=True, device=device)
    require_embedding(model)
    computed_by = move_to_engine(model, engine=engine, device=device, for_features=True)
    found: list[tuple[str, NDArray[np.float32]]] = []
    skipped: list[str] = []
    for number, (path, named) in enumerate(files, start=1):
        progress(f"{number} of {len(files)}: {path.name}")
        try:
            found.append((str(path), embed(model, clip_of_file(path))))
        except (UnreadableClip, OSError, ReadingError, BackendError) as error:
            if named:
                raise EchoNodeError(f"{path.name}: {error}") from error
            words = "no image" if isinstance(error, UnreadableClip) else error
            skipped.append(f"left out {path.name}: {words}")
    if not found:
        raise EchoNodeError("there is no image to look at")
    of_clips = encodes_clips(model)
    with written_to("--out", out):
        _write(out, found, of_clips=of_clips)
    return Embedded(sum(len(features) for _, features in found), found[0][1].shape[1], of_clips, tuple(skipped), computed_by)


def _write(out: Path, found: Sequence[tuple[str, NDArray[np.float32]]], *, of_clips: bool) -> None:
    columns: dict[str, list[str] | list[int]] = {"source": [name for name, features in found for _ in features]}
    if not of_clips:
        columns["frame_number"] = [number for _, features in found for number in range(1, len(features) + 1)]
    table = np.concatenate([features for _, features in found])
    if out.suffix == ".npz":
        arrays: dict[str, Any] = {name: np.array(values) for name, values in columns.items()}
        np.savez(out, features=table, **arrays)
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, *(f"feature_{index}" for index in range(table.shape[1]))])
        writer.writerows([*row, *features.tolist()] for *row, features in zip(*columns.values(), table, strict=True))
