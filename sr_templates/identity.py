"""Who made a document, from which analysis, and the UIDs that follow from that alone."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.results import StudyFindings
from sr_templates.profile import DEFAULT_PROFILE, Profile


@dataclass(frozen=True)
class PredecessorReference:
    """The document of an earlier revision, which the new one replaces, and what it was made of where that is still known.

    `content` is the file of one that is no DICOM object.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    revision: int = 0
    findings: StudyFindings | None = None
    content: bytes = b""


@dataclass(frozen=True)
class DocumentIdentity:
    """What a document says about its maker. `created_at` is aware and in the node's local time: documents show local times.

    `node_uuid` makes UIDs and never appears in a document: the node's pseudonyms are keyed with it.
    """

    node_uuid: str
    device_observer_uid: str
    institution_name: str
    software_version: str
    manufacturer: str
    model_name: str
    analysis_uuid: str
    revision: int
    created_at: datetime
    predecessor: PredecessorReference | None = None
    profile: Profile = DEFAULT_PROFILE

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            raise ValueError("naive datetime: a document states its offset from UTC")

    def derived_uid(self, study_instance_uid: str, template: str, part: str, purpose: str = "instance") -> str:
        """The same UID for the same arguments for ever, unique over sites because the node's UUID is the name space.

        `part` tells documents of one template apart, `purpose` the UIDs within one document ("instance", "series",
        "dimensions"). The profile counts where it is not the default.
        """
        name = (study_instance_uid, self.analysis_uuid, template, part, str(self.revision), purpose)
        key = self.profile.key()
        return self._uid(*name, key) if key else self._uid(*name)

    def tracking_uid(self, study_instance_uid: str, tracked: str) -> str:
        """The same in every revision and every document: what is followed does not change when it is measured again."""
        return self._uid(study_instance_uid, "tracking", tracked)

    def equipment_uid(self, part_uids: Iterable[str]) -> str:
        """This node's software with these networks: the same whenever it measures with just them."""
        return self._uid("equipment", self.software_version, *part_uids)

    def _uid(self, *name: str) -> str:
        """Root 2.25 with a version 5 UUID: PS3.5 B.2."""
        return f"2.25.{uuid.uuid5(uuid.UUID(self.node_uuid), '|'.join(name)).int}"
