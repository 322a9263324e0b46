"""A clip whose frames are decoded only when somebody asks for them."""

from typing import Any

import numpy as np
import pytest
from pydicom import uid

from models.clip import Clip
from node.errors import UnreadableClip
from node.objects import pixels
from node.objects.clip_reader import open_clip, read_clip
from tests.unit.node.objects.ultrasound_object import as_file, encapsulated, jpeg_frames, moving_picture, ultrasound_object

PICTURE = moving_picture(5)


def jpeg_object(*, broken: int | None = None) -> bytes:
    parts = jpeg_frames(PICTURE)
    if broken is not None:
        parts[broken] = parts[broken][:40]
    dataset = ultrasound_object(encapsulated(parts), uid.JPEGBaseline8Bit, frames=5, PhotometricInterpretation="YBR_FULL_422")
    return as_file(dataset)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What has been handed to the decoders."""
    seen: list[bytes] = []
    decode = pixels.decode_samples

    def noting(encoded: bytes, *described: Any) -> Any:
        seen.append(encoded)
        return decode(encoded, *described)

    monkeypatch.setattr(pixels, "decode_samples", noting)
    return seen


def test_only_the_frames_asked_for_are_decoded_and_once(decoded: list[bytes]) -> None:
    clip = open_clip(jpeg_object())
    assert (clip.number_of_frames, clip.rows, clip.columns) == (5, *PICTURE.shape[1:3])
    assert len(decoded) == 0
    first = clip.take([0, 4])
    assert len(decoded) == 2
    np.testing.assert_array_equal(clip.take([4, 0]), first[::-1])
    assert len(decoded) == 2
    np.testing.assert_array_equal(clip.frames, read_clip(jpeg_object()).frames)
    assert len(decoded) == 5 + 5


@pytest.mark.parametrize("pixel_data", [PICTURE, PICTURE[..., 0]], ids=["native RGB", "native grey"])
def test_a_lazy_clip_equals_the_decoded_one(pixel_data: np.ndarray) -> None:
    file = as_file(ultrasound_object(pixel_data, FrameTime=40))
    lazy, whole = open_clip(file), read_clip(file)
    np.testing.assert_array_equal(lazy.frames, whole.frames)
    assert lazy.frame_times_ms is not None
    assert whole.frame_times_ms is not None
    np.testing.assert_array_equal(lazy.frame_times_ms, whole.frame_times_ms)
    assert lazy.notes == whole.notes


def test_a_broken_frame_fails_when_it_is_needed_and_says_which() -> None:
    clip = open_clip(jpeg_object(broken=3))
    assert clip.take([0, 1, 2]).shape[0] == 3
    with pytest.raises(UnreadableClip, match="frame 4 of 5"):
        clip.take([3])
    with pytest.raises(UnreadableClip, match="frame 4 of 5"):
        read_clip(jpeg_object(broken=3))


def test_a_clip_of_an_array_takes_frames_too() -> None:
    clip = Clip("1", PICTURE, None)
    np.testing.assert_array_equal(clip.take([3, 1]), PICTURE[[3, 1]])
    assert clip.frames is PICTURE
