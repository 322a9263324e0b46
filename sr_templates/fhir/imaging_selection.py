"""The frames that a value came from: an ImagingSelection, which R4 does not have yet."""

from collections.abc import Sequence

from models.results import FrameReference
from sr_templates import codes, tracking
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.fhir.datatypes import URI_SYSTEM, Json, Release, concept, is_id, local, uid_identifier
from sr_templates.fhir.study_facts import StudyFacts
from sr_templates.frame_references import frame_numbers
from sr_templates.identity import DocumentIdentity


class ImagingSelections:
    """Of one bundle: the same frames of an object are selected once, however many values came from them."""

    def __init__(self, study: StudyFacts, evidence: Evidence, identity: DocumentIdentity, release: Release) -> None:
        self.resources: dict[str, Json] = {}
        self._study, self._evidence, self._identity, self._release = study, evidence, identity, release

    def derived_from(self, sources: Sequence[FrameReference]) -> list[Json]:
        """A reference for each object: to its frames, or where FHIR cannot name them, to the study with the frames in words.

        Raises DocumentError for an object or a frame that the study does not have.
        """
        by_object: dict[str, list[int]] = {}
        for source in sources:
            by_object.setdefault(source.sop_instance_uid, []).append(source.frame_number)
        return [self._reference(uid, frame_numbers(uid, numbers, self._evidence)) for uid, numbers in by_object.items()]

    def _reference(self, uid: str, frames: list[int] | None) -> Json:
        header = self._evidence.header(uid)
        named = ", ".join(map(str, frames or ()))
        ids = (uid, text_of(header, "SeriesInstanceUID"), self._evidence.study_instance_uid)
        if self._release is Release.R4 or not all(map(is_id, ids)):
            return {**self._study.study, "display": f"{uid}, frames {named}" if named else uid}
        own_uid = tracking.observation_uid(f"frames {uid} {named}".rstrip(), self._evidence, self._identity)
        self.resources[own_uid] = {
            **self._study.of_resource("ImagingSelection"),
            "identifier": [uid_identifier(own_uid)],
            "status": "available",
            "subject": self._study.patient,
            "code": concept(codes.SOURCE_OF_MEASUREMENT),
            "studyUid": ids[2],
            "derivedFrom": [self._study.study],
            "seriesUid": ids[1],
            "instance": [
                {
                    "uid": uid,
                    "sopClass": {"system": URI_SYSTEM, "code": f"urn:oid:{text_of(header, 'SOPClassUID')}"},
                    **({"subset": [str(number) for number in frames]} if frames else {}),
                }
            ],
        }
        return local("ImagingSelection", own_uid)
