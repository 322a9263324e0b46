"""What our documents follow over frames, clips and revisions (a structure in a view, a clip), and what they name once."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.catalogue import QUANTITIES, View
from models.results import FrameReference
from sr_templates import codes
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity

_STRUCTURES = {
    "lv": "Left ventricle",
    "la": "Left atrium",
    "ra": "Right atrium",
    "aorta": "Aorta",
    "rv": "Right ventricle",
    "pa": "Pulmonary artery",
    "ivc": "Inferior vena cava",
    "lvot": "Left ventricular outflow tract",
    "rvot": "Right ventricular outflow tract",
    "av": "Aortic valve",
    "mv": "Mitral valve",
    "tv": "Tricuspid valve",
    "pv": "Pulmonic valve",
    "mitral annulus": "Mitral annulus",
    "septal annulus": "Septal mitral annulus",
    "lateral annulus": "Lateral mitral annulus",
    "sinotubular junction": "Sinotubular junction",
    "aortic annulus": "Aortic annulus",
    "tricuspid annulus": "Tricuspid annulus",
    "pulmonary vein": "Pulmonary vein",
    "heart": "Heart",
    "body": "Body",
}


@dataclass(frozen=True)
class Tracked:
    """Tracking Identifier (DCM 112039) and Tracking Unique Identifier (DCM 112040), or (0062,0020) and (0062,0021)."""

    identifier: str
    uid: str


def structure(name: str, views: Sequence[View], evidence: Evidence, identity: DocumentIdentity) -> Tracked:
    """A structure as Contour names it, seen in these views; report and segmentations of one study share it."""
    seen = " and ".join(codes.VIEW_CODES[view].meaning.lower() for view in views)
    identifier = f"{_STRUCTURES[name]}, {seen}" if seen else _STRUCTURES[name]
    return Tracked(identifier, identity.tracking_uid(evidence.study_instance_uid, " ".join([name, *views])))


def clip(number: int, sop_instance_uid: str, evidence: Evidence, identity: DocumentIdentity) -> Tracked:
    """Clips are numbered in order of arrival, so a later one renames none before it."""
    return Tracked(f"Clip {number}", identity.tracking_uid(evidence.study_instance_uid, f"clip {sop_instance_uid}"))


def mark(key: str, view: View, frame: FrameReference, number: int, evidence: Evidence, identity: DocumentIdentity) -> Tracked:
    """The `number`th mark of a quantity on one frame."""
    phase = f", {codes.PHASE_CODES[frame.phase].meaning.lower()}" if frame.phase else ""
    counted = f", mark {number}" if number > 1 else ""
    seen = codes.VIEW_CODES[view].meaning.lower()
    identifier = f"{QUANTITIES[key].name}, {seen}{phase}, frame {frame.frame_number}{counted}"
    what = f"mark {key} {frame.sop_instance_uid} {frame.frame_number} {number}"
    return Tracked(identifier, identity.tracking_uid(evidence.study_instance_uid, what))


def outline(name: str, view: View, frame: FrameReference, evidence: Evidence, identity: DocumentIdentity) -> Tracked:
    """A structure on one frame. Not the structure's own UID: viewers make one drawing of all regions that share theirs."""
    phase = f", {codes.PHASE_CODES[frame.phase].meaning.lower()}" if frame.phase else ""
    whole = structure(name, [view], evidence, identity).identifier
    identifier = f"{whole}{phase}, frame {frame.frame_number}"
    what = f"outline {name} {frame.sop_instance_uid} {frame.frame_number}"
    return Tracked(identifier, identity.tracking_uid(evidence.study_instance_uid, what))


def observation_uid(observed: str, evidence: Evidence, identity: DocumentIdentity) -> str:
    """Observation UID (0040,A171) of what one analysis says of a quantity, or of a group: the same in whatever document."""
    analysis = f"{identity.analysis_uuid} {identity.revision}"
    return identity.tracking_uid(evidence.study_instance_uid, f"observation {analysis} {observed}")
