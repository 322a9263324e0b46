"""Objects as a sender would send them, and arrivals as our SCP hands them to intake."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, UltrasoundMultiFrameImageStorage
from pynetdicom.dsutils import split_dataset

from node.ingress.arrival import Arrival
from node.ingress.incoming import HEAD_BYTES, ReceivedFile
from node.settings import AERule, NodeSettings, Settings, StudySettings
from node.study.archive import Archive

RULE = AERule(name="lab", address="127.0.0.0/8", quiet_s=60)
STUDY_UID, CLIP_UID = "2.25.100", "2.25.200"


def settings(
    data_dir: Path,
    *,
    rules: tuple[AERule, ...] = (RULE,),
    min_free_disk_mb: int = 0,
    upper_layer: Literal["echonode", "pynetdicom"] = "echonode",
    **study: Any,
) -> Settings:
    node = NodeSettings(port=0, data_dir=data_dir, min_free_disk_mb=min_free_disk_mb, upper_layer=upper_layer)
    return Settings(node=node, ae_rule=rules, study=StudySettings(**study))


def clip(number: int = 0, *, pixels: bytes | None = None, **attributes: Any) -> Dataset:
    """A small ultrasound clip, number `number` of its study; attributes are set or, with None, removed."""
    dataset = Dataset()
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = f"{CLIP_UID}.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY_UID, "2.25.150"
    dataset.PatientName, dataset.PatientID = "Secret^Name", "SECRET-ID"
    dataset.Modality, dataset.StudyDate = "US", "20260304"
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 4, 6, 2
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    region = Dataset()
    region.PhysicalDeltaX = -0.05
    dataset.SequenceOfUltrasoundRegions = [region]
    dataset.PixelData = pixels if pixels is not None else bytes(range(number % 200, number % 200 + 48))
    dataset["PixelData"].VR = "OB"
    for keyword, value in attributes.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    return dataset


def rle(dataset: Dataset) -> Dataset:
    """The same clip with its frames run-length encoded, byte by byte literal (PS3.5 annex G)."""
    frames = [dataset.PixelData[start : start + 24] for start in (0, 24)]
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
    encoded = [header + bytes([len(frame) - 1]) + frame + b"\x80" for frame in frames]  # 0x80: no operation, to an even length
    compressed = Dataset()
    compressed.update(dataset)
    compressed.PixelData = encapsulate(encoded, has_bot=False)
    compressed["PixelData"].VR = "OB"
    compressed["PixelData"].is_undefined_length = True
    return compressed


def write_file(path: Path, dataset: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> Path:
    dataset = Dataset(dataset)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax_uid
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def arrival(
    archive: Archive,
    dataset: Dataset,
    *,
    transfer_syntax_uid: str = ExplicitVRLittleEndian,
    association_uuid: str = "association-1",
    **command: str,
) -> Arrival:
    """`command` overrides what the C-STORE command says, e.g. `sop_class_uid`."""
    values = {
        "sop_class_uid": str(dataset.SOPClassUID),
        "sop_instance_uid": str(dataset.SOPInstanceUID),
        "calling_aet": "CART",
        "rule_name": RULE.name,
        **command,
    }
    file = received_file(write_file(archive.new_incoming(), dataset, transfer_syntax_uid))
    return Arrival(file=file, transfer_syntax_uid=transfer_syntax_uid, association_uuid=association_uuid, **values)


def rewritten(arrived: Arrival, content: bytes) -> Arrival:
    """The same arrival with other bytes in its file."""
    arrived.path.write_bytes(content)
    return replace(arrived, file=received_file(arrived.path))


def received_file(path: Path) -> ReceivedFile:
    """A file as our SCP has written and hashed it."""
    content = path.read_bytes()
    data_set = content[split_dataset(path)[1] :]
    return ReceivedFile(path, hashlib.sha256(content).hexdigest(), len(content), data_set[:HEAD_BYTES], len(data_set))


def arrival_of(archive: Archive, content: bytes, sop_instance_uid: str, association_uuid: str = "association-1") -> Arrival:
    """A Part 10 file as somebody else wrote it, with the command that names it."""
    path = archive.new_incoming()
    path.write_bytes(content)
    return Arrival(
        file=received_file(path), sop_class_uid=UltrasoundMultiFrameImageStorage, sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=ExplicitVRLittleEndian, calling_aet="CART", rule_name=RULE.name, association_uuid=association_uuid,
    )  # fmt: skip


__all__ = [
    "CLIP_UID", "RULE", "STUDY_UID", "RLELossless", "arrival", "arrival_of", "clip", "received_file", "rewritten", "rle",
    "settings", "write_file",
]  # fmt: skip
