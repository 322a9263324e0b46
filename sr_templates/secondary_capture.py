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

from models.drawing import draw
from models.results import ClipFindings, Measurement, StudyFindings
from sr_templates import codes
from sr_templates.document import BuiltDocument, DocumentKind
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.marked_frames import NOT_CONFIRMED, MarkedClip, MarkedFrame, marked_clips, value_text
from sr_templates.patient_safety import may_show, refuse_numbers_on_patients, research_mark
from sr_templates.picture import Picture, start_picture
from sr_templates.pixel_coding import put_pixels

KIND = DocumentKind("sc", SecondaryCaptureImageStorage, "US", 9600, "EchoNode pictures")
LOOP_KIND = DocumentKind("sc", MultiFrameTrueColorSecondaryCaptureImageStorage, "US", 9600, "EchoNode pictures")

_DRAWN = "Outlines, calipers and values burnt into the image"
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
        if len(_first_beat(marked)) > 1:
            documents.append(captures.loop(marked, number))
    return tuple(documents)


class _Captures:
    """The captures of one study."""

    def __init__(self, findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> None:
        self._findings, self._evidence, self._identity = findings, evidence, identity
        self._mark = research_mark(findings)

    def of_frame(self, marked: MarkedClip, frame: MarkedFrame, clip_number: int, instance_number: int) -> BuiltDocument:
        part = f"#{clip_number} frame {frame.frame_number}"
        document, scale = self._start(KIND, marked, clip_number, part, [frame.frame_number])
        document.InstanceNumber = instance_number
        phase = f", {codes.PHASE_CODES[frame.phase].meaning.lower()}" if frame.phase else ""
        place = f"frame {frame.frame_number} of {marked.clip.number_of_frames}{phase}"
        pixels = self._pixels(marked.clip, frame.frame_number)
        caption = self._caption(marked, place, frame.values)
        drawn = draw(pixels, frame.contours, frame.calipers, scale=scale, caption=caption)
        put_pixels(document, [drawn], lossy=document.LossyImageCompression == "01")
        return BuiltDocument(KIND.template, part, document)

    def loop(self, marked: MarkedClip, clip_number: int) -> BuiltDocument:
        part, indices = f"#{clip_number} loop", _first_beat(marked)
        document, scale = self._start(LOOP_KIND, marked, clip_number, part, [index + 1 for index in indices])
        document.InstanceNumber = len(marked.frames) + 1
        document.NumberOfFrames = len(indices)
        document.update(_timing(marked.clip, indices))
        place = f"frames {indices.start + 1} to {indices.stop} of {marked.clip.number_of_frames}"
        caption = self._caption(marked, place, marked.values)
        frames = self._drawn(marked, indices, scale, caption)
        put_pixels(document, frames, lossy=document.LossyImageCompression == "01")
        return BuiltDocument(KIND.template, part, document)

    def _start(
        self, kind: DocumentKind, marked: MarkedClip, clip_number: int, part: str, frame_numbers: Sequence[int]
    ) -> tuple[Dataset, int]:
        """The captures of a clip are one series."""
        picture = Picture(kind, marked.clip, part, clip_number, frame_numbers, NOT_CONFIRMED, _DRAWN)
        document, scale = start_picture(picture, self._findings, self._evidence, self._identity)
        of_study = self._evidence.study_instance_uid
        document.SeriesInstanceUID = self._identity.derived_uid(of_study, KIND.template, f"#{clip_number}", "series")
        return document, scale

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
    if np.ptp(steps_ms[1:]) < 0.01:
        timing.FrameIncrementPointer = Tag("FrameTime")
        timing.FrameTime = f"{np.mean(steps_ms[1:]):.10g}"
    else:
        timing.FrameIncrementPointer = Tag("FrameTimeVector")
        timing.FrameTimeVector = [f"{step:.10g}" for step in steps_ms]
    return timing
