"""measure with a model that reads an A4C and an A2C clip together: the order of the two files says which is which."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.clip import Clip
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.protocols import PairReader
from models.library.reading import Decoding, Reading
from node.errors import ConfigError
from node.files.file_measurement import clip_for, header_notes
from node.files.input_files import InputFile


class WithA4C:
    """A reader of A2C clips: each is read together with one A4C file."""

    def __init__(self, reader: PairReader, a4c: InputFile) -> None:
        self._reader, self._a4c = reader, a4c

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return self._reader.manifests

    def read(self, clip: Clip, decoding: Decoding | None = None) -> Reading:
        """There is one decoding. Raises EchoNodeError for an A4C file that cannot be read."""
        a4c = clip_for(self, self._a4c)
        reading = self._reader.read_pair(a4c, clip)
        return replace(reading, notes=(*reading.notes, *header_notes(a4c)))


def of_two(
    model: Model, paths: Sequence[Path], wanted: Sequence[InputFile], out: Path | None
) -> tuple[WithA4C, tuple[InputFile, ...]]:
    """The pair as one file to measure. Raises ConfigError for anything but two files, and for an overlay."""
    name = model.manifest.name
    if len(wanted) != 2 or any(path.is_dir() or path.suffix.lower() == ".csv" for path in paths):
        raise ConfigError(f"{name} reads two clips together: give two files, first the A4C clip, then the A2C clip")
    if paths[0].samefile(paths[1]):
        raise ConfigError(f"{name} reads two clips together: {paths[0].name} was given twice")
    if out is not None:
        raise ConfigError(f"--out: {name} finds nothing in the images that could be drawn")
    a4c, a2c = wanted
    return WithA4C(model.pair_reader, a4c), (replace(a2c, name=f"{a4c.name} + {a2c.name}"),)
