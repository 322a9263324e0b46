"""Findings and headers -> the form: every quantity that was asked for, by the sections of a report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from models.catalogue import QUANTITIES
from models.results import FrameReference, Measurement, NotMeasured, StudyFindings
from sr_templates.contributing_equipment import networks
from sr_templates.echo_report import SECTION_OF
from sr_templates.errors import DocumentError
from sr_templates.evidence import Evidence
from sr_templates.identity import DocumentIdentity
from sr_templates.normal_values import NormalValue, normal_value
from sr_templates.patient_safety import refuse_numbers_on_patients, research_mark
from sr_templates.quantity_codes import QUANTITY_CODES
from sr_templates.study_page.clips import ClipNames, clip_rows
from sr_templates.study_page.contents import (
    Algorithm,
    Entry,
    FormField,
    FormSection,
    NormalText,
    OtherValue,
    Source,
    StudyPage,
)
from sr_templates.study_page.figures import Figures
from sr_templates.study_page.heading import heading
from sr_templates.study_page.words import (
    limits_text,
    number_text,
    plain_text,
    reason_text,
    sentence_case,
    unit_text,
    z_score_text,
)

TITLE = "Echocardiography measurements"
_CART, _PHANTOMS = "Cart", "trained on synthetic phantoms"
_ORDER = list(dict.fromkeys(section.subject for section in SECTION_OF.values()))
_HASH_CHARACTERS = 16  # of the weights: enough to tell versions apart, and to find the whole in a report

Others = Mapping[str, Mapping[str, float]]  # by whose they are: values by key, in the catalogue's units


def study_page(
    findings: StudyFindings, evidence: Evidence, identity: DocumentIdentity, others: Others | None = None
) -> StudyPage:
    """The page of one analysis. `others` are further values to stand beside ours, after the cart's.

    Raises DocumentError for numbers of phantom-trained weights on a patient, and for findings that cannot be written.
    """
    refuse_numbers_on_patients(findings, evidence)
    results: list[Measurement | NotMeasured] = [*findings.measurements, *findings.not_measured]
    asked = {result.key for result in results}
    if unknown := sorted(asked - QUANTITIES.keys()):
        raise DocumentError(f"unknown quantity {unknown[0]!r}")
    of_cart = {value.key: value.value for value in findings.cart if value.key}
    compared = {**({_CART: of_cart} if of_cart else {}), **(others or {})}
    names = ClipNames(findings)
    figures = Figures(findings, evidence, names)
    form = _Form(evidence, names, figures, compared)
    sections = form.sections(results)
    return StudyPage(
        title=TITLE,
        mark=research_mark(findings),
        created=identity.created_at.isoformat(),
        heading=heading(findings, evidence, identity),
        sections=sections,
        figures=figures.all,
        compared=tuple(compared),
        normal_population=form.population,
        normal_sources=form.normal_sources,
        cart_alone=_cart_alone(findings, asked),
        clips=clip_rows(findings, evidence, names),
        flags=_flags(findings, names),
        assessments=tuple(plain_text(one.words) for one in findings.assessments),
        algorithms=_algorithms(findings),
        footer=(
            Entry("Study Instance UID", plain_text(evidence.study_instance_uid)),
            Entry("Device", identity.device_observer_uid),
        ),
    )


class _Form:
    """Makes fields, and remembers which sources of normal values they cite."""

    def __init__(self, evidence: Evidence, names: ClipNames, figures: Figures, compared: Others) -> None:
        self._evidence, self._names, self._figures, self._compared = evidence, names, figures, compared
        self._cited: dict[str, NormalValue] = {}

    @property
    def normal_sources(self) -> tuple[str, ...]:
        return tuple(self._cited)

    @property
    def population(self) -> str:
        return next((value.population for value in self._cited.values()), "")

    def sections(self, results: Sequence[Measurement | NotMeasured]) -> tuple[FormSection, ...]:
        """In the order of TID 5200, what has no section there last; fields in the order of the catalogue."""
        fields: dict[str, list[FormField]] = {}
        for result in sorted(results, key=lambda one: (_section_order(one.key), _CATALOGUE_ORDER[one.key])):
            fields.setdefault(_section_title(result.key), []).append(self._field(result))
        return tuple(FormSection(title, tuple(of_section)) for title, of_section in fields.items())

    def _field(self, result: Measurement | NotMeasured) -> FormField:
        quantity = QUANTITIES[result.key]
        empty = FormField(result.key, quantity.name, "", unit_text(quantity.unit))
        if isinstance(result, NotMeasured):
            reasons, detail = tuple(map(reason_text, result.reasons)), plain_text(result.detail)
            return replace(empty, reasons=reasons, detail=detail, others=self._others(result.key, None))
        if result.unit != quantity.unit:
            raise DocumentError(f"{result.key}: not in {quantity.unit}")
        return replace(
            empty,
            value=number_text(result.key, result.value),
            spread=number_text(result.key, result.sd) if result.sd is not None and result.beats > 1 else "",
            beats=result.beats,
            method="; ".join(map(plain_text, dict.fromkeys(filter(None, (str(result.method), result.derivation))))),
            normal=self._normal(result),
            others=self._others(result.key, result.value),
            sources=self._sources(result.sources),
        )

    def _normal(self, value: Measurement) -> NormalText | None:
        row = normal_value(value.key, self._evidence)
        if row is None:
            return None
        self._cited.setdefault(row.source, row)
        return NormalText(
            limits_text(row),
            z_score_text(row.z_score(value.value)),
            row.position(value.value),
            list(self._cited).index(row.source) + 1,
        )

    def _others(self, key: str, ours: float | None) -> tuple[OtherValue | None, ...]:
        return tuple(_other(key, values.get(key), ours) for values in self._compared.values())

    def _sources(self, sources: Sequence[FrameReference]) -> tuple[Source, ...]:
        by_clip: dict[str, list[FrameReference]] = {}
        for source in sources:
            by_clip.setdefault(source.sop_instance_uid, []).append(source)
        return tuple(
            Source(self._names.tag(uid), self._names.name(uid), _frames_text(frames), self._figures.of(frames))
            for uid, frames in by_clip.items()
        )


def _other(key: str, theirs: float | None, ours: float | None) -> OtherValue | None:
    if theirs is None:
        return None
    return OtherValue(number_text(key, theirs), "" if ours is None else number_text(key, ours - theirs, signed=True))


def _frames_text(frames: Iterable[FrameReference]) -> str:
    numbers = sorted({frame.frame_number for frame in frames})
    return f"frame{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _section_order(key: str) -> int:
    section = SECTION_OF.get(QUANTITY_CODES[key].finding_site)
    return _ORDER.index(section.subject) if section else len(_ORDER)


def _section_title(key: str) -> str:
    site = QUANTITY_CODES[key].finding_site
    section = SECTION_OF.get(site)
    return sentence_case((section.site if section else site).meaning)


def _cart_alone(findings: StudyFindings, asked: set[str]) -> tuple[Entry, ...]:
    lines = [
        Entry(QUANTITIES[one.key].name, f"{number_text(one.key, one.value)} {unit_text(one.unit)}".strip())
        for one in findings.cart
        if one.key and one.key not in asked
    ]
    if unnamed := sum(not one.key for one in findings.cart):
        lines.append(Entry("Numbers that are not known by their codes", str(unnamed)))
    return tuple(lines)


def _flags(findings: StudyFindings, names: ClipNames) -> tuple[str, ...]:
    """Those that do not stand beside their clip already."""
    beside = {(clip.sop_instance_uid, flag.message) for clip in findings.clips for flag in clip.flags}
    flags = (flag for flag in findings.flags if (flag.sop_instance_uid, flag.message) not in beside)
    return tuple(dict.fromkeys(_flag(flag.sop_instance_uid, flag.message, names) for flag in flags))


def _flag(sop_instance_uid: str | None, message: str, names: ClipNames) -> str:
    return plain_text(f"{sentence_case(names.name(sop_instance_uid))}: {message}" if sop_instance_uid else message)


def _algorithms(findings: StudyFindings) -> tuple[Algorithm, ...]:
    return tuple(
        Algorithm(
            plain_text(use.name),
            plain_text(use.version),
            use.weights_sha256[:_HASH_CHARACTERS] or "none that were trained",
            "; ".join(filter(None, (_PHANTOMS if use.trained_on_phantoms else "", plain_text(use.engine)))),
        )
        for use in networks(findings)
    )


_CATALOGUE_ORDER = {key: number for number, key in enumerate(QUANTITIES)}
