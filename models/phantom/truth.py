"""Clips and training frames of the phantom together with what is exactly true about them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue import View
from models.phantom.acquisition import Pose, box_positions, plane_points, scan_convert, square_positions
from models.phantom.anatomy import Heart, HeartState, end_systole_ms, sample_heart, state_at
from models.phantom.negatives import HELD_OUT_KINDS, NEGATIVE_KINDS, render_negative
from models.phantom.overlays import Layout, draw_overlays, place_sector
from models.phantom.scene import Scene, build_scene, frame_generator, polar_frame
from models.phantom.structures import in_endocardium, left_ventricle
from models.results import Contour, Point

__all__ = [
    "HELD_OUT_KINDS", "NEGATIVE_KINDS", "PhantomClip", "TrainingFrame", "lv_contour_mm", "render_clip", "render_negative",
    "training_frames",
]  # fmt: skip

ECHOVIEW47_OF = {
    View.A4C: "a4ch-full",
    View.A2C: "a2ch-full",
    View.A3C: "a3ch-full",
    View.PLAX: "plax-full-lv",
    View.PSAX_MV: "psax-lv-base",
    View.PSAX_PM: "psax-lv-mid",
    View.PSAX_APEX: "psax-lv-apex",
    View.SUBCOSTAL_4C: "subcostal-heart",
}
_CONTOUR_VIEWS = (View.A4C, View.A2C)
_CONTOUR_POINTS = 64
_OTHER_VIEWS = (View.A3C, View.PLAX, View.PSAX_MV, View.PSAX_PM, View.PSAX_APEX, View.SUBCOSTAL_4C)


@dataclass(frozen=True, eq=False)
class PhantomClip:
    """Frames of one clip and their truth.

    `frames` is uint8 grey, (frames, rows, columns), 0 to 255; `frame_times_ms` (frames,) are their times from the first on.
    `region` is the sector's bounding box with the real scale. `contours` hold the left ventricle's endocardium on every frame
    of an a4c or a2c clip, in px of the whole image, else nothing. `ed_frames` and `es_frames` are 0-based, one pair per beat.
    `heart` is None for images of no heart.
    """

    view: View
    echoview47: str
    quality: int
    frames: NDArray[np.uint8]
    frame_times_ms: NDArray[np.float64]
    r_wave_times_ms: tuple[float, ...]
    heart_rate_bpm: float
    region: RegionCalibration
    contours: tuple[Contour, ...]
    ed_frames: tuple[int, ...]
    es_frames: tuple[int, ...]
    heart: Heart | None


def render_clip(
    heart: Heart,
    view: View,
    *,
    seed: int,
    quality: int = 2,
    frames: int | None = None,
    frame_rate_hz: float = 25.0,
    beats: float = 1.0,
    rows: int = 600,
    columns: int = 800,
    polar: tuple[int, int] = (384, 160),
    overlays: bool = True,
) -> PhantomClip:
    """A clip that starts at an R wave; without `frames` it ends with the first frame after `beats` R-R intervals.

    The same arguments give the same bytes on one kind of CPU. Raises LookupError for a view the phantom does not render.
    """
    interval_ms = 1000.0 / frame_rate_hz
    if frames is None:
        frames = math.ceil(beats * heart.rr_interval_ms / interval_ms) + 1
    times_ms = np.arange(frames, dtype=np.float64) * interval_ms
    scene = build_scene(heart, view, quality, polar, seed)
    layout = place_sector(scene.sector, rows, columns, seed)
    pictures = []
    previous = None
    for index, time_ms in enumerate(times_ms):
        grey = polar_frame(scene, float(time_ms), frame_generator(seed, index), moving_speckle=True)
        previous = grey if previous is None else (1 - scene.quality.persistence) * grey + scene.quality.persistence * previous
        pictures.append(previous)
    image = np.zeros((frames, rows, columns), np.uint8)
    positions = box_positions(scene.sector, layout.height_px, layout.width_px)
    box = scan_convert(torch.stack(pictures), scene.sector, *positions)
    image[:, layout.y0_px : layout.y0_px + layout.height_px, layout.x0_px : layout.x0_px + layout.width_px] = _to_uint8(box)
    r_waves = tuple(float(t) for t in np.arange(0.0, times_ms[-1] + 1e-6, heart.rr_interval_ms))
    if overlays:
        draw_overlays(image, layout, times_ms, heart.heart_rate_bpm, seed)
    ed_frames, es_frames = _cycle_frames(heart, times_ms, r_waves)
    contours = _contours(scene, layout, times_ms) if view in _CONTOUR_VIEWS else ()
    return PhantomClip(
        view, ECHOVIEW47_OF[view], quality, image, times_ms, r_waves, heart.heart_rate_bpm,
        _region(layout), contours, ed_frames, es_frames, heart,
    )  # fmt: skip


def _cycle_frames(
    heart: Heart, times_ms: NDArray[np.float64], r_waves_ms: tuple[float, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The frames next to each R wave and the following end-systole, for beats whose end-systole is in the clip."""
    starts = [r for r in r_waves_ms if r + end_systole_ms(heart) <= times_ms[-1]]
    ed = tuple(int(np.abs(times_ms - r).argmin()) for r in starts)
    es = tuple(int(np.abs(times_ms - r - end_systole_ms(heart)).argmin()) for r in starts)
    return ed, es


def _contours(scene: Scene, layout: Layout, times_ms: NDArray[np.float64]) -> tuple[Contour, ...]:
    contours = []
    for index, time_ms in enumerate(times_ms):
        outline = lv_contour_mm(state_at(scene.heart, float(time_ms)), scene.pose)
        points: tuple[Point, ...] = tuple(layout.to_px(float(x), float(y)) for x, y in outline)
        contours.append(Contour("lv", index, points))
    return tuple(contours)


def lv_contour_mm(state: HeartState, pose: Pose, points: int = _CONTOUR_POINTS) -> NDArray[np.float64]:
    """Endocardial outline in the image plane: (points, 2), mm sideways and along the central beam, from the origin of the
    beams.

    It runs from one end of the annulus line round the apex to the other end. Each point is a root of the implicit surface on a
    ray from the middle of the annulus line, found by bisection.
    """
    ends = _annulus_ends(state, pose)
    centre = ends.mean(axis=0)
    lean = math.atan2(*(ends[1] - ends[0])[::-1])
    angles = np.linspace(lean - math.pi, lean, points)  # the apex is at smaller depth, hence at negative angles
    directions = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    reach = _reach_mm(state, pose, np.broadcast_to(centre, directions.shape), directions)
    outline: NDArray[np.float64] = centre + reach[:, None] * directions
    outline[0], outline[-1] = ends
    return outline


def _reach_mm(
    state: HeartState, pose: Pose, starts: NDArray[np.float64], directions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far each ray runs inside the endocardium: bisection to less than a micrometre."""
    inside, outside = np.zeros(len(starts)), np.full(len(starts), 1.6 * state.length_mm)
    for _ in range(28):
        middle = (inside + outside) / 2
        at = starts + middle[:, None] * directions
        points = plane_points(pose, torch.from_numpy(at[:, 0].copy()), torch.from_numpy(at[:, 1].copy()))
        is_in = in_endocardium(state, points).numpy()
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return inside


def _annulus_ends(state: HeartState, pose: Pose) -> NDArray[np.float64]:
    """Where the image plane, the annulus plane and the endocardium meet: left end first; mm in the image, shape (2, 2)."""
    # Points of the image plane with z = base: a line; walk along it from its point nearest to the ventricle's axis.
    origin, forward, right = (np.array(v) for v in (pose.origin, pose.forward, pose.right))
    slope = -right[2] / forward[2]
    start = np.array([0.0, (state.base_z_mm - origin[2]) / forward[2]])
    along = np.array([1.0, slope]) / math.hypot(1.0, slope)
    in_space = along[0] * right + along[1] * forward
    position = origin + start[0] * right + start[1] * forward
    middle = start - along * float((position[:2] @ in_space[:2]) / (in_space[:2] @ in_space[:2]))
    directions = np.array([-along, along])
    starts = np.array([middle, middle])
    return np.asarray(starts + _reach_mm(state, pose, starts, directions)[:, None] * directions)


def _region(layout: Layout) -> RegionCalibration:
    return RegionCalibration(
        layout.x0_px, layout.y0_px, layout.x0_px + layout.width_px - 1, layout.y0_px + layout.height_px - 1,
        RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, PhysicalUnit.CM, PhysicalUnit.CM,
        layout.mm_per_px_x / 10, layout.mm_per_px_y / 10,
    )  # fmt: skip


def _to_uint8(grey: torch.Tensor) -> NDArray[np.uint8]:
    return np.asarray((grey * 255).round().clamp(0, 255).to(torch.uint8).numpy())


@dataclass(frozen=True, eq=False)
class TrainingFrame:
    """One letterboxed sector region: `image`, 0 to 255, and `lv_mask`, 0 or 1, are (size, size). `view` is the one asked
    for.
    """

    image: NDArray[np.uint8]
    lv_mask: NDArray[np.uint8]
    view: View
    quality: int
    cm_per_px: float
    has_lv: bool


def training_frames(
    seed: int,
    *,
    views: Sequence[View] = (View.A4C, View.A2C, View.OTHER),
    size: int = 128,
    polar: tuple[int, int] = (192, 112),
    phases: int = 3,
) -> list[TrainingFrame]:
    """One heart seen in each of `views`, at end-diastole, end-systole and then at random moments of the beat.

    View.OTHER stands for any other plane of the heart; images of no heart come from `render_negative`.
    """
    heart = sample_heart(seed)
    frames = []
    for position, view in enumerate(views):
        rng = np.random.default_rng([seed, position, 0x7A11])
        plane = _OTHER_VIEWS[int(rng.integers(len(_OTHER_VIEWS)))] if view is View.OTHER else view
        frames += _heart_frames(heart, plane, view, rng, size, polar, phases)
    return frames


def _heart_frames(
    heart: Heart, plane: View, label: View, rng: np.random.Generator, size: int, polar: tuple[int, int], phases: int
) -> list[TrainingFrame]:
    quality, scene_seed = int(rng.integers(4)), int(rng.integers(2**31))
    scene = build_scene(heart, plane, quality, polar, scene_seed)
    moments = [0.0, end_systole_ms(heart), *(rng.uniform(0, heart.rr_interval_ms) for _ in range(phases - 2))][:phases]
    polar_images = [polar_frame(scene, t, frame_generator(scene_seed, i), moving_speckle=False) for i, t in enumerate(moments)]
    # Twice as fine, then averaged: sampling speckle directly at this size would alias.
    square = scan_convert(torch.stack(polar_images), scene.sector, *square_positions(scene.sector, 2 * size))
    images = _to_uint8(functional.avg_pool2d(square.unsqueeze(1), 2)[:, 0])
    points = plane_points(scene.pose, *square_positions(scene.sector, size))
    cm_per_px = max(scene.sector.width_mm, scene.sector.depth_mm) / size / 10
    frames = []
    for image, moment in zip(images, moments, strict=True):
        mask = np.asarray(left_ventricle(state_at(heart, moment), points).cavity.numpy(), np.uint8)
        frames.append(TrainingFrame(image, mask, label, quality, cm_per_px, bool(mask.any())))
    return frames
