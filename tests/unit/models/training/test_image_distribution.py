"""What a distribution reference learns, against numpy: covariance, distance, and a limit on patients held out."""

import numpy as np
import pytest
import torch

from models.errors import TooFewImages, UnsuitableModel
from models.networks.mahalanobis import nearest_class_distance
from models.training.image_distribution import (
    FOLDS,
    WIDEST,
    SeenClip,
    classes_with_enough,
    fewest_patients,
    learn,
    reference_of,
    shrunk_covariance,
)


def drawn(
    patients: int, *, clips: int = 2, frames: int = 3, width: int = 6, apart: float = 0.0, seed: int = 0
) -> list[SeenClip]:
    """Clips of patients who differ by `apart`, and frames that do by 1."""
    random = np.random.default_rng(seed)
    found = []
    for patient in range(patients):
        own = apart * random.normal(size=width)
        for _ in range(clips):
            features = (own + random.normal(size=(frames, width))).astype(np.float32)
            found.append(SeenClip(features, "b_mode", f"{patient:03d}"))
    return found


def test_the_distance_is_that_of_mahalanobis_to_the_nearest_class() -> None:
    random = np.random.default_rng(1)
    features, means = random.normal(size=(7, 4)), random.normal(size=(3, 4))
    half = random.normal(size=(4, 4))
    precision = half @ half.T
    expected = [min(np.sqrt((x - m) @ precision @ (x - m) / 4) for m in means) for x in features]
    found = nearest_class_distance(*(torch.from_numpy(part).float() for part in (features, means, precision)))
    assert found.numpy() == pytest.approx(np.array(expected), rel=1e-4)


def test_of_independent_samples_the_covariance_is_ledoit_and_wolf_s() -> None:
    """Their paper's formulas as they stand there, over n samples that are patients of one frame."""
    random = np.random.default_rng(2)
    rows = random.normal(size=(40, 12)) * np.linspace(1, 4, 12)
    number, width = rows.shape
    sample = rows.T @ rows / number
    level = np.trace(sample) / width
    d2 = ((sample - level * np.eye(width)) ** 2).sum()
    b2 = min(sum(((np.outer(row, row) - sample) ** 2).sum() for row in rows) / number**2, d2)
    found, shrinkage = shrunk_covariance(rows, np.full(number, 1 / number), np.arange(number))
    assert 0.05 < shrinkage < 0.95
    assert shrinkage == pytest.approx(b2 / d2)
    assert found == pytest.approx(b2 / d2 * level * np.eye(width) + (1 - b2 / d2) * sample)


def test_repeated_frames_of_a_patient_are_no_further_samples() -> None:
    """Bug prevented: clips of many frames that make a covariance of few patients look certain."""
    rows = np.random.default_rng(3).normal(size=(15, 10)) * np.linspace(1, 3, 10)
    alone = shrunk_covariance(rows, np.full(15, 1 / 15), np.arange(15))
    again = shrunk_covariance(np.repeat(rows, 8, axis=0), np.full(120, 1 / 120), np.repeat(np.arange(15), 8))
    assert again[1] == pytest.approx(alone[1])
    assert again[0] == pytest.approx(alone[0])
    as_if_independent = shrunk_covariance(np.repeat(rows, 8, axis=0), np.full(120, 1 / 120), np.arange(120))
    assert as_if_independent[1] < alone[1] / 4


def test_few_frames_of_many_features_still_have_an_inverse() -> None:
    reference = reference_of(drawn(6, clips=1, frames=2, width=50))
    assert reference.precision == pytest.approx(reference.precision.T)
    assert np.linalg.eigvalsh(reference.precision).min() > 0


def test_a_feature_that_never_varies_makes_no_infinite_distance() -> None:
    clips = [SeenClip(np.pad(clip.features, ((0, 0), (0, 1))), clip.label, clip.patient) for clip in drawn(10)]
    reference = reference_of(clips)
    assert np.isfinite(reference.precision).all()
    moved = SeenClip(clips[0].features + np.eye(7, dtype=np.float32)[6], "", "")
    assert 1 < reference.distance(moved) < 20


def test_the_limit_is_the_quantile_of_clips_whose_patient_was_not_learnt() -> None:
    clips = drawn(25, apart=1.0)
    learnt = learn(clips, 0.9)
    names = sorted({clip.patient for clip in clips})
    distances = []
    for fold in range(FOLDS):
        out = set(names[fold::FOLDS])
        reference = reference_of([clip for clip in clips if clip.patient not in out])
        distances += [reference.distance(clip) for clip in clips if clip.patient in out]
    assert sorted(learnt.held_out) == pytest.approx(sorted(distances))
    assert learnt.limit == pytest.approx(np.quantile(distances, 0.9))
    everything = reference_of(clips)
    assert learnt.reference.precision == pytest.approx(everything.precision)
    assert np.mean([everything.distance(clip) for clip in clips]) < np.mean(learnt.held_out), "what was learnt lies nearer"


def test_a_limit_by_frames_would_refuse_new_patients() -> None:
    """Bug prevented: frames of one patient on both sides. Patients differ far more here than frames do."""
    clips = drawn(20, clips=4, frames=4, width=60, apart=3.0)
    by_patient = learn(clips, 0.95)
    by_clip = learn([SeenClip(c.features, c.label, f"{n:03d}") for n, c in enumerate(clips)], 0.95)
    new = drawn(30, clips=4, frames=4, width=60, apart=3.0, seed=9)
    refused = [np.mean([one.reference.distance(clip) > one.limit for clip in new]) for one in (by_patient, by_clip)]
    assert refused[0] < 0.2 < 0.5 < refused[1]


def test_too_few_patients_set_no_limit() -> None:
    assert (fewest_patients(0.9), fewest_patients(0.95), fewest_patients(0.99)) == (9, 19, 99)
    with pytest.raises(TooFewImages, match=r"18 patients or studies: a limit at the quantile 0\.95 of those held out needs 19"):
        learn(drawn(18), 0.95)
    learn(drawn(19), 0.95)
    with pytest.raises(TooFewImages, match="of 0 patients"):
        learn([], 0.5)


def test_a_class_of_few_patients_is_not_learnt() -> None:
    few = [SeenClip(clip.features + 50, "pw", clip.patient) for clip in drawn(4)]
    clips = drawn(20) + few
    assert classes_with_enough(clips) == ("b_mode",)
    learnt = learn(clips, 0.95)
    assert learnt.reference.labels == ("b_mode",)
    assert all(learnt.reference.distance(clip) > learnt.limit for clip in few)


def test_every_class_has_its_own_middle() -> None:
    clips = drawn(20) + [SeenClip(clip.features + 50, "pw", clip.patient) for clip in drawn(20, seed=1)]
    learnt = learn(clips, 0.95)
    assert learnt.reference.labels == ("b_mode", "pw")
    assert learnt.reference.class_means.mean(axis=1) == pytest.approx([0, 50], abs=0.3)
    between = SeenClip(clips[0].features + 25, "", "")
    assert learnt.reference.distance(between) > 5 * learnt.limit


def test_features_too_wide_for_a_covariance_are_refused() -> None:
    clips = [SeenClip(np.zeros((1, WIDEST + 1), np.float32), "b_mode", str(number)) for number in range(20)]
    with pytest.raises(UnsuitableModel, match="4097 features"):
        learn(clips, 0.95)
