"""PanEcho's heads and what is made of them, its positions, and the frames it is shown."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from models.calibration import RegionCalibration
from models.clip import Clip
from models.errors import ManifestError
from models.families.pan_echo.inputs import FrameRuns, frame_runs
from models.families.pan_echo.networks import PanEcho
from models.families.pan_echo.tasks import TASKS, TaskKind
from models.library.reading import Decoding
from models.library.registry import find_manifest, load_model
from models.networks.positions import sinusoidal_positions
from models.networks.reading_network import as_if_trained
from models.networks.stored_weights import count_weights

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED
INVERTED = {
    "MVStenosis", "AVStructure", "RASize", "RVSystolicFunction", "LVWallThickness-increased-any",
    "LVWallThickness-increased-modsev", "pericardial-effusion",
}  # fmt: skip


@pytest.fixture(scope="module")
def network() -> PanEcho:
    meta: PanEcho = as_if_trained(load_model("PanEcho", device="meta").network)
    return meta


def moving(frames: int = 40, rows: int = 60, columns: int = 90) -> Clip:
    pixels = np.random.default_rng(0).integers(0, 255, (frames, rows, columns, 3), dtype=np.uint8)
    return Clip("1.2", pixels, np.arange(frames) * 40.0)  # type: ignore[arg-type]


def test_its_parts_have_as_many_weights_as_the_original_s(network: PanEcho) -> None:
    assert count_weights(network.frames).total == 27_820_128
    assert count_weights(network.transformer).total == 14_186_496
    assert count_weights(network.heads).total == 769 * (21 + 10 + 9 * 3)


def test_40_rows_of_three_kinds() -> None:
    assert Counter(task.kind for task in TASKS) == {TaskKind.REGRESSION: 21, TaskKind.BINARY: 10, TaskKind.MULTI_CLASS: 9}
    assert find_manifest("PanEcho").labels == tuple(task.name for task in TASKS)
    assert {task.name for task in TASKS if task.inverted} == INVERTED
    assert [task.name for task in TASKS if task.negated] == ["GLS"]


@pytest.mark.slow
def test_a_clip_of_any_length_becomes_one_row_of_raw_outputs(network: PanEcho) -> None:
    for frames in (1, 16):
        assert network(torch.empty(2, 3, frames, 224, 224, device="meta")).shape == (2, 58)


def test_seven_heads_give_the_probability_of_absence(network: PanEcho) -> None:
    """All heads answer 2: those seven then mean "probably not"."""
    predictions = network.predictions(torch.full((1, 58), 2.0))
    sure = 1 / (1 + math.exp(-2))
    for task in TASKS:
        values = predictions[task.name][0].tolist()
        if task.kind is TaskKind.BINARY:
            assert values == pytest.approx([1 - sure if task.name in INVERTED else sure]), task.name
        elif task.kind is TaskKind.MULTI_CLASS:
            assert values == pytest.approx([1 / 3] * 3)
        else:
            assert values == [2.0]


def test_outputs_are_split_in_the_order_of_the_tasks(network: PanEcho) -> None:
    parts = network.split(torch.arange(58.0)[None])
    assert list(parts) == [task.name for task in TASKS]
    assert [parts[name].tolist() for name in ("pericardial-effusion", "EF", "GLS")] == [[[0.0]], [[1.0]], [[2.0]]]
    assert parts["LVSize"].tolist() == [[6.0, 7.0, 8.0]]
    assert torch.cat(list(parts.values()), dim=1).tolist() == [list(range(58))]


def answering(outputs: Tensor) -> PanEcho:
    """A PanEcho whose raw outputs are `outputs` for every run of frames, (runs, 58)."""
    reader: PanEcho = as_if_trained(load_model("PanEcho", device="meta").network)
    reader.forward = lambda clips: outputs[: len(clips)]  # type: ignore[method-assign]
    return reader


def test_strain_is_read_with_its_sign_and_the_runs_are_averaged() -> None:
    outputs = torch.stack([torch.full((58,), 10.0), torch.full((58,), 20.0), torch.full((58,), 30.0)])
    readings = {decoding: answering(outputs).read(moving(), decoding) for decoding in Decoding}
    published, corrected = ({value.key: value for value in readings[d].values} for d in (PUBLISHED, CORRECTED))
    assert (published["panecho_GLS"].value, corrected["panecho_GLS"].value) == (20.0, -20.0)
    assert (corrected["ef_video_regression"].value, corrected["ef_video_regression"].unit) == (20.0, "%")
    assert published["panecho_RVSP"] == corrected["panecho_RVSP"]
    assert len(corrected) == 21 + 10 + 27
    assert corrected["panecho_AVStenosis/Severe"].value == pytest.approx(1 / 3)
    assert corrected["panecho_AVStructure"].detail == "probability of: Bicuspid"
    assert readings[CORRECTED].rows[1] == {"Filename": None, "Task": "ef_video_regression", "Value": 20.0, "Unit": "%"}


def test_probabilities_are_averaged_after_the_sigmoid() -> None:
    outputs = torch.stack([torch.full((58,), -50.0), torch.full((58,), 50.0), torch.full((58,), 50.0)])
    values = {value.key: value.value for value in answering(outputs).read(moving()).values}
    assert values["panecho_RAP-8-or-higher"] == pytest.approx(2 / 3)
    assert values["panecho_MVStenosis"] == pytest.approx(1 / 3)


def test_the_embedding_of_a_clip_is_the_mean_over_its_runs() -> None:
    reader = answering(torch.zeros(3, 58))
    reader.embed = lambda clips: torch.arange(len(clips) * 768.0).reshape(-1, 768)  # type: ignore[method-assign]
    assert reader.embed_clip(moving()).tolist() == list(range(768, 1536))


def test_classes_of_an_unknown_number_have_no_names() -> None:
    manifest = find_manifest("PanEcho")
    with torch.device("meta"):
        network = PanEcho(replace(manifest, architecture={"classes": [4, *[3] * 8]}))
    network.forward = lambda clips: torch.zeros(len(clips), 59)  # type: ignore[method-assign]
    keys = [value.key for value in network.read(moving(frames=2)).values if "LVSize" in value.key]
    assert keys == [f"panecho_LVSize/class {number}" for number in (1, 2, 3, 4)]


def test_widths_must_be_as_many_as_heads_with_several_classes() -> None:
    with pytest.raises(ManifestError, match="9 widths"), torch.device("meta"):
        PanEcho(replace(find_manifest("PanEcho"), architecture={"classes": [3]}))


def test_positions_are_sines_and_cosines_of_falling_rates() -> None:
    table = sinusoidal_positions(16, 768)
    assert table.shape == (16, 768)
    assert table[0].tolist() == [0.0, 1.0] * 384
    for time, pair in [(3, 0), (7, 100), (15, 383)]:
        angle = time / 10_000 ** (2 * pair / 768)
        found = table[time, 2 * pair : 2 * pair + 2].tolist()
        assert found == pytest.approx([math.sin(angle), math.cos(angle)], abs=1e-5)


def test_runs_of_16_frames_are_spread_over_the_clip() -> None:
    assert [list(run) for run in frame_runs(16)] == [list(range(16))]
    assert [run.start for run in frame_runs(17)] == [0, 1]
    assert [(run.start, len(run)) for run in frame_runs(1000)] == [(0, 16), (328, 16), (656, 16), (984, 16)]
    assert [list(run) for run in frame_runs(3)] == [[0, 1, 2]]


def shown(clip: Clip, frames: Sequence[int], decoding: Decoding) -> Tensor:
    """(3, frames, 224, 224), as the network takes it."""
    return FrameRuns(clip, find_manifest("PanEcho"), decoding).batch(frames).transpose(0, 1)


def test_grey_becomes_imagenet_s_units() -> None:
    grey = Clip("1.2", np.full((2, 300, 400, 3), 128, np.uint8), None)  # type: ignore[arg-type]
    values = shown(grey, range(2), PUBLISHED)
    assert values.shape == (3, 2, 224, 224)
    expected = [(128 / 255 - mean) / std for mean, std in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)]
    assert values[:, 1, 5, 7].tolist() == pytest.approx(expected, rel=1e-4)


def test_the_square_is_shrunk_by_area_and_its_middle_shown() -> None:
    """512 px become 256 by averaging pairs, of which 16 px go on every side: pixel (0, 0) shows what was at (32, 32)."""
    pixels = np.zeros((1, 512, 512, 3), np.uint8)
    pixels[0, 32:34, 32:34] = [[[0], [80]], [[160], [240]]]
    values = shown(Clip("1.2", pixels, None), [0], PUBLISHED)  # type: ignore[arg-type]
    assert values[0, 0, 0, 0].item() == pytest.approx((120 / 255 - 0.485) / 0.229, rel=1e-5)
    assert (values[0, 0] > -2).sum() == 1


def test_the_corrected_way_cuts_from_the_calibrated_region() -> None:
    region = RegionCalibration(0, 0, 319, 239, 1, 1, 3, 3, 0.05, 0.05)
    image = np.random.default_rng(0).integers(0, 255, (1, 240, 320, 3), dtype=np.uint8)
    both = np.concatenate([image, np.zeros_like(image)], axis=2)
    whole = Clip("1.2", both, None, regions=(region,))  # type: ignore[arg-type]
    alone = Clip("1.2", image, None)  # type: ignore[arg-type]
    assert torch.equal(shown(whole, [0], CORRECTED), shown(alone, [0], CORRECTED))
    assert not torch.equal(shown(whole, [0], PUBLISHED), shown(alone, [0], PUBLISHED))
