"""EchoNet-Dynamic's pipelines, as published and as meant: every quirk is shown in both."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from models.derive.beats.beat_to_beat import (
    beat_start_ms,
    clip_indices,
    clip_starts,
    published_beat_starts,
    published_end_systoles,
    published_range,
    timed_clip,
    timed_starts_ms,
)
from models.errors import ReadingError, UnsuitableModel
from models.families.echonet.clips import sector_mask, squares
from models.families.echonet.dynamic import EF_KEY, BeatToBeat, EjectionFraction, LeftVentricle
from models.families.echonet.square_frames import SquareClip
from models.library.manifest import Manifest
from models.library.reading import Decoding
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.results import Beat, Reason
from models.training.training_clips import estimate_normalisation

EF, LV = "echonet_dynamic/ef_r2plus1d_18", "echonet_dynamic/lv_deeplabv3_resnet50"


def manifest(name: str, **architecture: object) -> Manifest:
    known = find_manifest(name)
    return replace(known, architecture={**known.architecture, **architecture})


class BrightVentricle(LeftVentricle):
    """Finds the ventricle wherever the frame is brighter than its data's mean."""

    trained = True

    def __init__(self, **architecture: object) -> None:
        nn.Module.__init__(self)
        self.manifest = manifest(LV, **architecture)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.gain * frames[:, :1]


class MeanFraction(EjectionFraction):
    """Says the mean of what it is shown, so that one sees which frames that were."""

    trained = True

    def __init__(self, **architecture: object) -> None:
        nn.Module.__init__(self)
        self.manifest = manifest(EF, **architecture)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.gain * clips.mean(dim=(1, 2, 3, 4))


KNOWN = {"mean": 0.0, "std": 1.0}


def video(frames: NDArray[np.uint8], frame_ms: float = 20.0, **changes: object) -> Clip:
    if frames.ndim == 1:
        frames = np.broadcast_to(frames[:, None, None, None], (len(frames), 112, 112, 3))
    return replace(Clip("1", frames, np.arange(len(frames)) * frame_ms, from_video_file=True), **changes)


def beating(frames: int, period: int, frame_ms: float = 20.0) -> Clip:
    """Bright discs of radius 20 to 40 px; end-systole in the middle of each period."""
    x, y = np.meshgrid(np.arange(112), np.arange(112))
    radius = 30 + 10 * np.cos(2 * np.pi * np.arange(frames) / period)
    discs = (np.hypot(x - 56, y - 56) < radius[:, None, None]).astype(np.uint8) * 200
    return video(np.repeat(discs[..., None], 3, axis=3), frame_ms)


def test_the_published_range_trims_by_powers_of_the_number_of_frames() -> None:
    areas = np.concatenate([np.full(150, 10.0), np.full(50, 90.0)])
    assert published_range(areas.tolist()) == 80.0  # 200 ** 0.95 = 153
    assert published_range(areas[:190].tolist()) == 0.0  # 190 ** 0.95 = 146: a quarter of the frames is cut away


def test_published_a_cavity_that_is_seldom_full_has_beats_of_noise() -> None:
    """A cavity that is seldom full: the powers trim its diastole away, the prominence asked for is nothing, noise is a beat."""
    areas = np.full(100, 50.0) + np.tile([0.0, 0.5], 50)
    areas[[20, 21, 22, 70, 71, 72]] = 100.0
    areas[[46]] = 49.0
    assert published_range(areas.tolist()) == 0.5
    assert len(published_end_systoles(areas.tolist())) > 1


def test_a_minimum_is_prominent_by_half_the_range() -> None:
    """Between minima of 100 below the top one of 45 or 55."""
    for depth, expected in ((45, [20, 100]), (55, [20, 60, 100])):
        areas = np.full(120, 200.0)
        areas[15:26] = areas[95:106] = 100
        areas[20] = areas[100] = 99.9
        areas[60] -= depth
        assert published_end_systoles(areas.tolist()) == expected


def test_published_minima_are_20_frames_apart() -> None:
    """At 25 frames a second a fast heart beats every 15 frames: the published distance drops every other beat."""
    areas = (100 + 50 * np.cos(2 * np.pi * np.arange(60) / 15)).tolist()
    assert len(published_end_systoles(areas)) == 2


def test_too_few_frames_for_the_published_trimming() -> None:
    with pytest.raises(ReadingError, match="5 areas are too few"):
        published_end_systoles([1, 2, 3, 2, 1])
    with pytest.raises(ReadingError, match="too few"):
        BrightVentricle(**KNOWN).read(beating(5, 40), Decoding.PUBLISHED)


def test_beats_at_the_end_are_dropped_or_moved() -> None:
    assert published_beat_starts([10, 60, 95], 100) == [0, 28]
    times = np.arange(100) * 20.0
    assert beat_start_ms(95 * 20.0, times) == 99 * 20.0 - 31 * 40.0
    assert beat_start_ms(10 * 20.0, times) == 0.0
    assert beat_start_ms(45 * 20.0, times) == 45 * 20.0 - 640.0


def test_a_short_video_is_padded_with_the_mean_after_it_was_taken_out() -> None:
    cine = Clip("1.2", np.full((40, 112, 112, 3), 40, np.uint8), None, from_video_file=True)
    seen = SquareClip(cine, manifest(EF, mean=[10.0, 20.0, 30.0], std=[1.0, 2.0, 5.0]))
    clip = seen.batch(seen.present(clip_indices(1))).transpose(0, 1)
    assert clip.shape == (3, 32, 112, 112)
    assert clip[:, 19, 0, 0].tolist() == [30.0, 10.0, 2.0]  # frame 39
    assert not clip[:, 20:].any()
    assert list(clip_starts(40)) == [0, 1]
    assert clip_indices(1)[[0, 1, -1]].tolist() == [1, 3, 63]


def test_all_clips_are_averaged() -> None:
    values = np.arange(70, dtype=np.uint8)
    reading = MeanFraction(**KNOWN).read(video(values), Decoding.PUBLISHED)
    expected = [float(np.mean(values[start : start + 63 : 2])) for start in range(8)]
    assert [row["EF"] for row in reading.rows] == pytest.approx(expected)
    assert [row["Frame"] for row in reading.rows] == list(range(8))
    assert reading.values[0].value == pytest.approx(np.mean(expected))
    assert reading.values[0].key == EF_KEY == "ef_video_regression"


@pytest.mark.slow
def test_every_second_frame_or_40_ms() -> None:
    """A clip at 25 frames a second: the published way sees the heart at half the speed it was trained on."""
    values = np.arange(100, dtype=np.uint8)
    slow = video(values, frame_ms=40.0)
    published = MeanFraction(**KNOWN).read(slow, Decoding.PUBLISHED).rows[0]["EF"]
    corrected = MeanFraction(**KNOWN).read(slow).rows[0]["EF"]
    assert published == pytest.approx(31.0)  # frames 0, 2, ..., 62
    assert corrected == pytest.approx(15.5)  # frames 0, 1, ..., 31
    at_50_hz = video(values)
    reader = MeanFraction(**KNOWN)
    assert reader.read(at_50_hz).rows[0]["EF"] == reader.read(at_50_hz, Decoding.PUBLISHED).rows[0]["EF"]


def test_a_clip_shorter_than_needed_is_padded_in_time() -> None:
    indices = timed_clip(0.0, np.arange(10) * 33.3)
    assert indices[:8].tolist() == [0, 1, 2, 4, 5, 6, 7, 8]
    assert (indices[8:] == -1).all()


@pytest.mark.slow
def test_beat_to_beat_reads_one_clip_a_beat() -> None:
    clip = beating(frames=160, period=40)
    regressor, ventricle = MeanFraction(**KNOWN), BrightVentricle(mean=100.0, std=50.0)
    areas = [row["Size"] for row in ventricle.read(clip, Decoding.PUBLISHED).rows]
    published = regressor.read(clip, Decoding.PUBLISHED, areas)
    assert [row["Frame"] for row in published.rows] == [0, 28, 68]  # end-systoles 20, 60, 100; that of 140 needs frame 170
    corrected = regressor.read(clip, Decoding.CORRECTED, areas)
    assert corrected.rows[-1]["Start_ms"] == pytest.approx(159 * 20 - 31 * 40)
    mean = np.mean([row["EF"] for row in corrected.rows])
    assert corrected.values[0].value == pytest.approx(mean)
    assert "beats" in corrected.values[0].detail
    both = BeatToBeat(regressor, ventricle)
    for decoding, alone in ((Decoding.PUBLISHED, published), (Decoding.CORRECTED, corrected)):
        reading = both.read(clip, decoding)
        assert reading.values[0] == alone.values[0]
        assert [row["Size"] for row in reading.rows] == areas
        assert len(reading.marks) == 160
        assert reading.notes[-1].startswith("EF of the beats: ")
        assert reading.notes[-1].count(",") == len(alone.rows) - 1


@pytest.mark.slow
def test_of_known_beats_one_clip_each_is_read() -> None:
    clip = beating(frames=160, period=40)
    regressor = MeanFraction(**KNOWN)
    reading = regressor._read(clip, Decoding.CORRECTED, [60, 100])
    assert regressor.read_values(clip, [Beat(40, 60), Beat(80, 100)]) == reading.values
    assert [row["Start_ms"] for row in reading.rows] == [60 * 20 - 640, 100 * 20 - 640]
    fractions = [row["EF"] for row in reading.rows]
    (value,) = reading.values
    assert value.value == pytest.approx(np.mean(fractions))
    assert (value.beats, value.sd) == (2, pytest.approx(np.std(fractions, ddof=1)))
    assert len(regressor.read(clip).rows) == len(timed_starts_ms(clip.frame_times_ms)) > 2, "where no beats are known"
    assert regressor.read(clip).values[0].beats == 1


def test_beat_to_beat_needs_both_networks_and_their_means() -> None:
    with pytest.raises(UnsuitableModel, match="takes EchoNet-Dynamic's regressor"):
        BeatToBeat(BrightVentricle(), BrightVentricle())
    for regressor, ventricle in ((MeanFraction(), BrightVentricle(**KNOWN)), (MeanFraction(**KNOWN), BrightVentricle())):
        value = BeatToBeat(regressor, ventricle).read(beating(80, 40)).values[0]
        assert (value.key, value.value, value.reasons) == (EF_KEY, None, (Reason.OUT_OF_DISTRIBUTION,))


def test_r_waves_and_frame_times_decide_the_beats() -> None:
    clip = replace(beating(frames=100, period=40), r_wave_times_ms=(800.0, 1600.0))
    reading = BrightVentricle(mean=100.0, std=50.0).read(clip)
    es = [row["Frame"] for row in reading.rows if row["ComputerSmall"]]
    assert es[0] == pytest.approx(60, abs=1)
    timeless = replace(clip, frame_times_ms=None)
    value = MeanFraction(**KNOWN).read(timeless).values[0]
    assert (value.value, value.reasons) == (None, (Reason.NO_CARDIAC_CYCLE,))
    assert MeanFraction(**KNOWN).read(timeless, Decoding.PUBLISHED).values[0].value is not None


def test_areas_are_pixels_above_the_logit_0() -> None:
    clip = beating(frames=80, period=40)
    reading = BrightVentricle(mean=100.0, std=50.0).read(clip, Decoding.PUBLISHED)
    assert [row["Size"] for row in reading.rows] == (clip.frames[..., 0] > 100).sum(axis=(1, 2)).tolist()
    assert reading.columns == ("Filename", "Frame", "Size", "HumanLarge", "HumanSmall", "ComputerSmall")
    assert [row["Frame"] for row in reading.rows if row["ComputerSmall"]] == [20, 60]
    outline = np.array(reading.marks[0].points_px)
    assert np.hypot(*(outline - 56).T) == pytest.approx(40, abs=1)


def region(x0: int, y0: int, x1: int, y1: int, cm_per_px: float) -> RegionCalibration:
    return RegionCalibration(
        x0, y0, x1, y1, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, PhysicalUnit.CM, PhysicalUnit.CM, cm_per_px, cm_per_px
    )


@pytest.mark.slow
def test_areas_of_a_calibrated_clip_are_in_cm2() -> None:
    """A disc of 3 cm radius, 40 px a cm, in a region of 560 px that the square enlarges the middle of."""
    x, y = np.meshgrid(np.arange(800), np.arange(600))
    radius = 120 - 30 * np.sin(np.pi * np.arange(40) / 20) ** 2
    discs = (np.hypot(x - 420, y - 300) < radius[:, None, None]).astype(np.uint8) * 200
    clip = Clip("1", np.repeat(discs[..., None], 3, axis=3), np.arange(40) * 40.0, (region(140, 20, 699, 579, 0.025),))
    reading = BrightVentricle(mean=100.0, std=50.0).read(clip)
    areas = {value.key: value.value for value in reading.values if value.unit == "cm2"}
    assert areas["lv_area_d_a4c"] == pytest.approx(np.pi * 9, rel=0.02)
    assert areas["lv_area_s_a4c"] == pytest.approx(np.pi * (90 * 0.025) ** 2, rel=0.02)
    outline = np.array(reading.marks[0].points_px)
    assert outline.mean(axis=0) == pytest.approx([420, 300], abs=2)
    uncalibrated = BrightVentricle(mean=100.0, std=50.0).read(replace(clip, regions=()))
    assert {value.value for value in uncalibrated.values if value.unit == "cm2"} == {None}
    assert uncalibrated.values[0].reasons == (Reason.NO_CALIBRATION,)


@pytest.mark.parametrize("level", [104, 2])
def test_an_impossible_fraction_is_refused_in_the_corrected_decoding_only(level: int) -> None:
    same = video(np.full(80, level, np.uint8))
    (value,) = MeanFraction(**KNOWN).read(same).values
    assert (value.value, value.reasons) == (None, (Reason.OUTSIDE_LIMITS,))
    assert value.detail == f"{level}.0 % is outside 5 to 85 %"
    assert MeanFraction(**KNOWN).read(same, Decoding.PUBLISHED).values[0].value == pytest.approx(level)


def test_a_fraction_of_an_uncalibrated_clip_says_so() -> None:
    cine = video(np.full(80, 55, np.uint8))
    assert MeanFraction(**KNOWN).read(cine).values[0].detail.startswith("uncalibrated; mean of 9 clips")
    object_ = Clip("1", cine.frames, cine.frame_times_ms, (region(0, 0, 111, 111, 0.1),))
    whole = MeanFraction(mean=0.0, std=0.5).read(object_).values[0]  # the sector's corners are black
    assert whole.value is not None
    assert whole.detail.startswith("mean of")


@pytest.mark.slow
@pytest.mark.parametrize("cm_per_px", [0.008, 0.06])
def test_an_impossible_area_is_refused(cm_per_px: float) -> None:
    """A disc of 120 px: of 1 or 7 cm radius."""
    x, y = np.meshgrid(np.arange(800), np.arange(600))
    radius = 120 - 10 * np.sin(np.pi * np.arange(40) / 20) ** 2
    discs = (np.hypot(x - 420, y - 300) < radius[:, None, None]).astype(np.uint8) * 200
    clip = Clip("1", np.repeat(discs[..., None], 3, axis=3), np.arange(40) * 40.0, (region(140, 20, 699, 579, cm_per_px),))
    diastole = BrightVentricle(mean=100.0, std=50.0).read(clip).values[0]
    assert (diastole.key, diastole.value, diastole.reasons) == ("lv_area_d_a4c", None, (Reason.OUTSIDE_LIMITS,))
    assert "outside 8 to 100 cm2" in diastole.detail


def test_the_recipe_cuts_below_the_first_dark_row() -> None:
    frames = np.full((2, 300, 401, 3), 77, np.uint8)
    frames[:, 60:90] = 0
    cut = squares(Clip("1", frames, None), Decoding.PUBLISHED)
    assert cut.frames.shape == (2, 112, 112, 3)
    # 240 rows from row 60 on; (401 - 240) // 2 = 80 columns off either end; 24 px margin
    assert (cut.placement.x0_px, cut.placement.y0_px) == (80 + 24, 60 + 24)
    assert (cut.placement.scale_x, cut.placement.scale_y) == (192 / 112, 192 / 112)
    assert not cut.frames[:, ~sector_mask()].any()
    assert (cut.frames[:, 111, 56] == 77).all()
    with pytest.raises(ReadingError, match="needs a dark row"):
        squares(Clip("1", frames[:, :60], None), Decoding.PUBLISHED)


def test_the_recipe_takes_the_first_colour_and_the_corrected_way_grey() -> None:
    frames = np.zeros((1, 200, 200, 3), np.uint8)
    frames[:, 1:, :, 0] = 200
    clip = Clip("1", frames, None)
    assert squares(clip, Decoding.PUBLISHED).frames[0, 111, 56].tolist() == [200] * 3
    assert squares(clip, Decoding.CORRECTED).frames[0, 111, 56].tolist() == [60] * 3


def test_the_sector_lies_between_two_lines() -> None:
    mask = sector_mask()
    assert not mask[0, :67].any()
    assert mask[68, 0]
    assert not mask[67, 0]
    assert mask[45, 111]
    assert not mask[44, 111]


def test_without_mean_and_deviation_nothing_is_read() -> None:
    for reader in (MeanFraction(), BrightVentricle()):
        for decoding in Decoding:
            values = reader.read(beating(80, 40), decoding).values
            assert all(value.value is None and value.reasons == (Reason.OUT_OF_DISTRIBUTION,) for value in values)
            assert "--set mean" in values[0].detail
    with pytest.raises(ReadingError, match="divides by nothing"):
        MeanFraction(mean=0.0, std=0.0).read(beating(80, 40))


def test_mean_and_deviation_can_be_estimated_from_clips() -> None:
    clips = [np.full((2, 3, 3, 3), 10, np.uint8), np.full((2, 3, 3, 3), 30, np.uint8)]
    assert estimate_normalisation(clips) == ([20.0] * 3, [10.0] * 3)


@pytest.mark.slow
@pytest.mark.origins
def test_the_real_networks_read_a_clip() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = as_if_trained(load_model(EF).network)
    network.manifest = manifest(EF, mean=[30.0], std=[50.0])
    reading = network.read(beating(40, 20), Decoding.PUBLISHED)
    assert len(reading.rows) == 2
    assert reading.values[0].value == pytest.approx(55.6, abs=2)
