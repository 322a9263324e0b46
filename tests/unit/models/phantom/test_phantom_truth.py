"""Clips and training frames: what is said about them is what they show."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.catalogue import ECHOVIEW47, View
from models.derive.ventricle.volumes import area_cm2, to_cm
from models.inputs.letterbox import Letterbox
from models.phantom.acquisition import RENDERED_VIEWS
from models.phantom.anatomy import sample_heart
from models.phantom.truth import ECHOVIEW47_OF, PhantomClip, TrainingFrame, render_clip, training_frames

POLAR, ROWS, COLUMNS = (160, 96), 240, 320


def small_clip(
    seed: int = 3,
    view: View = View.A4C,
    *,
    quality: int = 3,
    frames: int | None = None,
    beats: float = 1.0,
    overlays: bool = True,
) -> PhantomClip:
    return render_clip(
        sample_heart(seed), view, seed=seed, quality=quality, frames=frames, beats=beats,
        rows=ROWS, columns=COLUMNS, polar=POLAR, overlays=overlays,
    )  # fmt: skip


def areas_cm2(clip: PhantomClip) -> NDArray[np.float64]:
    return np.array([area_cm2(to_cm(c.points_px, clip.region.cm_per_px)) for c in clip.contours])


@pytest.fixture(scope="module")
def two_beats() -> PhantomClip:
    return small_clip(beats=2.0)


@pytest.mark.slow
def test_clip_has_the_shape_and_timing_asked_for(two_beats: PhantomClip) -> None:
    heart = sample_heart(3)
    assert two_beats.frames.shape[1:] == (ROWS, COLUMNS)
    assert two_beats.frames.dtype == np.uint8
    assert len(two_beats.frame_times_ms) == len(two_beats.frames) == len(two_beats.contours)
    assert np.allclose(np.diff(two_beats.frame_times_ms), 40.0)
    assert two_beats.frame_times_ms[-2] < 2 * heart.rr_interval_ms <= two_beats.frame_times_ms[-1]
    assert two_beats.r_wave_times_ms == pytest.approx((0.0, heart.rr_interval_ms, 2 * heart.rr_interval_ms))
    assert two_beats.heart_rate_bpm == heart.heart_rate_bpm


def test_marked_frames_are_the_extremes_of_the_outline(two_beats: PhantomClip) -> None:
    areas = areas_cm2(two_beats)
    assert len(two_beats.ed_frames) == len(two_beats.es_frames) == 2
    for ed, es in zip(two_beats.ed_frames, two_beats.es_frames, strict=True):
        assert ed < es
        assert areas[es] <= areas[ed : ed + 12].min() * 1.01
        assert areas[ed] >= areas.max() * 0.98


def test_a_beat_cut_before_end_systole_has_no_pair() -> None:
    clip = small_clip(frames=3)
    assert len(clip.frames) == 3
    assert clip.ed_frames == clip.es_frames == ()


def test_the_region_has_the_scale_of_the_sector() -> None:
    clip = small_clip(frames=1, overlays=False)
    region = clip.region
    box = clip.frames[0, region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1]
    # The arc reaches the bottom of the box in its middle and the sides at the corners of the fan.
    assert box[-3:, box.shape[1] // 2 - 15 : box.shape[1] // 2 + 15].max() > 0
    assert region.cm_per_px[0] == pytest.approx(region.cm_per_px[1], rel=0.01)
    assert 8 < region.cm_per_px[1] * box.shape[0] < 26
    outside = clip.frames[0].copy()
    outside[region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1] = 0
    assert outside.max() == 0


@pytest.mark.slow
def test_same_arguments_same_bytes_and_other_seed_other_image() -> None:
    one, same, other = (small_clip(seed, frames=4) for seed in (5, 5, 6))
    assert one.frames.tobytes() == same.frames.tobytes()
    assert one.contours == same.contours
    assert one.frames.tobytes() != other.frames.tobytes()


def test_a_shorter_clip_is_the_beginning_of_the_longer_one() -> None:
    short, long = small_clip(frames=3, overlays=False), small_clip(frames=6, overlays=False)
    assert np.array_equal(short.frames, long.frames[:3])


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_overlays_leave_the_sector_alone(seed: int) -> None:
    plain, drawn = (small_clip(seed, frames=3, overlays=overlays) for overlays in (False, True))
    box = (slice(None), slice(plain.region.y0_px, plain.region.y1_px + 1), slice(plain.region.x0_px, plain.region.x1_px + 1))
    assert np.array_equal(plain.frames[box], drawn.frames[box])
    assert not np.array_equal(plain.frames, drawn.frames)


def test_overlays_do_not_depend_on_the_view() -> None:
    four, two = (small_clip(8, view, frames=1) for view in (View.A4C, View.A2C))
    corner = (slice(None), slice(ROWS - 16, ROWS), slice(0, 60))
    assert four.frames[corner].max() > 0
    assert np.array_equal(four.frames[corner], two.frames[corner])


@pytest.mark.parametrize("view", [View.A4C, View.A2C])
@pytest.mark.parametrize("seed", range(4))
def test_the_outline_separates_dark_cavity_from_bright_wall(view: View, seed: int) -> None:
    clip = small_clip(seed, view, frames=1)
    points = np.array(clip.contours[0].points_px)
    centre = points.mean(axis=0)
    inside, outside = (np.round(centre + share * (points[8:-8] - centre)).astype(int) for share in (0.85, 1.12))
    frame = clip.frames[0].astype(float)
    assert frame[inside[:, 1], inside[:, 0]].mean() * 1.6 < frame[outside[:, 1], outside[:, 0]].mean()


@pytest.mark.parametrize("view", [View.A4C, View.A2C])
@pytest.mark.parametrize("seed", range(6))
def test_the_outline_starts_and_ends_on_the_annulus_at_the_bottom(view: View, seed: int) -> None:
    clip = small_clip(seed, view, frames=1)
    points = np.array(clip.contours[0].points_px)
    left, right, apex = points[0], points[-1], points[:, 1].argmin()
    assert left[0] < right[0]
    assert min(left[1], right[1]) > np.percentile(points[:, 1], 70)
    assert 16 < apex < 48
    region = clip.region
    assert points[:, 0].min() >= region.x0_px
    assert points[:, 0].max() <= region.x1_px
    assert points[:, 1].max() <= region.y1_px


@pytest.mark.parametrize("view", RENDERED_VIEWS)
def test_every_view_renders_and_has_its_class(view: View) -> None:
    clip = small_clip(1, view, frames=1)
    assert clip.frames.max() > 100
    assert bool(clip.contours) == (view in (View.A4C, View.A2C))
    classes = {c.name: c.view for c in ECHOVIEW47}
    assert classes[clip.echoview47] == view
    assert set(ECHOVIEW47_OF) == set(RENDERED_VIEWS)


def contrast(frame: TrainingFrame) -> float:
    """Wall against cavity, in units of the local variation: what a poor image lacks."""
    mask = frame.lv_mask.astype(bool)
    grown = mask.copy()
    for axis in (0, 1):
        for step in (-3, 3):
            grown |= np.roll(mask, step, axis=axis)
    image = frame.image.astype(float)
    cavity, wall = image[mask], image[grown & ~mask]
    return float((wall.mean() - cavity.mean()) / np.sqrt((wall.var() + cavity.var()) / 2))


@pytest.mark.slow
def test_training_frames_and_their_masks_agree_and_better_images_have_more_contrast() -> None:
    by_quality: dict[int, list[float]] = {level: [] for level in range(4)}
    for seed in range(30):
        for frame in training_frames(seed, views=(View.A4C, View.A2C), phases=2):
            by_quality[frame.quality].append(contrast(frame))
    means = [np.mean(by_quality[level]) for level in range(4)]
    assert min(by_quality[3]) > 0.5
    assert means == sorted(means)
    assert means[3] > means[0] + 0.5


def test_training_frames_say_what_was_asked_for() -> None:
    frames = training_frames(2, views=(View.A4C, View.OTHER), size=96, phases=3)
    assert [f.view for f in frames] == [View.A4C] * 3 + [View.OTHER] * 3
    for frame in frames:
        assert frame.image.shape == frame.lv_mask.shape == (96, 96)
        assert frame.image.dtype == frame.lv_mask.dtype == np.uint8
        assert set(np.unique(frame.lv_mask)) <= {0, 1}
        assert frame.has_lv == bool(frame.lv_mask.any())
        assert 0.08 < frame.cm_per_px < 0.3


def test_training_frames_repeat_and_differ_by_seed() -> None:
    one, same, other = (training_frames(seed, views=(View.A2C,), phases=2) for seed in (1, 1, 2))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0].image, other[0].image)


@pytest.mark.parametrize("seed", range(5))
def test_a_mask_has_the_area_of_the_ventricle(seed: int) -> None:
    heart = sample_heart(seed)
    ed, es = training_frames(seed, views=(View.A4C,), phases=2)
    volumes = []
    for frame in (ed, es):
        mask = frame.lv_mask.astype(bool)
        rows = np.flatnonzero(mask.any(axis=1))
        length_cm = len(rows) * frame.cm_per_px
        volumes.append(8 / (3 * np.pi) * (mask.sum() * frame.cm_per_px**2) ** 2 / length_cm)
    # Area-length assumes an ellipsoid cut at its equator's end; this ventricle is not one, and may lie aslant.
    assert volumes[0] == pytest.approx(heart.edv_ml, rel=0.25)
    assert volumes[1] == pytest.approx(heart.esv_ml, rel=0.3)


@pytest.mark.slow
def test_training_frames_look_like_clips_through_the_letterbox() -> None:
    """The networks learn from the one and are used on the other."""
    trained = [f.image for s in range(24) for f in training_frames(s, views=(View.A4C,), phases=1) if f.quality >= 2]
    used = []
    for seed in range(8):
        clip = render_clip(sample_heart(seed), View.A4C, seed=seed, quality=2 + seed % 2, frames=1, polar=(320, 128))
        used.append(Letterbox.of_region(clip.region, 128).apply(clip.frames)[0] * 255)
    means = [float(np.mean([image[image > 4].mean() for image in images])) for images in (trained, used)]
    assert means[0] == pytest.approx(means[1], rel=0.15)
    dark = [float(np.mean([(image < 15).mean() for image in images])) for images in (trained, used)]
    assert dark[0] == pytest.approx(dark[1], abs=0.08)
