"""EchoNet-Measurements' B-mode lengths, published and corrected, on drawn heat maps."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.calibration import RegionCalibration
from models.errors import ReadingError
from models.families.echonet.frames import Screen, swapped_chroma
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.library.registry import list_models
from models.networks.linear_values import short_name
from models.results import CaliperKind, ReadValue, Reason
from tests.unit.models.families.drawn_maps import SECTOR, SPECTRUM, caliper_logits, clip, drawn_reader

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED
LINEAR = [manifest for manifest in list_models() if manifest.architecture.get("task") == "linear"]


def _single(first: tuple[float, float], last: tuple[float, float], name: str = "ivs", **changes: Any) -> Any:
    return drawn_reader(name, caliper_logits([(first, last)], **changes))


def _value(reading: Reading, key: str, unit: str | None = None) -> ReadValue:
    (found,) = [value for value in reading.values if value.key == key and unit in (None, value.unit)]
    return found


def test_nine_lengths_have_keys_of_the_dictionary() -> None:
    keys = {
        short_name(m): tuple(str(m.architecture[k]) for k in ("at_ed", "at_es", "largest") if k in m.architecture)
        for m in LINEAR
    }
    assert keys == {
        "ivs": ("ivsd_2d",),
        "lvid": ("lvidd_2d", "lvids_2d"),
        "lvpw": ("lvpwd_2d",),
        "aorta": ("ao_asc",),
        "aortic_root": ("ao_root",),
        "la": ("la_diam_ap_2d",),
        "rv_base": ("rv_basal",),
        "pa": ("pa_diam",),
        "ivc": ("ivc_diam",),
    }


@pytest.mark.parametrize("manifest", LINEAR, ids=short_name)
def test_every_length_reads_a_single_frame_in_both_decodings(manifest: Manifest) -> None:
    reader = _single((200.0, 100.0), (200.0, 160.0), manifest.name)
    for decoding in Decoding:
        reader.network.seen.clear()
        reading = reader.read(clip(), decoding)
        assert reading.rows[0]["diameter"] == pytest.approx(60 * 0.03, abs=0.05)
        assert [value for value in reading.values if value.value is not None]


def test_points_are_cut_to_whole_pixels_or_kept_to_a_fraction() -> None:
    first, last = (200.8, 100.9), (200.6, 160.2)
    reading = _single(first, last).read(clip(), PUBLISHED)
    assert [reading.rows[0][key] for key in ("pred_x1", "pred_y1", "pred_x2", "pred_y2")] == [200, 100, 200, 160]
    assert reading.rows[0]["coordinates"] == "200:200:100:160"
    assert reading.rows[0]["diameter"] == pytest.approx(60 * 0.03)
    reading = _single(first, last).read(clip(), CORRECTED)
    found = [reading.rows[0][key] for key in ("pred_x1", "pred_y1", "pred_x2", "pred_y2")]
    assert found == pytest.approx([*first, *last], abs=0.02)
    assert reading.rows[0]["diameter"] == pytest.approx(np.hypot(0.2, 59.3) * 0.03, abs=1e-3)


def test_background_shortens_the_published_line_only() -> None:
    """Both ends are drawn to the middle of the image, so their distance shrinks."""
    points = ((100.0, 60.0), (100.0, 120.0))
    assert _single(*points, background=0.002).read(clip(), PUBLISHED).rows[0]["diameter"] < 0.5 * 60 * 0.03
    corrected = _single(*points, background=0.002).read(clip(), CORRECTED)
    assert corrected.rows[0]["diameter"] == pytest.approx(60 * 0.03, abs=0.005)


def test_the_lowest_region_gives_wrong_centimetres_and_the_node_s_choice_right_ones() -> None:
    points = ((200.0, 100.0), (260.0, 180.0))
    both = clip(regions=(SECTOR, SPECTRUM))
    published = _single(*points).read(both, PUBLISHED)
    assert published.rows[0]["diameter"] == pytest.approx(np.hypot(60 * 0.005, 80 * 0.5), abs=1e-3)
    assert "lowest region, RegionSpatialFormat 3" in " ".join(published.notes)
    corrected = _single(*points).read(both, CORRECTED)
    assert corrected.rows[0]["diameter"] == pytest.approx(100 * 0.03, abs=1e-2)
    assert "RegionDataType tissue" in " ".join(corrected.notes)


@pytest.mark.parametrize("decoding", Decoding)
def test_without_a_region_there_are_pixels_and_no_centimetres(decoding: Decoding) -> None:
    reading = _single((200.0, 100.0), (200.0, 180.0)).read(clip(regions=()), decoding)
    assert _value(reading, "ivs").unit == "px"
    assert _value(reading, "ivs").value == pytest.approx(80, abs=0.1)
    missing = _value(reading, "ivsd_2d", "cm")
    assert missing.value is None
    assert missing.reasons[0] is Reason.NO_CALIBRATION
    assert not [value for value in reading.values if value.unit == "cm" and value.value is not None]


def test_pixels_are_never_in_a_table_without_their_unit() -> None:
    single, cine = clip(regions=()), clip(regions=(), from_video_file=True)
    lengths = ("diameter", "predicted_diameter", "smooth_diameter")

    def row(image: Any, decoding: Decoding) -> list[Any]:
        reading = _single((200.0, 100.0), (200.0, 180.0)).read(image, decoding)
        assert ("unit" in reading.columns) is ("unit" in reading.folder_columns) is (decoding is CORRECTED)
        return [reading.rows[0][key] for key in (*lengths, "unit")]

    assert row(clip(), CORRECTED) == [pytest.approx(2.4, abs=0.01)] * 3 + ["cm"]
    assert row(single, CORRECTED) == [pytest.approx(80, abs=0.1)] * 3 + ["px"]
    assert row(single, PUBLISHED)[:3] == [None] * 3
    assert row(cine, PUBLISHED)[:3] == [80, None, 80]  # the script for one video knows pixels only


def test_the_published_pixels_are_those_of_the_image_not_of_480_rows() -> None:
    """100 px of the network are 160 of 768 x 1024, of 0.03 cm each."""
    image = clip(rows=768, columns=1024, regions=(replace(SECTOR, x1_px=1023, y1_px=767),))
    reading = _single((200.0, 100.0), (200.0, 200.0)).read(image, PUBLISHED)
    assert reading.rows[0]["diameter"] == pytest.approx(4.8)
    assert reading.rows[0]["pred_y2"] == 200
    assert reading.marks[0].points_px[1] == pytest.approx((320, 320))


def test_points_outside_the_region_are_none_in_the_corrected_decoding() -> None:
    """A duplex screen, the spectrum below row 300: its pixels have no centimetres."""
    upper = clip(regions=(replace(SECTOR, y1_px=299), replace(SPECTRUM, y0_px=300)))
    below = ((200.0, 330.0), (200.0, 430.0))
    reading = _single(*below).read(upper, CORRECTED)
    assert reading.rows[0]["diameter"] is None
    assert _value(reading, "ivsd_2d").reasons == (Reason.QUALITY,)
    assert _single(*below).read(upper, PUBLISHED).rows[0]["diameter"] == pytest.approx(50)
    inside, outside = caliper_logits([((200.0, 100.0), (200.0, 160.0))]), caliper_logits([below])
    both = drawn_reader("ivs", np.maximum(inside, outside)).read(upper, CORRECTED)
    assert both.rows[0]["diameter"] == pytest.approx(60 * 0.03, abs=0.01)


def test_only_the_corrected_decoding_refuses_a_region_that_is_no_b_mode() -> None:
    alone = clip(regions=(SPECTRUM,))
    assert _single((200.0, 100.0), (200.0, 180.0)).read(alone, PUBLISHED).notes[-1] == "diameters of the table in cm"
    reading = _single((200.0, 100.0), (200.0, 180.0)).read(alone, CORRECTED)
    assert _value(reading, "ivsd_2d", "cm").reasons[0] is Reason.NO_CALIBRATION


def test_split_screens_are_refused_by_name() -> None:
    left, right = replace(SECTOR, x1_px=300), replace(SECTOR, x0_px=320)
    reading = _single((200.0, 100.0), (200.0, 180.0)).read(clip(regions=(left, right)), CORRECTED)
    assert Reason.SPLIT_SCREEN in _value(reading, "ivsd_2d", "cm").reasons


def test_published_takes_3_to_4_only_and_corrected_fits_any_shape_into_black() -> None:
    wide = clip(rows=600, columns=1000, regions=(replace(SECTOR, x1_px=999, y1_px=599, physical_delta_x=0.02),))
    with pytest.raises(ReadingError, match="1000 x 600"):
        _single((200.0, 100.0), (200.0, 180.0)).read(wide, PUBLISHED)
    screen = Screen(600, 1000)
    ends = screen.to_network(np.array([[400.0, 200.0], [400.0, 300.0]]))
    reader = _single((ends[0][0], ends[0][1]), (ends[1][0], ends[1][1]))
    reading = reader.read(replace(wide, regions=wide.regions), CORRECTED)
    found = [reading.rows[0][key] for key in ("pred_x1", "pred_y1", "pred_x2", "pred_y2")]
    assert found == pytest.approx([400, 200, 400, 300], abs=0.05)
    (shown,) = reader.network.seen
    assert shown.shape == (3, 480, 640)
    assert (shown[:, :48] == 0).all()
    assert (shown[:, 48:432] > 0).all()


@pytest.mark.parametrize(("rows", "columns"), [(480, 640), (708, 1016), (600, 1000), (1080, 1441), (112, 112), (37, 1000)])
def test_the_letterbox_is_inverted_exactly(rows: int, columns: int) -> None:
    screen = Screen(rows, columns)
    points = np.random.default_rng(1).uniform(0, (columns, rows), (50, 2))
    assert screen.to_image(screen.to_network(points)) == pytest.approx(points, abs=1e-9)
    corners = screen.to_network(np.array([[-0.5, -0.5], [columns - 0.5, rows - 0.5]]))
    assert (corners >= -0.5 - 1e-9).all()
    assert (corners <= np.array([639.5, 479.5]) + 1e-9).all()


def test_a_bright_pixel_comes_back_where_it_was() -> None:
    """The frame goes through the same geometry as the points: a block is found where it was drawn, to what
    bilinear sampling does to its sharp edges.
    """
    frame = np.zeros((600, 1000, 3), np.uint8)
    frame[300:320, 700:720] = 200
    fitted = Screen(600, 1000).fit(frame)[..., 0].astype(float)
    rows, columns = np.mgrid[:480, :640]
    centre = np.array([[(fitted * columns).sum(), (fitted * rows).sum()]]) / fitted.sum()
    assert Screen(600, 1000).to_image(centre)[0] == pytest.approx(
        [709.5, 309.5], abs=0.25
    )  # bilinear, so sharp edges move by parts of a pixel


def test_the_published_decoding_shows_video_files_blue_first_and_unresized() -> None:
    cine = clip(rows=120, columns=200, regions=(), from_video_file=True)
    cine.frames[..., 0], cine.frames[..., 2] = 250, 10
    reader = drawn_reader("ivs", caliper_logits([((50.0, 50.0), (90.0, 50.0))], shape=(120, 200)))
    published = reader.read(cine, PUBLISHED)
    assert reader.network.seen[0].shape == (3, 120, 200)
    assert reader.network.seen[0][:, 60, 100] * 255 == pytest.approx([10, 100, 250], abs=1e-3)
    assert published.rows[0]["diameter"] == pytest.approx(40, abs=1)
    reader = _single((200.0, 100.0), (200.0, 180.0))
    reader.read(cine, CORRECTED)
    assert reader.network.seen[0].shape == (3, 480, 640)
    assert reader.network.seen[0][:, 240, 320] * 255 == pytest.approx([250, 100, 10], abs=1e-3)


def test_a_dicom_image_is_shown_red_first_in_both_decodings() -> None:
    image = clip()
    image.frames[..., 0] = 250
    for decoding in Decoding:
        reader = _single((200.0, 100.0), (200.0, 180.0))
        reader.read(image, decoding)
        assert reader.network.seen[0][0].mean() * 255 == pytest.approx(250, abs=1e-3)


def test_two_far_peaks_are_no_point_in_the_corrected_decoding() -> None:
    one, two = caliper_logits([((100.0, 100.0), (300.0, 300.0))])[0]
    double = np.array([[np.maximum(one, two), two]])
    reading = drawn_reader("ivs", double).read(clip(), CORRECTED)
    assert reading.rows[0]["diameter"] is None
    assert reading.rows[0]["coordinates"] is None
    assert reading.marks == ()
    assert _value(reading, "ivsd_2d").reasons == (Reason.QUALITY,)
    assert drawn_reader("ivs", double).read(clip(), PUBLISHED).rows[0]["diameter"] is not None


def _beating(frames: int, frame_rate_hz: float, beats_hz: float = 1.0) -> Any:
    """A ventricle of 150 px at end-diastole and 100 px at end-systole, the first end-diastole a quarter beat in."""
    seconds = np.arange(frames) / frame_rate_hz
    sides = 62.5 + 12.5 * np.cos(2 * np.pi * (seconds - 0.25 / beats_hz) * beats_hz)
    points = [((320.0, 240.0 - side), (320.0, 240.0 + side)) for side in sides]
    return drawn_reader("lvid", caliper_logits(points))


@pytest.mark.slow
def test_the_phases_of_the_ventricle_over_all_beats() -> None:
    reading = _beating(40, 12.0).read(clip(40, interval_ms=1000 / 12), CORRECTED)
    lvidd, lvids = _value(reading, "lvidd_2d"), _value(reading, "lvids_2d")
    assert lvidd.value == pytest.approx(150 * 0.03, abs=0.02)
    assert lvids.value == pytest.approx(100 * 0.03, abs=0.02)
    assert lvidd.detail.startswith("mean of 3 beats")
    assert (lvidd.beats, len(lvidd.sources)) == (3, 3)
    assert _value(reading, "fs_2d").value == pytest.approx(100 / 3, abs=0.5)
    assert _value(reading, "ef_teichholz_2d").value == pytest.approx(62.1, abs=0.7)
    assert reading.rows[3]["smooth_diameter"] == pytest.approx(4.5, abs=0.1)
    published = _beating(40, 12.0).read(clip(40, interval_ms=1000 / 12), PUBLISHED)
    assert _value(published, "lvidd_2d").reasons == (Reason.NO_CARDIAC_CYCLE,)
    assert "median of 40 of 40" in _value(published, "lvid").detail


def test_published_phases_take_one_pair() -> None:
    """A video is not resized, so its maps can be small here."""
    sides = 25 + 5 * np.cos(2 * np.pi * (np.arange(105) / 30 - 0.25))
    points = [((40.0, 60.0 - side), (40.0, 60.0 + side)) for side in sides]
    reader = drawn_reader("lvid", caliper_logits(points, shape=(120, 80), sigma=3.0))
    cine = clip(105, rows=120, columns=80, from_video_file=True, regions=(replace(SECTOR, physical_delta_y=0.075),))
    reading = reader.read(cine, PUBLISHED)
    assert _value(reading, "lvidd_2d").value == pytest.approx(60 * 0.075, abs=0.16)
    assert _value(reading, "lvidd_2d").frame_index in (37, 38)
    assert _value(reading, "lvids_2d").frame_index in (22, 23)
    assert _value(reading, "ef_teichholz_2d").value == pytest.approx(62.1, abs=4)
    again = drawn_reader("lvid", caliper_logits(points, shape=(120, 80), sigma=3.0))
    again.kernel = True
    smoothed = again.read(cine, PUBLISHED)
    assert any("smoothed by 1-2-3-2-1" in note for note in smoothed.notes)
    ends = [np.ptp([row["smooth_diameter"] for row in one.rows]) for one in (reading, smoothed)]
    assert 0.95 < ends[1] / ends[0] < 0.99  # a beat of 30 frames leaves the kernel with 0.97 of its height
    assert [row["diameter"] for row in smoothed.rows] == [row["diameter"] for row in reading.rows]


@pytest.mark.slow
def test_uncalibrated_phases_give_pixels_and_a_marked_ratio_but_no_ejection_fraction() -> None:
    reading = _beating(40, 12.0).read(clip(40, interval_ms=1000 / 12, regions=()), CORRECTED)
    assert _value(reading, "lvidd_2d", "px").value == pytest.approx(150, abs=1)
    assert _value(reading, "lvidd_2d", "cm").reasons == (Reason.NO_CALIBRATION,)
    assert "uncalibrated" in _value(reading, "fs_2d").detail
    assert _value(reading, "ef_teichholz_2d").reasons == (Reason.NO_CALIBRATION,)


def test_r_waves_choose_the_frames_of_a_wall() -> None:
    points = [((320.0, 200.0), (320.0, 200.0 + 30 + number)) for number in range(12)]
    cine = clip(12, interval_ms=50.0, r_wave_times_ms=(100.0, 455.0))
    reading = drawn_reader("ivs", caliper_logits(points)).read(cine, CORRECTED)
    value = _value(reading, "ivsd_2d")
    assert value.value == pytest.approx((32 + 39) / 2 * 0.03, abs=2e-3)
    assert value.detail.startswith("mean of 2 beats, SD 0.15 cm")
    assert (value.beats, value.sd, len(value.sources)) == (2, pytest.approx(0.15, abs=0.005), 2)
    assert [value.key for value in reading.values] == ["ivsd_2d"]


@pytest.mark.parametrize(("name", "key"), [("ivs", "ivsd_2d"), ("lvid", "lvidd_2d"), ("lvid", "lvids_2d"), ("pa", "pa_diam")])
def test_a_clip_shorter_than_a_beat_has_no_diameter_at_end_diastole(name: str, key: str) -> None:
    """Bug prevented: LVIDd at the one R wave of a clip of 450 ms."""
    points = [((320.0, 200.0), (320.0, 300.0 + 5 * number)) for number in range(10)]
    cine = clip(10, interval_ms=50.0, r_wave_times_ms=(100.0,), heart_rate_bpm=70.0)
    for values in (
        drawn_reader(name, caliper_logits(points)).read(cine, CORRECTED).values,
        drawn_reader(name, caliper_logits(points)).read_values(cine),
    ):
        (value,) = [value for value in values if value.key == key]
        assert (value.value, value.reasons) == (None, (Reason.NO_CARDIAC_CYCLE,))
        assert "ms" in value.detail


def test_an_impossible_length_is_refused() -> None:
    huge = RegionCalibration(0, 0, 639, 479, 1, 1, 3, 3, 0.05, 0.05)
    cine = clip(9, interval_ms=50.0, r_wave_times_ms=(50.0, 400.0), regions=(huge,))
    reading = drawn_reader("ivs", caliper_logits([((320.0, 100.0), (320.0, 200.0))] * 9)).read(cine, CORRECTED)
    assert _value(reading, "ivsd_2d").reasons == (Reason.OUTSIDE_LIMITS,)
    assert "outside 0.4 to 3.5 cm" in _value(reading, "ivsd_2d").detail


@pytest.mark.slow
def test_only_the_published_decoding_prints_an_impossible_ejection_fraction() -> None:
    """150 and 100 px of 0.07 cm are a ventricle of 10.5 cm: one and the same clip, with and without an ejection fraction."""
    region = replace(SECTOR, physical_delta_x=0.07, physical_delta_y=0.07)
    cine = clip(105, regions=(region,))
    published, corrected = (_beating(105, 30.0).read(cine, decoding) for decoding in (PUBLISHED, CORRECTED))
    assert _value(published, "lvidd_2d").value == pytest.approx(150 * 0.07, abs=0.1)
    assert _value(published, "ef_teichholz_2d").value == pytest.approx(58, abs=2)
    for key in ("lvidd_2d", "ef_teichholz_2d"):
        refused = _value(corrected, key)
        assert (refused.value, refused.reasons) == (None, (Reason.OUTSIDE_LIMITS,))


def test_the_vena_cava_is_read_at_its_largest_but_not_where_a_point_slipped() -> None:
    points = [((320.0, 200.0), (320.0, 200.0 + side)) for side in (40, 50, 140, 60, 68, 70, 66, 50)]
    reading = drawn_reader("ivc", caliper_logits(points)).read(clip(8), CORRECTED)
    assert _value(reading, "ivc_diam").value == pytest.approx(68 * 0.03, abs=2e-3)
    assert _value(reading, "ivc_diam").frame_index == 3


def test_the_length_of_a_single_frame_has_limits_too() -> None:
    reading = _single((320.0, 40.0), (320.0, 440.0), "lvid").read(clip(), CORRECTED)
    assert _value(reading, "lvid").reasons == (Reason.OUTSIDE_LIMITS,)
    assert "outside 0.8 to 9.5 cm" in _value(reading, "lvid").detail
    assert _single((320.0, 40.0), (320.0, 440.0), "lvid").read(clip(), PUBLISHED).values[-1].value == pytest.approx(11.97)


@pytest.mark.slow
def test_ratios_fall_with_their_diameters() -> None:
    """150 and 100 px of 0.02 cm: a ventricle of 3 and 2 cm; of 0.07 cm: 10.5 and 7 cm, whose ratio is the same."""
    for delta, reasons in ((0.02, ()), (0.07, (Reason.OUTSIDE_LIMITS,))):
        region = replace(SECTOR, physical_delta_x=delta, physical_delta_y=delta)
        reading = _beating(40, 12.0).read(clip(40, interval_ms=1000 / 12, regions=(region,)), CORRECTED)
        for key in ("lvidd_2d", "fs_2d", "ef_teichholz_2d"):
            assert _value(reading, key).reasons == reasons


def test_what_is_assumed_of_the_aorta_is_said() -> None:
    points = ((200.0, 100.0), (200.0, 180.0))
    assert "taken for the ascending aorta" in " ".join(_single(*points, "aorta").read(clip()).notes)
    assert "aorta" not in " ".join(_single(*points, "aortic_root").read(clip()).notes)


def test_rows_and_marks_are_those_of_the_authors_tables() -> None:
    reader = drawn_reader("ivs", caliper_logits([((200.0, 100.0), (200.0, 160.0))] * 5))  # one batch and a rest
    image = clip(5, photometric_interpretation="YBR_FULL_422", ultrasound_color_data_present=1)
    reading = reader.read(image, CORRECTED)
    assert reading.columns == (
        "frame_number",
        "pred_x1",
        "pred_y1",
        "pred_x2",
        "pred_y2",
        "diameter",
        "smooth_diameter",
        "unit",
    )
    assert [row["frame_number"] for row in reading.rows] == [0, 1, 2, 3, 4]
    assert all(set(reading.columns) | set(reading.folder_columns) <= set(row) for row in reading.rows)
    assert reading.rows[0]["measurement_name"] == "ivs"
    assert reading.rows[0]["PhotometricInterpretation"] == "YBR_FULL_422"
    assert [mark.frame_index for mark in reading.marks] == [0, 1, 2, 3, 4]
    assert reading.marks[0].kind is CaliperKind.LINE
    assert reading.marks[0].label == "ivs 1.80 cm"
    assert _value(reading, "ivsd_2d").calipers == (), "no phase is known of one second, so none of the five was measured"


@pytest.mark.slow
def test_a_mean_keeps_the_line_of_each_beat_and_what_is_made_of_it_none() -> None:
    lengths = 60 + 20 * np.cos(2 * np.pi * np.arange(42) / 12)
    reader = drawn_reader("lvid", caliper_logits([((200.0, 100.0), (200.0, 100.0 + length)) for length in lengths]))
    values = {value.key: value for value in reader.read(clip(42, interval_ms=1000 / 12)).values}
    for key, length in (("lvidd_2d", 80.0), ("lvids_2d", 40.0)):
        frames = [source.frame_number for source in values[key].sources]
        assert len(frames) > 1
        assert [caliper.frame_number for caliper in values[key].calipers] == frames
        for caliper in values[key].calipers:
            assert caliper.kind is CaliperKind.LINE
            assert np.ravel(caliper.points_px) == pytest.approx([200, 100, 200, 100 + length], abs=1)
    assert values["fs_2d"].value is not None
    assert values["fs_2d"].calipers == ()


def test_a_line_is_as_sure_as_its_less_sure_end() -> None:
    maps = caliper_logits([((200.0, 100.0), (200.0, 160.0))] * 2)
    ends = [1 / (1 + np.exp(-channel.max())) for channel in maps[0]]
    maps[1, 1] = np.minimum(maps[1, 1], 0.0)
    sure = [mark.probability for mark in drawn_reader("ivs", maps).read(clip(2), CORRECTED).marks]
    assert sure == pytest.approx([min(ends), 0.5], abs=1e-3)
    assert min(ends) > 0.8
    published = drawn_reader("ivs", maps).read(clip(2), PUBLISHED).marks  # a centroid of everything has no probability
    assert [mark.probability for mark in published] == [None, None]


def test_swapped_chroma_changes_colours_and_no_grey() -> None:
    grey = np.full((1, 4, 4, 3), 77, np.uint8)
    assert np.abs(swapped_chroma(grey).astype(int) - 77).max() <= 1
    red = np.zeros((2, 4, 4, 3), np.uint8)
    red[..., 0] = 200
    swapped = swapped_chroma(red)
    assert swapped.shape == red.shape
    assert swapped[0, 0, 0, 2] > 150
    assert swapped[0, 0, 0, 0] < 60
