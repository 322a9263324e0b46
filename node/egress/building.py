"""Findings and source headers -> the documents of every template."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID

from models.results import QualityFlag, QualityIssue, StudyFindings
from node.db.attention import NOT_BUILT
from node.errors import FAULTS_OF_INPUT, words_of
from node.objects.header import read_headers
from node.objects.stored_frames import StoredFrames
from node.settings import Destination, Settings
from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from sr_templates import (
    csv_table,
    echo_report,
    encapsulated_pdf,
    hl7,
    key_frames,
    measurement_report,
    measurement_report_3d,
    prefill,
    presentation_state,
    quality,
    secondary_capture,
    segmentation,
    simplified_echo,
    visual_explanation,
)
from sr_templates.copied_values import IdentifierRules, text_of
from sr_templates.document import BuiltDocument, BuiltFile
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.fhir import bundle as fhir
from sr_templates.fhir.datatypes import Release
from sr_templates.identity import DocumentIdentity, PredecessorReference
from sr_templates.patient_safety import refuse_numbers_on_patients
from sr_templates.prefill import Prefill
from sr_templates.profile import COMMON, DEFAULT_PROFILE, DIALECT, REPORT, Profile

Built = BuiltDocument | BuiltFile
Build = Callable[[StudyFindings, Evidence, DocumentIdentity], tuple[Built, ...]]
Chosen = Callable[[StudyFindings, Evidence, Profile], Prefill]
DICOM_SUFFIX = ".dcm"
BY_DEFAULT = ("tid1500", "seg", "kos")  # where nobody asked: the others are off


@dataclass(frozen=True)
class Template:
    """`looks_at` names the fields of a profile that change its documents: COMMON, or COMMON | DIALECT. What it makes are DICOM
    objects, or files that end in `suffix`.

    `chosen` says of a prefill dialect which values it writes, and why not the others. `else_template` is the one whose document
    a receiver gets that does not take the SOP class of this one: built along, and this one only where a destination names it.
    """

    build: Build
    looks_at: frozenset[str] = COMMON
    chosen: Chosen | None = None
    suffix: str = DICOM_SUFFIX
    else_template: str = ""

    def relevant(self, profile: Profile) -> Profile:
        return profile.limited_to(self.looks_at)


TEMPLATES: dict[str, Template] = {
    "tid1500": Template(measurement_report.build, COMMON | REPORT),
    "tid1500_3d": Template(measurement_report_3d.build, COMMON | REPORT, else_template="tid1500"),
    "tid5200": Template(echo_report.build, COMMON | DIALECT, chosen=echo_report.written),
    "tid5300": Template(simplified_echo.build, COMMON | simplified_echo.LOOKS_AT, chosen=simplified_echo.written),
    "seg": Template(segmentation.build),
    "kos": Template(quality.build),
    key_frames.BEST_IN_SET.template: Template(key_frames.build_best_in_set),
    key_frames.OF_INTEREST.template: Template(key_frames.build_of_interest),
    secondary_capture.KIND.template: Template(secondary_capture.build),
    presentation_state.KIND.template: Template(presentation_state.build),
    visual_explanation.KIND.template: Template(visual_explanation.build),
    hl7.TEMPLATE: Template(hl7.build, COMMON | prefill.LOOKS_AT, chosen=prefill.choose, suffix=".hl7"),
    fhir.TEMPLATES[Release.R4]: Template(fhir.build_r4, COMMON | prefill.LOOKS_AT, chosen=prefill.choose, suffix=".json"),
    fhir.TEMPLATES[Release.R5]: Template(fhir.build_r5, COMMON | prefill.LOOKS_AT, chosen=prefill.choose, suffix=".json"),
    csv_table.TEMPLATE: Template(csv_table.build, suffix=".csv"),
    "pdf": Template(encapsulated_pdf.build),
}

_DEFAULTS = Settings()
_NO_PREDECESSORS: Mapping["WantedDocument", PredecessorReference] = {}


@dataclass(frozen=True)
class WantedDocument:
    """A template, and what of a destination's profile it looks at: built once for all destinations that ask for just that."""

    template: str
    profile: Profile = DEFAULT_PROFILE


@dataclass(frozen=True)
class FailedTemplate:
    """`reason` holds no patient data."""

    template: str
    reason: str
    profile: str = ""

    def __str__(self) -> str:
        return f"{self.template}{NOT_BUILT}{self.reason}"


@dataclass(frozen=True)
class ValuesLeftOut:
    """What was measured and does not stand in a prefill dialect: by reason, the keys. No patient data."""

    template: str
    profile: str
    keys_by_reason: dict[str, list[str]]


@dataclass(frozen=True)
class BuiltDocuments:
    """`failed` are the templates that could not be built, `remarks` what was irregular in the source, `questions` those of them
    that a person has to know of.
    """

    documents: list[Built]
    failed: tuple[FailedTemplate, ...] = ()
    remarks: tuple[str, ...] = ()
    left_out: tuple[ValuesLeftOut, ...] = ()
    questions: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Built]:
        return iter(self.documents)

    @property
    def problems(self) -> tuple[str, ...]:
        """Each once: a template may have failed for several profiles."""
        return tuple(dict.fromkeys(map(str, self.failed)))

    def require_some(self) -> None:
        """Raises DocumentError where templates were wanted and none could be built."""
        if self.failed and not self.documents:
            raise DocumentError("; ".join(self.problems))


def read_evidence(oldest_first: Sequence[Path], settings: Settings = _DEFAULTS) -> Evidence:
    """The headers of the source objects, and their frames for documents that show some. Raises DocumentError where there is
    none that a document could refer to.

    What is no DICOM object is passed over: its pixels could not be read either.
    """
    rules = IdentifierRules(settings.node.overlong_identifiers, settings.node.multiple_identifiers)
    headers: list[Dataset] = []
    paths: dict[str, Path] = {}
    for path in oldest_first:
        for header in read_headers([path], settings.study.fallback_character_set):
            headers.append(header)
            paths[text_of(header, "SOPInstanceUID")] = path
    return Evidence.from_headers(headers, rules, StoredFrames(paths))


def wanted_by(destination: Destination) -> tuple[WantedDocument, ...]:
    """What a destination takes, in the table's order."""
    return tuple(
        WantedDocument(name, template.relevant(destination.profile))
        for name, template in TEMPLATES.items()
        if name in destination.documents
    )


def wanted_for(destination: Destination) -> tuple[WantedDocument, ...]:
    """What a destination takes, and what it gets should it not take the class of that."""
    taken = wanted_by(destination)
    others = (WantedDocument(TEMPLATES[one.template].else_template, one.profile) for one in taken)
    return (*taken, *(other for other in others if other.template))


def fills_around_reports(destination: Destination) -> bool:
    """Whether it gets documents whose values depend on what reports of others state."""
    return any(TEMPLATES[one.template].chosen is not None and one.profile.fill != "all" for one in wanted_by(destination))


def build_templates(
    findings: StudyFindings,
    evidence: Evidence,
    identity: DocumentIdentity,
    wanted: Sequence[WantedDocument] | None = None,
    predecessors: Mapping[WantedDocument, PredecessorReference] = _NO_PREDECESSORS,
) -> BuiltDocuments:
    """The documents that are `wanted` (None: those of nobody's choice), by this implementation; each failure is its own.

    What was irregular in the source is remarked in them. Raises DocumentError before any is built where a number of
    phantom-trained weights would reach a patient.
    """
    _count_frames(findings, evidence)
    refuse_numbers_on_patients(findings, evidence)
    chosen = tuple(map(WantedDocument, BY_DEFAULT)) if wanted is None else wanted
    ways = dict.fromkeys(one.profile.strict for one in chosen)
    remarks = tuple(dict.fromkeys(text for strict in ways for text in evidence.remarks(strict=strict)))
    questions = tuple(dict.fromkeys(text for strict in ways for text in evidence.questions(strict=strict)))
    documents: list[Built] = []
    failed: list[FailedTemplate] = []
    left_out: list[ValuesLeftOut] = []
    for one in chosen:
        its_own = replace(identity, profile=one.profile, predecessor=predecessors.get(one, identity.predecessor))
        try:
            built = TEMPLATES[one.template].build(with_remarks(findings, evidence, one.profile), evidence, its_own)
        except DocumentError as error:
            failed.append(FailedTemplate(one.template, str(error), one.profile.key()))
        except FAULTS_OF_INPUT as error:  # its words may quote a value of the source
            failed.append(FailedTemplate(one.template, words_of(error), one.profile.key()))
        else:
            documents += (replace(document, profile=one.profile.key()) for document in built)
            left_out += _left_out(one, findings, evidence)
    for document in documents:
        if isinstance(document, BuiltFile):
            continue
        if document.template == measurement_report_3d.KIND.template:
            measurement_report_3d.refer_to_results(document, (other for other in documents if isinstance(other, BuiltDocument)))
        state_implementation(document)
    return BuiltDocuments(documents, tuple(failed), remarks, tuple(left_out), questions)


def state_implementation(document: BuiltDocument) -> None:
    document.dataset.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    document.dataset.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME


def _left_out(one: WantedDocument, findings: StudyFindings, evidence: Evidence) -> list[ValuesLeftOut]:
    chosen = TEMPLATES[one.template].chosen
    keys_by_reason: dict[str, list[str]] = {}
    for value in chosen(findings, evidence, one.profile).left_out if chosen is not None else ():
        keys_by_reason.setdefault(value.reason, []).append(value.key)
    return [ValuesLeftOut(one.template, one.profile.key(), keys_by_reason)] if keys_by_reason else []


def with_remarks(findings: StudyFindings, evidence: Evidence, profile: Profile) -> StudyFindings:
    """What was irregular in the source, and the identifiers that had to be left out: in the text of documents."""
    texts = (*evidence.remarks(strict=profile.strict), *evidence.full_values(strict=profile.strict))
    flags = (QualityFlag(QualityIssue.TOLERATED, None, text) for text in texts)
    return replace(findings, flags=(*findings.flags, *flags))


def _count_frames(findings: StudyFindings, evidence: Evidence) -> None:
    """Number of Frames as it was found, where the header has none or fewer: documents refer to these frames by number."""
    for clip in findings.clips:
        header = evidence.headers.get(clip.sop_instance_uid)
        if header is not None and clip.number_of_frames > (evidence.number_of_frames(clip.sop_instance_uid) or 1):
            header.NumberOfFrames = clip.number_of_frames
