"""The frames and marks that a value came from: ImagingSelections, which R4 does not have yet."""

from dataclasses import replace

from pydicom.sr.coding import Code

from models.results import Measurement
from sr_templates import codes, tracking
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.fhir.datatypes import URI_SYSTEM, Json, Release, concept, is_id, local, uid_identifier
from sr_templates.fhir.study_facts import StudyFacts
from sr_templates.frame_references import frame_numbers
from sr_templates.identity import DocumentIdentity
from sr_templates.image_region import measured_at

_IMAGE_REGION = Code("111030", "DCM", "Image Region")
_NO_REGION: Json = {}


class ImagingSelections:
    """Of one bundle: the same frames of an object are selected once, however many values came from them."""

    def __init__(self, study: StudyFacts, evidence: Evidence, identity: DocumentIdentity, release: Release) -> None:
        self.resources: dict[str, Json] = {}
        self._study, self._evidence, self._identity, self._release = study, evidence, identity, release

    def derived_from(self, measurement: Measurement) -> list[Json]:
        """A reference for each object: to its frames, or where FHIR cannot name them, to the study with the frames in words;
        then one for each mark.

        Raises DocumentError for an object or a frame that the study does not have.
        """
        by_object: dict[str, list[int]] = {}
        for source in measurement.sources:
            by_object.setdefault(source.sop_instance_uid, []).append(source.frame_number)
        frames = [self._frames(uid, frame_numbers(uid, numbers, self._evidence)) for uid, numbers in by_object.items()]
        return frames + self._marks(measurement)

    def _frames(self, uid: str, frames: list[int] | None) -> Json:
        named = ", ".join(map(str, frames or ()))
        if not self._can_name(uid):
            return {**self._study.study, "display": f"{uid}, frames {named}" if named else uid}
        return self._selected(codes.SOURCE_OF_MEASUREMENT, f"frames {uid} {named}".rstrip(), uid, frames)

    def _marks(self, measurement: Measurement) -> list[Json]:
        """Image regions (profile image-region-2d of dicom-sr), with the coordinates that a SCOORD has."""
        evidence, references = self._evidence, []
        for number, caliper in enumerate(measurement.calipers, start=1):
            uid = caliper.sop_instance_uid
            if not self._can_name(uid):
                continue
            (drawn,) = measured_at(replace(measurement, calipers=(caliper,)), evidence)
            coordinates = [round(float(one), 2) for one in drawn.GraphicData]
            region = {"imageRegion2D": [{"regionType": drawn.GraphicType.lower(), "coordinate": coordinates}]}
            frames = frame_numbers(uid, [caliper.frame_number], evidence)
            references.append(self._selected(_IMAGE_REGION, f"mark {measurement.key} {number}", uid, frames, region))
        return references

    def _can_name(self, uid: str) -> bool:
        ids = (uid, text_of(self._evidence.header(uid), "SeriesInstanceUID"), self._evidence.study_instance_uid)
        return self._release is not Release.R4 and all(map(is_id, ids))

    def _selected(self, what: Code, name: str, uid: str, frames: list[int] | None, region: Json = _NO_REGION) -> Json:
        header = self._evidence.header(uid)
        own_uid = tracking.observation_uid(name, self._evidence, self._identity)
        self.resources[own_uid] = {
            **self._study.of_resource("ImagingSelection"),
            "identifier": [uid_identifier(own_uid)],
            "status": "available",
            "subject": self._study.patient,
            "code": concept(what),
            "studyUid": self._evidence.study_instance_uid,
            "derivedFrom": [self._study.study],
            "seriesUid": text_of(header, "SeriesInstanceUID"),
            "instance": [
                {
                    "uid": uid,
                    "sopClass": {"system": URI_SYSTEM, "code": f"urn:oid:{text_of(header, 'SOPClassUID')}"},
                    **({"subset": [str(number) for number in frames]} if frames else {}),
                    **region,
                }
            ],
        }
        return local("ImagingSelection", own_uid)
