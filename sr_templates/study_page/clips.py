"""The clips of a study as the page names them, and what was found of each."""

from collections.abc import Sequence

from models.results import ClipFindings, StudyFindings
from sr_templates import codes
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.patient_safety import may_show
from sr_templates.study_page.area_curve import area_curve
from sr_templates.study_page.contents import ClipRow
from sr_templates.study_page.words import plain_text, reason_text, sentence_case, view_tag


class ClipNames:
    """The name of each clip by its SOP Instance UID: its number in the study, from 1 on."""

    def __init__(self, findings: StudyFindings) -> None:
        self._clips = {clip.sop_instance_uid: (number, clip) for number, clip in enumerate(findings.clips, start=1)}

    def name(self, sop_instance_uid: str) -> str:
        number, _ = self._clips.get(sop_instance_uid, (0, None))
        return f"clip {number}" if number else "a further object"

    def tag(self, sop_instance_uid: str) -> str:
        """Of its view; empty where nothing was recognised."""
        clip = self.clip(sop_instance_uid)
        return view_tag(clip.view.view) if clip is not None and clip.view is not None else ""

    def number(self, sop_instance_uid: str) -> int:
        """0 for an object that is no clip of the findings."""
        return self._clips.get(sop_instance_uid, (0, None))[0]

    def clip(self, sop_instance_uid: str) -> ClipFindings | None:
        return self._clips.get(sop_instance_uid, (0, None))[1]


def view_text(clip: ClipFindings | None) -> str:
    """In the words of its code; empty where nothing was recognised."""
    return sentence_case(codes.VIEW_CODES[clip.view.view].meaning) if clip is not None and clip.view is not None else ""


def clip_rows(findings: StudyFindings, evidence: Evidence, names: ClipNames) -> tuple[ClipRow, ...]:
    """Beats and areas only where outlines of this study may be shown at all."""
    shown = may_show(findings, evidence)
    return tuple(_row(clip, evidence, names, shown) for clip in findings.clips)


def _row(clip: ClipFindings, evidence: Evidence, names: ClipNames, shown: bool) -> ClipRow:
    quality = clip.quality
    return ClipRow(
        name=f"{sentence_case(names.name(clip.sop_instance_uid))}{_image_number(clip, evidence)}",
        view=f"{view_text(clip)}, {clip.view.probability:.0%}" if clip.view else "not recognised",
        quality=f"{quality.score:.0f} of 100" if quality else "not graded",
        adequate=quality is not None and quality.adequate,
        beats=str(len(clip.beats)) if shown and clip.beats else "",
        remarks=_remarks(clip),
        curve=area_curve(clip) if shown else None,
    )


def _image_number(clip: ClipFindings, evidence: Evidence) -> str:
    """As the series counts its images; empty where the header does not say."""
    header = evidence.headers.get(clip.sop_instance_uid)
    number = text_of(header, "InstanceNumber") if header is not None else ""
    return f" (image {plain_text(number)})" if number else ""


def _remarks(clip: ClipFindings) -> tuple[str, ...]:
    said = [f"no numbers: {reason_text(reason)}" for reason in clip.gates]
    said += [f"overridden for research: {reason_text(reason)}" for reason in clip.marked]
    said += [flag.message for flag in clip.flags]
    said += [clip.why_no_beats, *clip.notes]
    return _each_once(said)


def _each_once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain for text in texts if (plain := plain_text(text))))
