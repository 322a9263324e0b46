"""EchoNet-Measurements' frames: prepared once for all readers of a clip, and only those that a value is read on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.clip import Clip
from models.families.echo_motion import frames as echo_motion_frames
from models.families.echonet import clips as echonet_clips
from models.families.echonet.frames import Screen
from models.families.echonet.whole_frames import WholeFrames
from models.library.reading import Decoding
from models.library.registry import find_manifest
from tests.unit.models.families.drawn_maps import blob, clip, drawn_reader

BRIGHT, FAINT = 100, 20


class ByBrightness(nn.Module):
    """The second end point goes down with the frame's brightness; a frame below 30 has none."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1))
        self.frames = 0

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        self.frames += len(frames)
        levels = (255 * frames.mean(dim=(1, 2, 3))).tolist()
        nothing = np.full((480, 640), -20, np.float32)
        maps = [[blob(320, 150), blob(320, 170 + level / 5) if level > 30 else nothing] for level in levels]
        return {"out": torch.from_numpy(np.array(maps, np.float32))}


def reader_of(name: str) -> Any:
    reader = drawn_reader(name, np.zeros((1, 2, 480, 640), np.float32))
    reader.network = ByBrightness()
    return reader


def brightening_clip(*, r_waves_ms: tuple[float, ...] = (70.0, 390.0), faint: tuple[int, ...] = ()) -> Clip:
    taken = clip(12, interval_ms=40.0, r_wave_times_ms=r_waves_ms)
    pixels = taken.frames.copy()
    for index in range(12):
        pixels[index] = FAINT if index in faint else BRIGHT + 5 * index
    return replace(taken, frames=pixels)


@pytest.mark.parametrize("name", ["ivs", "lvpw", "aorta", "aortic_root", "pa"])
def test_a_length_at_r_waves_is_read_on_their_frames_alone(name: str) -> None:
    every, needed = reader_of(name), reader_of(name)
    moving = brightening_clip()
    assert needed.read_values(moving) == every.read(moving).values
    assert (needed.network.frames, every.network.frames) == (2, 12)
    assert any(value.frame_index == 2 for value in every.read(moving).values), "the first R wave's"


@pytest.mark.parametrize("faint", [(2,), (2, 10), tuple(range(12))], ids=["one R wave", "all R waves", "everywhere"])
def test_frames_without_end_points_change_nothing(faint: tuple[int, ...]) -> None:
    moving = brightening_clip(faint=faint)
    assert reader_of("ivs").read_values(moving) == reader_of("ivs").read(moving).values


@pytest.mark.parametrize("name", ["lvid", "la", "rv_base", "ivc"])
def test_where_the_diameters_tell_the_phase_all_frames_are_read(name: str) -> None:
    reader, moving = reader_of(name), brightening_clip()
    assert reader.read_values(moving) == reader_of(name).read(moving).values
    assert reader.network.frames == 12


def test_without_r_waves_all_frames_are_read() -> None:
    reader, moving = reader_of("ivs"), brightening_clip(r_waves_ms=())
    assert reader.read_values(moving) == reader_of("ivs").read(moving).values
    assert reader.network.frames == 12


@pytest.mark.slow
def test_the_readers_of_a_clip_share_what_was_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    fit = Screen.fit

    def counting(screen: Screen, frame: Any) -> Any:
        counted.append(1)
        return fit(screen, frame)

    monkeypatch.setattr(Screen, "fit", counting)
    moving = brightening_clip()
    readers = [reader_of(name) for name in ("ivs", "lvid", "lvpw")]
    alone = [reader.read(moving).values for reader in readers]
    assert len(counted) == 3 * 12
    counted.clear()
    with moving.cache.shared():
        assert [reader.read(moving).values for reader in readers] == alone
    assert len(counted) == 12
    readers[0].read(moving)
    assert len(counted) == 24, "afterwards nothing is kept"


def test_shared_frames_are_the_same_in_any_order() -> None:
    moving = brightening_clip()
    seen = WholeFrames(moving, find_manifest("lvid"))
    apart = seen.batch([5, 3, 5])
    with moving.cache.shared():
        seen.batch([3])
        together = seen.batch([5, 3, 5])
    assert torch.equal(apart, together)


def test_the_squares_of_a_clip_are_cut_once_for_the_regressor_and_the_segmenter(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    cut = echonet_clips._cut

    def counting(grey: Any, *more: Any) -> Any:
        counted.append(len(grey))
        return cut(grey, *more)

    monkeypatch.setattr(echonet_clips, "_cut", counting)
    moving = brightening_clip()
    alone = echonet_clips.squares(moving, Decoding.CORRECTED)
    with moving.cache.shared():
        with moving.cache.shared():
            together = [echonet_clips.squares(moving, Decoding.CORRECTED) for _ in range(2)]
        echonet_clips.squares(moving, Decoding.CORRECTED)
        assert counted == [12, 12], "once alone, once for all"
    echonet_clips.squares(moving, Decoding.CORRECTED)
    assert counted == [12, 12, 12], "afterwards nothing is kept"
    assert all((one.frames == alone.frames).all() for one in together)


def test_echo_motions_frames_are_filtered_once_by_one_preparation(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    preprocess = echo_motion_frames.Preparation.preprocess

    def counting(preparation: Any, frames: Any) -> Any:
        counted.append(len(frames))
        return preprocess(preparation, frames)

    monkeypatch.setattr(echo_motion_frames.Preparation, "preprocess", counting)
    preparation = echo_motion_frames.Preparation(64, 2.0, 8, 0, 75.0, 75.0)
    other = replace(preparation, clip_limit=0.0)
    moving = brightening_clip()
    alone = preparation.squares(moving, [3, 4, 5])
    counted.clear()
    with moving.cache.shared():
        preparation.squares(moving, [2, 3])
        assert torch.equal(preparation.squares(moving, [3, 4, 5]), alone)
        assert counted == [2, 2]
        other.squares(moving, [3])
    assert counted == [2, 2, 1], "another preparation has frames of its own"
