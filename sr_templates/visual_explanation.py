"""Heat maps: what the networks of a clip looked at, as pictures that a report refers to as Visual Explanation (130401, DCM)."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace

import cv2
import numpy as np
from highdicom import sr
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import MultiFrameTrueColorSecondaryCaptureImageStorage

from models.drawing import draw, heated
from models.results import ClipFindings, HeatMap, StudyFindings
from sr_templates import codes
from sr_templates.document import BuiltDocument, DocumentKind
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import may_show, research_mark
from sr_templates.picture import Picture, start_picture
from sr_templates.pixel_coding import put_pixels
from sr_templates.profile import COMMON

KIND = DocumentKind("heat_maps", MultiFrameTrueColorSecondaryCaptureImageStorage, "US", 9900, "EchoNode heat maps")

STATEMENT = "What a network looked at, not whether it is right. Not for diagnosis"


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One object per clip with heat maps, its part the clip's SOP Instance UID: a frame for each network.

    Nothing of a patient's study judged by phantom-trained weights. Raises DocumentError for pixels that are not there or do
    not fit.
    """
    return tuple(
        _build_one(clip, number, findings, evidence, identity)
        for number, clip in enumerate(_explained(findings, evidence), start=1)
    )


def _explained(findings: StudyFindings, evidence: Evidence) -> list[ClipFindings]:
    return [clip for clip in findings.clips if clip.heat_maps] if may_show(findings, evidence) else []


def _build_one(
    clip: ClipFindings, number: int, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> BuiltDocument:
    numbers = [one.frame_number for one in clip.heat_maps]
    picture = Picture(KIND, clip, clip.sop_instance_uid, number, numbers, STATEMENT, "Heat maps laid over the image")
    document, scale = start_picture(picture, findings, evidence, identity)
    document.NumberOfFrames = len(numbers)
    if len(numbers) > 1:
        document.FrameIncrementPointer = Tag("PageNumberVector")
        document.PageNumberVector = list(range(1, len(numbers) + 1))
    mark = research_mark(findings)
    frames = [_drawn(one, clip, scale, mark, evidence) for one in clip.heat_maps]
    tallest = max(len(frame) for frame in frames)
    level = (np.pad(frame, ((0, tallest - len(frame)), (0, 0), (0, 0)), mode="edge") for frame in frames)
    put_pixels(document, level, lossy=document.LossyImageCompression == "01")
    return BuiltDocument(KIND.template, picture.part, document)


def _drawn(one: HeatMap, clip: ClipFindings, scale: int, mark: str, evidence: Evidence) -> NDArray[np.uint8]:
    """RGB (rows, columns, 3), 0 to 255."""
    frame = evidence.frame(clip.sop_instance_uid, one.frame_number)
    if frame.shape != (clip.rows, clip.columns, 3):
        raise DocumentError("a heat map is of an image of another size")
    cells = np.frombuffer(bytes.fromhex(one.levels), np.uint8).reshape(one.rows, one.columns).astype(np.float32) / 255
    heat = cv2.resize(cells, (clip.columns, clip.rows), interpolation=cv2.INTER_LINEAR)
    said = f"{one.model}: {one.answer}, frame {one.frame_number} of {clip.number_of_frames}"
    return draw(heated(frame, np.asarray(heat)), scale=scale, caption=[*([mark] if mark else []), said, STATEMENT])


def refer(
    groups: Iterable[sr.ContentSequence], findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity
) -> list[Dataset]:
    """Into each group of an outline (TID 1410 row 9b) the heat maps of its clip, where the report's receivers get them, too.

    What is referred to, as items of Referenced Series Sequence (0008,1115) for the report's evidence.
    """
    if not identity.profile.heat_maps:
        return []
    theirs = replace(identity, profile=identity.profile.limited_to(COMMON))
    study, series = evidence.study_instance_uid, {}
    explained = {clip.sop_instance_uid for clip in _explained(findings, evidence)}
    for group in groups:
        for clip_uid in sorted(explained & set(_outlined_images(group[0]))):
            uid = theirs.derived_uid(study, KIND.template, clip_uid)
            item = sr.ImageContentItem(
                codes.VISUAL_EXPLANATION, KIND.sop_class_uid, uid, relationship_type=sr.RelationshipTypeValues.CONTAINS
            )
            group[0].ContentSequence.append(item)
            referenced = Dataset()
            referenced.SeriesInstanceUID = theirs.derived_uid(study, KIND.template, clip_uid, "series")
            referenced.ReferencedSOPSequence = [deepcopy(item.ReferencedSOPSequence[0])]
            series[clip_uid] = referenced
    return list(series.values())


def _outlined_images(group: Dataset) -> Iterator[str]:
    """SOP Instance UIDs of the images that the regions of a group are of."""
    for item in group.ContentSequence:
        if item.ValueType == "SCOORD" and item.ConceptNameCodeSequence[0].CodeValue == codes.IMAGE_REGION.value:
            yield from (str(image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for image in item.ContentSequence)
