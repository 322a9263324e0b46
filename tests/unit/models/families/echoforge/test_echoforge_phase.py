"""EchoPDNet on whole clips: windows, region, times. Its network is replaced by one whose score is the frame's brightness."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.calibration import RegionCalibration
from models.clip import Clip
from models.derive.beats.phase_score import Curve
from models.errors import ReadingError
from models.families.echoforge.phase import COLUMNS, EchoForgePhase
from models.library.reading import Decoding
from models.library.registry import load_model
from models.networks.reading_network import as_if_trained
from models.results import Reason

FRAMES, BEAT = 75, 24


class Brightness(nn.Module):
    """Frames (n, 3, h, w) -> maps (n, 2048, 1, 1) of their mean."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=(1, 2, 3))[:, None, None, None].expand(-1, 2048, 1, 1)


class FirstOfEach(nn.Module):
    def forward(self, states: Tensor) -> Tensor:
        return states.view(len(states), 30, -1)[:, :, 0]


@pytest.fixture
def network() -> EchoForgePhase:
    with torch.device("meta"):
        shell = as_if_trained(load_model("EchoPDNet", device="meta").network)
    shell.backbone, shell.lstm1, shell.lstm2, shell.dense = Brightness(), nn.Identity(), nn.Identity(), nn.Identity()
    shell.head = FirstOfEach()
    shell.head.weight = nn.Parameter(torch.zeros(1))
    return shell


def pulsating(times_ms: Curve | None, left: int = 0) -> Clip:
    """The image from column `left` on is brightest at frames 10, 34, 58; the rest flickers at another pace."""
    frames = np.zeros((FRAMES, 60, 80, 3), np.uint8)
    index = np.arange(FRAMES)
    frames[:, :, left:] = (100 + 50 * np.cos(2 * np.pi * (index - 10) / BEAT)).astype(np.uint8)[:, None, None, None]
    frames[:, :, :left] = (100 + 90 * np.cos(2 * np.pi * (index - 3) / 9)).astype(np.uint8)[:, None, None, None]
    region = RegionCalibration(left, 0, 79, 59, 1, 1, 3, 3, 0.1, 0.1)
    return Clip("1.2.3", frames, times_ms, (region,) if left else ())


def test_phases_in_frames_and_ms(network: EchoForgePhase) -> None:
    times_ms = np.arange(FRAMES) * 40.0
    reading = network.read(pulsating(times_ms))
    ed = [value for value in reading.values if value.key == "ed_time"]
    es = [value for value in reading.values if value.key == "es_time"]
    assert [value.frame_index for value in ed] == [10, 34, 58]
    assert [value.value for value in ed] == [400.0, 1360.0, 2320.0]
    assert [value.frame_index for value in es] == [22, 46]
    assert reading.columns == COLUMNS
    assert [row["frame"] for row in reading.rows] == list(range(FRAMES))
    assert [row["frame"] for row in reading.rows if row["phase"] == "ed"] == [10, 34, 58]


def test_without_times_the_frames_are_known_and_the_ms_are_not(network: EchoForgePhase) -> None:
    reading = network.read(pulsating(None))
    assert {value.value for value in reading.values} == {None}
    assert [value.frame_index for value in reading.values] == [10, 34, 58, 22, 46]
    assert {value.reasons for value in reading.values} == {(Reason.NO_CARDIAC_CYCLE,)}


def test_the_region_alone_is_read_unless_as_published(network: EchoForgePhase) -> None:
    clip = pulsating(np.arange(FRAMES) * 40.0, left=40)
    corrected, published = network.read(clip), network.read(clip, Decoding.PUBLISHED)
    assert [value.frame_index for value in corrected.values if value.key == "ed_time"] == [10, 34, 58]
    assert [value.frame_index for value in published.values if value.key == "ed_time"] != [10, 34, 58]
    assert corrected.notes == ("read from the calibrated region",)
    assert published.notes == ("read from the whole image",)


def test_a_still_heart_has_no_phases_and_says_so(network: EchoForgePhase) -> None:
    still = Clip("1.2.3", np.full((40, 20, 20, 3), 90, np.uint8), np.arange(40) * 40.0)
    assert [(value.key, value.value) for value in network.read(still).values] == [("ed_time", None), ("es_time", None)]


def test_a_clip_shorter_than_the_window_is_refused(network: EchoForgePhase) -> None:
    short = Clip("1.2.3", np.zeros((29, 20, 20, 3), np.uint8), None)
    with pytest.raises(ReadingError, match="29 frames; EchoPDNet needs at least 30"):
        network.read(short)
