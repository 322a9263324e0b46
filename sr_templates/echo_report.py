"""TID 5200 Echocardiography Procedure Report: the form in which carts write and reporting systems read measurements.

Modifiers are those that PS3.17 N.3 recommends, no more: some receivers take a value only by its exact set of modifiers. So the
algorithm stands in the equipment module alone, and a private method nowhere.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ComprehensiveSRStorage

from models.results import Measurement, StudyFindings
from sr_templates import codes, prefill, tracking
from sr_templates.contributing_equipment import networks
from sr_templates.document import BuiltDocument, DocumentKind, observer_context, put_report, start_document
from sr_templates.drawn_regions import with_drawable_marks
from sr_templates.echo_values import FINDING_SITE, echo_value, in_scheme
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.patient_characteristics import OF_THE_PATIENT, body_surface, patient_characteristics
from sr_templates.patient_safety import research_mark
from sr_templates.profile import Profile
from sr_templates.quantity_codes import QUANTITY_CODES

KIND = DocumentKind("tid5200", ComprehensiveSRStorage, "SR", 9400, "EchoNode echo report")

_CONTAINS, _MOD = sr.RelationshipTypeValues.CONTAINS, sr.RelationshipTypeValues.HAS_CONCEPT_MOD

_TITLE = Code("125200", "DCM", "Adult Echocardiography Procedure Report")
_PROCEDURE_DESCRIPTIONS = Code("55111-9", "LN", "Current Procedure Descriptions")
_ACQUISITION_PROTOCOL = Code("125203", "DCM", "Acquisition Protocol")
_FINDINGS = {"59776-5": Code("59776-5", "LN", "Findings"), "121070": Code("121070", "DCM", "Findings")}
_MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group")
_LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")  # TID 1204
_ENGLISH = Code("en-US", "RFC5646", "English (United States)")


@dataclass(frozen=True)
class Section:
    """TID 5202. Its values are of `site` unless they say otherwise, of one of `other_sites` (CID 12236, PS3.17 N.3)."""

    site: Code
    other_sites: tuple[Code, ...] = ()
    name: Code | None = None  # where TID 5200 calls the site otherwise

    @property
    def subject(self) -> Code:
        return self.name or self.site


# Rows 9 to 20, in their order.
_SECTIONS = (
    Section(
        codes.LEFT_VENTRICLE,
        (codes.LV_OUTFLOW_TRACT, codes.MITRAL_ANNULUS, codes.MEDIAL_MITRAL_ANNULUS, codes.LATERAL_MITRAL_ANNULUS),
    ),
    Section(codes.RIGHT_VENTRICLE, (codes.RV_OUTFLOW_TRACT,)),
    Section(codes.LEFT_ATRIUM),
    Section(codes.RIGHT_ATRIUM),
    Section(codes.AORTIC_VALVE, (codes.AORTIC_VALVE_RING,)),
    Section(codes.MITRAL_VALVE),
    Section(codes.PULMONIC_VALVE),
    Section(codes.TRICUSPID_VALVE, (codes.TRICUSPID_ANNULUS,)),
    Section(codes.AORTA, (codes.SINOTUBULAR_JUNCTION,)),
    Section(codes.PULMONARY_ARTERY),
    Section(codes.VENA_CAVA),
    Section(codes.PULMONARY_VEIN, name=Code("122972007", "SCT", "Pulmonary Venous Structure")),
)
SECTION_OF = {site: section for section in _SECTIONS for site in (section.site, *section.other_sites)}

# What counts where a quantity was measured in several modes, the best first.
_MODES_IN_ORDER = ("399064001", "399155008")


def build(findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity) -> tuple[BuiltDocument, ...]:
    """One Comprehensive SR for each profile that destinations ask for; nothing where nothing may or need be filled in.

    Raises DocumentError for findings that cannot be written.
    """
    profile = identity.profile
    values = written(with_drawable_marks(findings, evidence), evidence, profile).values
    if not values:
        return ()
    document = start_document(KIND, evidence, identity, mark=research_mark(findings), models=networks(findings))
    sources = (source.sop_instance_uid for value in values for source in value.sources)
    put_report(document, _root(values, evidence, identity), sources, evidence, identity)
    return (BuiltDocument(KIND.template, "", document),)


def written(findings: StudyFindings, evidence: Evidence, profile: Profile) -> prefill.Prefill:
    """The values of the report, and those that TID 5200 cannot state so that a receiver would know them."""
    return prefill.tell_apart(_with_their_context(prefill.choose(findings, evidence, profile), evidence), meaning)


def _with_their_context(chosen: prefill.Prefill, evidence: Evidence) -> prefill.Prefill:
    """Without what only stands beside something that is not there."""
    reasons = {}
    if body_surface(evidence, chosen.values) is None:
        reasons = {
            value.key: "no body surface area, which TID 5201 needs" for value in chosen.values if value.key in OF_THE_PATIENT
        }
    return chosen.without(reasons)


def meaning(measurement: Measurement) -> Hashable:
    """What tells two values of a report apart, in every scheme: concept, site, method, view and mode."""
    code = QUANTITY_CODES[measurement.key]
    method, view, mode = prefill.method(measurement), prefill.image_view(measurement), prefill.image_mode(measurement)
    return (code.concept, code.finding_site, *(said.value if said is not None else "" for said in (method, view, mode)))


def _root(values: Sequence[Measurement], evidence: Evidence, identity: DocumentIdentity) -> Dataset:
    """TID 5200 in the order of its rows."""
    root = sr.ContainerContentItem(_TITLE, is_content_continuous=False, template_id="5200")
    items = sr.ContentSequence([sr.CodeContentItem(_LANGUAGE, _ENGLISH, _MOD)])
    items.extend(sr.ObservationContext(observer_device_context=observer_context(identity)))
    items.append(_procedure(identity.profile))
    characteristics = patient_characteristics(evidence, values)
    if characteristics is not None:
        items.append(characteristics)
    for section in _SECTIONS:
        if (written_section := _section(section, values, evidence, identity)) is not None:
            items.append(written_section)
    root.ContentSequence = items
    return root


def _procedure(profile: Profile) -> sr.ContainerContentItem:
    """Rows 4 and 5. What kind of echocardiography it was the objects do not say for certain."""
    protocol = in_scheme(codes.ECHOCARDIOGRAPHY, profile.scheme)  # CID 12001
    return _container(_PROCEDURE_DESCRIPTIONS, [sr.CodeContentItem(_ACQUISITION_PROTOCOL, protocol, _CONTAINS)])


def _section(
    section: Section, values: Sequence[Measurement], evidence: Evidence, identity: DocumentIdentity
) -> sr.ContainerContentItem | None:
    """TID 5202 of those `values` that are of the section: one group for each image mode, with replicates another for these."""
    profile = identity.profile
    of_section = [value for value in values if SECTION_OF.get(QUANTITY_CODES[value.key].finding_site) == section]
    if not of_section:
        return None
    site = sr.CodeContentItem(in_scheme(FINDING_SITE, profile.scheme), in_scheme(section.subject, profile.scheme), _MOD)
    groups = []
    for (_, preferred), members in groupby(_in_turn(of_section, profile), lambda one: (_mode_value(one[0]), one[1])):
        of_group = [value for value, _ in members]
        items: list[sr.ContentItem] = []
        if (mode := prefill.image_mode(of_group[0])) is not None:
            items.append(sr.CodeContentItem(in_scheme(codes.IMAGE_MODE, profile.scheme), in_scheme(mode, profile.scheme), _MOD))
        for value in of_group:
            part = value.key if preferred else f"{value.key} replicate"
            uid = tracking.observation_uid(part, evidence, identity)
            parts = [part for part in values if part.key == "rap" and value.key == "rvsp"]
            item = echo_value(value, section.site, profile, evidence, parts, preferred=preferred, observation_uid=uid)
            items.append(item)
        groups.append(_container(_MEASUREMENT_GROUP, items))
    return _container(_FINDINGS[profile.findings], [site, *groups])


def _in_turn(values: Sequence[Measurement], profile: Profile) -> list[tuple[Measurement, bool]]:
    """The values of a section, each preferred; with replicates each once more, the best as the very last.

    With replicates the first of equal codes, the last and the first that is selected are all the best one; without, the last.
    """
    best_first = sorted(values, key=_place)
    if not profile.replicates:
        return [(value, True) for value in reversed(best_first)]
    return [*((value, True) for value in best_first), *((value, False) for value in reversed(best_first))]


def _place(measurement: Measurement) -> tuple[int, str]:
    value = _mode_value(measurement)
    return (_MODES_IN_ORDER.index(value) if value in _MODES_IN_ORDER else len(_MODES_IN_ORDER), value)


def _mode_value(measurement: Measurement) -> str:
    """A text: pydicom cannot compare a code with None."""
    mode = prefill.image_mode(measurement)
    return mode.value if mode is not None else ""


def _container(name: Code, items: Sequence[sr.ContentItem]) -> sr.ContainerContentItem:
    container = sr.ContainerContentItem(name, is_content_continuous=False, relationship_type=_CONTAINS)
    container.ContentSequence = sr.ContentSequence(items)
    return container
