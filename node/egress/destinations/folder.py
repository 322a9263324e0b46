"""A folder that other programs read from: each document is a file there, complete as soon as its name is seen."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

from node.db.tables import DeliveryState
from node.egress import building
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome, StoredDocument
from node.settings import Settings


class FolderDestination(DestinationKind):
    kind: Literal["folder"] = "folder"
    path: Path
    takes: ClassVar[frozenset[str]] = frozenset({building.DICOM_SUFFIX, ".hl7", ".csv"})

    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        """Written beside and renamed; a second attempt writes the same file. A folder that is gone may come back."""
        suffix = building.TEMPLATES[document.template].suffix
        target = self.path / f"{document.template}-{document.uid}{suffix}"
        arriving = target.with_name(f".{target.name}.arriving")
        try:
            shutil.copyfile(document.path, arriving)
            with arriving.open("rb") as file:
                os.fsync(file.fileno())
            arriving.replace(target)
        except OSError as error:
            with suppress(OSError):
                arriving.unlink(missing_ok=True)
            return SendOutcome(DeliveryState.PENDING, f"the folder cannot be written: {error.strerror or type(error).__name__}")
        return SendOutcome(DeliveryState.ACCEPTED, "written into the folder")

    def probe(self, settings: Settings) -> ProbeAnswer:
        if not self.path.is_dir():
            return ProbeAnswer(False, f"{self.path} is no folder")
        writable = os.access(self.path, os.W_OK | os.X_OK)
        return ProbeAnswer(writable, f"{self.path} {'can' if writable else 'cannot'} be written")
