"""Every document against validators that nobody here wrote; and the validators against broken documents."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from models.catalogue import DERIVED, QUANTITIES, READ, Direction
from models.results import ClipFindings, NotMeasured, QualityFlag, QualityIssue, Reason, StudyFindings
from node.egress.building import DICOM_SUFFIX, TEMPLATES, WantedDocument, build_templates
from node.egress.built_files import document_bytes
from node.egress.routing import templates_wanted
from node.settings import Destination
from sr_templates.evidence import Evidence
from sr_templates.identity import PredecessorReference
from sr_templates.profile import DEFAULT_PROFILE, Profile
from sr_templates.quantity_codes import QUANTITY_CODES
from tests.factories import (
    A2C_UID,
    A4C_UID,
    PHANTOM_WEIGHTS,
    POOR_UID,
    STUDY_UID,
    clip_findings,
    evidence,
    identity,
    lv_contours,
    measurement,
    poor_clip,
    source_header,
    study_findings,
)
from tests.peers.validators import dciodvfy_errors, dsr2html, dsrdump, pixelmed_errors

pytestmark = [pytest.mark.validators, pytest.mark.dcmtk]

_PREDECESSOR = PredecessorReference(STUDY_UID, "1.2.3.4", "1.2.840.10008.5.1.4.1.1.88.33", "1.2.3.5")
_EVERY_ISSUE = tuple(QualityFlag(issue, A4C_UID, f"about {issue.value}") for issue in QualityIssue)
_EVERY_REASON = tuple(NotMeasured(key, tuple(Reason), "all of them") for key in QUANTITIES)
_EACH_REASON_ONCE = tuple(NotMeasured(key, (reason,), "one of them") for key, reason in zip(QUANTITIES, Reason, strict=False))


def _direction(key: str) -> Direction | None:
    """That in which the flow runs which the quantity names."""
    code = QUANTITY_CODES[key]
    return QUANTITIES[key].direction if code.flow else None


_READ_VALUES = tuple(
    measurement(key, sum(quantity.limits) / 2, model=PHANTOM_WEIGHTS.name, direction=_direction(key))
    for key, quantity in (READ | DERIVED).items()
    if quantity.views
)

FINDINGS: dict[str, Callable[[], StudyFindings]] = {
    "measured": study_findings,
    "nothing measured, every reason, every flag": lambda: study_findings(
        measurements=(), not_measured=_EVERY_REASON, flags=_EVERY_ISSUE
    ),
    "read by measuring models": lambda: study_findings(measurements=_READ_VALUES),
    "override": lambda: study_findings(research_override=True, clips=(poor_clip(gates=(), marked=(Reason.QUALITY,)),)),
}


def write(folder: Path, findings: StudyFindings, found: Evidence, **changes: object) -> list[Path]:
    paths = []
    for number, document in enumerate(build_templates(findings, found, identity(**changes))):
        path = folder / f"{document.template}-{number}.dcm"
        path.write_bytes(document_bytes(document))
        paths.append(path)
    return paths


@pytest.mark.parametrize("name", FINDINGS)
def test_documents_are_valid(name: str, tmp_path: Path) -> None:
    paths = write(tmp_path, FINDINGS[name](), evidence(), revision=2, predecessor=_PREDECESSOR)
    assert {path.name.split("-")[0] for path in paths} >= {"tid1500", "kos"}
    for path in paths:
        assert dciodvfy_errors(path) == [], path.name
        if not path.name.startswith("seg"):
            assert dsrdump(path)


def _irregular(uid: str) -> Dataset:
    """Everything that a study can say of its patient and orders, with identifiers that are too long."""
    other, request, entity, code = Dataset(), Dataset(), Dataset(), Dataset()
    entity.LocalNamespaceEntityID = "RIS"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "TTE", "99LAB", "Transthoracic"
    other.PatientID, other.TypeOfPatientID = "OLD-7", "TEXT"
    request.RequestedProcedureID, request.ScheduledProcedureStepID = "RP1", "SPS1"
    request.RequestedProcedureCodeSequence, request.IssuerOfAccessionNumberSequence = [code], [entity]
    header = source_header(uid, SpecificCharacterSet="ISO_IR 192", PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう")
    header.PatientBirthDate, header.PatientSize, header.AdmissionID = "", "1.72000000000000", "V-1"
    header.RequestAttributesSequence, header.OtherPatientIDsSequence = [request], [other]
    header.IssuerOfAccessionNumberSequence, header.ProcedureCodeSequence = [entity], [code]
    for keyword, vr, value in (("AccessionNumber", "SH", "A" * 64), ("PatientID", "LO", ["7", "8"])):
        header[keyword] = DataElement(keyword, vr, value, validation_mode=config.IGNORE)
    return header


def test_strict_documents_of_an_irregular_study_are_valid(tmp_path: Path) -> None:
    objects = tuple(name for name, template in TEMPLATES.items() if template.suffix == DICOM_SUFFIX)
    strict = Destination(name="strict", documents=objects, strict=True)
    found = evidence(*(_irregular(clip.sop_instance_uid) for clip in study_findings().clips))
    built = build_templates(study_findings(), found, identity(), templates_wanted((strict,)))
    assert built.problems == ()
    assert {document.template for document in built} >= {"tid1500", "seg", "kos"}
    for number, document in enumerate(built):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(document_bytes(document))
        if document.template != "tid5300":  # whose class it does not know
            assert dciodvfy_errors(path) == [], document.template
        if document.dataset.Modality in ("SR", "KO"):
            text = dsrdump(path)
            assert document.template not in ("tid1500", "kos") or "A" * 64 in text


@pytest.mark.parametrize("profile", [DEFAULT_PROFILE, Profile(scheme="srt", velocity="cm/s")], ids=["default", "older"])
def test_dcmtk_accepts_the_simplified_report(profile: Profile, tmp_path: Path) -> None:
    """DCMTK knows the class, its modules and relationships; dciodvfy does not know it."""
    values = tuple(measurement(key, sum(q.limits) / 2, direction=q.direction, beats=2, sd=0.5) for key, q in QUANTITIES.items())
    wanted = [WantedDocument("tid5300", profile)]
    made_by = identity(revision=2, predecessor=_PREDECESSOR)
    (document,) = build_templates(study_findings(measurements=values), evidence(), made_by, wanted).documents
    path = tmp_path / "tid5300.dcm"
    path.write_bytes(document_bytes(document))
    text = dsrdump(path)
    assert text.startswith("Simplified Adult Echo SR Document")
    assert '(130694,DCM,"LV Peak GLS Multiview Mean (Endocardial)")="-15" (%,UCUM,"Percent")' in text
    document.dataset.ContentSequence[-1].RelationshipType = "HAS PROPERTIES"
    path.write_bytes(document_bytes(document))
    with pytest.raises(AssertionError):
        dsrdump(path)


def test_a_cardiologist_can_read_the_dump(tmp_path: Path) -> None:
    (report,) = (path for path in write(tmp_path, study_findings(), evidence()) if path.name.startswith("tid1500"))
    text = dsrdump(report)
    for line in (
        'NUM:(18043-0,LN,"Left Ventricular Ejection Fraction by US")="56.4" (%,UCUM,"Percent")',
        '(125207,DCM,"Method of Disks, Biplane")',
        '(416190007,SCT,"End diastole")',
        '(NM-NO-CYCLE,99ECHONODE,"No complete cardiac cycle found")',
        "RESEARCH USE ONLY - weights trained on synthetic phantoms",
    ):
        assert line in text


def test_a_page_of_the_report_names_every_value(tmp_path: Path) -> None:
    """Of continuous text, `dsr2html` leaves the names out."""
    (report,) = (path for path in write(tmp_path, study_findings(), evidence()) if path.name.startswith("tid1500"))
    page = dsr2html(report)
    for named in (
        "Left Ventricular Ejection Fraction by US: 56.4 %",
        "Left Ventricular End Diastolic Volume: 121.3 mL",
        "Left Ventricle diastolic major axis: 8.46 cm",
        "Image Region: Polyline",
        "Properties : Selection Status = Most recent value chosen (121411, DCM)",
    ):
        assert named in page


def test_the_dump_says_how_a_model_measured(tmp_path: Path) -> None:
    findings = study_findings(measurements=_READ_VALUES)
    (report,) = (path for path in write(tmp_path, findings, evidence()) if path.name.startswith("tid1500"))
    text = dsrdump(report)
    for line in (
        'NUM:(29436-3,LN,"Left Ventricle Internal End Diastolic Dimension")="5.75" (cm,UCUM,"cm")',
        '(399064001,SCT,"2D mode")',
        '(125209,DCM,"Teichholz")',
        '(EF-VIDEO,99ECHONODE,"Left Ventricular Ejection Fraction by video regression")',
        "Left ventricle, parasternal long axis",
        "Aorta, parasternal long axis",
        "Right ventricle, apical four chamber",
        "phantom_lv 1.0, weights SHA-256 " + "ab" * 32,
        'NUM:(11726-7,LN,"Peak Systolic Velocity")="3.75" (m/s,UCUM,"m/s")',
        '(261198000,SCT,"Doppler Continuous Wave")',
        '(397417004,SCT,"Regurgitant Flow")',
        "Aortic valve, continuous wave doppler of the aortic valve",
    ):
        assert line in text


_OLDER = Profile(scheme="srt", findings="121070", velocity="cm/s", replicates=True)


@pytest.mark.parametrize("profile", [DEFAULT_PROFILE, _OLDER], ids=["default", "of older receivers"])
def test_a_report_for_reporting_systems_is_valid_and_shows_its_names(profile: Profile, tmp_path: Path) -> None:
    headers = [
        source_header(uid, PatientSize="1.67", PatientWeight="72.6", HeartRate="61") for uid in (A4C_UID, A2C_UID, POOR_UID)
    ]
    values = tuple(measurement(key, sum(q.limits) / 2, direction=q.direction) for key, q in QUANTITIES.items())
    findings = study_findings(measurements=values)
    built = build_templates(findings, evidence(*headers), identity(), [WantedDocument("tid5200", profile)])
    path = tmp_path / "tid5200.dcm"
    path.write_bytes(document_bytes(built.documents[0]))
    assert dciodvfy_errors(path) == []
    assert dsrdump(path)
    shown = dsr2html(path)
    for words in (
        "Body Surface Area",
        "Finding Site = Left ventricle",
        "Left Ventricular Ejection Fraction by US: 45 %",
        "Measurement Method = Method of Disks, Biplane",
        "Tricuspid Annular Plane Systolic Excursion (TAPSE): 2.15 cm",
    ):
        assert words in shown


@pytest.mark.slow
@pytest.mark.origins
@pytest.mark.parametrize("half", [0, 1])
def test_pixelmed_finds_no_error_in_what_measuring_models_read(half: int, tmp_path: Path) -> None:
    """In two reports, for it takes a second a value."""
    findings = study_findings(measurements=_READ_VALUES[half::2])
    (report,) = (path for path in write(tmp_path, findings, evidence()) if path.name.startswith("tid1500"))
    assert pixelmed_errors(report) == []


@pytest.mark.parametrize(
    "header",
    [
        source_header(frames=None),
        source_header(PatientName="", PatientID="", PatientBirthDate="", StudyDate="", AccessionNumber=None),
        source_header(SpecificCharacterSet="ISO_IR 192", PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう"),
        source_header(LossyImageCompression="01", LossyImageCompressionRatio="9.1", LossyImageCompressionMethod="ISO_10918_1"),
        source_header(TimezoneOffsetFromUTC="-0330", PatientSize="1.8", PatientWeight="80", PatientAge="055Y"),
    ],
    ids=["single frame", "anonymous", "characters", "lossy", "time zone"],
)
def test_documents_of_unusual_sources_are_valid(header: Dataset, tmp_path: Path) -> None:
    frames = int(header.get("NumberOfFrames", 1))
    flag = QualityFlag(QualityIssue.CALIBRATION, A4C_UID, "no region")
    clip = clip_findings(number_of_frames=frames, contours=lv_contours(range(frames)), flags=(flag,))
    paths = write(tmp_path, StudyFindings(STUDY_UID, (clip,), (), _EACH_REASON_ONCE), evidence(header))
    assert len(paths) == 3
    for path in paths:
        assert dciodvfy_errors(path) == [], path.name
        if not path.name.startswith("seg"):
            dsrdump(path)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # old objects break their own value representations
def test_documents_of_real_sources_are_valid(samples: Path, tmp_path: Path) -> None:
    """Carts of thirty years: two-character sets, ACR-NEMA dates, missing and overlong values."""
    checked = 0
    for sample in sorted(samples.glob("*.dcm")):
        header = dcmread(sample, stop_before_pixels=True)
        if header.get("Modality") != "US":
            continue
        paths = write(tmp_path, _about(header), Evidence.from_headers([header]))
        assert len(paths) == 3, sample.name
        for path in paths:
            errors = [e for e in dciodvfy_errors(path) if not _is_about_a_uid_of(header, e)]
            assert errors == [], f"{sample.name}: {path.name}"
        checked += 1
    assert checked >= 8


def _is_about_a_uid_of(header: Dataset, error: str) -> bool:
    """A sender's illegal UID ("999.999.385...") has to be repeated as it is, or the document belongs to another study."""
    uids = {header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID}
    return "Illegal root for UID" in error and any(f'"{uid}"' in error for uid in uids)


def _about(header: Dataset) -> StudyFindings:
    """Outlines on the first frame, a flag, no number: the weights have seen phantoms only."""
    uid = str(header.SOPInstanceUID)
    flag = QualityFlag(QualityIssue.POOR_IMAGE_QUALITY, uid, "hardly anything to see")
    contours = lv_contours(frames=[0])
    clip = ClipFindings(uid, int(header.Rows), int(header.Columns), int(header.get("NumberOfFrames", 1)), contours=contours)
    return StudyFindings(str(header.StudyInstanceUID), (clip,), (), _EACH_REASON_ONCE, flags=(flag,))
