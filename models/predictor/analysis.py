"""One clip through the networks: view, quality, distance from the training data, the left ventricle on every frame, beats.

The gates stand here: what forbids numbers on a clip is found before the ventricle is sought.
"""

import time
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from models.calibration import RegionProblem
from models.catalogue import View
from models.clip import Clip
from models.derive.cardiac_cycle import find_beats
from models.derive.volumes import area_cm2, to_cm
from models.families.outline import cavity_outline
from models.families.phantom_classifier import PhantomClassifier
from models.families.phantom_segmenter import PhantomSegmenter
from models.manifest import Manifest, ManifestError
from models.preprocess import Letterbox
from models.registry import load_model
from models.results import (
    Beat,
    ClipFindings,
    Contour,
    DistributionVerdict,
    ModelUse,
    QualityFlag,
    QualityGrade,
    QualityIssue,
    Reason,
    ViewPrediction,
    in_order,
)

Loaded = TypeVar("Loaded", PhantomClassifier, PhantomSegmenter)

_VIEW_FRAMES = 8  # spread over the clip, so that several phases of the beat vote
_BATCH = 16
_MEASURED_VIEWS = (View.A4C, View.A2C)
# What a research override turns from a stop into a mark (DESIGN.md 4); a missing calibration never.
_LIFTED = (Reason.QUALITY, Reason.OUT_OF_DISTRIBUTION)
_CALIBRATION_REASON = {
    RegionProblem.IMPLAUSIBLE_SIZE: Reason.CALIBRATION_INCONSISTENT,
    RegionProblem.OUTSIDE_IMAGE: Reason.CALIBRATION_INCONSISTENT,
    RegionProblem.SEVERAL: Reason.SPLIT_SCREEN,
    RegionProblem.CONTRADICTION: Reason.CALIBRATION_INCONSISTENT,
    RegionProblem.NOT_SQUARE: Reason.CALIBRATION_INCONSISTENT,
}


@dataclass(frozen=True)
class _Impression:
    """What the classifiers say about a clip."""

    view: ViewPrediction
    quality: QualityGrade
    distribution: DistributionVerdict


@dataclass
class _Ventricle:
    """The left ventricle over a clip; all empty where it was not sought."""

    contours: tuple[Contour, ...] = ()
    area_curve_cm2: tuple[float | None, ...] = ()
    beats: tuple[Beat, ...] = ()
    models: tuple[ModelUse, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictor:
    """Loaded networks. `analyse` may be called any number of times; it keeps nothing."""

    view: PhantomClassifier
    quality: PhantomClassifier
    lv_segmentation: PhantomSegmenter
    device: str

    def analyse(self, clip: Clip, *, research_override: bool = False) -> ClipFindings:
        """Everything the networks find on `clip`.

        Without a usable region the whole image is judged and nothing is outlined. `research_override` moves the reasons that
        it may lift from `gates` to `marked`.
        """
        choice = clip.b_mode_region()
        started = time.perf_counter()
        impression = self._look(clip)
        timings_s = {"view_quality": time.perf_counter() - started}
        found = in_order(self._stops(clip, impression))
        marked = tuple(reason for reason in found if research_override and reason in _LIFTED)
        gates = tuple(reason for reason in found if reason not in marked)
        apical = impression.view.view in _MEASURED_VIEWS
        ventricle = self._outline(clip) if apical and not gates else _Ventricle()
        return ClipFindings(
            sop_instance_uid=clip.sop_instance_uid,
            rows=clip.rows,
            columns=clip.columns,
            number_of_frames=len(clip.frames),
            is_quality_control_subject=clip.is_quality_control_subject,
            cm_per_px=choice.region.cm_per_px if choice.region else None,
            region_rule=choice.rule,
            frame_times_ms=() if clip.frame_times_ms is None else tuple(clip.frame_times_ms.tolist()),
            view=impression.view,
            quality=impression.quality,
            distribution=impression.distribution,
            contours=ventricle.contours,
            area_curve_cm2=ventricle.area_curve_cm2,
            beats=ventricle.beats,
            gates=gates,
            marked=marked,
            flags=self._flags(clip, impression),
            models=(model_use(self.view.manifest), model_use(self.quality.manifest), *ventricle.models),
            timings_s=timings_s | ventricle.timings_s,
        )

    def _look(self, clip: Clip) -> _Impression:
        chosen = np.unique(np.linspace(0, len(clip.frames) - 1, _VIEW_FRAMES).round().astype(int))
        frames = clip.frames[chosen]
        squares = _letterbox(clip, self.view.manifest.input_size_px).apply(frames)
        with torch.inference_mode():
            logits, features = self.view.describe(_batch(squares, self.device))
            probabilities = logits.softmax(dim=1).mean(dim=0).cpu().numpy()
            distance = float(self.view.distance(features).mean())
            if self.quality.manifest.input_size_px != self.view.manifest.input_size_px:
                squares = _letterbox(clip, self.quality.manifest.input_size_px).apply(frames)
            grades = self.quality(_batch(squares, self.device)).softmax(dim=1).mean(dim=0).cpu().numpy()
        score = float(grades @ np.linspace(0, 100, len(grades)))
        threshold = self.view.manifest.threshold("out_of_distribution")
        return _Impression(
            view=self._name_view(probabilities),
            quality=QualityGrade(score, adequate=score >= self.quality.manifest.threshold("adequate_quality")),
            distribution=DistributionVerdict(distance, threshold, inside=distance <= threshold),
        )

    def _name_view(self, probabilities: NDArray[np.float32]) -> ViewPrediction:
        """The likeliest view; OTHER, with its own probability, where none is likely enough."""
        labels = self.view.manifest.labels
        named = tuple(zip(labels, (float(value) for value in probabilities), strict=True))
        label, probability = max(named, key=lambda pair: pair[1])
        if probability < self.view.manifest.threshold("view_probability"):
            label, probability = View.OTHER.value, dict(named)[View.OTHER.value]
        return ViewPrediction(View(label), probability, named)

    @staticmethod
    def _stops(clip: Clip, impression: _Impression) -> set[Reason]:
        reasons = {Reason(value) for value in clip.known_exclusions}
        if problem := clip.b_mode_region().problem:
            reasons.add(_CALIBRATION_REASON.get(problem, Reason.NO_CALIBRATION))
        if not impression.quality.adequate:
            reasons.add(Reason.QUALITY)
        if not impression.distribution.inside:
            reasons.add(Reason.OUT_OF_DISTRIBUTION)
        return reasons

    def _flags(self, clip: Clip, impression: _Impression) -> tuple[QualityFlag, ...]:
        messages: list[tuple[QualityIssue, str]] = []
        if problem := clip.b_mode_region().problem:
            messages.append((QualityIssue.CALIBRATION, f"Nothing can be measured: {problem.value}."))
        if not impression.quality.adequate:
            limit = self.quality.manifest.threshold("adequate_quality")
            text = f"Image quality {impression.quality.score:.0f} of 100 is below the limit of {limit:.0f}."
            messages.append((QualityIssue.POOR_IMAGE_QUALITY, text))
        verdict = impression.distribution
        if not verdict.inside:
            limits = f"distance {verdict.distance:.2f}, limit {verdict.threshold:.2f}"
            text = f"Unlike the training images of {self.view.manifest.name}: {limits}."
            messages.append((QualityIssue.OUT_OF_DISTRIBUTION, text))
        return tuple(QualityFlag(issue, clip.sop_instance_uid, text) for issue, text in messages)

    def _outline(self, clip: Clip) -> _Ventricle:
        started = time.perf_counter()
        region = clip.b_mode_region().region
        if region is None:
            raise ValueError("no contour without a calibrated region")
        manifest = self.lv_segmentation.manifest
        letterbox = Letterbox.of_region(region, manifest.input_size_px)
        contours: list[Contour] = []
        areas: list[float | None] = []
        for first in range(0, len(clip.frames), _BATCH):
            with torch.inference_mode():
                squares = _batch(letterbox.apply(clip.frames[first : first + _BATCH]), self.device)
                maps = self.lv_segmentation(squares)[:, 0].sigmoid().cpu().numpy()
            for index, probability in enumerate(maps, start=first):
                line = cavity_outline(probability, manifest.threshold("contour_level"))
                if line is None:
                    areas.append(None)
                    continue
                points = tuple((float(x), float(y)) for x, y in letterbox.to_image(line))
                contours.append(Contour("lv", index, points))
                areas.append(area_cm2(to_cm(points, region.cm_per_px)))
        times = clip.frame_times_ms
        beats = () if times is None else find_beats(areas, times.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)
        elapsed = {"lv_segmentation": time.perf_counter() - started}
        return _Ventricle(tuple(contours), tuple(areas), beats, (model_use(manifest),), elapsed)


def load_predictor(*, view: str, quality: str, lv_segmentation: str, device: str = "cpu") -> Predictor:
    """Networks by model name, or by manifest path. Raises ManifestError or families.WeightsError, in plain words."""
    return Predictor(
        view=_loaded(view, PhantomClassifier, device),
        quality=_loaded(quality, PhantomClassifier, device),
        lv_segmentation=_loaded(lv_segmentation, PhantomSegmenter, device),
        device=device,
    )


def _loaded(name: str, kind: type[Loaded], device: str) -> Loaded:
    network = load_model(name, pretrained=True, device=device)
    if not isinstance(network, kind):
        raise ManifestError(f"model {name} cannot do this: its family is {network.manifest.family}")
    return network


def model_use(manifest: Manifest) -> ModelUse:
    return ModelUse(manifest.name, manifest.version, manifest.weights_sha256, manifest.trained_on_phantoms)


def _letterbox(clip: Clip, size_px: int) -> Letterbox:
    region = clip.b_mode_region().region
    return Letterbox.of_region(region, size_px) if region else Letterbox(0, 0, clip.columns, clip.rows, size_px)


def _batch(squares: NDArray[np.float32], device: str) -> torch.Tensor:
    return torch.from_numpy(squares)[:, None].to(device)
