"""One clip through the networks: view, quality, distance from the training data, the left ventricle on every frame, beats.

The checks stand here: what forbids numbers on a clip is found before the ventricle is sought.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.analysis.displays import display_choice, objection
from models.analysis.loaded_model import LoadedModel, load_for_role
from models.analysis.measured_values import ClipReadings, read_clip_values
from models.analysis.outlines import Ventricle, outline_ventricle
from models.analysis.reliability import judge_outlines
from models.analysis.view_and_quality import ViewAndQuality, find_view_and_quality
from models.catalogue import DISPLAYS, View
from models.clip import Clip
from models.derive.beats.heart_rate import heart_rate
from models.engines.devices import device_for
from models.library.model_set import ModelSet, Role
from models.library.reading import calibration_reason
from models.library.roles import unfit_for
from models.results import (
    ClipFindings,
    OutlineVerdict,
    QualityFlag,
    QualityIssue,
    Reason,
    in_order,
)

_MEASURED_VIEWS = (View.A4C, View.A2C)
_PHANTOM_REFERENCE = "phantom_view"  # compares phantoms where the view's own network cannot
# What a research override turns from a stop into a mark (DESIGN.md 4); a missing calibration never.
_LIFTED = (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION, Reason.UNCERTAIN_OUTLINES)


@dataclass(frozen=True)
class Predictor:
    """A loaded model set. `analyse` may be called any number of times; it keeps nothing.

    The model of `Role.DISTRIBUTION` tells images unlike its training data; without it the view's network, where it can. Where
    it cannot, `phantom_reference` compares phantoms, and nothing is measured on a patient without the research override.
    """

    models: Mapping[Role, tuple[LoadedModel, ...]]
    phantom_reference: LoadedModel | None = None
    research_override: bool = False

    def of(self, role: Role) -> LoadedModel | None:
        """The one model of a role."""
        return next(iter(self.models.get(role, ())), None)

    def needed(self, role: Role) -> LoadedModel:
        """The model of a role that no set is without."""
        return self.models[role][0]

    @property
    def graders(self) -> tuple[LoadedModel, ...]:
        """Who judges image quality: the model of that role, then each that measures and can tell how far off it is."""
        measuring = self.models.get(Role.MEASUREMENTS, ())
        able = (loaded for loaded in measuring if not unfit_for(Role.QUALITY, loaded.manifest))
        return (*self.models.get(Role.QUALITY, ()), *able)

    def analyse(self, clip: Clip) -> ClipFindings:
        """Everything the networks find on `clip`.

        Without a usable region the whole image is classified and nothing is measured. The research override moves the reasons
        that it may lift from `gates` to `marked`.
        """
        with clip.cache.shared():
            return self._analyse(clip)

    def _analyse(self, clip: Clip) -> ClipFindings:
        started = time.perf_counter()
        classified = find_view_and_quality(
            clip, self.needed(Role.VIEW), self.graders, self.phantom_reference,
            of_distribution=self.of(Role.DISTRIBUTION), of_screen=self.of(Role.SPLIT_SCREEN),
        )  # fmt: skip
        timings_s = {"view_quality": time.perf_counter() - started}
        view = classified.view.view
        choice = display_choice(view, clip) if view in DISPLAYS else clip.b_mode_region()
        stops = _stops(clip, classified)
        segmenter, readers = self.needed(Role.LV_SEGMENTATION), self.models.get(Role.MEASUREMENTS, ())
        ventricle, outlines = Ventricle(), None
        if view in _MEASURED_VIEWS and not self._stopping(stops):
            ventricle = outline_ventricle(clip, segmenter, self.of(Role.PHASE))
            outlines = judge_outlines(clip, segmenter, ventricle, classified.distribution)
            stops |= {Reason.UNCERTAIN_OUTLINES} if outlines and not outlines.reliable else set()
        found, gates = in_order(tuple(stops)), self._stopping(stops)
        marked = tuple(reason for reason in found if reason not in gates)
        if gates:
            ventricle = replace(ventricle, contours=(), area_curve_cm2=(), beats=(), why_no_beats="")
        readings = (
            ClipReadings()
            if gates
            else read_clip_values(clip, view, readers, ventricle.beats, ventricle.why_no_beats if ventricle.contours else "")
        )
        times_ms = () if clip.frame_times_ms is None else tuple(clip.frame_times_ms.tolist())
        return ClipFindings(
            sop_instance_uid=clip.sop_instance_uid,
            rows=clip.rows,
            columns=clip.columns,
            number_of_frames=clip.number_of_frames,
            is_quality_control_subject=clip.is_quality_control_subject,
            cm_per_px=choice.region.cm_per_px if choice.region and view not in DISPLAYS else None,
            region_rule=choice.rule,
            frame_times_ms=times_ms,
            view=classified.view,
            quality=classified.quality,
            distribution=classified.distribution,
            outlines=outlines,
            contours=ventricle.contours,
            outlined_by=segmenter.manifest.name if ventricle.contours else "",
            area_curve_cm2=ventricle.area_curve_cm2,
            beats=ventricle.beats,
            why_no_beats=ventricle.why_no_beats,
            heart_rate=heart_rate(clip.r_wave_times_ms, clip.heart_rate_bpm, ventricle.beats, times_ms),
            height_m=clip.height_m,
            weight_kg=clip.weight_kg,
            gates=gates,
            marked=marked,
            flags=self._flags(clip, classified, outlines),
            models=tuple(dict.fromkeys((*classified.models, *ventricle.models, *readings.models))),
            values=readings.values,
            notes=classified.notes + ventricle.notes + readings.notes,
            timings_s=timings_s | ventricle.timings_s | readings.timings_s,
        )

    def _stopping(self, reasons: set[Reason]) -> tuple[Reason, ...]:
        """Those that stop numbers."""
        return tuple(reason for reason in in_order(tuple(reasons)) if not (self.research_override and reason in _LIFTED))

    def _flags(self, clip: Clip, classified: ViewAndQuality, outlines: OutlineVerdict | None) -> tuple[QualityFlag, ...]:
        flags: list[QualityFlag] = []

        def flag(issue: QualityIssue, text: str, model: str = "") -> None:
            flags.append(QualityFlag(issue, clip.sop_instance_uid, text, (model,) if model else ()))

        of_view = self.needed(Role.VIEW).manifest
        is_display = classified.view.view in DISPLAYS
        override = "stand by the research override alone" if self.research_override else "need the research override"
        shown = f"Doppler and M-mode displays: their numbers {override}" if is_display else "this image"
        if why := _no_scale(clip, classified.view.view):
            model = of_view.name if is_display else ""  # it says which display the region has to be
            flag(QualityIssue.CALIBRATION, f"Nothing can be measured: {why[1]}.", model)
        if (screen := classified.screen) and screen.is_dual:
            said = f"probability {screen.dual_probability:.2f} by {screen.model}"
            flag(QualityIssue.CALIBRATION, f"Nothing can be measured: two images on one screen ({said}).", screen.model)
        grade, verdict = classified.quality, classified.distribution
        if grade is None or classified.graded_by is None:
            flag(QualityIssue.POOR_IMAGE_QUALITY, f"No network of the model set judges the quality of {shown}.")
        elif not grade.adequate:
            of_quality = classified.graded_by.manifest
            limit = of_quality.threshold("adequate_quality")
            text = f"Image quality {grade.score:.0f} of 100 is below the limit of {limit:.0f}."
            flag(QualityIssue.POOR_IMAGE_QUALITY, text, of_quality.name)
        if verdict is None:
            text = f"{of_view.name} cannot tell whether an image is like those of its training."
            if is_display:
                text = "No network of the model set can tell whether a Doppler or M-mode display is like those of its training."
            flag(QualityIssue.OUT_OF_DISTRIBUTION, text)
        elif not verdict.inside:
            limits = f"distance {verdict.distance:.2f}, limit {verdict.threshold:.2f}"
            text = f"Unlike the training images of {classified.distribution_model}: {limits}."
            flag(QualityIssue.OUT_OF_DISTRIBUTION, text, classified.distribution_model)
        if outlines and not outlines.reliable:
            expected = f"an EF error of {outlines.expected_error_points:.0f} points is expected, the limit is"
            text = f"The outlines are uncertain: {expected} {outlines.limit_points:.0f}. Above all {outlines.doubt}."
            flag(QualityIssue.POOR_IMAGE_QUALITY, text, self.needed(Role.LV_SEGMENTATION).manifest.name)
        return tuple(flags)


def _stops(clip: Clip, classified: ViewAndQuality) -> set[Reason]:
    """What no network has graded is as good as refused. Colour in the small picture above a display does not stop it."""
    reasons = {Reason(value) for value in clip.known_exclusions}
    reasons -= {Reason.COLOUR_DOPPLER} if classified.view.view in DISPLAYS else set()
    if why := _no_scale(clip, classified.view.view):
        reasons.add(why[0])
    if classified.screen and classified.screen.is_dual:
        reasons.add(Reason.SPLIT_SCREEN)
    if classified.quality is None or not classified.quality.adequate:
        reasons.add(Reason.QUALITY)
    if classified.distribution is None or not classified.distribution.inside:
        reasons.add(Reason.OUT_OF_DISTRIBUTION)
    return reasons


def _no_scale(clip: Clip, view: View) -> tuple[Reason, str] | None:
    """Why the region of what `view` shows cannot be measured in."""
    if view in DISPLAYS:
        return objection(view, clip)
    problem = clip.b_mode_region().problem
    return (calibration_reason(problem), problem.value) if problem else None


def open_model_set(models: ModelSet) -> Predictor:
    """The networks of a set, loaded. Raises ManifestError, WeightsError or BackendError, in plain words."""
    device = device_for(models.device, models.engine)

    def load(role: Role, name: str) -> LoadedModel:
        return load_for_role(role, name, device=device, engine=models.engine)

    view = load(Role.VIEW, models.view)
    knows = view.model.knows_its_training_data

    def taken(role: Role, name: str) -> LoadedModel:
        """The view's own network need not be loaded, or asked, twice."""
        same = role is Role.VIEW or (role is Role.DISTRIBUTION and knows and name == models.view)
        return view if same else load(role, name)

    loaded = {role: tuple(taken(role, name) for name in models.names(role)) for role in Role}
    of_phantoms = None if loaded[Role.DISTRIBUTION] or knows else load(Role.VIEW, _PHANTOM_REFERENCE)
    return Predictor(loaded, of_phantoms, models.research_override)
