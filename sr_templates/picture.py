"""What all pictures of ours have in common: secondary captures of a clip's frames, with something drawn over them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from models.drawing import legible_scale
from models.results import ClipFindings, StudyFindings
from sr_templates import codes
from sr_templates.codes import code_item
from sr_templates.derived_image import lossy_compression, source_image
from sr_templates.document import DocumentKind, start_document
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.marked_frames import view_name
from sr_templates.patient_safety import research_mark


@dataclass(frozen=True)
class Picture:
    """`part` and `clip_number` are its document's; `frame_numbers` those of the clip that it shows.

    `statement` says to a person what it is not, `drawn` what was done to the pixels.
    """

    kind: DocumentKind
    clip: ClipFindings
    part: str
    clip_number: int
    frame_numbers: Sequence[int]
    statement: str
    drawn: str


def start_picture(
    picture: Picture, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> tuple[Dataset, int]:
    """All of the object but its pixels and times, and the factor by which the image has to be enlarged first.

    It claims no scale of the image: what is measured is measured on the source.
    """
    mark, clip = research_mark(findings), picture.clip
    document = start_document(
        picture.kind,
        evidence,
        identity,
        part=picture.part,
        part_number=picture.clip_number,
        mark=mark,
        subject=f"#{picture.clip_number} {view_name(clip)}",
        models=clip.models or findings.models,
    )
    document.ImageType = ["DERIVED", "SECONDARY"]
    document.BodyPartExamined = "HEART"
    document.PatientOrientation = ""
    document.BurnedInAnnotation = "YES"
    document.ConversionType = "WSD"  # by a workstation
    document.SecondaryCaptureDeviceManufacturer = identity.manufacturer
    document.SecondaryCaptureDeviceManufacturerModelName = identity.model_name
    document.SecondaryCaptureDeviceSoftwareVersions = identity.software_version
    document.ImageComments = f"{mark}. {picture.statement}" if mark else picture.statement
    source, scale = evidence.header(clip.sop_instance_uid), legible_scale(clip.rows, clip.columns)
    document.update(lossy_compression(source))
    item = source_image(source, in_place=scale == 1)
    if evidence.number_of_frames(clip.sop_instance_uid) is not None:
        item.ReferencedFrameNumber = list(picture.frame_numbers)
    document.SourceImageSequence = [item]
    enlarged = f", after the image was enlarged {scale} times" if scale > 1 else ""
    document.DerivationDescription = f"{picture.drawn}, words in a band below it{enlarged}"
    derivations = [codes.SPATIAL_RESAMPLING] * (scale > 1)
    derivations += [codes.LOSSY_COMPRESSION] * (document.LossyImageCompression == "01")
    if derivations:
        document.DerivationCodeSequence = [code_item(code) for code in derivations]
    return document, scale
