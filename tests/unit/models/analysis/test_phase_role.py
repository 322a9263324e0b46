"""A model of the set that finds end-diastole and end-systole: the ventricle is outlined around these frames alone.

The bundled networks on a phantom clip; the finder is EchoPDNet with planted scores in place of its network.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.analysis import Predictor, open_model_set
from models.analysis.loaded_model import prepare_for_role
from models.catalogue import View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.evaluation.held_out_phantoms import clip_of
from models.families.echoforge.phase import EchoForgePhase
from models.library.model_set import ModelSet, Role
from models.library.registry import find_manifest
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from models.results import ClipFindings, StudyFindings
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import taking

pytestmark = pytest.mark.slow  # whole networks on whole clips
SEED = 300_001
WINDOW = 30


class PlantedPhase(EchoForgePhase):
    """Reads clips as EchoPDNet does, but for the scores, which are given."""

    trained = True

    def __init__(self, scores: Sequence[float]) -> None:
        nn.Module.__init__(self)
        weights = {"weights_file": "x", "weights_sha256": "e" * 64}
        self.manifest = replace(find_manifest("EchoPDNet"), input_shape=(3, WINDOW, 8, 8), **weights)  # type: ignore[arg-type]
        self.frames, self.head = WINDOW, nn.Linear(1, 1)
        self.planted = torch.tensor(scores, dtype=torch.float64)
        self.seen = 0

    def embed(self, frames: Tensor) -> Tensor:
        self.seen += len(frames)
        return self.planted[self.seen - len(frames) : self.seen, None]

    def score(self, features: Tensor) -> Tensor:
        return features[..., 0]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return open_model_set(ModelSet(engine="torch"))


@pytest.fixture(scope="module")
def beating() -> tuple[Clip, list[int], list[int]]:
    """Three beats, cut off within the first: the clip, and its true end-diastoles and end-systoles."""
    truth = render_clip(
        sample_heart(SEED), View.A4C, seed=SEED, quality=3, beats=3.2, frame_rate_hz=50, rows=300, columns=400,
        polar=(192, 96), overlays=False,
    )  # fmt: skip
    cut = truth.es_frames[0] + 4
    whole = clip_of(truth, "1.2.3")
    assert whole.frame_times_ms is not None
    start_ms = float(whole.frame_times_ms[cut])
    clip = replace(
        whole,
        frames=whole.frames[cut:],
        frame_times_ms=whole.frame_times_ms[cut:] - start_ms,
        r_wave_times_ms=tuple(time - start_ms for time in whole.r_wave_times_ms if time >= start_ms),
    )
    return clip, [frame - cut for frame in truth.ed_frames[1:]], [frame - cut for frame in truth.es_frames[1:]]


@pytest.fixture(scope="module")
def by_curve(predictor: Predictor, beating: tuple[Clip, list[int], list[int]]) -> ClipFindings:
    return predictor.analyse(beating[0])


def scores(clip: Clip, ed: Sequence[int], es: Sequence[int]) -> list[float]:
    """1 at each end-diastole, -1 at each end-systole, 0 at the ends of the clip, straight lines between."""
    turns = {0: 0.0, clip.number_of_frames - 1: 0.0} | dict.fromkeys(ed, 1.0) | dict.fromkeys(es, -1.0)
    known = sorted(turns)
    between: list[float] = np.interp(range(clip.number_of_frames), known, [turns[frame] for frame in known]).tolist()
    return between


def with_phases(predictor: Predictor, planted: Sequence[float]) -> Predictor:
    return taking(predictor, Role.PHASE, prepare_for_role(Role.PHASE, as_model(PlantedPhase(planted).eval())))


def values(found: ClipFindings) -> dict[str, float]:
    return {measurement.key: measurement.value for measurement in study(found).measurements}


def study(found: ClipFindings) -> StudyFindings:
    return derive_study("1", [found])


@pytest.fixture
def asked(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames the ventricle's network is given at a time."""
    sizes: list[int] = []
    forward = predictor.needed(Role.LV_SEGMENTATION).model.network.forward

    def counted(frames: Tensor) -> Tensor:
        sizes.append(len(frames))
        outlined: Tensor = forward(frames)
        return outlined

    monkeypatch.setattr(predictor.needed(Role.LV_SEGMENTATION).model.network, "forward", counted)
    return sizes


def test_only_frames_near_the_found_phases_are_outlined(
    predictor: Predictor, beating: tuple[Clip, list[int], list[int]], by_curve: ClipFindings, asked: list[int]
) -> None:
    clip, ed, es = beating
    assert len(ed) == len(es) == 2
    found = with_phases(predictor, scores(clip, ed, es)).analyse(clip)
    near = {frame + step for frame in (*ed, *es) for step in range(-3, 4)}
    assert sum(asked) == len(near) < clip.number_of_frames / 2
    assert {contour.frame_index for contour in found.contours} == near
    assert [index for index, area in enumerate(found.area_curve_cm2) if area is not None] == sorted(near)
    assert len(found.area_curve_cm2) == clip.number_of_frames
    assert found.notes == ()
    assert [use.name for use in found.models] == ["phantom_view", "phantom_quality", "EchoPDNet", "phantom_lv"]
    assert found.timings_s.keys() == {"view_quality", "phase", "lv_segmentation"}
    assert len(by_curve.contours) == clip.number_of_frames
    assert [(beat.ed_frame_index, beat.es_frame_index) for beat in found.beats] == [
        (beat.ed_frame_index, beat.es_frame_index) for beat in by_curve.beats
    ]
    assert values(found).keys() == values(by_curve).keys() >= {"ef_a4c", "lvedv_a4c", "lvesv_a4c", "lv_len_d_a4c"}
    assert values(found) == pytest.approx(values(by_curve), rel=1e-5)


@pytest.mark.parametrize("off", [-2, 2])
def test_phases_that_are_two_frames_off_give_the_same(
    predictor: Predictor, beating: tuple[Clip, list[int], list[int]], by_curve: ClipFindings, off: int
) -> None:
    clip, ed, es = beating
    planted = scores(clip, [frame + off for frame in ed], [frame + off for frame in es])
    found = with_phases(predictor, planted).analyse(clip)
    assert len(found.contours) < clip.number_of_frames / 2
    assert values(found)["ef_a4c"] == pytest.approx(values(by_curve)["ef_a4c"], abs=1.0)


def same_but_for_the_note(found: ClipFindings, by_curve: ClipFindings) -> bool:
    return replace(found, notes=(), models=by_curve.models, timings_s=by_curve.timings_s) == by_curve


def test_a_clip_shorter_than_the_window_falls_back_to_the_area_curve(
    predictor: Predictor, beating: tuple[Clip, list[int], list[int]]
) -> None:
    clip = beating[0]
    assert clip.frame_times_ms is not None
    short = replace(clip, frames=clip.frames[: WINDOW - 1], frame_times_ms=clip.frame_times_ms[: WINDOW - 1])
    found = with_phases(predictor, []).analyse(short)
    assert found.notes == (
        "EchoPDNet cannot read this clip: the clip has 29 frames; EchoPDNet needs at least 30; "
        "the beats are sought in the area curve",
    )
    assert same_but_for_the_note(found, predictor.analyse(short))


def test_no_phase_falls_back_to_the_area_curve(
    predictor: Predictor, beating: tuple[Clip, list[int], list[int]], by_curve: ClipFindings
) -> None:
    clip = beating[0]
    found = with_phases(predictor, [0.0] * clip.number_of_frames).analyse(clip)
    assert "EchoPDNet finds no whole regular beat" in found.notes[0]
    assert same_but_for_the_note(found, by_curve)


def test_phases_that_the_areas_contradict_are_not_believed(
    predictor: Predictor, beating: tuple[Clip, list[int], list[int]], by_curve: ClipFindings, asked: list[int]
) -> None:
    clip, ed, es = beating
    found = with_phases(predictor, scores(clip, es, ed)).analyse(clip)
    assert found.notes == ("the areas, or the ECG, contradict the phases by EchoPDNet; the beats are sought in the area curve",)
    assert found.beats == by_curve.beats
    assert values(found) == pytest.approx(values(by_curve), rel=1e-5)
    assert sum(asked) == clip.number_of_frames, "no frame twice"


@pytest.mark.parametrize("r_waves", [True, False])
def test_phases_that_are_six_frames_off_are_not_measured_at(
    predictor: Predictor, beating: tuple[Clip, list[int], list[int]], by_curve: ClipFindings, r_waves: bool
) -> None:
    clip, ed, es = beating
    clip = clip if r_waves else replace(clip, r_wave_times_ms=())
    found = with_phases(predictor, scores(clip, [frame - 6 for frame in ed], es)).analyse(clip)
    assert len(found.notes) == 1
    assert values(found)["ef_a4c"] == pytest.approx(values(by_curve)["ef_a4c"], abs=1.0)


def test_without_frame_times_no_phase_is_sought(predictor: Predictor, beating: tuple[Clip, list[int], list[int]]) -> None:
    clip, ed, es = beating
    found = with_phases(predictor, scores(clip, ed, es)).analyse(replace(clip, frame_times_ms=None))
    assert (found.beats, found.notes) == ((), ())
    assert "EchoPDNet" not in [use.name for use in found.models]
    (detail,) = {missing.detail for missing in study(found).not_measured if missing.key.endswith("a4c")}
    assert detail == "the clip states no frame times"
