"""Screens: marks that know nothing of the view, truth that lies where it was drawn, scales that measure right."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import (
    PhysicalUnit,
    RegionCalibration,
    RegionDataType,
    RegionSpatialFormat,
    choose_b_mode_region,
    choose_m_mode_region,
    choose_spectral_region,
)
from models.catalogue import ECHOVIEW47, Mode, View
from models.phantom.rendered import PlaneClip, Rendered, SectorShape, Trace, TraceMark
from models.phantom.screens import SCREENS, Annotation, Screen, compose, screen_of

_SMALL = min(SCREENS, key=lambda screen: screen.rows * screen.columns)
_ENDS_MM = np.array([[-22.0, 61.0], [25.0, 97.0]])  # of a line in the plane
_SAMPLES, _LINES = 300, 220


def _places() -> tuple[SectorShape, NDArray[np.float64], NDArray[np.float64]]:
    sector = SectorShape(0.7, 10.0, 150.0)
    radius = np.linspace(sector.near_mm, sector.far_mm, _SAMPLES)[:, None]
    angle = np.linspace(-sector.half_angle_rad, sector.half_angle_rad, _LINES)[None]
    return sector, radius * np.sin(angle), radius * np.cos(angle)


def _plane(view: View = View.A4C, echoview47: str = "a4ch-full", *, colour: bool = False) -> PlaneClip:
    """Dark but for a bright spot at each end of the line."""
    sector, x, z = _places()
    spots = sum(np.exp(-((x - end[0]) ** 2 + (z - end[1]) ** 2) / 2 / 1.5**2) for end in _ENDS_MM)
    flow = np.where(np.hypot(x, z - 60) < 12, 30.0, np.nan)[None].repeat(2, axis=0)
    return PlaneClip(
        view, echoview47, sector, np.asarray([spots, spots], np.float32), np.array([0.0, 40.0]), (10.0,), 72.0, 2,
        colour=flow.astype(np.float32) if colour else None,
        contours_mm={"lv": np.array([[[-20.0, 60.0], [20.0, 60.0], [0.0, 110.0]], [[np.nan] * 2] * 3])},
        landmarks_mm={"lvidd_2d": np.array([_ENDS_MM, np.full((2, 2), np.nan)])},
        values={"lvidd_2d": 5.92}, ed_frames=(0,), es_frames=(1,),
    )  # fmt: skip


def _spectrum(*, mode: Mode = Mode.PW, inverted: bool = False) -> Trace:
    """One bright row at 50 cm/s, one bright column at 1.5 s; the mark lies where they cross."""
    panel = np.zeros((200, 400), np.float32)
    per_row, top = (1.0, -40.0) if inverted else (-1.0, 120.0)
    panel[round((50 - top) / per_row)] = 0.8
    panel[:, 150] = 0.8
    return Trace(
        View.DOPPLER_MV_PW, "doppler-mv", mode, panel, 0.01, top, per_row, (200.0, 1000.0), 75.0, 3,
        marks=(TraceMark("mv_e", ((1.505, 50.0),)),), values={"mv_e": 50.0},
    )  # fmt: skip


def _m_mode() -> Trace:
    panel = np.zeros((160, 300), np.float32)
    panel[80] = 0.8
    return Trace(
        View.MMODE_A4CH_RV, "mmode-a4ch-rv", Mode.M_MODE, panel, 0.01, 0.05, 0.1, (100.0,), 60.0, 2,
        marks=(TraceMark("tapse", ((0.5, 8.05), (1.0, 8.05))),),
    )  # fmt: skip


def _format(rendered: Rendered, spatial_format: RegionSpatialFormat) -> RegionCalibration:
    return next(region for region in rendered.regions if region.spatial_format == spatial_format)


def _bare(screen: Screen = _SMALL) -> Screen:
    """Without words and marks in the picture, so that what is bright in it is the content."""
    return replace(screen, ecg_inside=False, monochrome=True, blocks=(replace(screen.blocks[0], y=2.0),))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_length_measures_right_through_the_region(screen: Screen) -> None:
    rendered = compose(_plane(), screen, seed=3)
    (line,) = rendered.landmarks
    dx_cm, dy_cm = _format(rendered, RegionSpatialFormat.TWO_D).cm_per_px
    (x0, y0), (x1, y1) = line.points_px
    true_cm = math.dist(*_ENDS_MM) / 10
    assert math.hypot((x1 - x0) * dx_cm, (y1 - y0) * dy_cm) == pytest.approx(true_cm, rel=1e-6)
    choice = choose_b_mode_region(rendered.regions, screen.rows, screen.columns)
    assert choice.problem is None
    assert choice.region is not None
    assert all(choice.region.x0_px <= x <= choice.region.x1_px for x in (x0, x1))


def test_the_spots_lie_where_the_truth_says() -> None:
    rendered = compose(_plane(), _bare(), seed=11, annotation=Annotation.ABSENT)
    (line,) = rendered.landmarks
    for x, y in line.points_px:
        rows, columns = np.mgrid[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7]
        weight = rendered.frames[0][rows, columns].astype(float) ** 2
        assert (weight * columns).sum() / weight.sum() == pytest.approx(x, abs=0.2)
        assert (weight * rows).sum() / weight.sum() == pytest.approx(y, abs=0.2)
    (contour,) = rendered.contours  # the second frame has none
    assert (contour.structure, contour.frame_index, len(contour.points_px)) == ("lv", 0, 3)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("screen", SCREENS[::3], ids=lambda screen: screen.name)
def test_a_spectrum_measures_right(screen: Screen, inverted: bool) -> None:
    rendered = compose(_spectrum(inverted=inverted), screen, seed=5)
    choice = choose_spectral_region(rendered.regions, screen.rows, screen.columns)
    assert choice.problem is None
    region = choice.region
    assert region is not None
    ((x, y),) = rendered.landmarks[0].points_px
    assert region.physical_y(y) == pytest.approx(50, rel=1e-6)
    assert (region.physical_delta_y > 0) == inverted
    assert region.zero_row_px == round(region.zero_row_px)  # the baseline lies on a row, as readers of it alone want
    reference = region.x0_px + (region.reference_pixel_x0_px or 0)
    assert region.reference_physical_value_x + (x - reference) * region.physical_delta_x == pytest.approx(1.505, rel=1e-6)


def test_the_bright_row_lies_where_the_scale_says() -> None:
    rendered = compose(_spectrum(), _bare(), seed=5, annotation=Annotation.ABSENT)
    region = _format(rendered, RegionSpatialFormat.SPECTRAL)
    panel = rendered.frames[0][region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1].astype(float)
    ((x, y),) = rendered.landmarks[0].points_px
    area = panel[:, 30:90]
    rows = np.arange(len(panel))[abs(np.arange(len(panel)) + region.y0_px - y) < 6]
    weight = area[rows].mean(axis=1)
    assert (weight * rows).sum() / weight.sum() + region.y0_px == pytest.approx(y, abs=0.35)
    assert region.x0_px + panel[10:40].mean(axis=0).argmax() == pytest.approx(x, abs=1.0)


def test_an_m_mode_is_in_seconds_and_cm() -> None:
    rendered = compose((_plane(), _m_mode()), SCREENS[0], seed=8)
    choice = choose_m_mode_region(rendered.regions, SCREENS[0].rows, SCREENS[0].columns)
    assert choice.problem is None
    assert choice.region is not None
    first, second = rendered.landmarks[0].points_px
    assert choice.region.physical_y(first[1]) == pytest.approx(8.05)
    assert (second[0] - first[0]) * choice.region.physical_delta_x == pytest.approx(0.5)


def test_what_regions_a_picture_has() -> None:
    kinds = {
        "loop": (_plane(), {RegionDataType.TISSUE}),
        "flow": (_plane(colour=True), {RegionDataType.TISSUE, RegionDataType.COLOUR_FLOW}),
        "spectrum": ((_plane(), _spectrum(mode=Mode.CW)), {RegionDataType.TISSUE, RegionDataType.CW_SPECTRAL}),
        "tissue": (_spectrum(mode=Mode.TDI), {RegionDataType.PW_SPECTRAL}),
    }
    for content, expected in kinds.values():
        rendered = [compose(content, replace(_SMALL, columns=240, rows=180), seed) for seed in range(3)]
        for one in rendered:
            assert {region.data_type for region in one.regions} - {RegionDataType.ECG} == expected
        strips = [region for one in rendered for region in one.regions if region.data_type == RegionDataType.ECG]
        assert strips
        assert all((strip.physical_unit_x, strip.spatial_format) == (PhysicalUnit.SECONDS, 4) for strip in strips)


def test_marks_know_nothing_of_the_view() -> None:
    classes = [row for row in ECHOVIEW47 if row.mode is Mode.B_MODE][::9]
    for seed in range(4):
        screen = replace(screen_of(seed), columns=240, rows=180)
        first = compose(_plane(), screen, seed)
        for row in classes:
            other = compose(_plane(row.view, row.name), screen, seed)
            assert np.array_equal(other.frames, first.frames), f"{row.name} looks different on {screen.name}"
            assert other.regions == first.regions


def test_marks_know_nothing_of_the_kind_of_spectrum() -> None:
    screen = replace(_SMALL, columns=240, rows=180)
    for seed in range(4):
        spectra = [replace(_spectrum(mode=mode), view=view, echoview47=name) for mode, view, name in (
            (Mode.PW, View.DOPPLER_MV_PW, "doppler-mv"), (Mode.CW, View.DOPPLER_AV_CW, "doppler-av"),
            (Mode.TDI, View.DOPPLER_TISSUE_LATERAL, "doppler-tissue-lateral"),
        )]  # fmt: skip
        frames = [compose(spectrum, screen, seed).frames for spectrum in spectra]
        assert np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[0], frames[2])


def test_a_word_may_be_right_wrong_or_absent() -> None:
    screen = replace(_SMALL, columns=240, rows=180)
    plane, other = _plane(), _plane(View.PLAX, "plax-full-lv")
    right, wrong, absent = (compose(plane, screen, 1, annotation=kind).frames for kind in list(Annotation)[1:])
    assert not np.array_equal(right, absent)
    assert not np.array_equal(wrong, right)
    assert not np.array_equal(compose(other, screen, 1, annotation=Annotation.RIGHT).frames, right)
    assert np.array_equal(compose(other, screen, 1, annotation=Annotation.ABSENT).frames, absent)


def test_same_seed_same_picture_and_another_seed_another() -> None:
    screen = replace(_SMALL, columns=240, rows=180)
    assert np.array_equal(compose(_plane(), screen, 4).frames, compose(_plane(), screen, 4).frames)
    assert not np.array_equal(compose(_plane(), screen, 4).frames, compose(_plane(), screen, 5).frames)
    assert {screen_of(seed).name for seed in range(120)} == {screen.name for screen in SCREENS}


def test_the_strip_names_the_time_of_the_frames() -> None:
    plane = _plane()
    seed = next(
        seed for seed in range(20) if any(r.data_type == RegionDataType.ECG for r in compose(plane, _SMALL, seed).regions)
    )
    rendered = compose(plane, _SMALL, seed)
    strip = next(region for region in rendered.regions if region.data_type == RegionDataType.ECG)
    differing = np.argwhere((rendered.frames[0] != rendered.frames[1]).any(axis=-1))
    columns = sorted(set(differing[:, 1]))  # the mark of the current frame, before and after
    assert (columns[-1] - columns[0]) * strip.physical_delta_x == pytest.approx(0.040, abs=1.5 * strip.physical_delta_x)
    assert differing[:, 0].min() >= strip.y0_px


def test_a_grey_screen_has_grey_frames() -> None:
    screen = next(screen for screen in SCREENS if screen.monochrome)
    assert compose(_plane(), screen, 0).frames.ndim == 3
    assert compose(_plane(colour=True), screen, 0).frames.ndim == 4
