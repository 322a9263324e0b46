"""The bundled networks on rendered clips: what a first user sees in the demo."""

from dataclasses import replace

import numpy as np
import pytest

from models.analysis import Predictor, open_model_set
from models.catalogue import View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.evaluation.held_out_phantoms import clip_of
from models.library.model_set import ModelSet
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip, render_negative
from models.results import ClipFindings, Reason

pytestmark = pytest.mark.slow  # whole networks on whole clips
SEED = 300_001


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return open_model_set(ModelSet(engine="torch"))


def rendered(view: View, quality: int = 3, seed: int = SEED) -> Clip:
    truth = render_clip(sample_heart(seed), view, seed=seed, quality=quality, rows=300, columns=400)
    return clip_of(truth, f"{view.value}.{quality}")


@pytest.fixture(scope="module")
def a4c() -> Clip:
    return rendered(View.A4C)


@pytest.fixture(scope="module")
def found_in_a4c(predictor: Predictor, a4c: Clip) -> ClipFindings:
    return predictor.analyse(a4c)


def test_a_study_of_two_good_clips_gives_the_ejection_fraction(predictor: Predictor, found_in_a4c: ClipFindings) -> None:
    """One heart proves that the path runs; accuracy is measured on 200 and kept in the manifest."""
    found = (found_in_a4c, predictor.analyse(rendered(View.A2C)))
    assert [clip.gates for clip in found] == [(), ()]
    values = volumes(*found)
    heart = sample_heart(SEED)
    assert values["ef_bp"] == pytest.approx(heart.ef_percent, abs=5)
    assert values["lvedv_bp"] == pytest.approx(heart.edv_ml, rel=0.1)


def volumes(*found: ClipFindings) -> dict[str, float]:
    return {measurement.key: measurement.value for measurement in derive_study("1", found).measurements}


def test_the_pixel_size_scales_volumes_by_its_cube_and_leaves_the_ejection_fraction(
    predictor: Predictor, a4c: Clip, found_in_a4c: ClipFindings
) -> None:
    (region,) = a4c.regions
    finer = replace(region, physical_delta_x=region.physical_delta_x * 0.9, physical_delta_y=region.physical_delta_y * 0.9)
    small, large = volumes(predictor.analyse(replace(a4c, regions=(finer,)))), volumes(found_in_a4c)
    assert large["lvedv_a4c"] / small["lvedv_a4c"] == pytest.approx(0.9**-3, rel=1e-6)
    assert large["ef_a4c"] == pytest.approx(small["ef_a4c"], rel=1e-6)


@pytest.mark.parametrize("gain", [0.85, 1.15])
def test_brightness_hardly_moves_the_ejection_fraction(
    predictor: Predictor, a4c: Clip, found_in_a4c: ClipFindings, gain: float
) -> None:
    other = replace(a4c, frames=(a4c.frames * gain).clip(0, 255).astype(np.uint8))
    assert volumes(predictor.analyse(other))["ef_a4c"] == pytest.approx(volumes(found_in_a4c)["ef_a4c"], abs=2)


def test_the_size_of_the_image_hardly_moves_the_volumes(predictor: Predictor, found_in_a4c: ClipFindings) -> None:
    of_600_rows = render_clip(sample_heart(SEED), View.A4C, seed=SEED, quality=3, rows=600, columns=800)
    small, large = volumes(found_in_a4c), volumes(predictor.analyse(clip_of(of_600_rows, "1")))
    assert large["ef_a4c"] == pytest.approx(small["ef_a4c"], abs=1.5)
    assert large["lvedv_a4c"] == pytest.approx(small["lvedv_a4c"], rel=0.03)


def test_the_same_clip_gives_the_same_findings(predictor: Predictor, a4c: Clip, found_in_a4c: ClipFindings) -> None:
    once, again = (replace(found, timings_s={}) for found in (found_in_a4c, predictor.analyse(a4c)))
    assert once == again


def test_the_worst_quality_is_refused(predictor: Predictor) -> None:
    found = predictor.analyse(rendered(View.A4C, quality=0))
    assert Reason.QUALITY in found.gates
    assert found.contours == ()


@pytest.mark.parametrize("kind", ["uniform", "gradient", "noise", "vessel"])
def test_an_image_of_no_heart_is_never_measured(predictor: Predictor, a4c: Clip, kind: str) -> None:
    grey = render_negative(kind, 5, 300, 400, 3)
    frames = np.repeat(grey[..., None], 3, axis=3)
    found = predictor.analyse(replace(a4c, frames=frames, frame_times_ms=np.array([0.0, 40.0, 80.0]), r_wave_times_ms=()))
    assert found.contours == ()
