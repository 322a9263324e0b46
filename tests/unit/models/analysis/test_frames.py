"""Frames become the input of networks: decoded and prepared once, in the values each takes."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.analysis.adapters import classifier_preparation, placed_frames
from models.calibration import RegionCalibration
from models.clip import Clip
from models.inputs.clip_frames import ClipFrames, Fit, Preparation
from models.library.registry import find_manifest

REGION = RegionCalibration(10, 5, 49, 44, 1, 1, 3, 3, 0.2, 0.2)


class Counting:
    """A source of frames that remembers what it was asked for."""

    def __init__(self, frames: NDArray[np.uint8]) -> None:
        self._frames, self.asked = frames, list[int]()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        count, rows, columns, _ = self._frames.shape
        return count, rows, columns, 3

    def take(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        self.asked += indices
        return self._frames[list(indices)]


def a_clip(frames: int = 4) -> tuple[Clip, Counting]:
    rng = np.random.default_rng(0)
    source = Counting(rng.integers(0, 256, (frames, 50, 60, 3), dtype=np.uint8))
    return Clip("1", source, None, (REGION,)), source


def test_networks_of_one_geometry_share_frames_in_their_own_values() -> None:
    clip, source = a_clip()
    frames = ClipFrames(clip)
    grey = Preparation(Fit.LETTERBOX, 16, 16)
    first = frames.batch(grey, [0, 2], keep=True)
    bytes_rgb = frames.batch(Preparation(Fit.LETTERBOX, 16, 16, channels=3, largest=255), [2, 0], keep=True)
    assert source.asked == [0, 2]
    assert first.shape == (2, 1, 16, 16)
    assert bytes_rgb.shape == (2, 3, 16, 16)
    torch.testing.assert_close(bytes_rgb[1, 2], 255 * first[0, 0])
    frames.batch(grey, [0, 1])
    assert source.asked == [0, 2, 1]
    frames.batch(grey, [1])
    assert source.asked == [0, 2, 1, 1], "kept only where others will ask for it"


def test_a_stretched_image_is_the_whole_one_in_colour() -> None:
    clip, _ = a_clip()
    batch = ClipFrames(clip).batch(Preparation(Fit.STRETCH, 50, 60, channels=3, largest=255), [1])
    torch.testing.assert_close(batch[0], torch.from_numpy(clip.frames[1]).permute(2, 0, 1).float())


def test_mean_and_deviation_are_taken_out_last() -> None:
    clip, _ = a_clip()
    plain = Preparation(Fit.LETTERBOX, 16, 16, channels=3, largest=255)
    normal = Preparation(Fit.LETTERBOX, 16, 16, channels=3, largest=255, mean=(1, 2, 3), deviation=(4, 5, 6))
    one, other = (ClipFrames(clip).batch(preparation, [0])[0] for preparation in (plain, normal))
    for channel in range(3):
        torch.testing.assert_close(other[channel], (one[channel] - (channel + 1)) / (channel + 4))


def test_each_family_of_classifiers_gets_its_values() -> None:
    clip, _ = a_clip()
    for name, shape, largest in (("phantom_view", (1, 128, 128), 1), ("EchoView47_classifier", (3, 224, 224), 255)):
        batch = ClipFrames(clip).batch(classifier_preparation(find_manifest(name)), [0])
        assert tuple(batch.shape[1:]) == shape
        assert 0.5 * largest < float(batch.max()) <= largest


@pytest.mark.parametrize(
    ("name", "shape"), [("phantom_lv", (1, 160, 160)), ("EchoLVSNet", (1, 512, 512)), ("EchoMotionNet_B0_SE", (3, 224, 224))]
)
def test_a_point_of_a_segmenter_s_map_lies_where_it_was_seen(name: str, shape: tuple[int, ...]) -> None:
    """One bright pixel of the image, found in the input of the network, comes back to where it is."""
    image = np.zeros((1, 300, 400, 3), np.uint8)
    image[0, 200:206, 100:106] = 255
    region = RegionCalibration(20, 10, 379, 289, 1, 1, 3, 3, 0.05, 0.05)
    clip, manifest = Clip("1", image, None, (region,)), find_manifest(name)
    placed = placed_frames(clip, ClipFrames(clip), manifest)
    batch = placed.batch([0])
    assert tuple(batch.shape[1:]) == shape
    bright = batch[0, 0].numpy() > 0.5 * float(batch.max())
    rows, columns = np.nonzero(bright)
    ((x, y),) = placed.to_image(np.array([[columns.mean(), rows.mean()]]))
    assert (x, y) == pytest.approx((102.5, 202.5), abs=1.5)
