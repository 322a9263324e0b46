"""The realism criteria, each with what it aims at and what was measured."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.phantom.realism import comparison, media
from models.phantom.realism.apical import four_chamber_clips
from models.phantom.realism.features import FEATURES, statistics
from models.phantom.realism.reference import Statistics, real_clips

_CLIPS = 48


@dataclass(frozen=True)
class Criterion:
    """`is_met` is None of what is reported without a target."""

    name: str
    what: str
    target: str
    value: float
    is_met: bool | None
    note: str = ""


def speckle_criteria() -> list[Criterion]:
    """R1 to R4 and R9: a homogeneous medium and a moving wall."""
    snr, deviation = media.signal_to_noise("LV_CAVITY"), media.log_deviation_db()
    wall_snr = media.signal_to_noise("LV_WALL")
    distances = [media.rayleigh_distance(name) for name in ("LV_CAVITY", "LV_WALL")]
    blood_width, tissue_width = media.widths("LV_CAVITY"), media.widths("LV_WALL")
    systole, diastasis, blood = media.wall_correlation(1.0), media.wall_correlation(0.1), media.blood_correlation()
    return [
        _row("R1", "envelope signal-to-noise, homogeneous medium", "1.91 ± 0.06", snr, lambda v: abs(v - 1.91) <= 0.06),
        _row("R2", "standard deviation of the log envelope, dB", "5.57 ± 0.15", deviation, lambda v: abs(v - 5.57) <= 0.15),
        _row("R3", "distance from Rayleigh, blood", "< 0.025", distances[0], lambda v: v < 0.025),
        _row("R3", "distance from Rayleigh, tissue", "< 0.025", distances[1], lambda v: v < 0.025),
        _row("R3", "envelope signal-to-noise, tissue", "1.80 to 1.95", wall_snr, lambda v: 1.80 <= v <= 1.95),
        *(
            _row("R4", f"{axis} width over its setting, {name}", "1 ± 0.1", value, lambda v: abs(v - 1) <= 0.1)
            for name, width in (("blood", blood_width), ("tissue", tissue_width))
            for axis, value in (("axial", width.axial), ("lateral", width.lateral))
        ),
        _row("R4", "lateral over axial width at 80 mm", "1.5 to 3", tissue_width.lateral_to_axial, lambda v: 1.5 <= v <= 3),
        _row("R9", "correlation of the moving wall, systole", "0.85 to 0.97", systole, lambda v: 0.85 <= v <= 0.97),
        _row("R9", "correlation of the wall, diastasis", "above systole", diastasis, lambda v: v > systole),
        _row("R9", "correlation of blood", "< 0.2", blood, lambda v: v < 0.2),
    ]


def picture_criteria(ours: Statistics) -> list[Criterion]:
    """R5 to R8: apical four-chamber pictures beside the numbers of real ones."""
    real = real_clips()
    differences, ratios = comparison.standardised_differences(ours, real), comparison.spread_ratios(ours, real)
    each = ", ".join(f"{name} {value:+.1f}" for name, value in zip(FEATURES, differences, strict=True))
    spread = ", ".join(f"{name} {value:.1f}" for name, value in zip(FEATURES, ratios, strict=True))
    worst, mean = float(np.abs(differences).max()), float(np.abs(differences).mean())
    distance, spectrum = comparison.histogram_distance(ours, real), comparison.spectrum_difference(ours, real)
    auc = comparison.two_sample_auc(ours, real)
    return [
        _row("R5", "distance of grey histograms, levels", "<= 5", distance, lambda v: v <= 5),
        _row("R6", "largest standardised difference of a feature", "<= 1.5", worst, lambda v: v <= 1.5, each),
        _row("R6", "mean standardised difference of the features", "<= 0.8", mean, lambda v: v <= 0.8),
        _row("R6", "median spread over that of real clips", "reported", float(np.median(ratios)), None, spread),
        _row("R7", "difference of the spectra", "<= 0.30", spectrum, lambda v: v <= 0.30),
        _row("R8", "classifier of frames, area under the curve", "reported", auc, None),
    ]


def measured_criteria() -> list[Criterion]:
    """All of them, in order."""
    rows = speckle_criteria() + picture_criteria(statistics(four_chamber_clips(_CLIPS)))
    return sorted(rows, key=lambda row: row.name)


def _row(name: str, what: str, target: str, value: float, meets: Callable[[float], bool] | None, note: str = "") -> Criterion:
    return Criterion(name, what, target, round(value, 4), None if meets is None else bool(meets(value)), note)
