"""TID 5300 Simplified Echo Procedure Report: every value under one code that alone says what it is.

No sections by anatomy, no image but those that a value names itself. Heart rate and body surface area have no row here.
"""

from collections.abc import Iterable, Sequence

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import SimplifiedAdultEchoSRStorage

from models.catalogue import QUANTITIES
from models.results import Measurement, StudyFindings
from sr_templates import prefill, selection, tracking
from sr_templates.contributing_equipment import networks
from sr_templates.document import BuiltDocument, DocumentKind, observer_context, put_report, start_document
from sr_templates.drawn_regions import with_drawable_marks
from sr_templates.echo_values import in_scheme, sources
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_safety import research_mark
from sr_templates.post_coordination import POST_COORDINATED, modifiers
from sr_templates.profile import DIALECT, Profile
from sr_templates.quantity_codes import QUANTITY_CODES, SIMPLIFIED_CODES
from sr_templates.simplified_values import Section, SimplifiedValue, section

KIND = DocumentKind("tid5300", SimplifiedAdultEchoSRStorage, "SR", 9500, "EchoNode simplified echo report")
# What is not looked at: there is no concept for findings, and one value of each kind.
LOOKS_AT = DIALECT - {"findings", "replicates"}

_TITLE = Code("125200", "DCM", "Adult Echocardiography Procedure Report")
_LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")  # TID 1204
_ENGLISH = Code("en-US", "RFC5646", "English (United States)")
_MOD = sr.RelationshipTypeValues.HAS_CONCEPT_MOD


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One Simplified Adult Echo SR, PARTIAL and UNVERIFIED; nothing where nothing may or need be filled in.

    Raises DocumentError for findings that cannot be written.
    """
    chosen = written(with_drawable_marks(findings, evidence), evidence, identity.profile).values
    if not chosen:
        return ()
    document = start_document(KIND, evidence, identity, mark=research_mark(findings), models=networks(findings))
    sources = (source.sop_instance_uid for measurement in chosen for source in measurement.sources)
    root = content(_sections(chosen, evidence, identity), observer_context(identity))
    put_report(document, root, sources, evidence, identity)
    return (BuiltDocument(KIND.template, "", document),)


def written(findings: StudyFindings, evidence: Evidence, profile: Profile) -> prefill.Prefill:
    """The values of the report, and those that it cannot state."""
    chosen = prefill.choose(findings, evidence, profile)
    return chosen.without({value.key: reason for value in chosen.values if (reason := _why_not(value))})


def _why_not(measurement: Measurement) -> str:
    """The code alone says everything: of a value in another view than that of its quantity it would say what is not so."""
    if measurement.key not in SIMPLIFIED_CODES and measurement.key not in POST_COORDINATED:
        return "TID 5300 has no place for it"
    expected = QUANTITIES[measurement.key].views
    return "its code names another view" if measurement.view and measurement.view not in expected else ""


def content(sections: Iterable[tuple[Section, Sequence[SimplifiedValue]]], observer: sr.ObserverContext) -> Dataset:
    """The tree of TID 5300: language, observer, and each section that has a value."""
    root = sr.ContainerContentItem(_TITLE, is_content_continuous=False, template_id="5300")
    items = sr.ContentSequence([sr.CodeContentItem(_LANGUAGE, _ENGLISH, _MOD)])
    items.extend(sr.ObservationContext(observer_device_context=observer))
    items.extend(section(name, values) for name, values in sections if values)
    root.ContentSequence = items
    return root


def _sections(
    chosen: Sequence[Measurement], evidence: Evidence, identity: DocumentIdentity
) -> tuple[tuple[Section, list[SimplifiedValue]], ...]:
    in_catalogue_order = sorted(chosen, key=lambda measurement: list(QUANTITIES).index(measurement.key))
    values = {measurement.key: _value(measurement, evidence, identity) for measurement in in_catalogue_order}
    return (
        (Section.PRE_COORDINATED, [value for key, value in values.items() if key in SIMPLIFIED_CODES]),
        (Section.POST_COORDINATED, [value for key, value in values.items() if key not in SIMPLIFIED_CODES]),
    )


def _value(measurement: Measurement, evidence: Evidence, identity: DocumentIdentity) -> SimplifiedValue:
    """Derivation says that there were several samples, its absence that there was one."""
    key, profile = measurement.key, identity.profile
    code = QUANTITY_CODES[key]
    value, unit = prefill.stated(measurement, profile)
    concept = SIMPLIFIED_CODES[key] if key in SIMPLIFIED_CODES else POST_COORDINATED[key].concept
    said = () if key in SIMPLIFIED_CODES else modifiers(measurement)
    return SimplifiedValue(
        in_scheme(concept, profile.scheme),
        value,
        unit,
        short_label(key),
        tuple((in_scheme(name, profile.scheme), in_scheme(what, profile.scheme)) for name, what in said),
        selection.status(measurement),
        code.derivation and in_scheme(code.derivation, profile.scheme) if measurement.beats > 1 else None,
        tuple(sources(measurement, evidence)),
        tracking.observation_uid(key, evidence, identity),
    )


def short_label(key: str) -> str:
    """The name, with the mode where names of two quantities are alike: CID 12300 calls both posterior walls the same."""
    mode = {"2d": " (2D)", "mm": " (MM)"}.get(key.rsplit("_", 1)[-1], "")
    return f"{QUANTITIES[key].name}{mode}"
