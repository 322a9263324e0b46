"""Apical clips of known size, as findings, for the tests of a study's arithmetic."""

import math
from collections.abc import Sequence
from typing import Any

from models.catalogue import OUTLINED, View
from models.results import (
    Beat,
    ClipFindings,
    Contour,
    HeartRate,
    Measurement,
    ModelUse,
    NotMeasured,
    Point,
    QualityGrade,
    RateOrigin,
    StudyFindings,
    ViewPrediction,
)

PHANTOM_WEIGHTS = ModelUse("phantom_lv", "1", "a" * 64, trained_on_phantoms=True)
PATIENT_WEIGHTS = ModelUse("hospital_lv", "1", "b" * 64, trained_on_phantoms=False)

# What every study is asked for: of the outlines, of the patient, and what is made of both.
OF_EVERY_STUDY = (*OUTLINED, "sv_bp", "svi_bp", "lvedv_bp_index", "lvesv_bp_index", "bsa", "hr")


def half_ellipse_px(length_cm: float, radius_cm: float, cm_per_px: Point) -> tuple[Point, ...]:
    """An apex-up ventricle, both annulus points level, in px."""
    angles = [math.pi * number / 60 for number in range(61)]
    return tuple(((20 + radius_cm * math.cos(a)) / cm_per_px[0], (15 - length_cm * math.sin(a)) / cm_per_px[1]) for a in angles)


def volume_ml(length_cm: float, radius_cm: float) -> float:
    return 2 / 3 * math.pi * length_cm * radius_cm**2


def apical_clip(
    view: View = View.A4C,
    uid: str = "1.2.3",
    beats: Sequence[tuple[tuple[float, float], tuple[float, float]]] = (((8.0, 2.5), (6.5, 1.8)),),
    **changes: Any,
) -> ClipFindings:
    """Per beat (length, radius) in cm at end-diastole and at end-systole; each pair ten frames apart."""
    cm_per_px = (0.05, 0.04)
    contours = [
        Contour("lv", 20 * number + 10 * phase, half_ellipse_px(*size, cm_per_px))
        for number, pair in enumerate(beats)
        for phase, size in enumerate(pair)
    ]
    values: dict[str, Any] = {
        "rows": 600,
        "columns": 800,
        "number_of_frames": 20 * len(beats),
        "is_quality_control_subject": True,
        "cm_per_px": cm_per_px,
        "view": ViewPrediction(view, 0.99),
        "quality": QualityGrade(80, adequate=True),
        "contours": tuple(contours),
        "beats": tuple(Beat(20 * number, 20 * number + 10) for number in range(len(beats))),
        "models": (PHANTOM_WEIGHTS,),
        "heart_rate": HeartRate(60.0, RateOrigin.HEADER),
        "height_m": 1.7,
        "weight_kg": 70.0,
    }
    return ClipFindings(uid, **{**values, **changes})


def measured(findings: StudyFindings) -> dict[str, Measurement]:
    return {measurement.key: measurement for measurement in findings.measurements}


def missing(findings: StudyFindings) -> dict[str, NotMeasured]:
    return {result.key: result for result in findings.not_measured}
