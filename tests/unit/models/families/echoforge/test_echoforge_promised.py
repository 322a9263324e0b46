"""The key-point and the quality family: architectures of our own for tasks whose networks nobody published."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.clip import Clip
from models.derive.calipers.linear import PLAX_POINTS
from models.errors import WeightsError
from models.families.echoforge.keypoints import COLUMNS, LINES, EchoForgeKeypoints
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.networks.stored_weights import count_weights
from models.results import CaliperKind, Reason
from tests.unit.models.families.drawn_maps import SECTOR, blob, clip

FRAMES, BEAT = 60, 20


class Drawn(nn.Module):
    """Four blobs a frame on 256 px; a point at None has no peak."""

    def __init__(self, rows_px: list[list[float | None]]) -> None:
        super().__init__()
        self.head = nn.Conv2d(1, 1, 1)
        self.rows_px, self.seen = rows_px, 0

    def forward(self, frames: Tensor) -> Tensor:
        rows = self.rows_px[self.seen : self.seen + len(frames)]
        self.seen += len(frames)
        maps = [[blob(128, row or 128, sigma=3, top=0.95 if row else 0.01, shape=(256, 256)) for row in four] for four in rows]
        return torch.from_numpy(np.array(maps))


def beating() -> list[list[float | None]]:
    """Septum 4 px, cavity 50 px at frames 5, 25, 45 and 30 px ten frames later, posterior wall 4 px."""
    cavity = 40 + 10 * np.cos(2 * np.pi * (np.arange(FRAMES) - 5) / BEAT)
    return [[100.0, 104.0, 104.0 + length, 108.0 + length] for length in cavity]


def reader(rows_px: list[list[float | None]]) -> EchoForgeKeypoints:
    network: EchoForgeKeypoints = as_if_trained(load_model("EchoForge_PLAX_keypoints", device="meta").network)
    network.network = Drawn(rows_px)
    return network


def test_lines_across_the_ventricle_in_cm() -> None:
    """256 px of the network are 640 px of the image, of 0.03 cm each."""
    cm_per_px = 640 / 256 * 0.03
    values = {value.key: value for value in reader(beating()).read(clip(FRAMES)).values}
    assert values["lvidd_2d"].value == pytest.approx(50 * cm_per_px, abs=0.02)
    assert values["lvids_2d"].value == pytest.approx(30 * cm_per_px, abs=0.02)
    assert values["lvpwd_2d"].value is None, "0.3 cm is no wall"
    assert values["lvpwd_2d"].reasons == (Reason.OUTSIDE_LIMITS,)
    assert values["fs_2d"].value == pytest.approx(40, abs=1)
    for key in ("lvidd_2d", "lvids_2d"):
        assert {caliper.label for caliper in values[key].calipers} == {"lvid"}
        assert len(values[key].calipers) == len(values[key].sources)
    assert values["lvpwd_2d"].calipers == values["fs_2d"].calipers == ()


def test_points_return_to_the_image_and_make_three_lines() -> None:
    reading = reader(beating()).read(clip(FRAMES))
    assert reading.columns == COLUMNS
    row = reading.rows[5]
    assert row["ivs_rv_x"] == pytest.approx((128 + 0.5) * 2.5 - 0.5, abs=0.2)
    assert row["ivs_rv_y"] == pytest.approx((100 + 0.5 - 32) * 2.5 - 0.5, abs=0.2), "the letterbox leaves 32 px above"
    lines = [mark for mark in reading.marks if mark.frame_index == 5]
    assert [mark.label for mark in lines] == list(LINES)
    assert {mark.kind for mark in lines} == {CaliperKind.LINE}
    assert lines[0].points_px[1] == lines[1].points_px[0], "septum and cavity share a border"


def test_a_missing_point_takes_its_two_lines_with_it() -> None:
    rows = beating()
    rows[7] = [100.0, None, 150.0, 160.0]
    row = reader(rows).read(clip(FRAMES)).rows[7]
    assert (row["ivs_lv_x"], row["ivs"], row["lvid"]) == (None, None, None)
    assert row["lvpw"] is not None


def test_without_calibration_there_are_pixels_and_no_centimetres() -> None:
    reading = reader(beating()).read(clip(FRAMES, regions=()))
    of_cavity = [value for value in reading.values if value.key == "lvidd_2d"]
    assert {value.unit: value.value is None for value in of_cavity} == {"px": False, "cm": True}
    assert Reason.NO_CALIBRATION in of_cavity[1].reasons


def test_the_points_are_the_manifest_s() -> None:
    assert find_manifest("EchoForge_PLAX_keypoints").labels == PLAX_POINTS
    network = as_if_trained(load_model("EchoForge_PLAX_keypoints", device="meta").network)
    assert network(torch.empty(1, 1, 256, 256, device="meta")).shape == (1, 4, 256, 256)
    assert count_weights(network).total == 31_125_921 + 3 * 33, "three outputs more than EchoLVSNet"


class Level(nn.Module):
    """The brightness of a frame stands in for its quality: features (n, 2048, 1, 1)."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=(1, 2, 3))[:, None, None, None].expand(-1, 2048, 1, 1)


@pytest.fixture
def grader() -> nn.Module:
    network: nn.Module = as_if_trained(load_model("EchoForge_image_quality", device="meta").network)
    network.backbone = Level()
    network.head = nn.Linear(2048, 1, bias=False)
    nn.init.constant_(network.head.weight, 20 / 2048)
    network.bias = nn.Parameter(torch.tensor([-2.0, -6.0, -10.0, -14.0]))
    return network


def graded(grader: nn.Module, level: int, **changes: object) -> float:
    frames = np.full((40, 60, 80, 3), level, np.uint8)
    (value,) = grader.read(Clip("1.2.3", frames, None, **changes)).values
    assert (value.key, value.unit) == ("image_quality", "{0:100}")
    assert value.value is not None
    return value.value


def test_quality_rises_from_0_to_100(grader: nn.Module) -> None:
    scores = [graded(grader, level) for level in (0, 60, 120, 180, 255)]
    assert scores == sorted(scores)
    assert scores[0] < 5
    assert scores[-1] > 95
    assert scores[2] == pytest.approx(50, abs=10)


def test_quality_is_that_of_the_region(grader: nn.Module) -> None:
    frames = np.zeros((20, 480, 800, 3), np.uint8)
    frames[:, :, :640] = 120
    whole = Clip("1.2.3", frames, None)
    (inside,) = grader.read(Clip("1.2.3", frames, None, (SECTOR,))).values
    (outside,) = grader.read(whole).values
    assert inside.value is not None
    assert outside.value is not None
    assert inside.value > outside.value + 5


def test_quality_looks_at_sixteen_frames_and_says_which(grader: nn.Module) -> None:
    rows = grader.read(Clip("1.2.3", np.zeros((100, 20, 20, 3), np.uint8), None)).rows
    assert len(rows) == 16
    assert (rows[0]["frame"], rows[-1]["frame"]) == (0, 99)


@pytest.mark.slow
def test_probabilities_of_an_untrained_head_never_contradict_each_other() -> None:
    network = as_if_trained(load_model("EchoForge_image_quality").network)
    with torch.inference_mode():
        probabilities = network(torch.rand(2, 3, 64, 64) * 255).sigmoid()
    assert (probabilities.diff(dim=1) < 0).all()


@pytest.mark.parametrize("name", ["EchoForge_PLAX_keypoints", "EchoForge_image_quality"])
def test_nobody_pretends_that_weights_exist(name: str) -> None:
    manifest = find_manifest(name)
    assert manifest.publication is not None
    assert manifest.publication.weights_file == ""
    assert "neither architecture nor weights are published" in manifest.intended_use
    with pytest.raises(WeightsError):
        load_model(name, pretrained=True)
