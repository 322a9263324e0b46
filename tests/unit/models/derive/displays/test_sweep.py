"""The frame of a recorded display that shows one sweep alone, on drawn fronts, scrolls and cursors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.derive.displays.sweep import Sweep, last_whole_sweep
from models.phantom.displays import SPECTRAL, Spectrum, outflow
from tests.sweeps import scrolling, under_a_cursor, written

SWEEPS = [Spectrum(outflow(60, 4, peak, first), seed=seed).frame() for seed, (peak, first) in enumerate(
    [(-60.0, 0.1), (-90.0, 0.4), (-75.0, 0.25), (-100.0, 0.5)]
)]  # fmt: skip
SILENT = Spectrum(()).frame()


def found(frames: NDArray[np.uint8]) -> Sweep:
    grey = frames[:, SPECTRAL.y0_px : SPECTRAL.y1_px + 1, :, 0]
    return last_whole_sweep(lambda index: grey[index], len(grey))


def test_before_the_front_begins_anew() -> None:
    """Frames at 0.7, 0.8, ... 1.0, 1.1 of the way: the fourth shows the second sweep alone."""
    sweep = found(written(SWEEPS, SPECTRAL, [0.7, 0.8, 0.9, 0.99, 1.05, 1.15]))
    assert (sweep.frame_index, sweep.words) == (3, "frame 4 of 6: the last at the end of a sweep")


@pytest.mark.slow
def test_of_several_whole_sweeps_the_last() -> None:
    fronts = [*np.arange(0.6, 2.5, 0.04)]
    index = found(written(SWEEPS, SPECTRAL, fronts)).frame_index
    assert index is not None
    assert 1.9 < fronts[index] < 2.01


def test_a_front_at_the_end_with_the_clip() -> None:
    assert found(written(SWEEPS, SPECTRAL, [0.5, 0.7, 0.9, 0.985])).frame_index == 3


@pytest.mark.parametrize("bar", [0.0, 0.05])
def test_with_and_without_a_bar(bar: float) -> None:
    fronts = [0.9, 0.93, 0.96, 0.99, 1.02, 1.05, 1.08]
    index = found(written(SWEEPS, SPECTRAL, fronts, bar)).frame_index
    assert index is not None
    assert fronts[index] == 0.99


@pytest.mark.parametrize("fronts", [[0.2, 0.4, 0.6], [0.7, 0.8, 0.9], [0.1, 0.2], [0.5, 0.51], [0.50, 0.51, 0.52, 0.53]])
def test_a_clip_that_ends_before_the_front_does_shows_no_whole_sweep(fronts: list[float]) -> None:
    sweep = found(written(SWEEPS, SPECTRAL, fronts))
    assert sweep.frame_index is None
    assert "parts of two" in sweep.words


def test_a_first_sweep_that_fills_an_empty_display() -> None:
    assert found(written([SILENT, *SWEEPS], SPECTRAL, [0.2, 0.4, 0.6, 0.8, 0.91, 0.99])).frame_index == 5
    assert found(written([SILENT, *SWEEPS], SPECTRAL, [0.2, 0.4, 0.6])).frame_index is None


def test_what_scrolls_is_read_at_its_end() -> None:
    sweep = found(scrolling(SWEEPS[0], SPECTRAL, [0, 31, 62, 93, 93, 124]))
    assert (sweep.frame_index, sweep.words) == (5, "frame 6 of 6: the last of a trace that scrolls")


def test_a_trace_at_rest_with_and_without_a_cursor() -> None:
    assert found(np.stack([SWEEPS[0]] * 3)).frame_index == 2
    assert found(under_a_cursor(SWEEPS[0], SPECTRAL, range(100, 900, 40))).frame_index == 19


def test_noise_of_compression_is_no_movement() -> None:
    random = np.random.default_rng(0)
    noisy = np.stack([SWEEPS[0].astype(int) + random.integers(-6, 7, SWEEPS[0].shape) for _ in range(3)])
    assert found(np.clip(noisy, 0, 255).astype(np.uint8)).frame_index == 2


def test_displays_that_have_nothing_in_common_are_not_read() -> None:
    """As where three frames are kept in one object, or the scale was changed."""
    sweep = found(np.stack(SWEEPS[:3]))
    assert sweep.frame_index is None
    assert "no sweep" in sweep.words


def test_a_front_that_jumps_is_not_believed() -> None:
    sweep = found(written(SWEEPS, SPECTRAL, [0.5, 0.6, 0.45, 0.5]))
    assert sweep.frame_index is None
    assert "jumps" in sweep.words


@pytest.mark.parametrize("place", [5, 1000])
def test_a_number_that_changes_at_the_side_is_no_front(place: int) -> None:
    frames = written(SWEEPS, SPECTRAL, [0.3, 0.35, 0.4, 0.45])
    for index, frame in enumerate(frames):
        frame[400:420, place : place + 12] = 60 * index
    assert found(frames).frame_index is None


def test_a_light_that_goes_on_and_off_leaves_the_trace_at_rest() -> None:
    frames = np.stack([SWEEPS[0]] * 5)
    frames[1::2, 400:420, 500:512] = 255
    assert found(frames).words == "frame 5 of 5: the trace is at rest"


def test_a_frame_alone_is_its_own_sweep() -> None:
    assert found(SWEEPS[0][None]) == Sweep(0, "")


def test_a_front_too_quick_for_the_clip_leaves_no_whole_sweep() -> None:
    """A tenth of the sweep is new and a tenth is old on each frame next to the seam."""
    assert found(written(SWEEPS, SPECTRAL, [0.5, 0.7, 0.9, 1.1, 1.3])).frame_index is None


def test_silence_at_both_ends_of_a_sweep_leaves_it_whole() -> None:
    """Without noise nothing is seen of the front where nothing flows."""
    quiet = [np.where(frame < 100, 0, frame).astype(np.uint8) for frame in SWEEPS]
    fronts = [0.8, 0.86, 0.92, 0.95, 0.98, 1.02, 1.06, 1.1]
    index = found(written(quiet, SPECTRAL, fronts, 0.0)).frame_index
    assert index is not None
    assert 0.92 <= fronts[index] <= 1.06


@pytest.mark.parametrize("seed", range(6))
def test_no_clip_gives_a_frame_with_parts_of_two_sweeps(seed: int) -> None:
    random = np.random.default_rng(seed)
    step, start, bar = random.uniform(0.005, 0.06), random.uniform(0, 1.2), float(random.choice([0, 0.01, 0.03, 0.05]))
    fronts = start + step * np.arange(random.integers(5, 25))
    index = found(written(SWEEPS, SPECTRAL, fronts.tolist(), bar)).frame_index
    places = fronts % 1
    lacking = np.minimum(np.clip(1 - places - bar, 0, None), places)
    if index is None:
        assert lacking.min() > 0.005
    else:
        assert lacking[index] <= 0.05
