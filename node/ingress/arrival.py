"""An instance on its way in, and the columns by which the database remembers it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from node.db.session import Database
from node.db.tables import NodeIdentity, Receipt
from node.ingress.incoming import ReceivedFile
from node.objects.content_hash import Content
from node.objects.patient import StatedPatient
from node.settings import Settings
from node.study.archive import Archive
from node.study.assembly import TRIGGER_SOP_CLASSES, Source
from node.study.patient_columns import patient_columns

WITHOUT_BYTES = (Receipt.DUPLICATE, Receipt.OWN)  # whose bytes are not kept: they are there already


@dataclass(frozen=True)
class Arrival:
    """A C-STORE whose data set is complete."""

    file: ReceivedFile
    sop_class_uid: str  # as the command says
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_aet: str
    rule_name: str
    association_uuid: str

    @property
    def path(self) -> Path:
        """The temporary file."""
        return self.file.path


@dataclass(frozen=True)
class Intake:
    """One arrival on its way in. `path` is relative to the archive, None where the bytes are not kept."""

    database: Database
    archive: Archive
    settings: Settings
    now: datetime
    arrival: Arrival
    sha256: str
    size_bytes: int
    content: Content | None = None
    path: str | None = None

    @property
    def study_instance_uid(self) -> str:
        return self.content.study_instance_uid if self.content else ""


def instance_row(
    intake: Intake, receipt: Receipt, identity: NodeIdentity, *, study_id: int | None, note: str
) -> dict[str, Any]:
    """The columns of its row in the table of instances."""
    arrival, content = intake.arrival, intake.content
    path = None if receipt in WITHOUT_BYTES else intake.path
    return {
        "study_id": study_id,
        "receipt": receipt.value,
        "sop_instance_uid": content.sop_instance_uid if content else None,
        "sop_class_uid": content.sop_class_uid if content else None,
        "series_instance_uid": (content.series_instance_uid or None) if content else None,
        "transfer_syntax_uid": arrival.transfer_syntax_uid,
        "path": path,
        "size_bytes": intake.size_bytes,
        "sha256": intake.sha256,
        "content_hash": content.content_hash if content else None,
        "pixel_hash": content.pixel_hash if content else None,
        **_patient_columns(identity, content.patient if content else StatedPatient()),
        "analysable": content is not None and content.sop_class_uid in TRIGGER_SOP_CLASSES,
        "kept": path is not None,
        "calling_aet": arrival.calling_aet,
        "received_at": intake.now,
        "note": note or None,
    }


@lru_cache(maxsize=64)  # the objects of a study are of one patient, one after the other
def _patient_columns(identity: NodeIdentity, patient: StatedPatient) -> dict[str, str | None]:
    return patient_columns(identity, patient)


def intake_details(intake: Intake, note: str = "") -> dict[str, str]:
    """What its audit entry says."""
    arrival = intake.arrival
    details = {"calling_aet": arrival.calling_aet, "rule": arrival.rule_name, "sha256": intake.sha256, "note": note}
    return {name: value for name, value in details.items() if value}


def source_of(intake: Intake) -> Source:
    arrival = intake.arrival
    quiet_s = intake.settings.quiet_s(arrival.rule_name)
    return Source(arrival.calling_aet, arrival.rule_name, arrival.association_uuid, quiet_s)
