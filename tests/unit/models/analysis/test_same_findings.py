"""The pipeline finds what the plain way finds: one frame after the other, eager, in single precision."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.analysis import open_model_set
from models.catalogue import View
from models.clip import Clip
from models.derive.beats.cardiac_cycle import find_beats
from models.derive.study.quantities import derive_study
from models.derive.ventricle.outline import cavity_outline
from models.derive.ventricle.volumes import area_cm2, to_cm
from models.evaluation.held_out_phantoms import clip_of
from models.inputs.letterbox import Letterbox
from models.library.model_set import ModelSet
from models.library.registry import load_model
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from models.results import ClipFindings, Contour

SEED = 300_001


@pytest.fixture(scope="module")
def clip() -> Clip:
    return clip_of(render_clip(sample_heart(SEED), View.A4C, seed=SEED, quality=3, rows=300, columns=400), "1.2.3")


@pytest.fixture(scope="module")
def plainly(clip: Clip) -> dict[str, float]:
    """The numbers of the plain way, and the probability of its view."""
    region = clip.b_mode_region().region
    assert region is not None
    assert clip.frame_times_ms is not None
    networks = {name: load_model(name, pretrained=True).network for name in ("phantom_view", "phantom_lv")}
    probabilities, contours, areas = [], list[Contour](), list[float | None]()
    for index, frame in enumerate(clip.frames):
        maps = {}
        for name, network in networks.items():
            square = Letterbox.of_region(region, network.manifest.input_size_px).apply(frame[None])
            with torch.inference_mode():
                maps[name] = network(torch.from_numpy(square)[:, None])[0]
        probabilities.append(maps["phantom_view"].softmax(dim=0).numpy())
        line = cavity_outline(maps["phantom_lv"][0].sigmoid().numpy(), 0.5)
        assert line is not None
        points = tuple((float(x), float(y)) for x, y in Letterbox.of_region(region, 160).to_image(line))
        contours.append(Contour("lv", index, points))
        areas.append(area_cm2(to_cm(points, region.cm_per_px)))
    beats = find_beats(areas, clip.frame_times_ms.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)
    voting = np.unique(np.linspace(0, len(probabilities) - 1, 8).round().astype(int))
    found = open_model_set(ModelSet(engine="torch")).analyse(clip)
    own = replace(found, contours=tuple(contours), area_curve_cm2=tuple(areas), beats=beats)
    return numbers(own) | {"a4c": float(np.mean([probabilities[index] for index in voting], axis=0)[0])}


def numbers(found: ClipFindings) -> dict[str, float]:
    return {measurement.key: measurement.value for measurement in derive_study("1", [found]).measurements}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["torch", "auto"])
def test_the_pipeline_finds_the_same(clip: Clip, plainly: dict[str, float], engine: str) -> None:
    predictor = open_model_set(ModelSet(engine=engine))
    found = predictor.analyse(clip)
    assert found.view is not None
    changes = 1e-4 if engine == "torch" else 0.02  # half precision, where the CPU has it
    assert (found.view.view, found.view.probability) == (View.A4C, pytest.approx(plainly["a4c"], abs=changes))
    measured = numbers(found)
    assert measured.keys() == plainly.keys() - {"a4c"}
    assert measured["ef_a4c"] == pytest.approx(plainly["ef_a4c"], abs=0.1)
    assert measured["lvedv_a4c"] == pytest.approx(plainly["lvedv_a4c"], rel=1e-3)
