"""Echo-Motion's ejection fraction, published and corrected, on drawn ventricles whose volumes are known."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.calibration import RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from models.families.echo_motion.reader import AREA_EF_KEY, RATIO_KEY, read_ventricle
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.results import ReadValue, Reason


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


CM_PER_PX = 0.06
REGION = RegionCalibration(10, 5, 309, 234, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, 3, 3, CM_PER_PX, CM_PER_PX)
SIZE = 224
SCALE = SIZE / 300  # square px per image px: the region is 300 px wide
BASE_PX = (160.0, 200.0)  # middle of the annulus in the image; the apex is above it
LENGTH_CM, RADIUS_CM = 8.0, 2.4
EDV_ML = 2 / 3 * np.pi * RADIUS_CM**2 * LENGTH_CM  # half an ellipsoid: 96.5 mL
FRAMES, INTERVAL_MS, BEAT_FRAMES = 45, 40.0, 20


def shrinking(ef_percent: float, frames: int = FRAMES) -> NDArray[np.float64]:
    """The share of the end-diastolic length and width on each frame; beats of 20 frames, which start at end-diastole."""
    smallest = (1 - ef_percent / 100) ** (1 / 3)
    emptied = (1 - np.cos(2 * np.pi * np.arange(frames) / BEAT_FRAMES)) / 2
    return 1 - (1 - smallest) * emptied


@cache
def _places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each px of the square: cm above the annulus, and the size of the half ellipse through it."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    offset_y = (SIZE - SCALE * 230) / 2
    x = ((columns + 0.5) / SCALE - 0.5 + 10 - BASE_PX[0]) * CM_PER_PX
    up = (BASE_PX[1] - ((rows + 0.5 - offset_y) / SCALE - 0.5 + 5)) * CM_PER_PX
    return up, np.hypot(x / RADIUS_CM, up / LENGTH_CM)


class DrawnVentricles(nn.Module):
    """Answers each square with a half ellipse of the next size, apex up; size 0 is no ventricle."""

    def __init__(self, sizes: Sequence[float]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.sizes = list(sizes)
        self.seen: list[Tensor] = []

    def forward(self, squares: Tensor) -> Tensor:
        first = len(self.seen)
        self.seen += list(squares)
        return torch.stack([self._draw(size) for size in self.sizes[first : first + len(squares)]])[:, None]

    def _draw(self, size: float) -> Tensor:
        if size == 0:
            return torch.full((SIZE, SIZE), -20.0)
        up, share = _places()
        inside = size - share
        # Logits are about a distance in px, so that half lies on the border between pixels too.
        distance = np.minimum(inside * RADIUS_CM, up) / CM_PER_PX * SCALE
        return torch.from_numpy(distance.astype(np.float32)).clamp(-20, 20)


def clip(length: int = FRAMES, **changes: Any) -> Clip:
    values: dict[str, Any] = {
        "sop_instance_uid": "1.2.3",
        "frames": np.full((length, 240, 320, 3), 90, np.uint8),
        "frame_times_ms": np.arange(length) * INTERVAL_MS,
        "regions": (REGION,),
    }
    return Clip(**{**values, **changes})


def read(sizes: Sequence[float], decoding: Decoding, shown: Clip | None = None) -> Reading:
    network = DrawnVentricles(sizes)
    return read_ventricle(network, find_manifest("EchoMotionNet_B0_SE"), shown or clip(len(sizes)), decoding)


@cache
def half(decoding: Decoding) -> Reading:
    """Of a ventricle whose ejection fraction is 50 %."""
    return read(shrinking(50.0), decoding)


def value(reading: Reading, key: str) -> ReadValue:
    (found,) = [item for item in reading.values if item.key == key]
    return found


def number(reading: Reading, key: str) -> float:
    found = value(reading, key)
    assert found.value is not None, found
    return found.value


@pytest.mark.slow
@pytest.mark.parametrize("ef_percent", [30.0, 60.0])
def test_discs_give_the_true_ejection_fraction_and_areas_one_that_is_too_small(ef_percent: float) -> None:
    sizes = shrinking(ef_percent)
    corrected, published = read(sizes, Decoding.CORRECTED), read(sizes, Decoding.PUBLISHED)
    assert number(corrected, "ef_a4c") == pytest.approx(ef_percent, abs=1.5)
    assert number(corrected, "lvedv_a4c") == pytest.approx(EDV_ML, rel=0.03)
    assert number(corrected, "lvesv_a4c") == pytest.approx(EDV_ML * (1 - ef_percent / 100), rel=0.05)
    area_ef = 100 * (1 - (1 - ef_percent / 100) ** (2 / 3))  # 21.2 and 45.7: what an area knows of a volume
    assert number(published, AREA_EF_KEY) == pytest.approx(area_ef, abs=1.5)
    assert number(published, AREA_EF_KEY) < number(corrected, "ef_a4c") - 7


@pytest.mark.slow
def test_the_two_are_two_quantities() -> None:
    assert [item.key for item in half(Decoding.PUBLISHED).values] == ["ef_area_a4c"]
    assert {item.key for item in half(Decoding.CORRECTED).values} == {"ef_a4c", "lvedv_a4c", "lvesv_a4c"}


@pytest.mark.slow
def test_one_lost_frame_makes_the_published_value_100_and_leaves_the_corrected_one() -> None:
    sizes = shrinking(50.0)
    sizes[3] = 0.0
    assert number(read(sizes, Decoding.PUBLISHED), AREA_EF_KEY) == 100.0
    assert number(read(sizes, Decoding.CORRECTED), "ef_a4c") == pytest.approx(50.0, abs=1.5)


def test_every_frame_is_outlined_where_it_is_in_the_image() -> None:
    sizes = shrinking(50.0)
    reading = half(Decoding.CORRECTED)
    assert [mark.frame_index for mark in reading.marks] == list(range(FRAMES))
    for mark in (reading.marks[0], reading.marks[10]):
        points = np.array(mark.points_px)
        length_px = sizes[mark.frame_index] * LENGTH_CM / CM_PER_PX
        assert points[:, 1].min() == pytest.approx(BASE_PX[1] - length_px, abs=2.0)
        assert points[[0, -1]].mean(axis=0) == pytest.approx(BASE_PX, abs=2.0)


def test_the_table_is_the_area_curve_with_the_phases() -> None:
    reading = half(Decoding.CORRECTED)
    assert len(reading.rows) == FRAMES
    assert all(tuple(row) == reading.columns for row in reading.rows)
    true_cm2 = np.pi / 2 * RADIUS_CM * LENGTH_CM
    assert reading.rows[0]["area_cm2"] == pytest.approx(true_cm2, rel=0.02)
    phases = {row["frame_number"]: row["phase"] for row in reading.rows if row["phase"]}
    assert {frame for frame, phase in phases.items() if phase == "es"} <= {9, 10, 11, 29, 30, 31}
    assert set(phases.values()) == {"ed", "es"}


def test_without_calibration_there_is_a_ratio_of_its_own_and_no_volume() -> None:
    sizes = shrinking(50.0)
    square = clip(regions=(), from_video_file=True, frames=np.zeros((FRAMES, 230, 300, 3), np.uint8))
    reading = read(sizes, Decoding.CORRECTED, square)
    assert number(reading, RATIO_KEY) == pytest.approx(50.0, abs=1.5)
    for key in ("ef_a4c", "lvedv_a4c", "lvesv_a4c"):
        assert value(reading, key).reasons[0] is Reason.NO_CALIBRATION
    assert all(row["area_cm2"] is None for row in reading.rows)


def test_without_frame_times_there_is_no_beat() -> None:
    reading = read(shrinking(50.0), Decoding.CORRECTED, clip(frame_times_ms=None))
    assert value(reading, "ef_a4c").reasons == (Reason.NO_CARDIAC_CYCLE,)
    assert reading.rows[0]["time_ms"] is None


def test_nothing_found_is_a_reason_not_a_zero() -> None:
    empty = [0.0] * 6
    assert value(read(empty, Decoding.CORRECTED), "ef_a4c").reasons == (Reason.QUALITY,)
    assert value(read(empty, Decoding.PUBLISHED), AREA_EF_KEY).reasons == (Reason.QUALITY,)


def test_what_the_header_forbids_is_not_measured() -> None:
    reading = read(shrinking(50.0), Decoding.CORRECTED, clip(known_exclusions=("contrast_agent",)))
    assert all(item.reasons == (Reason.CONTRAST_AGENT,) for item in reading.values)


def test_impossible_volumes_are_refused() -> None:
    reading = read(0.5 * shrinking(50.0), Decoding.CORRECTED)  # an eighth of the volume: 12 mL
    assert value(reading, "lvedv_a4c").reasons == (Reason.OUTSIDE_LIMITS,)
    assert value(reading, "ef_a4c").value is None


def test_the_network_sees_the_region_only_filtered() -> None:
    network = DrawnVentricles([1.0] * 2)
    frames = np.zeros((2, 240, 320, 3), np.uint8)
    frames[:, :, :10] = 255  # outside the region: text, logos
    frames[:, 100:130, 140:170] = 120
    manifest = find_manifest("EchoMotionNet_B0_SE")
    read_ventricle(network, manifest, clip(2, frames=frames), Decoding.CORRECTED)
    assert network.seen[0].shape == (3, SIZE, SIZE)
    assert torch.equal(network.seen[0][0], network.seen[0][2])
    first_column = network.seen[0][0, :, 0]
    inside = network.seen[0][0, int((115 - 5 + 35) * SCALE), int((155 - 10) * SCALE)]
    assert float(inside) > float(first_column.max()) + 0.2


@pytest.mark.slow
@pytest.mark.parametrize("decoding", list(Decoding))
def test_every_network_of_a_clip_reads_one(decoding: Decoding) -> None:
    shown = clip(3, frame_times_ms=np.arange(3) * 600.0)
    segmented = as_if_trained(load_model("EchoMotionNet_B0_SE").network).read(shown, decoding)
    assert len(segmented.rows) == 3
    for name in ("EchoMotionNet_BiLSTM", "EchoMotionNet_TemporalTransformer"):
        reading = as_if_trained(load_model(name).network).read(shown, decoding)
        assert number(reading, "ef_video_regression") == pytest.approx(55, abs=5)
        assert [row["frame_number"] for row in reading.rows] == list(range(3))
        assert all(tuple(row) == reading.columns for row in reading.rows)


@pytest.mark.slow
def test_the_biplane_network_reads_two_clips() -> None:
    network = as_if_trained(load_model("EchoMotionNet_A4C_A2C").network)
    long, other = (clip(length, frame_times_ms=np.arange(length) * 600.0) for length in (3, 2))
    assert number(network.read_group([long, other]), "ef_video_regression_biplane") == pytest.approx(55, abs=5)
    for without in (clip(2), clip(2, frame_times_ms=None)):
        (value,) = network.read_group([long, without]).values
        assert value.reasons == (Reason.NO_CARDIAC_CYCLE,)
