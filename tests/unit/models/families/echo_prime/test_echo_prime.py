"""EchoPrime's view of a clip: frames, sector, square, normalisation; its two networks by name."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.calibration import RegionCalibration
from models.clip import Clip
from models.errors import ReadingError
from models.families.echo_prime.inputs import TRAINING, SectorFrames, outside_blackened, sector, taken_frames
from models.inputs.clip_squares import centre_square, evenly, resized
from models.library.reading import Decoding
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import as_if_trained
from models.networks.stored_weights import count_weights

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED


def fan(rows: int = 240, columns: int = 320) -> NDArray[np.bool_]:
    y, x = np.mgrid[:rows, :columns]
    return np.asarray((np.abs(x - columns // 2) < 0.8 * y) & (np.hypot(x - columns // 2, y) < 0.9 * rows))


def drawn(frames: int = 40, rows: int = 240, columns: int = 320, **changes: object) -> Clip:
    """Speckle in a fan, and a bright logo in the upper left corner that stands still."""
    speckle = np.random.default_rng(0).integers(20, 200, (frames, rows, columns), dtype=np.uint8)
    pixels = (speckle * fan(rows, columns)).astype(np.uint8)
    pixels[:, 5:35, 5:60] = 250
    return Clip(**{"sop_instance_uid": "1.2", "frames": np.repeat(pixels[..., None], 3, 3), "frame_times_ms": None, **changes})  # type: ignore[arg-type]


def test_the_weights_are_as_many_as_torchvision_s() -> None:
    assert count_weights(as_if_trained(load_model("EchoPrime_video_encoder", device="meta").network)).total == 34_623_872
    assert count_weights(as_if_trained(load_model("EchoPrime_view_classifier", device="meta").network)).total == 87_577_739


def test_the_encoder_embeds_16_frames_in_512_numbers() -> None:
    network = as_if_trained(load_model("EchoPrime_video_encoder", device="meta").network)
    assert network.embed(torch.empty(2, 3, 16, 224, 224, device="meta")).shape == (2, 512)


def test_every_second_of_the_first_32_frames_is_taken() -> None:
    for decoding in Decoding:
        assert taken_frames(40, decoding) == (list(range(0, 32, 2)), 0)
        assert taken_frames(31, decoding) == (list(range(0, 32, 2)), 0)


def shown(clip: Clip, decoding: Decoding) -> Tensor:
    """(3, frames, 224, 224), as the encoder takes it."""
    seen = SectorFrames(clip, find_manifest("EchoPrime_video_encoder"), decoding)
    return seen.batch(seen.chosen(())).transpose(0, 1)


def test_a_short_clip_is_filled_with_nothing_or_played_again() -> None:
    clip = drawn(frames=10)
    published, corrected = shown(clip, PUBLISHED), shown(clip, CORRECTED)
    assert published.shape == corrected.shape == (3, 16, 224, 224)
    assert torch.equal(published[:, :5], corrected[:, :5])
    assert not published[:, 5:].any()
    assert torch.equal(corrected[:, 5:10], corrected[:, :5])  # frame 10 of 10 is frame 0 again
    assert len(np.unique(corrected.numpy())) > 100


def test_a_single_frame_is_skipped_or_shown_as_a_clip() -> None:
    single = drawn(frames=1)
    with pytest.raises(ReadingError, match="skips single frames"):
        shown(single, PUBLISHED)
    video = shown(single, CORRECTED)
    assert all(torch.equal(video[:, 0], video[:, index]) for index in range(16))


@pytest.mark.slow
def test_what_stands_still_is_outside_the_sector() -> None:
    clip = drawn()
    inside = sector(clip.frames)
    assert inside is not None
    assert not inside[5:35, 5:60].any()
    overlap = (inside & fan()).sum() / (inside | fan()).sum()
    assert overlap > 0.93
    black = outside_blackened(clip.frames)
    assert not black[:, 5:35, 5:60].any()
    assert np.array_equal(black[:, inside], clip.frames[:, inside])


def test_the_sector_of_a_single_frame_is_its_largest_part() -> None:
    inside = sector(drawn(frames=1).frames)
    assert inside is not None
    assert not inside[5:35, 5:60].any()


def test_black_frames_have_no_sector_and_stay_black() -> None:
    black = np.zeros((3, 60, 80, 3), np.uint8)
    assert sector(black) is None
    assert not outside_blackened(black).any()


def test_a_tenth_of_the_side_is_cut_from_every_side_of_the_square() -> None:
    assert centre_square((0, 0, 320, 240), margin=0.1) == (64, 24, 256, 216)
    assert centre_square((10, 20, 110, 320)) == (10, 120, 110, 220)


def test_pixels_become_training_units_per_colour() -> None:
    grey = np.full((1, 8, 8, 3), 100, np.uint8)
    values = TRAINING.apply(grey)
    assert values.shape == (3, 1, 8, 8)
    expected = [(100 - 29.110628) / 47.989223, (100 - 28.076836) / 46.456997, (100 - 29.096405) / 47.20083]
    assert values[:, 0, 0, 0].tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
def test_the_corrected_way_cuts_from_the_calibrated_region() -> None:
    """Two images beside each other: the region says which one is meant, the whole frame's middle shows parts of both."""
    region = RegionCalibration(0, 0, 319, 239, 1, 1, 3, 3, 0.05, 0.05)
    left = drawn().frames
    both = np.concatenate([left, np.full_like(left, 0)], axis=2)
    clip = Clip("1.2", both, None, regions=(region,))  # type: ignore[arg-type]
    assert torch.equal(shown(clip, CORRECTED), shown(drawn(), CORRECTED))
    assert not torch.equal(shown(clip, PUBLISHED), shown(clip, CORRECTED))


def test_too_small_an_image_is_refused() -> None:
    with pytest.raises(ReadingError, match="nothing is left"):
        resized(np.zeros((1, 4, 4, 3), np.uint8), (2, 2, 3, 3), 8, 0)


def test_indices_are_spread_evenly() -> None:
    assert list(evenly(100, 4)) == [0, 33, 66, 99]
    assert list(evenly(3, 16)) == [0, 1, 2]


class Answer(nn.Module):
    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([logits]))

    def forward(self, frames: Tensor) -> Tensor:
        assert frames.shape == (1, 3, 224, 224)
        return self.logits


def test_the_view_is_named_with_its_probability() -> None:
    classifier = as_if_trained(load_model("EchoPrime_view_classifier", device="meta").network)
    classifier.network = Answer([0.0] * 7 + [3.0] + [0.0] * 3)
    reading = classifier.read(drawn())
    (value,) = reading.values
    assert (value.key, value.unit, value.detail) == ("view_confidence", "%", "Parasternal_Long")
    assert value.value == pytest.approx(100 * np.exp(3) / (np.exp(3) + 10))
    assert [row["View"] for row in reading.rows] == list(classifier.manifest.labels)
    assert sum(row["Probability"] for row in reading.rows) == pytest.approx(1.0)
    assert classifier.manifest.labels == tuple(sorted(classifier.manifest.labels))
