"""EchoNet-Measurements' peak velocities, published and corrected, on drawn spectra with known peaks."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration import RegionCalibration
from models.catalogue import Direction
from models.derive.displays.spectral_image import grey
from models.errors import ReadingError
from models.library.reading import Decoding
from models.library.registry import list_models
from models.phantom.displays import ECG, M_MODE, SECTOR, SPECTRAL, Spectrum, Wave
from models.results import CaliperKind, Reason
from tests.spectra import heat_map
from tests.unit.models.families.echonet.drawn_displays import peaks_of, reader_of, value_of

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED
JET = Spectrum((Wave(1.0, 0.32, -110.0),), replace(SPECTRAL, physical_delta_y=-2.5, data_type=4))
FAST_JET = replace(JET, waves=(Wave(1.0, 0.32, -312.3),))
DOPPLER = [manifest for manifest in list_models() if manifest.architecture.get("task") == "doppler_peak"]


def test_six_velocities_have_keys_of_the_dictionary() -> None:
    assert {manifest.aliases[0]: manifest.architecture["key"] for manifest in DOPPLER} == {
        "avvmax": "av_vmax",
        "trvmax": "tr_vmax",
        "mrvmax": "mr_vmax",
        "lvotvmax": "lvot_vmax",
        "latevel": "e_lateral",
        "medevel": "e_septal",
    }


def test_a_jet_away_from_the_transducer_corrected() -> None:
    reading = reader_of("avvmax", peaks_of(FAST_JET)).read(FAST_JET.clip())
    peak = value_of(reading, "av_vmax")
    assert (peak.unit, peak.value) == ("m/s", pytest.approx(3.123, abs=0.005))
    assert peak.detail == "away from the transducer"
    assert value_of(reading, "peak_velocity").value == pytest.approx(-312.3, abs=0.5)
    assert value_of(reading, "av_pg").value == pytest.approx(4 * 3.123**2, abs=0.2)
    (mark,) = reading.marks
    assert mark.kind is CaliperKind.POINT
    assert mark.points_px[0] == pytest.approx(FAST_JET.peak_px(FAST_JET.waves[0]), abs=0.1)
    assert [(caliper.kind, caliper.points_px) for caliper in peak.calipers] == [(CaliperKind.POINT, mark.points_px)]
    assert value_of(reading, "av_pg").calipers == (), "a gradient is made of the velocity, which has the mark"


def test_tissue_velocities_are_in_cm_s() -> None:
    """E is in m/s and e' in cm/s: a factor of 100 error waits in E/e'."""
    slow = Spectrum((Wave(1.0, 0.2, -9.6),), replace(SPECTRAL, physical_delta_y=-0.15))
    value = value_of(reader_of("medevel", peaks_of(slow)).read(slow.clip()), "e_septal")
    assert (value.unit, value.value) == ("cm/s", pytest.approx(9.6, abs=0.05))


@pytest.mark.parametrize("decoding", Decoding)
def test_the_table_has_the_published_columns(decoding: Decoding) -> None:
    below = replace(FAST_JET, beside=(SECTOR,))
    reading = reader_of("avvmax", peaks_of(below)).read(below.clip(), decoding)
    assert reading.columns == (
        "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "PhysicalDeltaY", "y0",
        "horizontal_line", "predicted_x", "predicted_y", "peak_velocity", "height", "width",
    )  # fmt: skip
    (row,) = reading.rows
    assert tuple(row) == reading.columns
    assert (row["measurement_name"], row["y0"], row["horizontal_line"]) == ("avvmax", 342, 175)
    assert (row["height"], row["width"], row["PhotometricInterpretation"]) == (768, 1024, "RGB")


def test_the_sign_is_lost_published_and_kept_corrected() -> None:
    """The same flow towards the transducer, drawn upwards on a usual display and downwards on an inverted one."""
    for delta_y, published_cm_s in ((-0.8, -80.0), (0.8, 80.0)):
        drawn = Spectrum((Wave(1.0, 0.3, 80.0),), replace(SPECTRAL, physical_delta_y=delta_y), beside=(SECTOR,))
        reader = reader_of("avvmax", peaks_of(drawn))
        assert reader.read(drawn.clip(), PUBLISHED).rows[0]["peak_velocity"] == pytest.approx(published_cm_s)
        assert reader.read(drawn.clip()).rows[0]["peak_velocity"] == pytest.approx(80.0, abs=0.2)


def test_one_pixel_published_parts_of_one_corrected() -> None:
    drawn = replace(FAST_JET, beside=(SECTOR,))
    x, y = drawn.peak_px(drawn.waves[0])
    reader = reader_of("avvmax", heat_map([(x, y)], sigma_px=8))
    reader.network.maps[0, round(y) + 3, round(x)] = 5.0  # one noisy pixel on the flat top
    published, corrected = (reader.read(drawn.clip(), decoding).rows[0]["peak_velocity"] for decoding in Decoding)
    assert published == pytest.approx(312.3 + 3 * 2.5, abs=1.3)  # positive below the baseline, as the scripts print it
    assert corrected == pytest.approx(-312.3, abs=0.6)


def test_the_lowest_region_published_the_spectral_one_corrected() -> None:
    """An ECG strip below the display: the published rule takes its scale and looks for the peak in it."""
    reader = reader_of("avvmax", peaks_of(FAST_JET))
    published = reader.read(FAST_JET.clip(), PUBLISHED)
    assert published.rows[0]["y0"] == ECG.y0_px
    assert "RegionSpatialFormat 4" in published.notes[1]
    assert abs(published.rows[0]["peak_velocity"]) < 1
    assert reader.read(FAST_JET.clip()).rows[0]["y0"] == SPECTRAL.y0_px


def test_a_higher_peak_outside_the_region_is_passed_over_when_corrected() -> None:
    """Below the region, in the ECG strip: the published decoding looks down to the image's bottom."""
    drawn = replace(FAST_JET, beside=(SECTOR,))
    (peak,) = peaks_of(drawn)
    reader = reader_of("avvmax", heat_map([peak, (500.0, 740.0)], [0.7, 0.9]))
    assert reader.read(drawn.clip(), PUBLISHED).rows[0]["predicted_y"] == 740
    assert reader.read(drawn.clip()).rows[0]["predicted_y"] == pytest.approx(peak[1], abs=0.1)


@pytest.mark.parametrize(("y0", "accepted"), [(339, False), (340, True), (350, True), (351, False), (100, False)])
def test_over_a_folder_the_published_decoding_takes_rows_340_to_350_only(y0: int, accepted: bool) -> None:
    region = replace(SPECTRAL, y0_px=y0, y1_px=y0 + 349)
    drawn = Spectrum((Wave(1.0, 0.3, -80.0),), region, beside=(SECTOR,))
    reader = reader_of("lvotvmax", peaks_of(drawn))
    assert reader.read(drawn.clip(), PUBLISHED).rows[0]["peak_velocity"] == pytest.approx(80.0)
    reader.in_folder = True
    assert reader.read(drawn.clip()).rows[0]["peak_velocity"] == pytest.approx(-80.0, abs=0.2)
    if accepted:
        assert reader.read(drawn.clip(), PUBLISHED).rows
    else:
        with pytest.raises(ReadingError, match=f"row {y0}"):
            reader.read(drawn.clip(), PUBLISHED)


def test_the_network_sees_the_full_width_down_to_the_bottom_without_the_green_trace() -> None:
    drawn = replace(FAST_JET, beside=(SECTOR,))
    reader = reader_of("avvmax", peaks_of(drawn))
    for decoding in Decoding:
        reader.read(drawn.clip(), decoding)
    published, corrected = reader.network.crops
    assert published.shape == (3, 426, 1024)
    np.testing.assert_array_equal(published, corrected)
    frame = drawn.clip().frames[0, 342:]
    green = (frame[..., 1] > 200) & (frame[..., 0] < 100)
    assert green.sum() == 1024
    assert not published[:, green].any()
    np.testing.assert_allclose(published.transpose(1, 2, 0)[~green], frame[~green] / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("peak_cm_s", "seen_cm_s"),
    [(-139.0, -139.0), (139.0, 139.0), (-200.0, -125.0), (200.0, 125.0)],  # at the edge; inside an envelope that runs off it
)
def test_aliased_flow_is_not_measured_when_corrected(peak_cm_s: float, seen_cm_s: float) -> None:
    drawn = Spectrum((Wave(1.0, 0.3, peak_cm_s),), beside=(SECTOR,))
    reader = reader_of("lvotvmax", [(drawn.column_of(1.15), drawn.row_of(seen_cm_s))])
    reading = reader.read(drawn.clip())
    value = value_of(reading, "lvot_vmax")
    assert value.reasons == (Reason.QUALITY,)
    assert "aliasing" in value.detail
    assert reading.rows[0]["peak_velocity"] is None
    assert reader.read(drawn.clip(), PUBLISHED).rows[0]["peak_velocity"] == pytest.approx(-seen_cm_s, abs=0.5)


@pytest.mark.parametrize(
    ("region", "reason", "words"),
    [
        (replace(FAST_JET.region, physical_unit_y=5), Reason.NO_CALIBRATION, "hertz"),
        (replace(FAST_JET.region, reference_pixel_y0_px=None), Reason.NO_CALIBRATION, "velocity zero"),
        (replace(FAST_JET.region, physical_delta_y=0.0), Reason.NO_CALIBRATION, "no physical size"),
        (replace(FAST_JET.region, physical_delta_y=-250.0), Reason.CALIBRATION_INCONSISTENT, "cannot be"),
    ],
)
def test_without_a_usable_scale_there_are_pixels_and_no_velocity(region: RegionCalibration, reason: Reason, words: str) -> None:
    reading = reader_of("avvmax", peaks_of(FAST_JET)).read(replace(FAST_JET.clip(), regions=(SECTOR, region, ECG)))
    value = value_of(reading, "av_vmax")
    assert (value.value, value.unit, value.reasons) == (None, "m/s", (reason,))
    assert words in value.detail
    assert value_of(reading, "av_pg").reasons == (reason,)
    x, y = FAST_JET.peak_px(FAST_JET.waves[0])
    assert value_of(reading, "peak_x").value == pytest.approx(x, abs=0.1)
    assert value_of(reading, "peak_y").value == pytest.approx(y, abs=0.1)
    assert reading.rows[0]["peak_velocity"] is None


@pytest.mark.parametrize("regions", [(), (SECTOR, ECG), (SECTOR, M_MODE)])
def test_without_a_spectral_region_there_are_pixels_and_no_velocity(regions: tuple[RegionCalibration, ...]) -> None:
    reading = reader_of("trvmax", peaks_of(FAST_JET)).read(replace(FAST_JET.clip(), regions=regions))
    assert value_of(reading, "tr_vmax").reasons == (Reason.NO_CALIBRATION,)
    assert value_of(reading, "peak_y", "px").value == pytest.approx(FAST_JET.row_of(-312.3), abs=0.1)


def test_published_without_any_region_is_an_error() -> None:
    with pytest.raises(ReadingError, match="no ultrasound region"):
        reader_of("trvmax", peaks_of(FAST_JET)).read(replace(FAST_JET.clip(), regions=()), PUBLISHED)


def test_velocities_corrected_for_an_angle_are_not_measured() -> None:
    region = replace(FAST_JET.region, doppler_correction_angle_deg=60.0)
    clip = replace(FAST_JET.clip(), regions=(SECTOR, region))
    value = value_of(reader_of("avvmax", peaks_of(FAST_JET)).read(clip), "av_vmax")
    assert value.reasons == (Reason.CALIBRATION_INCONSISTENT,)
    assert "60 degrees" in value.detail
    assert reader_of("avvmax", peaks_of(FAST_JET)).read(clip, PUBLISHED).rows[0]["peak_velocity"] is not None


def test_a_map_without_a_peak_is_not_measured_when_corrected() -> None:
    """The published decoding stretches it and finds one all the same."""
    reader = reader_of("avvmax", heat_map([(300.0, 500.0)], [0.02]))
    reading = reader.read(FAST_JET.clip())
    assert value_of(reading, "av_vmax").reasons == (Reason.QUALITY,)
    assert reading.rows == reading.marks == ()
    assert reader.read(replace(FAST_JET, beside=(SECTOR,)).clip(), PUBLISHED).rows


def test_an_impossible_velocity_is_refused_with_its_gradient() -> None:
    slow = replace(JET, waves=(Wave(1.0, 0.32, -30.0),))
    reading = reader_of("avvmax", peaks_of(slow)).read(slow.clip())
    assert value_of(reading, "av_vmax").reasons == value_of(reading, "av_pg").reasons == (Reason.OUTSIDE_LIMITS,)
    assert "0.3 m/s is outside 0.5 to 7 m/s" in value_of(reading, "av_vmax").detail
    assert value_of(reading, "peak_velocity").reasons == (Reason.OUTSIDE_LIMITS,)
    assert reading.rows[0]["peak_velocity"] is None
    assert [mark.label for mark in reading.marks] == ["avvmax"]


@pytest.mark.parametrize("name", ["latevel", "medevel"])
def test_early_relaxation_moves_away_from_the_transducer(name: str) -> None:
    """A peak towards it is systole's (s')."""
    upwards = Spectrum((Wave(1.0, 0.2, 9.6),), replace(SPECTRAL, physical_delta_y=-0.15), beside=(SECTOR,))
    reader = reader_of(name, peaks_of(upwards))
    reading = reader.read(upwards.clip())
    assert {value.reasons for value in reading.values} == {(Reason.OUTSIDE_LIMITS,)}
    value = reading.values[0]
    assert (value.key, value.unit) == ("e_lateral" if name == "latevel" else "e_septal", "cm/s")
    assert "9.6 cm/s towards the transducer" in value.detail
    assert "PhysicalDeltaY" not in value.detail
    assert reading.rows[0]["peak_velocity"] is None
    assert reader.read(upwards.clip(), PUBLISHED).rows[0]["peak_velocity"] == pytest.approx(-9.6, abs=0.1)


@pytest.mark.parametrize("peak_cm_s", [-9.6, 9.6])
def test_where_the_axis_may_have_lost_its_sign_there_is_no_e_prime(peak_cm_s: float) -> None:
    """Positive is an inverted display, or a sender that writes no sign: then s' would be taken for e'."""
    inverted = Spectrum((Wave(1.0, 0.2, peak_cm_s),), replace(SPECTRAL, physical_delta_y=0.15))
    value = value_of(reader_of("medevel", peaks_of(inverted)).read(inverted.clip()), "e_septal")
    assert value.reasons == (Reason.CALIBRATION_INCONSISTENT,)
    assert "PhysicalDeltaY is positive" in value.detail


@pytest.mark.parametrize("delta_y", [-2.5, 2.5])
@pytest.mark.parametrize(("name", "key"), [("mrvmax", "mr_vmax"), ("trvmax", "tr_vmax"), ("lvotvmax", "lvot_vmax")])
def test_flow_the_wrong_way_is_not_that_jet(name: str, key: str, delta_y: float) -> None:
    """Inflow on a continuous wave display of the same valve: by the signs of the axis, however it is drawn."""
    region = replace(JET.region, physical_delta_y=delta_y)
    for peak_cm_s in (-180.0, 180.0):
        drawn = Spectrum((Wave(1.0, 0.32, peak_cm_s),), region)
        reading = reader_of(name, peaks_of(drawn)).read(drawn.clip())
        value = value_of(reading, key)
        if peak_cm_s < 0:
            assert (value.value, value.direction) == (pytest.approx(1.8, abs=0.01), Direction.AWAY)
        else:
            assert {value.reasons for value in reading.values} == {(Reason.VIEW_MISSING,)}
            assert "towards the transducer" in value.detail
            assert reading.rows[0]["peak_velocity"] is None


@pytest.mark.parametrize("peak_cm_s", [-180.0, 180.0])
def test_flow_of_the_aortic_valve_runs_either_way(peak_cm_s: float) -> None:
    """Towards a transducer above the sternum, or beside it on the right; the direction is kept for who compares windows."""
    drawn = Spectrum((Wave(1.0, 0.32, peak_cm_s),), JET.region)
    reading = reader_of("avvmax", peaks_of(drawn)).read(drawn.clip())
    way = Direction.TOWARDS if peak_cm_s > 0 else Direction.AWAY
    assert [value_of(reading, key).direction for key in ("av_vmax", "av_pg")] == [way, way]


def test_a_jet_that_exceeds_its_display_says_how_much_that_shows() -> None:
    fast = replace(JET, waves=(Wave(1.0, 0.32, -460.0),))
    value = value_of(reader_of("avvmax", [(fast.column_of(1.16), 690.0)]).read(fast.clip()), "av_vmax")
    assert (value.reasons, value.direction) == ((Reason.QUALITY,), Direction.AWAY)
    assert value.at_least == pytest.approx(4.375)
    angled = replace(JET.region, doppler_correction_angle_deg=30.0)
    uncertain = reader_of("avvmax", [(fast.column_of(1.16), 690.0)]).read(fast.clip(regions=(SECTOR, angled)))
    assert value_of(uncertain, "av_vmax").at_least is None


def test_a_baseline_given_as_a_row_of_the_whole_image_is_refused() -> None:
    region = replace(FAST_JET.region, reference_pixel_y0_px=517)
    value = value_of(
        reader_of("avvmax", peaks_of(FAST_JET)).read(replace(FAST_JET.clip(), regions=(SECTOR, region))), "av_vmax"
    )
    assert value.reasons == (Reason.CALIBRATION_INCONSISTENT,)
    assert "outside the display" in value.detail


def test_regions_outside_the_image_are_refused_published_and_leave_pixels_corrected() -> None:
    outside = replace(FAST_JET.region, y0_px=768, y1_px=1117)
    reader = reader_of("avvmax", peaks_of(FAST_JET))
    with pytest.raises(ReadingError, match="row 768"):
        reader.read(replace(FAST_JET.clip(), regions=(outside,)), PUBLISHED)
    contradicting = (outside, replace(outside, physical_delta_y=-0.1))
    reading = reader.read(replace(FAST_JET.clip(), regions=contradicting))
    assert value_of(reading, "av_vmax").reasons == (Reason.CALIBRATION_INCONSISTENT,)
    assert value_of(reading, "peak_y").value == pytest.approx(FAST_JET.row_of(-312.3), abs=0.1)


def test_colours_the_scripts_do_not_know_are_refused_by_them_alone() -> None:
    clip = replace(FAST_JET.clip(), photometric_interpretation="PALETTE COLOR")
    reader = reader_of("avvmax", peaks_of(FAST_JET))
    with pytest.raises(ReadingError, match="PALETTE COLOR"):
        reader.read(clip, PUBLISHED)
    assert value_of(reader.read(clip), "av_vmax").value is not None


def test_the_drawn_spectrum_is_brightest_where_its_flow_is() -> None:
    """The fixture itself: the envelope ends where the wave's peak is said to be."""
    column, row = (round(value) for value in FAST_JET.peak_px(FAST_JET.waves[0]))
    display = grey(FAST_JET.frame())
    assert display[row - 10 : row - 3, column].min() > 100
    assert display[row + 12 : row + 40, column].mean() < 40


def test_published_a_region_that_is_no_spectrum_gives_the_table_s_figure_and_no_velocity() -> None:
    """Bug prevented: a B-mode frame came out as a tricuspid jet of 0 m/s."""
    sector = replace(SECTOR, x0_px=0, y0_px=342, x1_px=1023, y1_px=767)
    reading = reader_of("trvmax", [(500.0, 500.0)]).read(FAST_JET.clip(regions=(sector,)), PUBLISHED)
    assert reading.rows[0]["peak_velocity"] is not None
    (value,) = reading.values
    assert (value.key, value.reasons) == ("tr_vmax", (Reason.NO_CALIBRATION,))
    assert "not in cm/s" in value.detail
