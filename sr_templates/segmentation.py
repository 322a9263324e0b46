"""BINARY segmentation of the heart's chambers on the ultrasound clip itself (PS3.3 A.51).

Echo clips have no Frame of Reference, and highdicom refuses them for that; the standard does not (the module is conditional).
So the object is written here: its frames are tied to the source's by Referenced Frame Number alone. Of its geometry it states
what the clip states: the size of a pixel. Where the image lay in the patient, nobody knows.
"""

import math
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import SegmentationStorage

from models.catalogue import QUANTITIES
from models.results import CaliperKind, ClipFindings, Contour, StudyFindings
from sr_templates import codes, tracking
from sr_templates.codes import code_item
from sr_templates.copied_values import text_of
from sr_templates.derived_image import lossy_compression, source_image
from sr_templates.document import BuiltDocument, DocumentKind, referenced_series, start_document
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.masks import packed
from sr_templates.patient_safety import may_show, research_mark, trained_on_phantoms

KIND = DocumentKind("seg", SegmentationStorage, "SEG", 9200, "EchoNode segmentation")

# Structure of a Contour -> segment label, property type (CID 7151), colour on a display (CIELab as written, PS3.3 C.10.7.1.1).
_SEGMENTS: dict[str, tuple[str, Code, tuple[int, int, int]]] = {
    "lv": ("LV cavity", codes.LEFT_VENTRICLE, (43803, 26565, 37722)),
    "la": ("Left atrium", codes.LEFT_ATRIUM, (36466, 37201, 17202)),
    "ra": ("Right atrium", codes.RIGHT_ATRIUM, (48384, 23650, 30126)),
    "rv": ("RV cavity", codes.RIGHT_VENTRICLE, (54323, 34125, 51389)),
}

_MM_PER_CM = 10
# Nobody measured how thick the slice was. Readers want a number above 0, and some multiply it by areas. With this one no volume
# comes out that could be taken for a ventricle's.
_SLICE_THICKNESS_MM = 0.001
_ROWS_DOWN_COLUMNS_RIGHT = [1, 0, 0, 0, 1, 0]


@dataclass(frozen=True)
class _Frame:
    """One frame of the segmentation; `frame_index` is 0-based in the source."""

    segment_number: int
    structure: str
    frame_index: int


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One object per clip with outlines, its part the clip's SOP Instance UID.

    A clip that has reasons has no segmentation, nor has a patient's study outlined by phantom-trained weights: who sees an
    outline measures with it. Raises DocumentError for an outline that does not fit its object.
    """
    if not may_show(findings, evidence):
        return ()
    documents: list[BuiltDocument] = []
    for found in findings.clips:
        clip = replace(found, contours=_outlines(found, findings))
        if not clip.contours or clip.gates:
            continue
        _refuse_misfits(clip, evidence)
        frames, bits = _draw(clip)
        if frames:
            documents.append(_build_one(clip, frames, bits, len(documents) + 1, findings, evidence, identity))
    return tuple(documents)


def _outlines(clip: ClipFindings, findings: StudyFindings) -> tuple[Contour, ...]:
    """Those of the clip on every frame, and of other chambers the outlines that values came from, each once."""
    outlines = {(one.structure, one.frame_index): one for one in clip.contours}
    if len(outlines) != len(clip.contours):
        raise DocumentError("two outlines of one structure on one frame")
    for measurement in findings.measurements:
        structure = QUANTITIES[measurement.key].structure
        for caliper in measurement.calipers:
            of_clip = caliper.sop_instance_uid == clip.sop_instance_uid and caliper.kind is CaliperKind.OUTLINE
            if of_clip and structure in _SEGMENTS:
                contour = Contour(structure, caliper.frame_number - 1, caliper.points_px)
                outlines.setdefault((structure, contour.frame_index), contour)
    return tuple(outlines.values())


def _build_one(
    clip: ClipFindings,
    frames: list[_Frame],
    bits: bytes,
    number: int,
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
) -> BuiltDocument:
    mark, part = research_mark(findings), clip.sop_instance_uid
    source = evidence.header(part)
    subject = f"#{number} {clip.view.view.value.upper().replace('_', ' ') if clip.view else ''}"
    document = start_document(
        KIND,
        evidence,
        identity,
        part=part,
        part_number=number,
        mark=mark,
        subject=subject,
        models=clip.models or findings.models,
    )
    document.ImageType = ["DERIVED", "PRIMARY"]
    document.BodyPartExamined = "HEART"
    document.PatientOrientation = ""
    ventricle_alone = all(frame.structure == "lv" for frame in frames)
    document.ContentLabel = "LV_SEGMENTATION" if ventricle_alone else "CHAMBERS"
    document.ContentDescription = mark or f"{'Left ventricle' if ventricle_alone else 'Chambers'} on an echo clip"
    document.ContentCreatorName = ""  # of a person; the algorithm has its own attributes
    document.update(lossy_compression(source))
    document.ReferencedSeriesSequence = referenced_series([source], "ReferencedInstanceSequence")
    segments = sorted({(frame.segment_number, frame.structure) for frame in frames})
    document.SegmentSequence = [_segment(*segment, clip, findings, evidence, identity) for segment in segments]
    document.update(_dimensions(identity.derived_uid(evidence.study_instance_uid, KIND.template, part, "dimensions")))
    document.SharedFunctionalGroupsSequence = [_geometry(clip)]
    is_multi_frame = evidence.number_of_frames(part) is not None
    document.PerFrameFunctionalGroupsSequence = _functional_groups(frames, source, is_multi_frame)
    document.update(_pixels(bits, len(frames), clip))
    return BuiltDocument(KIND.template, part, document)


def _refuse_misfits(clip: ClipFindings, evidence: Evidence) -> None:
    source = evidence.header(clip.sop_instance_uid)
    if (str(clip.rows), str(clip.columns)) != (text_of(source, "Rows"), text_of(source, "Columns")):
        raise DocumentError("outlines were drawn on an image of another size")
    if not all(math.isfinite(cm) and cm > 0 for cm in clip.cm_per_px or ()):
        raise DocumentError("the size of a pixel is no length")
    frames = evidence.number_of_frames(clip.sop_instance_uid) or 1
    for contour in clip.contours:
        if contour.structure not in _SEGMENTS:
            raise DocumentError(f"no segment code for the structure {contour.structure!r}")
        if not 0 <= contour.frame_index < frames:
            raise DocumentError("an outline lies on a frame that the object does not have")
        if len(contour.points_px) < 3 or not math.isfinite(sum(chain.from_iterable(contour.points_px))):
            raise DocumentError("an outline needs at least three finite points")


def _draw(clip: ClipFindings) -> tuple[list[_Frame], bytes]:
    """Segment by segment, each in time order; an outline around no pixel centre makes no frame. With them their pixels, one bit
    each, from the low bit on over all frames without a gap between them (PS3.5 8.1.1), and an even number of bytes.
    """
    frames: list[_Frame] = []
    numbers: dict[str, int] = {}
    frame_bits = clip.rows * clip.columns
    stream: list[NDArray[np.uint8]] = []
    for contour in sorted(clip.contours, key=lambda contour: (contour.structure, contour.frame_index)):
        first_bit = len(frames) * frame_bits % 8
        bits = packed(contour.points_px, clip.rows, clip.columns, first_bit)
        if bits.any():
            if first_bit:  # within the last byte of the frame before
                bits[0] |= stream[-1][-1]
                stream[-1] = stream[-1][:-1]
            stream.append(bits)
            number = numbers.setdefault(contour.structure, len(numbers) + 1)
            frames.append(_Frame(number, contour.structure, contour.frame_index))
    stream.append(np.zeros(sum(map(len, stream)) % 2, dtype=np.uint8))
    return frames, np.concatenate(stream).tobytes()


def _segment(
    number: int, structure: str, clip: ClipFindings, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> Dataset:
    label, property_type, colour = _SEGMENTS[structure]
    segment = Dataset()
    segment.SegmentNumber = number
    segment.SegmentLabel = label
    segment.SegmentAlgorithmType = "AUTOMATIC"
    segment.SegmentAlgorithmName = identity.model_name
    segment.SegmentationAlgorithmIdentificationSequence = [_algorithm(clip, findings, identity)]
    segment.SegmentedPropertyCategoryCodeSequence = [code_item(codes.ANATOMICAL_STRUCTURE)]
    segment.SegmentedPropertyTypeCodeSequence = [code_item(property_type)]
    segment.RecommendedDisplayCIELabValue = list(colour)
    tracked = tracking.structure(structure, [clip.view.view] if clip.view else [], evidence, identity)
    segment.TrackingID, segment.TrackingUID = tracked.identifier, tracked.uid
    return segment


def _algorithm(clip: ClipFindings, findings: StudyFindings, identity: DocumentIdentity) -> Dataset:
    """Algorithm Identification Macro (PS3.3 10.16), the weights as its parameters."""
    uses = clip.models or findings.models
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [code_item(codes.ARTIFICIAL_INTELLIGENCE)]
    item.AlgorithmName = identity.model_name
    item.AlgorithmVersion = identity.software_version
    item.AlgorithmSource = identity.manufacturer
    if uses:
        item.AlgorithmParameters = "; ".join(f"{use.name} {use.version} SHA-256 {use.weights_sha256}" for use in uses)
        if trained_on_phantoms(findings):
            item.AlgorithmParameters += "; trained on synthetic phantoms"
    return item


def _dimensions(organization_uid: str) -> Dataset:
    """Frames are indexed by segment, then by position in time."""
    dimensions, organization = Dataset(), Dataset()
    organization.DimensionOrganizationUID = organization_uid
    dimensions.DimensionOrganizationSequence = [organization]
    dimensions.DimensionIndexSequence = []
    for group, index in (
        ("SegmentIdentificationSequence", "ReferencedSegmentNumber"),
        ("FrameContentSequence", "TemporalPositionIndex"),
    ):
        item = Dataset()
        item.DimensionOrganizationUID = organization_uid
        item.DimensionIndexPointer = tag_for_keyword(index)
        item.FunctionalGroupPointer = tag_for_keyword(group)
        item.DimensionDescriptionLabel = index
        dimensions.DimensionIndexSequence.append(item)
    return dimensions


def _geometry(clip: ClipFindings) -> Dataset:
    """Pixel Measures and Plane Orientation (PS3.3 C.7.6.16.2.1, .4), both optional without a Frame of Reference.

    OHIF shows nothing without them; the orientation only says that rows run down and columns to the right. A clip without
    a scale has no Pixel Spacing, which OHIF can do without; highdicom then cannot read the object.
    """
    measures, orientation, anatomy, shared = Dataset(), Dataset(), Dataset(), Dataset()
    if clip.cm_per_px is not None:
        column_mm, row_mm = (_MM_PER_CM * cm for cm in clip.cm_per_px)
        measures.PixelSpacing = [f"{row_mm:.10g}", f"{column_mm:.10g}"]
    measures.SliceThickness = str(_SLICE_THICKNESS_MM)
    orientation.ImageOrientationPatient = _ROWS_DOWN_COLUMNS_RIGHT
    anatomy.AnatomicRegionSequence = [code_item(codes.HEART)]
    anatomy.FrameLaterality = "U"
    shared.FrameAnatomySequence = [anatomy]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    return shared


def _functional_groups(frames: list[_Frame], source: Dataset, is_multi_frame: bool) -> list[Dataset]:
    """One item a frame. What frames have alike is one object in memory, since making each anew takes most of the time."""
    positions = {index: rank for rank, index in enumerate(sorted({f.frame_index for f in frames}), start=1)}
    segments = {
        number: _sequence("SegmentIdentificationSequence", _item(DataElement("ReferencedSegmentNumber", "US", number)))
        for number in {frame.segment_number for frame in frames}
    }
    derivation = _sequence("DerivationCodeSequence", code_item(codes.SEGMENTATION_DERIVATION))
    of_image = list(source_image(source, in_place=True))
    groups = []
    for frame in frames:
        position = positions[frame.frame_index]
        number = [DataElement("ReferencedFrameNumber", "IS", frame.frame_index + 1)] if is_multi_frame else []
        content = _item(
            DataElement("DimensionIndexValues", "UL", [frame.segment_number, position]),
            DataElement("TemporalPositionIndex", "UL", position),
        )
        derived = _item(derivation, _sequence("SourceImageSequence", _item(*of_image, *number)))
        groups.append(
            _item(
                segments[frame.segment_number],
                _sequence("DerivationImageSequence", derived),
                _sequence("FrameContentSequence", content),
            )
        )
    return groups


def _item(*elements: DataElement) -> Dataset:
    return Dataset({element.tag: element for element in elements})


def _sequence(keyword: str, item: Dataset) -> DataElement:
    return DataElement(keyword, "SQ", [item])


def _pixels(bits: bytes, number_of_frames: int, clip: ClipFindings) -> Dataset:
    pixels = Dataset()
    pixels.SamplesPerPixel = 1
    pixels.PhotometricInterpretation = "MONOCHROME2"
    pixels.NumberOfFrames = number_of_frames
    pixels.Rows, pixels.Columns = clip.rows, clip.columns
    pixels.BitsAllocated = pixels.BitsStored = 1
    pixels.HighBit = pixels.PixelRepresentation = 0
    pixels.SegmentationType = "BINARY"
    pixels.add_new("PixelData", "OB", bits)
    return pixels
