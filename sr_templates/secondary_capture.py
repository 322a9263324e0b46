"""Secondary captures: the frames that values came from, and a loop, with outlines, calipers and values burnt into the pixels.

For viewers that show neither reports nor segmentations. What is measured is measured on the source: a capture claims no scale
of the image, neither regions nor the size of a pixel.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import MultiFrameTrueColorSecondaryCaptureImageStorage, SecondaryCaptureImageStorage

from models.drawing import draw, legible_scale
from models.results import ClipFindings, Measurement, StudyFindings
from sr_templates import codes
from sr_templates.codes import code_item
from sr_templates.derived_image import lossy_compression, source_image
from sr_templates.document import BuiltDocument, DocumentKind, start_document
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.marked_frames import NOT_CONFIRMED, MarkedClip, MarkedFrame, marked_clips, value_text
from sr_templates.patient_safety import may_show, refuse_numbers_on_patients, research_mark
from sr_templates.pixel_coding import put_pixels

KIND = DocumentKind("sc", SecondaryCaptureImageStorage, "US", 9600, "EchoNode pictures")
LOOP_KIND = DocumentKind("sc", MultiFrameTrueColorSecondaryCaptureImageStorage, "US", 9600, "EchoNode pictures")

_LONGEST_LOOP = 100  # frames


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """Of each clip with marks a series: every marked frame as an image, then the first beat as a loop.

    Nothing of a patient's study measured by phantom-trained weights. Raises DocumentError for pixels that are not there or do
    not fit the findings.
    """
    refuse_numbers_on_patients(findings, evidence)
    if not may_show(findings, evidence):
        return ()
    captures = _Captures(findings, evidence, identity)
    documents: list[BuiltDocument] = []
    for number, marked in enumerate(marked_clips(findings, evidence), start=1):
        documents += (captures.of_frame(marked, frame, number, row) for row, frame in enumerate(marked.frames, start=1))
        if marked.clip.number_of_frames > 1:
            documents.append(captures.loop(marked, number))
    return tuple(documents)


class _Captures:
    """The captures of one study."""

    def __init__(self, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> None:
        self._findings, self._evidence, self._identity = findings, evidence, identity
        self._mark = research_mark(findings)

    def of_frame(self, marked: MarkedClip, frame: MarkedFrame, clip_number: int, instance_number: int) -> BuiltDocument:
        part = f"#{clip_number} frame {frame.frame_number}"
        document = self._start(KIND, marked, clip_number, part)
        document.InstanceNumber = instance_number
        scale = self._refer(document, marked.clip, [frame.frame_number])
        phase = f", {codes.PHASE_CODES[frame.phase].meaning.lower()}" if frame.phase else ""
        place = f"frame {frame.frame_number} of {marked.clip.number_of_frames}{phase}"
        pixels = self._pixels(marked.clip, frame.frame_number)
        caption = self._caption(marked, place, frame.values)
        drawn = draw(pixels, frame.contours, frame.calipers, scale=scale, caption=caption)
        put_pixels(document, [drawn], lossy=document.LossyImageCompression == "01")
        return BuiltDocument(KIND.template, part, document)

    def loop(self, marked: MarkedClip, clip_number: int) -> BuiltDocument:
        part = f"#{clip_number} loop"
        document = self._start(LOOP_KIND, marked, clip_number, part)
        document.InstanceNumber = len(marked.frames) + 1
        indices = _first_beat(marked)
        scale = self._refer(document, marked.clip, [index + 1 for index in indices])
        document.NumberOfFrames = len(indices)
        document.update(_timing(marked.clip, indices))
        place = f"frames {indices.start + 1} to {indices.stop} of {marked.clip.number_of_frames}"
        caption = self._caption(marked, place, marked.values)
        frames = self._drawn(marked, indices, scale, caption)
        put_pixels(document, frames, lossy=document.LossyImageCompression == "01")
        return BuiltDocument(KIND.template, part, document)

    def _start(self, kind: DocumentKind, marked: MarkedClip, clip_number: int, part: str) -> Dataset:
        document = start_document(
            kind,
            self._evidence,
            self._identity,
            part=part,
            part_number=clip_number,
            mark=self._mark,
            subject=f"#{clip_number} {marked.view}",
            models=marked.clip.models or self._findings.models,
        )
        of_study = self._evidence.study_instance_uid
        document.SeriesInstanceUID = self._identity.derived_uid(of_study, KIND.template, f"#{clip_number}", "series")
        document.ImageType = ["DERIVED", "SECONDARY"]
        document.BodyPartExamined = "HEART"
        document.PatientOrientation = ""
        document.BurnedInAnnotation = "YES"
        document.ConversionType = "WSD"  # by a workstation
        document.SecondaryCaptureDeviceManufacturer = self._identity.manufacturer
        document.SecondaryCaptureDeviceManufacturerModelName = self._identity.model_name
        document.SecondaryCaptureDeviceSoftwareVersions = self._identity.software_version
        document.ImageComments = f"{self._mark}. {NOT_CONFIRMED}" if self._mark else NOT_CONFIRMED
        return document

    def _refer(self, document: Dataset, clip: ClipFindings, frame_numbers: Sequence[int]) -> int:
        """Where the pixels come from and what was done to them; the factor by which they are enlarged."""
        source, scale = self._evidence.header(clip.sop_instance_uid), legible_scale(clip.rows, clip.columns)
        document.update(lossy_compression(source))
        item = source_image(source, in_place=scale == 1)
        if self._evidence.number_of_frames(clip.sop_instance_uid) is not None:
            item.ReferencedFrameNumber = list(frame_numbers)
        document.SourceImageSequence = [item]
        enlarged = f", after the image was enlarged {scale} times" if scale > 1 else ""
        document.DerivationDescription = f"Outlines, calipers and values burnt in, words in a band below the image{enlarged}"
        derivations = [codes.SPATIAL_RESAMPLING] * (scale > 1)
        derivations += [codes.LOSSY_COMPRESSION] * (document.LossyImageCompression == "01")
        if derivations:
            document.DerivationCodeSequence = [code_item(code) for code in derivations]
        return scale

    def _caption(self, marked: MarkedClip, place: str, values: Iterable[Measurement]) -> list[str]:
        view = f"{marked.view}, " if marked.view else ""
        maker = f"{self._identity.model_name} {self._identity.software_version}"
        stated = "; ".join(value_text(one).replace(" ", "\xa0") for one in values)
        return [*([self._mark] if self._mark else []), stated, f"{view}{place}. {maker}. {NOT_CONFIRMED}"]

    def _pixels(self, clip: ClipFindings, frame_number: int) -> NDArray[np.uint8]:
        """The source's frame, RGB (rows, columns, 3), 0 to 255."""
        pixels = self._evidence.frame(clip.sop_instance_uid, frame_number)
        if pixels.shape != (clip.rows, clip.columns, 3):
            raise DocumentError("marks were found on an image of another size")
        return pixels

    def _drawn(self, marked: MarkedClip, indices: range, scale: int, caption: Sequence[str]) -> Iterator[NDArray[np.uint8]]:
        """Every frame of the loop with its outlines: RGB (rows, columns, 3), 0 to 255."""
        calipers = {frame.frame_number: frame.calipers for frame in marked.frames}
        for index in indices:
            outlines = [one for one in marked.outlines if one.frame_index == index]
            pixels = self._pixels(marked.clip, index + 1)
            yield draw(pixels, outlines, calipers.get(index + 1, ()), scale=scale, caption=caption)


def _first_beat(marked: MarkedClip) -> range:
    """Frame indices from one end-diastole up to the next, or to the end of the clip; without beats from the first mark on."""
    clip = marked.clip
    if clip.beats:
        start = clip.beats[0].ed_frame_index
        later = (beat.ed_frame_index for beat in clip.beats if beat.ed_frame_index > start)
        stop = min(later, default=clip.number_of_frames)
    else:
        start = max(0, min(marked.frames[0].frame_number - 1, clip.number_of_frames - _LONGEST_LOOP))
        stop = clip.number_of_frames
    return range(start, min(stop, start + _LONGEST_LOOP))


def _timing(clip: ClipFindings, indices: range) -> Dataset:
    """Cine Module (PS3.3 C.7.6.5): the times between the source's frames, as one number where they are alike.

    Without times the frames are pages (PS3.3 C.8.6.4).
    """
    timing = Dataset()
    times_ms = np.asarray(clip.frame_times_ms[indices.start : indices.stop])
    if len(times_ms) != len(indices):
        timing.FrameIncrementPointer = Tag("PageNumberVector")
        timing.PageNumberVector = [index + 1 for index in indices]
        return timing
    steps_ms = np.diff(times_ms, prepend=times_ms[:1])
    if len(steps_ms) < 2 or np.ptp(steps_ms[1:]) < 0.01:
        timing.FrameIncrementPointer = Tag("FrameTime")
        timing.FrameTime = f"{np.mean(steps_ms[1:]) if len(steps_ms) > 1 else 0:.10g}"
    else:
        timing.FrameIncrementPointer = Tag("FrameTimeVector")
        timing.FrameTimeVector = [f"{step:.10g}" for step in steps_ms]
    return timing
