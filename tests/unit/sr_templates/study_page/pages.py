"""Pages of studies as the tests of their parts need them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from models.results import StudyFindings
from sr_templates.evidence import Evidence
from sr_templates.study_page import StudyPage, study_page
from sr_templates.study_page.contents import FormField
from tests.factories import A2C_UID, A4C_UID, POOR_UID, identity, source_header, study_findings

MAN = {"PatientSex": "M", "PatientAge": "055Y"}


def grey_frame(sop_instance_uid: str, frame_number: int) -> NDArray[np.uint8]:
    """RGB (60, 80, 3), uint8, 0 to 255: one grey for each frame."""
    return np.full((60, 80, 3), frame_number, np.uint8)


def evidence_of(*, pixels: bool = False, regions: list[Dataset] | None = None, **attributes: Any) -> Evidence:
    more = attributes if regions is None else {**attributes, "SequenceOfUltrasoundRegions": regions}
    headers = [source_header(uid, **more) for uid in (A4C_UID, A2C_UID, POOR_UID)]
    return Evidence.from_headers(headers, frame_of=grey_frame if pixels else None)


def page_of(findings: StudyFindings | None = None, evidence: Evidence | None = None, **more: Any) -> StudyPage:
    return study_page(findings or study_findings(), evidence or evidence_of(), identity(), **more)


def field_of(page: StudyPage, key: str) -> FormField:
    return next(field for section in page.sections for field in section.fields if field.key == key)
