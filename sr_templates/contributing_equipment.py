"""Contributing Equipment Sequence (0018,A001): the algorithms that a document comes from, one item each (IHE AIR)."""

import uuid
from collections.abc import Iterable

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset

from models.results import ModelUse, StudyFindings
from sr_templates.identity import DocumentIdentity

# CID 7005 of 2024 has no code of an algorithm; the placeholder of IHE AIR 1.1 (Newcode1, 99IHE) is no code to keep.
PROCESSING_EQUIPMENT = CodedConcept("109102", "DCM", "Processing Equipment")
# For ever the same at every site: a network with the same weights is the same device.
_NAME_SPACE = uuid.UUID("5f0c7bd2-8a0e-5d8b-9a5b-2f4f7c2e6a31")


def contributing_equipment(models: Iterable[ModelUse], identity: DocumentIdentity) -> list[Dataset]:
    """One item for each network and its weights, in the order given."""
    return [_item(use, identity) for use in {(use.name, use.version, use.weights_sha256): use for use in models}.values()]


def networks(findings: StudyFindings) -> tuple[ModelUse, ...]:
    """All that contributed to any finding of a study."""
    return tuple(dict.fromkeys([*findings.models, *(use for clip in findings.clips for use in clip.models)]))


def device_uid(use: ModelUse) -> str:
    """Another as soon as the network was trained again: then it has other weights. Without weights its name stands for it."""
    name = use.weights_sha256 or f"{use.name}|{use.version}"
    return f"2.25.{uuid.uuid5(_NAME_SPACE, name).int}"


def _item(use: ModelUse, identity: DocumentIdentity) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [PROCESSING_EQUIPMENT]
    item.Manufacturer = identity.manufacturer  # who has put the network to this use, and answers for it
    item.ManufacturerModelName, item.SoftwareVersions = _as_lo(use.name), _as_lo(use.version)
    item.DeviceUID = device_uid(use)
    item.ContributionDescription = f"weights SHA-256 {use.weights_sha256}" if use.weights_sha256 else "no trained weights"
    return item


def _as_lo(text: str) -> str:
    """One value of 64 characters (PS3.5 6.2); the hash says the rest."""
    return text.replace("\\", "/")[:64]
