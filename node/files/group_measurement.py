"""measure with a model that reads clips of several views together: the order of the files says which is which."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from models.catalogue import View
from models.clip import Clip
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.protocols import GroupReader
from models.library.reading import Decoding, Reading
from node.errors import ConfigError
from node.files.file_measurement import clip_for, header_notes
from node.files.input_files import InputFile

_WORDS = {2: "two", 3: "three", 4: "four"}


class WithEarlierFiles:
    """A reader of a group's last clip: it is read together with those of the files `earlier`, which come first."""

    def __init__(self, reader: GroupReader, earlier: Sequence[InputFile]) -> None:
        self._reader, self._earlier = reader, earlier

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return self._reader.manifests

    def read(self, clip: Clip, decoding: Decoding | None = None) -> Reading:
        """There is one decoding. Raises EchoNodeError for an earlier file that cannot be read."""
        earlier = [clip_for(self, wanted) for wanted in self._earlier]
        reading = self._reader.read_group([*earlier, clip])
        return replace(reading, notes=(*reading.notes, *(note for one in earlier for note in header_notes(one))))


def of_group(
    model: Model, views: Sequence[View], paths: Sequence[Path], wanted: Sequence[InputFile], out: Path | None
) -> tuple[WithEarlierFiles, tuple[InputFile, ...]]:
    """The group as one file to measure. Raises ConfigError for anything but one file of each view, and for an overlay."""
    count = _WORDS.get(len(views), str(len(views)))
    name = f"{model.manifest.name} reads {count} clips together"
    if len(wanted) != len(views) or any(path.is_dir() or path.suffix.lower() == ".csv" for path in paths):
        order = ", then ".join(f"the {view.upper()} clip" for view in views)
        raise ConfigError(f"{name}: give {count} files, first {order}")
    for one, other in combinations(paths, 2):
        if one.samefile(other):
            raise ConfigError(f"{name}: {one.name} was given twice")
    if out is not None:
        raise ConfigError(f"--out: {model.manifest.name} finds nothing in the images that could be drawn")
    *earlier, last = wanted
    joined = " + ".join(one.name for one in wanted)
    return WithEarlierFiles(model.group_reader, earlier), (replace(last, name=joined),)
