"""Images of somebody's own become what a network takes, or are refused with words."""

import numpy as np
import pytest
import torch

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.image_arrays import clip_of_array
from models.library.registry import load_model, preprocess


@pytest.mark.parametrize(
    ("shape", "frames"), [((40, 50), 1), ((40, 50, 3), 1), ((4, 40, 50), 4), ((4, 40, 50, 3), 4), ((3, 40, 3), 1)]
)
def test_grey_and_colour_images_and_clips_are_told_apart(shape: tuple[int, ...], frames: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    clip = clip_of_array(images)
    assert clip.number_of_frames == frames
    assert clip.frames.shape[-1] == 3
    if shape[-1] == 3:
        assert np.array_equal(clip.frames.reshape(shape), images)
    else:
        assert np.array_equal(clip.frames[..., 1].reshape(shape), images)


@pytest.mark.parametrize(
    "images",
    [np.zeros((4, 5), np.float32), np.zeros((4, 5), np.uint16), np.zeros(5, np.uint8), np.zeros((0, 5), np.uint8), [[0.5]],
     np.zeros((2, 2, 4, 5, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_image_of_bytes_is_refused(images: object) -> None:
    with pytest.raises(ReadingError, match="images are uint8"):
        clip_of_array(images)


def test_an_array_and_a_clip_of_it_are_shown_alike() -> None:
    images = np.random.default_rng(1).integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
    of_clip = preprocess("phantom_view", Clip("", images, None))
    assert torch.equal(preprocess("phantom_view", images), of_clip)
    assert torch.equal(preprocess("phantom_view", images, frames=[2]), of_clip[2:])
    assert torch.equal(load_model("phantom_view").preprocess(images), of_clip)
    with pytest.raises(ReadingError, match="there is no frame 3: there are 3"):
        preprocess("phantom_view", images, frames=[3])


def test_a_network_of_clips_gets_one_clip() -> None:
    images = np.zeros((40, 120, 120), np.uint8)
    assert preprocess("PanEcho", images).shape == (1, 3, 16, 224, 224)
