"""One clip through the networks: view, quality, distance from the training data, the left ventricle on every frame, beats.

The gates stand here: what forbids numbers on a clip is found before the ventricle is sought.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.analysis.displays import objection, trace_choice
from models.analysis.loaded_model import Part, load_part, make_part
from models.analysis.measured_values import ClipReadings, read_clip_values
from models.analysis.outlines import Ventricle, outline_ventricle
from models.analysis.view_and_quality import Impression, look_at
from models.catalogue import TRACES, View
from models.clip import Clip
from models.inputs.clip_frames import ClipFrames
from models.library.manifest import Manifest
from models.library.reading import calibration_reason
from models.library.recipe import Role
from models.results import (
    ClipFindings,
    ModelUse,
    QualityFlag,
    QualityIssue,
    Reason,
    in_order,
)

_MEASURED_VIEWS = (View.A4C, View.A2C)
_PHANTOM_GATE = "phantom_view"  # what judges phantoms where the view's own network cannot
# What a research override turns from a stop into a mark (DESIGN.md 4); a missing calibration never.
_LIFTED = (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)


@dataclass(frozen=True)
class Predictor:
    """A loaded model set. `analyse` may be called any number of times; it keeps nothing.

    `distribution` tells images unlike its training data; without it the view's network, where it can. Where it cannot,
    `phantom_gate` judges phantoms, and nothing is measured on a patient without the research override.
    """

    view: Part
    quality: Part | None
    lv_segmentation: Part
    measurements: tuple[Part, ...] = ()
    phantom_gate: Part | None = None
    distribution: Part | None = None
    phase: Part | None = None
    split_screen: Part | None = None

    def analyse(self, clip: Clip, *, research_override: bool = False) -> ClipFindings:
        """Everything the networks find on `clip`.

        Without a usable region the whole image is judged and nothing is measured. `research_override` moves the reasons that
        it may lift from `gates` to `marked`.
        """
        with clip.cache.shared():
            return self._analyse(clip, research_override=research_override)

    def _analyse(self, clip: Clip, *, research_override: bool) -> ClipFindings:
        frames = ClipFrames(clip)
        started = time.perf_counter()
        impression = look_at(
            clip, frames, self.view, self.quality, self.phantom_gate,
            of_distribution=self.distribution, of_screen=self.split_screen,
        )  # fmt: skip
        timings_s = {"view_quality": time.perf_counter() - started}
        view = impression.view.view
        choice = trace_choice(view, clip) if view in TRACES else clip.b_mode_region()
        found = in_order(_stops(clip, impression))
        marked = tuple(reason for reason in found if research_override and reason in _LIFTED)
        gates = tuple(reason for reason in found if reason not in marked)
        apical = view in _MEASURED_VIEWS and not gates
        ventricle = outline_ventricle(clip, frames, self.lv_segmentation, self.phase) if apical else Ventricle()
        readings = (
            ClipReadings()
            if gates
            else read_clip_values(
                clip, view, self.measurements, ventricle.beats, ventricle.why_no_beats if ventricle.contours else ""
            )
        )
        return ClipFindings(
            sop_instance_uid=clip.sop_instance_uid,
            rows=clip.rows,
            columns=clip.columns,
            number_of_frames=clip.number_of_frames,
            is_quality_control_subject=clip.is_quality_control_subject,
            cm_per_px=choice.region.cm_per_px if choice.region and view not in TRACES else None,
            region_rule=choice.rule,
            frame_times_ms=() if clip.frame_times_ms is None else tuple(clip.frame_times_ms.tolist()),
            view=impression.view,
            quality=impression.quality,
            distribution=impression.distribution,
            contours=ventricle.contours,
            outlined_by=self.lv_segmentation.manifest.name if ventricle.contours else "",
            area_curve_cm2=ventricle.area_curve_cm2,
            beats=ventricle.beats,
            why_no_beats=ventricle.why_no_beats,
            gates=gates,
            marked=marked,
            flags=self._flags(clip, impression, research_override),
            models=tuple(dict.fromkeys((*impression.models, *ventricle.models, *readings.models))),
            values=readings.values,
            notes=impression.notes + ventricle.notes + readings.notes,
            timings_s=timings_s | ventricle.timings_s | readings.timings_s,
        )

    def _flags(self, clip: Clip, impression: Impression, research_override: bool) -> tuple[QualityFlag, ...]:
        flags: list[QualityFlag] = []

        def flag(issue: QualityIssue, text: str, judge: str = "") -> None:
            flags.append(QualityFlag(issue, clip.sop_instance_uid, text, (judge,) if judge else ()))

        is_trace = impression.view.view in TRACES
        override = "stand by the research override alone" if research_override else "need the research override"
        shown = f"Doppler and M-mode displays: their numbers {override}" if is_trace else "this image"
        if why := _no_scale(clip, impression.view.view):
            of_view = self.view.manifest.name if is_trace else ""  # it says which display the region has to be
            flag(QualityIssue.CALIBRATION, f"Nothing can be measured: {why[1]}.", of_view)
        if (screen := impression.screen) and screen.is_dual:
            said = f"probability {screen.dual_probability:.2f} by {screen.judge}"
            flag(QualityIssue.CALIBRATION, f"Nothing can be measured: two images on one screen ({said}).", screen.judge)
        grade, verdict = impression.quality, impression.distribution
        if grade is None or self.quality is None:
            flag(QualityIssue.POOR_IMAGE_QUALITY, f"No network of the model set judges the quality of {shown}.")
        elif not grade.adequate:
            limit = self.quality.manifest.threshold("adequate_quality")
            text = f"Image quality {grade.score:.0f} of 100 is below the limit of {limit:.0f}."
            flag(QualityIssue.POOR_IMAGE_QUALITY, text, self.quality.manifest.name)
        if verdict is None:
            text = f"{self.view.manifest.name} cannot tell whether an image is like those of its training."
            if is_trace:
                text = "No network of the model set can tell whether a Doppler or M-mode display is like those of its training."
            flag(QualityIssue.OUT_OF_DISTRIBUTION, text)
        elif not verdict.inside:
            limits = f"distance {verdict.distance:.2f}, limit {verdict.threshold:.2f}"
            text = f"Unlike the training images of {impression.distribution_judge}: {limits}."
            flag(QualityIssue.OUT_OF_DISTRIBUTION, text, impression.distribution_judge)
        return tuple(flags)


def _stops(clip: Clip, impression: Impression) -> set[Reason]:
    """What no network has judged is as good as refused. Colour in the small picture above a trace does not stop it."""
    reasons = {Reason(value) for value in clip.known_exclusions}
    reasons -= {Reason.COLOUR_DOPPLER} if impression.view.view in TRACES else set()
    if why := _no_scale(clip, impression.view.view):
        reasons.add(why[0])
    if impression.screen and impression.screen.is_dual:
        reasons.add(Reason.SPLIT_SCREEN)
    if impression.quality is None or not impression.quality.adequate:
        reasons.add(Reason.QUALITY)
    if impression.distribution is None or not impression.distribution.inside:
        reasons.add(Reason.OUT_OF_DISTRIBUTION)
    return reasons


def _no_scale(clip: Clip, view: View) -> tuple[Reason, str] | None:
    """Why the region of what `view` shows cannot be measured in."""
    if view in TRACES:
        return objection(view, clip)
    problem = clip.b_mode_region().problem
    return (calibration_reason(problem), problem.value) if problem else None


def load_predictor(
    *,
    view: str,
    quality: str,
    lv_segmentation: str,
    measurements: Sequence[str] = (),
    distribution: str = "",
    phase: str = "",
    split_screen: str = "",
    engine: str = "torch",
    device: str = "cpu",
) -> Predictor:
    """A model set by model names, or manifest paths; "" for none. `engine`: "torch", the reference, "openvino", or "auto", the
    quicker one that the gate lets through. Raises ManifestError or stored_weights.WeightsError, in plain words.
    """

    def part(role: Role, name: str) -> Part:
        return load_part(role, name, device=device, engine=engine)

    of_view = part(Role.VIEW, view)
    knows = of_view.knows_its_training_data
    of_distribution = None
    if distribution:  # the view's own network need not be asked twice
        of_distribution = of_view if distribution == view and knows else part(Role.DISTRIBUTION, distribution)
    return Predictor(
        view=of_view,
        quality=part(Role.QUALITY, quality) if quality else None,
        lv_segmentation=part(Role.LV_SEGMENTATION, lv_segmentation),
        measurements=tuple(part(Role.MEASUREMENTS, name) for name in measurements),
        phantom_gate=None if of_distribution or knows else part(Role.VIEW, _PHANTOM_GATE),
        distribution=of_distribution,
        phase=part(Role.PHASE, phase) if phase else None,
        split_screen=part(Role.SPLIT_SCREEN, split_screen) if split_screen else None,
    )


def predictor_of(
    view: Any, quality: Any, lv_segmentation: Any, readers: Sequence[Any] = (), engine: str = "torch"
) -> Predictor:
    """A model set of networks that are loaded already."""
    return Predictor(
        make_part(Role.VIEW, view, engine=engine),
        make_part(Role.QUALITY, quality, engine=engine),
        make_part(Role.LV_SEGMENTATION, lv_segmentation, engine=engine),
        tuple(make_part(Role.MEASUREMENTS, reader, engine=engine) for reader in readers),
    )


def model_use(manifest: Manifest) -> ModelUse:
    return ModelUse(manifest.name, manifest.version, manifest.weights_sha256, manifest.trained_on_phantoms)
