"""A study's quantities: which clips they come from, and for each one a value or every reason why there is none."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.catalogue import OUTLINED, READ, Quantity, View
from models.derive.limits import refusals
from models.derive.study.atrium import atrial_volumes
from models.derive.study.conventions import BY_DEFAULT, Conventions
from models.derive.study.derivations import derived_values
from models.derive.study.diastolic_function import diastolic_function
from models.derive.study.groups import NoGroup, choose_group
from models.derive.study.missing_views import APICAL_VIEWS, shown_view, why_missing
from models.derive.study.patient_values import patient_values
from models.derive.study.readings import Refusals, read_quantities
from models.derive.study.right_atrial_pressure import with_right_atrial_pressure
from models.derive.ventricle.apical import (
    ApicalClip,
    BeatMean,
    biplane,
    differ,
    least_foreshortened,
    lengths_differ,
    measurable,
    shapes_differ,
    single_plane,
)
from models.results import (
    ClipFindings,
    Measurement,
    ModelUse,
    NotMeasured,
    QualityFlag,
    QualityIssue,
    Reason,
    StudyFindings,
    in_order,
)


@dataclass
class _Refused:
    """Why quantities have no value, by key."""

    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    def add(self, keys: Iterable[str], reason: Reason, detail: str) -> None:
        for key in keys:
            self.reasons[key], self.details[key] = (reason,), detail


def derive_study(
    study_instance_uid: str,
    clips: Sequence[ClipFindings],
    *,
    research_override: bool = False,
    asked: Collection[str] = (),
    conventions: Conventions = BY_DEFAULT,
) -> StudyFindings:
    """Every quantity of the outlines and every one `asked`, and what is made of them, as Measurement or NotMeasured.

    What is outlined comes from the least foreshortened adequate clips. `asked` are the keys that the measuring models of the
    set can read; without them a quantity that no model tried is not mentioned.

    Patient safety: weights trained on phantoms give no number in a study with any object of a patient (Quality Control
    Subject not YES), because its documents are filed under one patient. `research_override` lifts this. Weights that nobody
    trained give no number at all. The reason stands beside all others.
    """
    barred = _barred(clips, research_override=research_override)
    stops = [_stops(clip) | barred for clip in clips]
    adequate = [apical for clip, reasons in zip(clips, stops, strict=True) if not reasons and (apical := measurable(clip))]
    chosen = {view: clip for view in APICAL_VIEWS if (clip := least_foreshortened(adequate, view))}
    outlined, not_outlined = _of_outlines(clips, stops, chosen)
    read, not_read = _of_readings(clips, barred, asked)
    of_patient, not_of_patient = patient_values(clips, barred, conventions)
    volumes, no_volumes = atrial_volumes(read, not_read, clips)
    found = [*outlined, *read, *volumes, *of_patient]
    absent = [*not_outlined, *not_read, *no_volumes, *not_of_patient]
    measurements, not_measured = derived_values(*with_right_atrial_pressure(found, absent, conventions), clips)
    flags = [flag for clip in clips for flag in clip.flags] + _foreshortened(adequate, chosen)
    models: tuple[ModelUse, ...] = tuple(dict.fromkeys(use for clip in clips for use in clip.models))
    return StudyFindings(
        study_instance_uid=study_instance_uid,
        clips=tuple(clips),
        measurements=tuple(measurements),
        not_measured=tuple(not_measured),
        flags=tuple(flags),
        models=models,
        research_override=research_override,
        assessments=diastolic_function(measurements, not_measured, clips),
    )


def _of_outlines(
    clips: Sequence[ClipFindings], stops: Sequence[set[Reason]], chosen: Mapping[View, ApicalClip]
) -> tuple[list[Measurement], list[NotMeasured]]:
    """Every quantity of the outlines, from the chosen clips."""
    refused = _Refused()
    means = _estimates(chosen, refused)
    absent = []
    for key, quantity in OUTLINED.items():
        if key not in means:
            reasons = refused.reasons.get(key) or why_missing(quantity.views, clips, stops, chosen)
            detail = refused.details.get(key) or (_no_cycle(quantity, clips) if Reason.NO_CARDIAC_CYCLE in reasons else "")
            absent.append(NotMeasured(key, reasons, detail))
    return [_measurement(quantity, means[key]) for key, quantity in OUTLINED.items() if key in means], absent


def _of_readings(
    clips: Sequence[ClipFindings], barred: Collection[Reason], asked: Collection[str]
) -> tuple[list[Measurement], list[NotMeasured]]:
    """What models read by themselves, and what they were asked for or tried and could not."""
    found, refused = read_quantities(() if barred else clips)
    missing = [key for key in READ if key not in found and (key in asked or key in refused)]
    return (
        [found[key] for key in READ if key in found],
        [_not_read(READ[key], clips, barred, refused) for key in missing],
    )


def _barred(clips: Sequence[ClipFindings], *, research_override: bool) -> set[Reason]:
    """Why the weights that took part give no number of this study; nothing lifts that some of them were never trained."""
    uses = [use for clip in clips for use in clip.models]
    barred = set() if all(use.weights_sha256 for use in uses) else {Reason.UNTRAINED_WEIGHTS}
    of_patient = not all(clip.is_quality_control_subject for clip in clips)
    if of_patient and not research_override and any(use.trained_on_phantoms for use in uses):
        barred.add(Reason.RESEARCH_WEIGHTS)
    return barred


def _stops(clip: ClipFindings) -> set[Reason]:
    """Everything found on this clip that keeps it from giving numbers."""
    reasons = set(clip.gates)
    if not clip.gates and shown_view(clip) in APICAL_VIEWS and measurable(clip) is None:
        reasons.add(Reason.NO_CALIBRATION if clip.cm_per_px is None else Reason.NO_CARDIAC_CYCLE)
    return reasons


def _no_cycle(quantity: Quantity, clips: Sequence[ClipFindings]) -> str:
    """Why the ungated clips of the quantity's views have no beat, in words."""
    texts = [_why_no_beat(clip) for clip in clips if shown_view(clip) in quantity.views and not clip.gates and not clip.beats]
    return "; ".join(dict.fromkeys(texts))


def _why_no_beat(clip: ClipFindings) -> str:
    if clip.why_no_beats:
        return clip.why_no_beats
    if not clip.contours:
        return "no outline of the left ventricle on any frame"
    return "no whole regular beat was found" if clip.frame_times_ms else "the clip states no frame times"


def _estimates(chosen: Mapping[View, ApicalClip], refused: _Refused) -> dict[str, BeatMean]:
    """Estimates of all methods that the chosen clips allow, less those that cannot be true."""
    planes = {view: single_plane(clip) for view, clip in chosen.items()}
    means: dict[str, BeatMean] = {}
    for view, clip in chosen.items():
        if possible := _possible(planes[view], refused, clip.lengths_d_cm):
            if words := shapes_differ(clip):
                refused.add(possible, Reason.DISAGREEMENT, words)
            else:
                means |= possible
    a4c, a2c = chosen.get(View.A4C), chosen.get(View.A2C)
    if a4c is None or a2c is None:
        return means
    together = biplane(a4c, a2c)
    if detail := lengths_differ(a4c, a2c):
        shorter = min(a4c, a2c, key=lambda clip: clip.length_d_cm)
        foreshortened = [key for key in planes[shorter.view] if key in means]
        refused.add([*together, *foreshortened], Reason.DISAGREEMENT, detail)
        return {key: mean for key, mean in means.items() if key not in foreshortened}
    if refused.details:  # two planes do not make a possible volume of an impossible one
        key, words = next(iter(refused.details.items()))
        refused.add(together, refused.reasons[key][0], words)
        return means
    return means | _possible(together, refused)


def _possible(method: dict[str, BeatMean], refused: _Refused, lengths_cm: Sequence[float] = ()) -> dict[str, BeatMean]:
    """`method`, or nothing where one beat or the mean cannot be true: no mean hides an impossible beat."""
    beats = min(mean.beats for mean in method.values())
    for number in range(beats):
        length_cm = lengths_cm[number] if lengths_cm else None
        impossible = refusals({key: mean.by_beat[number] for key, mean in method.items()}, length_cm)
        for key, text in impossible.items():
            refused.add([key], Reason.OUTSIDE_LIMITS, f"beat {number + 1}: {text}" if beats > 1 else text)
        if impossible:
            return {}
    for key, text in (impossible := refusals({key: mean.value for key, mean in method.items()})).items():
        refused.add([key], Reason.OUTSIDE_LIMITS, text)
    return {} if impossible else method


def _not_read(quantity: Quantity, clips: Sequence[ClipFindings], barred: Collection[Reason], tried: Refusals) -> NotMeasured:
    """Why a quantity that models read by themselves has no value: what they say, else what kept them from being asked."""
    if quantity.key in tried:
        return NotMeasured(quantity.key, *tried[quantity.key])
    detail = ""
    if len(quantity.views) == 1:
        reasons = why_missing(quantity.views, clips, [set(clip.gates) for clip in clips], ())
    else:
        choice = choose_group(quantity.views, clips)
        reasons, detail = (choice.reasons, choice.detail) if isinstance(choice, NoGroup) else ((), "")
    if barred:
        reasons = in_order([*reasons, *barred])
    if reasons:
        return NotMeasured(quantity.key, reasons, detail)
    return NotMeasured(quantity.key, (Reason.OUT_OF_DISTRIBUTION,), "no model of the set could read this clip")


def _measurement(quantity: Quantity, mean: BeatMean) -> Measurement:
    return Measurement(
        key=quantity.key,
        value=mean.value,
        unit=quantity.unit,
        method=quantity.method,
        view=quantity.views[0] if len(quantity.views) == 1 else None,
        sources=mean.sources,
        beats=mean.beats,
        sd=mean.sd,
        calipers=mean.calipers,
    )


def _foreshortened(adequate: Sequence[ApicalClip], chosen: Mapping[View, ApicalClip]) -> list[QualityFlag]:
    """Clips whose ventricle is more than 10 % shorter than the longest of all apical clips."""
    longest_cm = max((clip.length_d_cm for clip in chosen.values()), default=0.0)
    return [
        QualityFlag(
            QualityIssue.FORESHORTENING,
            clip.findings.sop_instance_uid,
            f"End-diastolic LV length {clip.length_d_cm:.1f} cm, in another clip {longest_cm:.1f} cm.",
            (clip.findings.outlined_by,) if clip.findings.outlined_by else (),
        )
        for clip in adequate
        if differ(clip.length_d_cm, longest_cm)
    ]
