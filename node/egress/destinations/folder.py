"""A folder that other programs read from: each document is a file there, complete as soon as its name is seen."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from pynetdicom.dsutils import split_dataset

from node.db.tables import DeliveryState
from node.egress import building
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome, StoredDocument
from node.egress.syntax_conversion import write_copy
from node.egress.transfer_syntaxes import DEFLATED, EXPLICIT
from node.settings import Settings


def _named(path: Path) -> Path:
    if path == Path():
        raise ValueError("it names no folder")
    return path


class FolderDestination(DestinationKind):
    kind: Literal["folder"] = "folder"
    path: Annotated[Path, AfterValidator(_named)]
    takes: ClassVar[frozenset[str]] = frozenset(template.suffix for template in building.TEMPLATES.values())

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        """Written beside and renamed; a second attempt writes the same file. A folder that is gone may come back."""
        template = building.TEMPLATES.get(document.template)  # none of a rejection note
        suffix = template.suffix if template is not None else building.DICOM_SUFFIX
        target = self.path / f"{document.template}-{document.uid}{suffix}"
        arriving = target.with_name(f".{target.name}.arriving")
        try:
            with _readable(document.path, suffix) as source:
                shutil.copyfile(source, arriving)
            _sync(arriving)
            arriving.replace(target)
            _sync(self.path)
        except OSError as error:
            with suppress(OSError):
                arriving.unlink(missing_ok=True)
            why = f"{self.path} cannot be written: {error.strerror or type(error).__name__}"
            return SendOutcome(DeliveryState.PENDING, why)
        return SendOutcome(DeliveryState.ACCEPTED, f"written into {self.path}")

    def probe(self, settings: Settings) -> ProbeAnswer:
        if not self.path.is_dir():
            return ProbeAnswer(False, f"{self.path} is no folder")
        writable = os.access(self.path, os.W_OK | os.X_OK)
        return ProbeAnswer(writable, f"{self.path} {'can' if writable else 'cannot'} be written")


@contextmanager
def _readable(stored: Path, suffix: str) -> Iterator[Path]:
    """What the archive keeps deflated, as every program reads it; everything else as it is stored."""
    if suffix != building.DICOM_SUFFIX or split_dataset(stored)[0].TransferSyntaxUID != DEFLATED:
        yield stored
        return
    with TemporaryDirectory(prefix="echonode-") as folder:
        yield write_copy(stored, EXPLICIT, Path(folder))


def _sync(path: Path) -> None:
    """A file's bytes, or the names in a folder: what was accepted stays after a power cut. Some shares sync no folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(descriptor)
