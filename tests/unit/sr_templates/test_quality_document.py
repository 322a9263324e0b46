"""Key Object Selections of flagged clips, read back by highdicom."""

from io import BytesIO

import highdicom as hd
from pydicom import dcmread
from pydicom.dataset import Dataset

from models.results import ModelUse, QualityFlag, QualityIssue
from sr_templates import quality
from sr_templates.document import BuiltDocument
from sr_templates.patient_safety import PHANTOM_MARK
from tests.factories import A2C_UID, A4C_UID, PHANTOM_WEIGHTS, POOR_UID, clip_findings, evidence, identity, study_findings

NETWORK = f"Network: phantom_lv 1.0, weights SHA-256 {PHANTOM_WEIGHTS.weights_sha256}, trained on synthetic phantoms"


def built(*flags: QualityFlag) -> tuple[BuiltDocument, ...]:
    clips = (clip_findings(), clip_findings(A2C_UID))
    return quality.build(study_findings(clips=clips, flags=flags), evidence(), identity())


def read(document: BuiltDocument) -> Dataset:
    file = BytesIO()
    document.dataset.save_as(file, enforce_file_format=True)
    return dcmread(BytesIO(file.getvalue()))


def flag(issue: QualityIssue, uid: str | None, message: str = "look at it", judges: tuple[str, ...] = ()) -> QualityFlag:
    return QualityFlag(issue, uid, message, judges)


def words(document: BuiltDocument) -> list[str]:
    items = [
        item for item in read(document).ContentSequence if item.ValueType == "TEXT" and item.RelationshipType == "CONTAINS"
    ]
    (text,) = [str(item.TextValue) for item in items]
    return text.splitlines()


def test_one_document_a_reason_listing_its_clips() -> None:
    documents = built(
        flag(QualityIssue.POOR_IMAGE_QUALITY, A4C_UID),
        flag(QualityIssue.CALIBRATION, A2C_UID),
        flag(QualityIssue.POOR_IMAGE_QUALITY, A2C_UID),
        flag(QualityIssue.POOR_IMAGE_QUALITY, A4C_UID, "and again"),
    )
    references = {}
    for document in documents:
        content = hd.ko.KeyObjectSelectionDocument.from_dataset(read(document)).content
        references[document.part] = [i.referenced_sop_instance_uid for i in content.get_references()]
    assert references == {"111207": [A4C_UID, A2C_UID], "111220": [A2C_UID]}


def test_title_reason_and_words() -> None:
    (document,) = built(flag(QualityIssue.OUT_OF_DISTRIBUTION, A4C_UID, "nothing like a heart", (PHANTOM_WEIGHTS.name,)))
    kos = read(document)
    assert kos.Modality == "KO"
    assert kos.ConceptNameCodeSequence[0].CodeValue == "113010"
    modifier = kos.ContentSequence[0]
    assert modifier.RelationshipType == "HAS CONCEPT MOD"
    assert modifier.ConceptNameCodeSequence[0].CodeValue == "113011"
    assert modifier.ConceptCodeSequence[0].CodeValue == "111221"
    assert words(document) == [PHANTOM_MARK, "nothing like a heart", NETWORK]


def test_networks_are_named_whose_verdict_it_is_and_no_others() -> None:
    """Bug prevented: a network that found the view, blamed for an image that another one refused."""
    judge, seen = (ModelUse(name, "2", sha256 * 32, False) for name, sha256 in (("judge", "ab"), ("finder", "cd")))
    clips = clip_findings(models=(seen, judge)), clip_findings(A2C_UID, models=(seen, judge, PHANTOM_WEIGHTS))
    flags = (
        flag(QualityIssue.POOR_IMAGE_QUALITY, A4C_UID, "too poor", ("judge",)),
        flag(QualityIssue.POOR_IMAGE_QUALITY, A2C_UID, "poor, too", ("judge", PHANTOM_WEIGHTS.name)),
        flag(QualityIssue.CALIBRATION, A4C_UID, "no region"),
    )
    poor, unscaled = quality.build(study_findings(clips=clips, flags=flags), evidence(), identity())
    named = [f"Network: judge 2, weights SHA-256 {'ab' * 32}", NETWORK]
    assert words(poor) == [PHANTOM_MARK, "too poor", "poor, too", *named]
    assert words(unscaled) == [PHANTOM_MARK, "no region"], "the header alone says so"


def test_images_have_no_purpose_of_reference() -> None:
    """TID 2010 rows 8-10."""
    (document,) = built(flag(QualityIssue.POOR_IMAGE_QUALITY, A4C_UID))
    (image,) = [item for item in read(document).ContentSequence if item.ValueType == "IMAGE"]
    assert "ConceptNameCodeSequence" not in image


def test_the_evidence_lists_the_flagged_clips_and_no_others() -> None:
    (document,) = built(flag(QualityIssue.POOR_IMAGE_QUALITY, A2C_UID))
    (study,) = read(document).CurrentRequestedProcedureEvidenceSequence
    references = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert [reference.ReferencedSOPInstanceUID for reference in references] == [A2C_UID]


def test_flags_of_clips_count_as_those_of_the_study() -> None:
    (document,) = quality.build(study_findings(), evidence(), identity())
    (image,) = [item for item in read(document).ContentSequence if item.ValueType == "IMAGE"]
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == POOR_UID


def test_what_is_no_fault_of_an_image_selects_none() -> None:
    assert built(flag(QualityIssue.TOLERATED, A4C_UID), flag(QualityIssue.DEMOGRAPHICS_CHANGED, A4C_UID)) == ()


def test_a_flag_on_the_study_or_on_an_unknown_object_selects_none() -> None:
    assert built(flag(QualityIssue.POOR_IMAGE_QUALITY, None), flag(QualityIssue.POOR_IMAGE_QUALITY, "1.2.3")) == ()


def test_each_document_is_a_series_of_its_own() -> None:
    documents = built(flag(QualityIssue.POOR_IMAGE_QUALITY, A4C_UID), flag(QualityIssue.CALIBRATION, A4C_UID))
    assert len({document.dataset.SeriesInstanceUID for document in documents}) == 2
    assert len({document.dataset.SOPInstanceUID for document in documents}) == 2
