"""Frames become the input of networks: decoded and prepared once, in the values each takes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.clip import Clip
from models.errors import UnsuitableModel
from models.inputs.clip_input import input_of, network_input
from models.inputs.letterboxed_region import LetterboxedRegion
from models.inputs.stretched_frame import StretchedFrame
from models.inputs.stretched_region import StretchedRegion
from models.library.reading import Decoding
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
    with clip.cache.shared():
        first = LetterboxedRegion(clip, 16).batch([0, 2])
        bytes_rgb = LetterboxedRegion(clip, 16, largest=255, channels=3).batch([2, 0])
        assert source.asked == [0, 2]
        LetterboxedRegion(clip, 16).batch([0, 1])
    assert first.shape == (2, 1, 16, 16)
    assert bytes_rgb.shape == (2, 3, 16, 16)
    torch.testing.assert_close(bytes_rgb[1, 2], 255 * first[0, 0])
    assert source.asked == [0, 2, 1]
    LetterboxedRegion(clip, 16).batch([1])
    assert source.asked == [0, 2, 1, 1], "kept only while others may ask for it"


def test_a_stretched_image_is_the_whole_one_in_colour() -> None:
    clip, _ = a_clip()
    batch = StretchedFrame(clip, 3, 50, 60).batch([1])
    torch.testing.assert_close(batch[0], torch.from_numpy(clip.frames[1]).permute(2, 0, 1).float())


def test_a_stretched_region_is_the_region_and_published_the_whole_image() -> None:
    clip, _ = a_clip()
    colours = torch.from_numpy(clip.frames[1]).permute(2, 0, 1).float()
    assert torch.equal(StretchedRegion(clip, 40, 40).batch([1])[0], colours[:, 5:45, 10:50])
    assert torch.equal(StretchedRegion(clip, 50, 60, Decoding.PUBLISHED).batch([1])[0], colours)


def test_each_family_of_classifiers_gets_its_values() -> None:
    clip, _ = a_clip()
    for name, shape, largest in (("phantom_view", (1, 128, 128), 1), ("EchoView47_classifier", (3, 224, 224), 255)):
        batch = network_input(clip, find_manifest(name), [0])
        assert tuple(batch.shape[1:]) == shape
        assert 0.5 * largest < float(batch.max()) <= largest


def test_a_family_that_does_not_say_what_it_sees_is_named() -> None:
    clip, _ = a_clip()
    with pytest.raises(UnsuitableModel, match="phantom_view: nothing says how its family unheard_of sees a frame"):
        input_of(clip, replace(find_manifest("phantom_view"), family="unheard_of"))


@pytest.mark.parametrize(
    ("name", "shape"), [("phantom_lv", (1, 160, 160)), ("EchoLVSNet", (1, 512, 512)), ("EchoMotionNet_B0_SE", (3, 224, 224))]
)
def test_a_point_of_a_segmenter_s_map_lies_where_it_was_seen(name: str, shape: tuple[int, ...]) -> None:
    """One bright pixel of the image, found in the input of the network, comes back to where it is."""
    image = np.zeros((1, 300, 400, 3), np.uint8)
    image[0, 200:206, 100:106] = 255
    region = RegionCalibration(20, 10, 379, 289, 1, 1, 3, 3, 0.05, 0.05)
    clip, manifest = Clip("1", image, None, (region,)), find_manifest(name)
    placed = input_of(clip, manifest)
    batch = placed.batch([0])
    assert tuple(batch.shape[1:]) == shape
    bright = batch[0, 0].numpy() > 0.5 * float(batch.max())
    rows, columns = np.nonzero(bright)
    ((x, y),) = placed.to_image(np.array([[columns.mean(), rows.mean()]]))
    assert (x, y) == pytest.approx((102.5, 202.5), abs=1.5)
