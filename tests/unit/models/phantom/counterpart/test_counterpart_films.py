"""Films of the second generator: every class of view, and what is stated of it."""

import numpy as np
import pytest

from models.catalogue import ECHOVIEW47, QUANTITIES, Mode, View
from models.derive.ventricle.volumes import biplane_volume_ml
from models.phantom.counterpart import PLANES, Heart, render_plane, sample_heart
from models.phantom.counterpart.body import body_at
from models.phantom.counterpart.polygons import joined
from models.phantom.counterpart.readings import outlines
from models.phantom.counterpart.scene import cut
from models.phantom.counterpart.windows import place
from models.phantom.rendered import STRUCTURES, PlaneClip

pytestmark = pytest.mark.slow
SMALL = (72, 40)


@pytest.fixture(scope="module")
def clips() -> dict[str, PlaneClip]:
    """One short clip of every class."""
    return {name: render_plane(4, name, seed=2, frames=1, polar=SMALL) for name in PLANES}


def _outline(heart: Heart, name: str, time_ms: float) -> np.ndarray:
    """The cavity's outline in the plane of a class, in cm, at a moment."""
    window = place(heart, body_at(heart, 0.0), name, np.random.default_rng(heart.seed))
    return outlines(cut(body_at(heart, time_ms), window.plane))["lv"] / 10


def test_there_is_a_plane_for_every_b_mode_class() -> None:
    assert set(PLANES) == {row.name for row in ECHOVIEW47 if row.mode is Mode.B_MODE}


def test_every_class_renders(clips: dict[str, PlaneClip]) -> None:
    for name, clip in clips.items():
        assert clip.echoview47 == name
        assert clip.view is PLANES[name]
        assert clip.polar.shape == (1, *SMALL)
        assert clip.polar.dtype == np.float32
        assert 0 <= clip.polar.min() < 0.1, name
        assert 0.4 < clip.polar.max() <= 1, name
        assert set(clip.contours_mm) <= set(STRUCTURES)
        assert set(clip.landmarks_mm) | set(clip.values) <= set(QUANTITIES), name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a4ch-full", {"lv", "lv_wall", "la", "ra", "rv"}),
        ("a2ch-full", {"lv", "lv_wall", "la"}),
        ("a3ch-full", {"lv", "lv_wall", "la", "aorta"}),
        ("a5ch-full", {"lv", "lv_wall", "aorta"}),
        ("plax-full-lv", {"lv", "lv_wall", "la", "aorta"}),
        ("psax-lv-mid", {"lv", "lv_wall", "rv"}),
        ("psax-av", {"aorta", "la"}),
        ("subcostal-heart", {"lv", "rv", "ra"}),
        ("suprasternal", {"aorta"}),
    ],
)
def test_a_plane_cuts_what_it_is_named_after(clips: dict[str, PlaneClip], name: str, shown: set[str]) -> None:
    assert shown <= set(clips[name].contours_mm)


def test_sections_end_at_the_valve_plane_left_end_first() -> None:
    for seed in range(2):
        for name in ("a4ch-full", "a2ch-full", "a3ch-full"):
            outline = _outline(sample_heart(seed), name, 0.0)
            assert outline[0, 0] < outline[-1, 0], (seed, name)
            apex = outline[np.argmin(outline[:, 1])]
            assert apex[1] < outline[[0, -1], 1].min() - 4, (seed, name)


def test_discs_of_the_true_outlines_give_the_hearts_ejection_fraction() -> None:
    """Not of an infarct: two planes cannot know what lies between them.

    Volumes are further off: the planes lie 60 degrees apart, and no ventricle is an ellipse.
    """
    hearts = [heart for heart in map(sample_heart, range(9)) if heart.infarct is None]
    assert len(hearts) > 5
    shares = []
    for heart in hearts:
        ed, es = (
            biplane_volume_ml(_outline(heart, "a4ch-full", time), _outline(heart, "a2ch-full", time))
            for time in (0.0, heart.rhythm.systole_ms)
        )
        assert 100 * (1 - es / ed) == pytest.approx(100 * heart.ef, abs=1.0), heart.seed
        shares.append(ed / heart.edv_ml)
    assert np.mean(shares) == pytest.approx(1, abs=0.035)
    assert shares == pytest.approx([1.0] * len(shares), abs=0.1)


def _distance(places: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Of each place to the closed outline, in its unit: to its sides, not to its points."""
    start, side = outline, np.roll(outline, -1, axis=0) - outline
    away = places[:, None] - start[None]
    share = np.clip((away * side).sum(-1) / np.maximum((side**2).sum(-1), 1e-9), 0, 1)
    return np.linalg.norm(away - share[..., None] * side, axis=-1).min(axis=1)


@pytest.fixture(scope="module")
def plax() -> list[PlaneClip]:
    return [render_plane(seed, "plax-full-lv", seed=seed, beats=1, frame_rate_hz=10, polar=(24, 12)) for seed in (1, 4, 9)]


def test_walls_end_on_their_borders(plax: list[PlaneClip]) -> None:
    borders = {"lvidd_2d": ("lv", "lv"), "ivsd_2d": ("lv_wall", "lv"), "lvpwd_2d": ("lv", "lv_wall")}
    for clip in plax:
        ed = clip.ed_frames[0]
        for key, (first, second) in borders.items():
            one, other = clip.landmarks_mm[key][ed]
            assert _distance(one[None], clip.contours_mm[first][ed]).max() < 0.7, key
            assert _distance(other[None], clip.contours_mm[second][ed]).max() < 0.7, key
            assert clip.values[key] == pytest.approx(np.hypot(*(one - other)) / 10, rel=0.03)


def test_lines_are_drawn_in_their_phase_alone(plax: list[PlaneClip]) -> None:
    for clip in plax:
        for key, frames in (("lvidd_2d", clip.ed_frames), ("lvids_2d", clip.es_frames)):
            drawn = np.flatnonzero(np.isfinite(clip.landmarks_mm[key]).all(axis=(1, 2)))
            assert drawn.tolist() == sorted(frames)
        assert clip.values["lvids_2d"] < clip.values["lvidd_2d"]


def test_the_septum_lies_towards_the_probe(plax: list[PlaneClip]) -> None:
    for clip in plax:
        ed = clip.ed_frames[0]
        assert clip.landmarks_mm["ivsd_2d"][ed, :, 1].max() < clip.landmarks_mm["lvpwd_2d"][ed, :, 1].min()


def test_the_root_is_as_wide_as_it_was_built() -> None:
    found = 0
    for seed in range(5):
        clip = render_plane(seed, "plax-full-out", seed=seed, beats=1, frame_rate_hz=4, polar=(24, 12))
        if "ao_root" in clip.values:
            found += 1
            assert clip.values["ao_root"] == pytest.approx(sample_heart(seed).root_mm[1] / 10, rel=0.13), seed
    assert found >= 3


def test_the_same_seed_is_the_same_film() -> None:
    one, other = (render_plane(8, "psax-lv-mid", seed=3, quality=1, frames=3, polar=SMALL) for _ in range(2))
    assert one.polar.tobytes() == other.polar.tobytes()
    assert one.quality_cause == other.quality_cause
    assert render_plane(8, "psax-lv-mid", seed=4, quality=1, frames=3, polar=SMALL).polar.tobytes() != one.polar.tobytes()


def test_quality_has_a_cause_and_costs_contrast() -> None:
    """Blood stands out from muscle less and less."""
    contrast = []
    for quality in (3, 0):
        clips = [
            render_plane(seed, "a4ch-lv", seed=seed, quality=quality, frames=2, polar=(128, 64), cause="haze")
            for seed in range(4)
        ]
        assert all((clip.quality_cause == "") == (quality == 3) for clip in clips)
        contrast.append(np.mean([_contrast(clip) for clip in clips]))
    assert contrast[0] > contrast[1] + 0.05


def _contrast(clip: PlaneClip) -> float:
    """Mean grey of the wall less that of the cavity's core."""
    samples, lines = clip.polar.shape[1:]
    radius = np.linspace(clip.sector.near_mm, clip.sector.far_mm, samples)[:, None]
    angle = np.linspace(-1, 1, lines)[None] * clip.sector.half_angle_rad
    places = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1).reshape(-1, 2)
    cavity, wall = (_inside(places, clip.contours_mm[name][0]).reshape(samples, lines) for name in ("lv", "lv_wall"))
    return float(clip.polar[0][wall & ~cavity].mean() - clip.polar[0][cavity].mean())


def _inside(places: np.ndarray, outline: np.ndarray) -> np.ndarray:
    x, y = places[:, :1], places[:, 1:]
    x0, y0 = outline.T
    x1, y1 = np.roll(outline, -1, axis=0).T
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return crosses.sum(axis=1) % 2 == 1


def test_speckle_moves_with_the_wall_and_blood_does_not_keep_its_own() -> None:
    """From one frame to the next the muscle's picture stays, that of the blood is another."""
    clip = render_plane(1, "psax-lv-mid", seed=5, quality=3, frames=3, frame_rate_hz=80, polar=(256, 128))
    samples, lines = clip.polar.shape[1:]
    radius = np.linspace(clip.sector.near_mm, clip.sector.far_mm, samples)[:, None]
    angle = np.linspace(-1, 1, lines)[None] * clip.sector.half_angle_rad
    places = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1).reshape(-1, 2)
    wall = (_inside(places, clip.contours_mm["lv_wall"][0]) & ~_inside(places, clip.contours_mm["lv"][0])).reshape(
        samples, lines
    )
    assert np.corrcoef(clip.polar[0][wall], clip.polar[1][wall])[0, 1] > 0.8


def test_two_outlines_become_one_that_holds_both() -> None:
    """Every place within either lies within the joined outline, and no other place does."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ellipse = np.stack([30 * np.cos(angle), 14 * np.sin(angle)], axis=1)
    places = np.random.default_rng(1).uniform(-60, 60, (4000, 2))
    for turn in (0.3, 1.2, 2.2):
        circle = 16 * np.stack([np.cos(-angle + turn), np.sin(-angle + turn)], axis=1) + 34 * np.array(
            [np.cos(turn), 0.5 * np.sin(turn)]
        )
        both = joined(ellipse, circle)
        assert both is not None
        either = _inside(places, ellipse) | _inside(places, circle)
        assert (_inside(places, both) == either).mean() > 0.999
    assert joined(ellipse, ellipse + 200.0) is None


def test_a_clip_of_two_beats_names_two_pairs_of_phases() -> None:
    clip = render_plane(5, "a4ch-full", seed=1, beats=3.2, frame_rate_hz=7, polar=(16, 8))
    assert len(clip.ed_frames) == len(clip.es_frames) >= 2
    assert all(ed < es for ed, es in zip(clip.ed_frames, clip.es_frames, strict=True))
    assert clip.view is View.A4C
