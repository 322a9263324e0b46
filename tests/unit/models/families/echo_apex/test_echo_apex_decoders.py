"""EchoApex' two decoders of images: what prompts do to a mask, and lines from heat maps."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.clip import Clip
from models.errors import ReadingError
from models.families.echo_apex.lines import Lines
from models.families.echo_apex.prompts import ABSENT, INSIDE, OUTSIDE, Segmentation
from models.results import ReadValue, Reason
from tests.unit.models.families.echo_apex.tiny_apex import SIDE_PX, moving_clip, tiny

POINTS = torch.tensor([[[10.0, 12.0], [40.0, 30.0], [20.0, 50.0]]])
SIGNS = torch.tensor([[INSIDE, OUTSIDE, INSIDE]])
BOX = torch.tensor([[[5.0, 6.0], [45.0, 40.0]]])


@pytest.fixture(scope="module")
def segmenter() -> Segmentation:
    network: Segmentation = tiny("segmentation")
    return network


@pytest.fixture(scope="module")
def features(segmenter: Segmentation) -> Tensor:
    with torch.inference_mode():
        return segmenter.features(torch.rand(1, 3, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(1)))


@torch.inference_mode()
def asked(segmenter: Segmentation, features: Tensor, *prompts: Tensor | None) -> Tensor:
    return segmenter.from_features(features, *prompts)


def far(first: Tensor, second: Tensor) -> float:
    """The largest difference over the larger one's spread."""
    return float((first - second).abs().max() / max(first.std(), second.std()))


def test_prompts_change_the_mask(segmenter: Segmentation, features: Tensor) -> None:
    masks = {
        "nothing": asked(segmenter, features),
        "points": asked(segmenter, features, POINTS, SIGNS),
        "moved points": asked(segmenter, features, POINTS + torch.tensor([8.0, 0.0]), SIGNS),
        "other signs": asked(segmenter, features, POINTS, 1 - SIGNS),
        "box": asked(segmenter, features, None, None, BOX),
        "moved box": asked(segmenter, features, None, None, BOX + 8),
        "turned box": asked(segmenter, features, None, None, BOX.flip(1)),
        "points and box": asked(segmenter, features, POINTS, SIGNS, BOX),
    }
    assert {mask.shape for mask in masks.values()} == {(1, 1, SIDE_PX, SIDE_PX)}
    names = list(masks)
    for index, name in enumerate(names):
        for other in names[:index]:
            assert far(masks[name], masks[other]) > 0.01, (name, other)


def test_the_order_of_points_does_not_matter(segmenter: Segmentation, features: Tensor) -> None:
    expected = asked(segmenter, features, POINTS, SIGNS)
    for order in ([2, 0, 1], [1, 0, 2], [2, 1, 0]):
        assert far(asked(segmenter, features, POINTS[:, order], SIGNS[:, order]), expected) < 1e-4
    swapped_signs = asked(segmenter, features, POINTS, SIGNS[:, [1, 0, 2]])
    assert far(swapped_signs, expected) > 0.01


def test_absent_points_fill_a_batch_without_effect(segmenter: Segmentation, features: Tensor) -> None:
    expected = asked(segmenter, features, POINTS[:, :1], SIGNS[:, :1])
    signs = torch.tensor([[INSIDE, ABSENT, ABSENT]])
    assert far(asked(segmenter, features, POINTS, signs), expected) < 1e-4
    both = asked(segmenter, features.expand(2, -1, -1, -1), POINTS.expand(2, -1, -1), torch.cat([signs, SIGNS]))
    assert far(both[:1], expected) < 1e-4
    assert far(both[1:], asked(segmenter, features, POINTS, SIGNS)) < 1e-4
    only_absent = asked(segmenter, features, POINTS, torch.full((1, 3), ABSENT))
    assert far(only_absent, asked(segmenter, features)) < 1e-4


def test_the_image_changes_the_mask(segmenter: Segmentation, features: Tensor) -> None:
    assert far(asked(segmenter, features.flip(3), POINTS, SIGNS), asked(segmenter, features, POINTS, SIGNS)) > 0.01


def test_points_and_signs_come_together(segmenter: Segmentation, features: Tensor) -> None:
    for points, signs in ((POINTS, None), (None, SIGNS)):
        with pytest.raises(ValueError, match="points need signs"):
            segmenter.from_features(features, points, signs)


def test_positions_are_random_fourier_features(segmenter: Segmentation) -> None:
    prompts = segmenter.prompts
    found = prompts.positions(torch.tensor([[10.0, 20.0]]))[0]
    x, y = 2 * 10.5 / SIDE_PX - 1, 2 * 20.5 / SIDE_PX - 1
    across, down = prompts.frequencies[:, 5].tolist()
    angle = 2 * math.pi * (across * x + down * y)
    assert found[5].item() == pytest.approx(math.sin(angle), abs=1e-4)
    assert found[128 + 5].item() == pytest.approx(math.cos(angle), abs=1e-4)
    middle = prompts.positions(torch.tensor([[6.5, 20.5]]))  # of the cell in row 1, column 0: 14 px each
    assert torch.allclose(prompts.grid(4)[4], middle[0], atol=1e-4)


def test_the_frequencies_belong_to_the_weights() -> None:
    assert "prompts.frequencies" in tiny("segmentation").state_dict()


def test_an_outline_lies_where_it_was_asked_for_in_the_whole_image() -> None:
    """The network is replaced by a disc around the point it is shown: the outline must surround the click in the image."""
    network = tiny("segmentation")

    def disc(frames: Tensor, points_px: Tensor, signs: Tensor, boxes_px: Tensor | None) -> Tensor:
        assert (signs.tolist(), boxes_px) == ([[INSIDE]], None)
        y, x = torch.meshgrid(torch.arange(SIDE_PX), torch.arange(SIDE_PX), indexing="ij")
        return (8 - torch.hypot(x - points_px[0, 0, 0], y - points_px[0, 0, 1]))[None, None]

    network.forward = disc
    mark = network.segment(moving_clip(), 3, [((80.0, 50.0), True)])
    points = np.array(mark.points_px)
    assert mark.frame_index == 3
    assert points.mean(axis=0) == pytest.approx([80, 50], abs=0.6)
    radius = 8 * 100 / SIDE_PX  # 100 px of the region fill the network's 56
    assert np.hypot(*(points - [80, 50]).T) == pytest.approx(np.full(len(points), radius), abs=1.0)


def test_nothing_is_outlined_with_an_untrained_decoder_or_an_empty_mask() -> None:
    with pytest.raises(ReadingError, match="untrained"):
        tiny("segmentation", decoder="untrained").segment(moving_clip(), 0)
    network = tiny("segmentation")
    network.forward = lambda *_: torch.full((1, 1, SIDE_PX, SIDE_PX), -5.0)
    assert network.segment(moving_clip(), 0, box=((40.0, 20.0), (90.0, 70.0))) is None


def test_lines_are_made_of_four_blocks() -> None:
    """Bug prevented: a scale that is computed and then not used."""
    network: Lines = tiny("lvh")
    frames = torch.rand(1, 3, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(1))
    assert network.taken == [0, 1, 2, 3]
    with torch.inference_mode():
        before = network(frames)
        assert before.shape == (1, 6, SIDE_PX, SIDE_PX)
        for side in network.sides:
            bias = side[0].bias  # type: ignore[index]
            bias += 1.0
            assert far(network(frames), before) > 0.01
            bias -= 1.0


def test_deeper_backbones_give_the_last_block_of_each_quarter() -> None:
    assert tiny("lvh", blocks=12).taken == [2, 5, 8, 11]


def answering(lvid_px: list[float], *, septum: bool = True) -> Any:
    """Lines whose network answers with blobs: vertical lines in the network's 56 px, LVID as long as given for each frame."""
    network = tiny("lvh")
    shown = iter(lvid_px)

    def forward(frames: Tensor) -> Tensor:
        return torch.stack([maps(next(shown)) for _ in frames])

    def maps(length: float) -> Tensor:
        ends = [(8.0, 10.0), (8.0, 15.0), (28.0, 10.0), (28.0, 10.0 + length), (48.0, 40.0), (48.0, 46.0)]
        y, x = torch.meshgrid(torch.arange(SIDE_PX), torch.arange(SIDE_PX), indexing="ij")
        near = [torch.exp(-((x - across) ** 2 + (y - down) ** 2) / 4) for across, down in ends]
        near = [field if septum or index > 1 else field * 0 for index, field in enumerate(near)]
        return torch.logit((0.98 * torch.stack(near)).clamp(1e-6))

    network.forward = forward
    return network


def by_unit(values: tuple[ReadValue, ...], unit: str) -> dict[str, float | None]:
    return {value.key: value.value for value in values if value.unit == unit}


def beating(frames: int = 40, largest: float = 30.0) -> list[float]:
    """LVID at 40 ms a frame: largest at frames 5, 25, ..., two thirds of it eight frames later."""
    at = (np.arange(frames) - 5) % 20
    systole = np.where(at < 8, at / 8, 1 - (at - 8) / 12)
    return [float(length) for length in largest * (5 + np.cos(np.pi * systole)) / 6]


def of_a_beat(frames: int = 40, **changes: Any) -> Clip:
    return replace(moving_clip(frames=frames, **changes), frame_times_ms=np.arange(frames) * 40.0)


def test_lines_are_measured_at_the_end_diastole_of_a_whole_beat() -> None:
    reading = answering(beating()).read(of_a_beat())
    px = 100 / SIDE_PX  # of the image, per px of the network
    assert by_unit(reading.values, "px") == pytest.approx({"ivsd_2d": 5 * px, "lvidd_2d": 30 * px, "lvpwd_2d": 6 * px}, abs=0.1)
    assert by_unit(reading.values, "cm") == pytest.approx(
        {"ivsd_2d": 0.5 * px, "lvidd_2d": 3 * px, "lvpwd_2d": 0.6 * px}, abs=0.01
    )
    assert {value.frame_index for value in reading.values} == {5}
    assert len(reading.marks) == 3 * 40
    lvid = next(mark for mark in reading.marks if (mark.label, mark.frame_index) == ("LVID", 5))
    x0, y0 = lvid.points_px[0]
    # 28.5 of 56 px across the 100 px wide region from column 30 on; 10 px down its 80 rows, letterboxed by 10 px.
    assert (x0, y0) == pytest.approx((28.5 * px - 0.5 + 30, 10.5 * px - 10 - 0.5 + 10), abs=0.1)


@pytest.mark.parametrize("frames", [1, 3, 12])
def test_part_of_a_beat_has_no_lines(frames: int) -> None:
    values = answering(beating(frames)).read(of_a_beat(frames)).values
    assert {(value.value, value.reasons) for value in values} == {(None, (Reason.NO_CARDIAC_CYCLE,))}
    assert all(value.detail for value in values)


def test_a_long_clip_is_read_closely_enough_for_its_beats() -> None:
    times = np.arange(400) * 10.0
    clip = replace(moving_clip(frames=400), frame_times_ms=times)
    reading = answering(beating(64)).read(clip)  # every fourth frame, 40 ms apart
    assert {value.frame_index for value in reading.values} <= {20, 100, 180}


def test_lines_without_calibration_are_px_and_no_cm() -> None:
    reading = answering(beating()).read(of_a_beat(calibrated=False))
    assert by_unit(reading.values, "cm") == {"ivsd_2d": None, "lvidd_2d": None, "lvpwd_2d": None}
    assert {value.reasons for value in reading.values if value.unit == "cm"} == {(Reason.NO_CALIBRATION,)}
    assert all(by_unit(reading.values, "px").values())


def test_a_line_without_a_peak_is_not_measured() -> None:
    reading = answering(beating(), septum=False).read(of_a_beat())
    assert {value.key: value.reasons for value in reading.values if value.unit == "cm"} == {
        "ivsd_2d": (Reason.QUALITY,),
        "lvidd_2d": (),
        "lvpwd_2d": (),
    }


def test_without_a_cavity_there_is_no_end_diastole() -> None:
    network = tiny("lvh")
    network.forward = lambda frames: torch.full((len(frames), 6, SIDE_PX, SIDE_PX), -9.0)
    values = network.read(moving_clip(frames=2)).values
    assert {value.reasons for value in values} == {(Reason.QUALITY,)}
    assert len(values) == 3
