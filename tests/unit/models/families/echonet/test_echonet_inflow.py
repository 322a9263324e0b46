"""EchoNet-Measurements' E and A, published and corrected, on drawn mitral inflow."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration import RegionCalibration
from models.catalogue import Direction
from models.errors import ReadingError
from models.library.reading import Decoding
from models.phantom.displays import ECG, SECTOR, SPECTRAL, Spectrum, inflow
from models.results import Reason
from tests.spectra import heat_map
from tests.unit.models.families.echonet.drawn_displays import reader_of, value_of

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED
(PAIR,) = inflow(60, 1, e_cm_s=82.4, a_cm_s=55.6, first_s=1.0)


def drawn(pairs: tuple = (PAIR,), **region: object) -> Spectrum:
    return Spectrum(tuple(wave for pair in pairs for wave in pair), replace(SPECTRAL, **region), beside=(SECTOR,))  # type: ignore[arg-type]


def reader_for(spectrum: Spectrum, heights: list[tuple[float, float]] | None = None) -> object:
    """E (even waves) in map 1, A (odd waves) in map 0."""
    e, a = ([spectrum.peak_px(wave) for wave in spectrum.waves[k::2]] for k in (0, 1))
    tall = heights or [(0.9, 0.9)] * len(e)
    return reader_of("mvpeak_2c", heat_map(a, [h for _, h in tall]), heat_map(e, [h for h, _ in tall]))


def test_e_and_a_corrected() -> None:
    reading = reader_for(drawn()).read(drawn().clip())
    e, a, ratio = (value_of(reading, key) for key in ("mv_e", "mv_a", "mv_ea"))
    assert (e.unit, e.value) == ("m/s", pytest.approx(0.824, abs=0.002))
    assert (a.unit, a.value) == ("m/s", pytest.approx(0.556, abs=0.002))
    assert (ratio.unit, ratio.value) == ("1", pytest.approx(82.4 / 55.6, abs=0.005))
    assert [mark.label for mark in reading.marks] == ["E", "A"]


@pytest.mark.parametrize("decoding", Decoding)
def test_the_table_has_the_published_columns(decoding: Decoding) -> None:
    reading = reader_for(drawn()).read(drawn().clip(), decoding)
    assert reading.columns == (
        "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "PhysicalDeltaY", "y0",
        "horizontal_line", "predicted_xe", "predicted_ye", "predicted_xa", "predicted_ya", "Inference_E_Vel",
        "Inference_A_Vel", "Inference_EperA", "height", "width",
    )  # fmt: skip
    (row,) = reading.rows
    assert tuple(row) == reading.columns
    assert row["measurement_name"] == "MV_Peak"
    assert row["predicted_xe"] < row["predicted_xa"]


def test_published_velocities_have_four_decimals_and_the_ratio_three() -> None:
    spectrum = drawn(physical_delta_y=-0.77777)
    row = reader_for(spectrum).read(spectrum.clip(), PUBLISHED).rows[0]
    e_px, a_px = (175 - row[key] for key in ("predicted_ye", "predicted_ya"))  # px of the crop, above the baseline
    assert row["Inference_E_Vel"] == round(e_px * 0.77777, 4)
    assert row["Inference_EperA"] == round(round(e_px * 0.77777, 4) / round(a_px * 0.77777, 4), 3)


@pytest.mark.parametrize("y0", [340, 342, 348])
def test_rows_are_counted_from_342_published_and_from_the_region_corrected(y0: int) -> None:
    """The bias is (y0 - 342) rows: 4.8 cm/s of both E and A at 0.8 cm/s a row, so the ratio is wrong, too."""
    spectrum = drawn(y0_px=y0, y1_px=y0 + 349)
    row = reader_for(spectrum).read(spectrum.clip(), PUBLISHED).rows[0]
    bias_cm_s = -(y0 - 342) * 0.8
    assert row["Inference_E_Vel"] == pytest.approx(82.4 + bias_cm_s, abs=1.2)  # whole pixels
    corrected = reader_for(spectrum).read(spectrum.clip()).rows[0]
    assert corrected["Inference_E_Vel"] == pytest.approx(82.4, abs=0.2)
    assert corrected["Inference_A_Vel"] == pytest.approx(55.6, abs=0.2)


@pytest.mark.parametrize("decoding", Decoding)
@pytest.mark.parametrize("y0", [340, 342, 348])
def test_the_marks_lie_on_the_peaks_whatever_the_table_counts_from(y0: int, decoding: Decoding) -> None:
    spectrum = drawn(y0_px=y0, y1_px=y0 + 349)
    reading = reader_for(spectrum).read(spectrum.clip(), decoding)
    for mark, wave, key in zip(reading.marks, PAIR, ("mv_e", "mv_a"), strict=True):
        assert mark.points_px[0] == pytest.approx(spectrum.peak_px(wave), abs=1)
        assert [caliper.points_px for caliper in value_of(reading, key).calipers] == [mark.points_px]
    assert value_of(reading, "mv_ea").calipers == ()


def test_an_image_that_ends_above_row_342_is_refused_published() -> None:
    spectrum = drawn()
    clip = replace(spectrum.clip(), frames=spectrum.frame()[None, :200])
    with pytest.raises(ReadingError, match="row 342"):
        reader_for(spectrum).read(clip, PUBLISHED)


def test_the_green_trace_is_left_in_published_and_taken_out_corrected_by_our_choice() -> None:
    clip, reader = drawn().clip(), reader_for(drawn())
    green = ((clip.frames[0, ..., 1] > 200) & (clip.frames[0, ..., 0] < 100))[342:]
    assert green.any()
    for decoding, words, left in ((PUBLISHED, "is left in", True), (Decoding.CORRECTED, "is taken out", False)):
        assert any(f"the green ECG trace {words}" in note for note in reader.read(clip, decoding).notes)
        assert bool(reader.network.crops[-1][1, green].any()) is left


@pytest.mark.parametrize("y0", [339, 351])
def test_other_rows_are_refused_published_for_a_single_file_too(y0: int) -> None:
    spectrum = drawn(y0_px=y0, y1_px=y0 + 349)
    with pytest.raises(ReadingError, match=f"row {y0}"):
        reader_for(spectrum).read(spectrum.clip(), PUBLISHED)


def test_the_nearest_blob_published_the_same_beat_corrected() -> None:
    """In a slow heart A of one beat and E of the next are nearer on the screen than E and A of one beat."""
    pairs = inflow(45, 2, first_s=0.5)
    spectrum = drawn(pairs)
    reader = reader_for(spectrum, [(0.7, 0.9), (0.9, 0.6)])
    (e1, a1), (e2, _) = ([spectrum.column_of(wave.peak_s) for wave in pair] for pair in pairs)
    assert e2 - a1 < a1 - e1
    published = reader.read(spectrum.clip(), PUBLISHED).rows[0]
    assert [published[key] for key in ("predicted_xe", "predicted_xa")] == pytest.approx([a1, e2], abs=1)
    assert published["Inference_EperA"] < 1
    corrected = reader.read(spectrum.clip()).rows[0]
    assert corrected["Inference_EperA"] == pytest.approx(80 / 56, abs=0.01)
    assert corrected["predicted_xa"] - corrected["predicted_xe"] == pytest.approx(a1 - e1, abs=0.5)


def test_peaks_more_than_300_px_apart_are_refused_published_and_told_by_time_corrected() -> None:
    pairs = inflow(45, 1, first_s=0.5)
    spectrum = drawn(pairs, physical_delta_x=0.002)
    with pytest.raises(ReadingError, match="more than 300"):
        reader_for(spectrum).read(spectrum.clip(), PUBLISHED)
    assert value_of(reader_for(spectrum).read(spectrum.clip()), "mv_ea").value == pytest.approx(80 / 56, abs=0.01)


def test_a_known_heart_rate_narrows_what_one_beat_is() -> None:
    """0.9 s from E to A is no beat of 100 bpm."""
    slow = inflow(40, 1, first_s=0.5)
    spectrum = drawn(slow)
    assert value_of(reader_for(spectrum).read(spectrum.clip()), "mv_ea").value is not None
    fast = replace(spectrum.clip(), heart_rate_bpm=100.0)
    assert value_of(reader_for(spectrum).read(fast), "mv_ea").reasons == (Reason.QUALITY,)


def test_a_display_that_runs_backwards() -> None:
    region = replace(SPECTRAL, physical_delta_x=-0.004)
    (e, a) = PAIR
    mirrored = [(1023 - x, y) for x, y in (drawn().peak_px(e), drawn().peak_px(a))]
    reader = reader_of("mvpeak_2c", [mirrored[1]], [mirrored[0]])
    clip = replace(drawn().clip(), frames=np.ascontiguousarray(drawn().clip().frames[:, :, ::-1]), regions=(region,))
    assert value_of(reader.read(clip), "mv_ea").value == pytest.approx(82.4 / 55.6, abs=0.01)
    assert reader.read(clip, PUBLISHED).rows[0]["Inference_EperA"] == pytest.approx(55.6 / 82.4, abs=0.02)


@pytest.mark.parametrize("decoding", Decoding)
def test_one_wave_alone_is_no_pair(decoding: Decoding) -> None:
    """Atrial fibrillation, or E and A grown together."""
    spectrum = drawn()
    peak = spectrum.peak_px(PAIR[0])
    reader = reader_of("mvpeak_2c", [peak], [peak])
    if decoding is PUBLISHED:
        with pytest.raises(ReadingError, match="one peak only"):
            reader.read(spectrum.clip(), decoding)
    else:
        reading = reader.read(spectrum.clip())
        assert {value.reasons for value in reading.values} == {(Reason.QUALITY,)}
        assert [value.key for value in reading.values] == ["mv_e", "mv_a", "mv_ea"]
        assert "E is not guessed without an A" in reading.values[0].detail


def test_several_beats_of_one_wave_each_give_no_e() -> None:
    """Bug prevented: in atrial fibrillation E of two beats was taken for E and A, of a ratio of 1. Nor does anything tell these
    waves from E and A grown together.
    """
    beats = [wave for wave, _ in inflow(75, 3)]
    spectrum = drawn([(wave,) for wave in beats])
    reading = reader_of("mvpeak_2c", [], [spectrum.peak_px(wave) for wave in beats]).read(spectrum.clip())
    assert [value.value for value in reading.values] == [None] * 3
    assert "atrial fibrillation" in reading.values[0].detail


def test_an_a_and_the_e_of_the_next_beat_are_no_pair() -> None:
    (_, a), (e, _) = inflow(75, 2)
    spectrum = drawn([(a, e)])
    reading = reader_of("mvpeak_2c", [spectrum.peak_px(a)], [spectrum.peak_px(e)]).read(spectrum.clip())
    assert value_of(reading, "mv_ea").reasons == (Reason.QUALITY,)


def test_peaks_on_different_sides_of_the_baseline_are_no_filling() -> None:
    e, a = PAIR
    spectrum = drawn(((e, replace(a, peak_cm_s=-55.6)),))
    value = value_of(reader_for(spectrum).read(spectrum.clip()), "mv_ea")
    assert value.reasons == (Reason.QUALITY,)
    assert "different sides" in value.detail
    assert value_of(reader_for(spectrum).read(spectrum.clip(), PUBLISHED), "mv_ea").value == pytest.approx(1.48, abs=0.05)


def test_filling_away_from_the_transducer_is_none() -> None:
    """A display of tissue in a mitral class: e' and a' run away from the apex."""
    e, a = PAIR
    spectrum = drawn(((replace(e, peak_cm_s=-82.4), replace(a, peak_cm_s=-55.6)),))
    reading = reader_for(spectrum).read(spectrum.clip())
    assert {value.reasons for value in reading.values} == {(Reason.VIEW_MISSING,)}
    assert reading.rows[0]["Inference_E_Vel"] is None
    upwards = reader_for(drawn()).read(drawn().clip())
    assert {value_of(upwards, key).direction for key in ("mv_e", "mv_a")} == {Direction.TOWARDS}


def test_aliased_filling_is_not_measured() -> None:
    e, a = PAIR
    spectrum = drawn(((replace(e, peak_cm_s=139.0), a),))
    assert "aliasing" in value_of(reader_for(spectrum).read(spectrum.clip()), "mv_e").detail


def test_an_impossible_ratio_is_refused_its_velocities_are_not() -> None:
    e, a = PAIR
    spectrum = drawn(((replace(e, peak_cm_s=130.0), replace(a, peak_cm_s=12.0)),))
    reading = reader_for(spectrum).read(spectrum.clip())
    assert value_of(reading, "mv_e").value == pytest.approx(1.3, abs=0.01)
    assert value_of(reading, "mv_ea").reasons == (Reason.OUTSIDE_LIMITS,)
    assert reading.rows[0]["Inference_EperA"] is None
    assert reading.rows[0]["Inference_E_Vel"] == pytest.approx(130, abs=1)


def test_an_impossible_velocity_is_refused_in_the_table_too() -> None:
    e, a = PAIR
    spectrum = drawn(((replace(e, peak_cm_s=24.0), replace(a, peak_cm_s=8.0)),))
    reading = reader_for(spectrum).read(spectrum.clip())
    assert value_of(reading, "mv_a").reasons == value_of(reading, "mv_ea").reasons == (Reason.OUTSIDE_LIMITS,)
    row = reading.rows[0]
    assert (row["Inference_A_Vel"], row["Inference_EperA"]) == (None, None)
    assert row["Inference_E_Vel"] == pytest.approx(24.0, abs=0.5)


@pytest.mark.parametrize("regions", [(), (SECTOR, ECG), (SECTOR, replace(SPECTRAL, physical_unit_y=5))])
def test_without_a_scale_there_are_pixels_and_no_velocities(regions: tuple[RegionCalibration, ...]) -> None:
    spectrum = drawn()
    reading = reader_for(spectrum).read(replace(spectrum.clip(), regions=regions))
    x, y = spectrum.peak_px(PAIR[0])
    assert [value_of(reading, key).value for key in ("e_x", "e_y")] == pytest.approx([x, y], abs=0.2)
    assert {value_of(reading, key).reasons for key in ("mv_e", "mv_a", "mv_ea")} == {(Reason.NO_CALIBRATION,)}
    assert reading.rows[0]["Inference_EperA"] is None


def test_published_a_region_that_is_no_spectrum_gives_no_velocity() -> None:
    spectrum = drawn()
    clip = spectrum.clip(regions=(replace(SECTOR, x0_px=0, y0_px=342, x1_px=1023, y1_px=767),))
    reading = reader_for(spectrum).read(clip, PUBLISHED)
    assert reading.rows[0]["Inference_E_Vel"] is not None
    assert {value.reasons for value in reading.values} == {(Reason.NO_CALIBRATION,)}
