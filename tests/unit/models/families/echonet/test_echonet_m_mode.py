"""EchoNet-Measurements' TAPSE, published and corrected, on a drawn annulus of known excursion."""

from dataclasses import replace
from typing import Any

import pytest

from models.calibration import RegionCalibration
from models.errors import ReadingError
from models.library.reading import Decoding
from models.phantom.displays import ECG, M_MODE, SECTOR, SPECTRAL, AnnulusTrace
from models.results import CaliperKind, Reason
from tests.unit.models.families.echonet.drawn_displays import reader_of, value_of

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED
TRACE = AnnulusTrace(1.86)
ABOVE = (SECTOR, TRACE.region)  # no ECG below: the lowest region is the M-mode's


def reader_for(trace: AnnulusTrace, beat: int = 1) -> Any:
    low, high = trace.ends_px(beat)
    return reader_of("tapse_2c", [high], [low])


def test_tapse_is_the_way_along_the_beam_corrected_and_a_slanted_line_published() -> None:
    clip = TRACE.clip(regions=ABOVE)
    corrected = value_of(reader_for(TRACE).read(clip), "tapse")
    assert (corrected.unit, corrected.value) == ("cm", pytest.approx(1.86, abs=0.01))
    published = value_of(reader_for(TRACE).read(clip, PUBLISHED), "tapse")
    assert published.value == pytest.approx((1.86**2 + 0.35**2) ** 0.5, abs=0.04)  # whole pixels of 0.04 cm


def test_a_poor_excursion_looks_better_published() -> None:
    """0.6 cm is read as 0.69: the seconds of systole count as centimetres."""
    poor = AnnulusTrace(0.6)
    clip = poor.clip(regions=ABOVE)
    assert value_of(reader_for(poor).read(clip, PUBLISHED), "tapse").value == pytest.approx(0.69, abs=0.05)  # whole pixels
    assert value_of(reader_for(poor).read(clip), "tapse").value == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("decoding", Decoding)
def test_the_table_has_the_published_columns(decoding: Decoding) -> None:
    reading = reader_for(TRACE).read(TRACE.clip(regions=ABOVE), decoding)
    assert reading.columns == (
        "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "PhysicalDeltaX",
        "PhysicalDeltaY", "y0", "predicted_x1", "predicted_y1", "predicted_x2", "predicted_y2", "TAPSE",
    )  # fmt: skip
    (row,) = reading.rows
    assert tuple(row) == reading.columns
    assert (row["PhysicalDeltaX"], row["PhysicalDeltaY"], row["y0"]) == (0.004, 0.04, 342)
    (mark,) = reading.marks
    assert mark.kind is CaliperKind.LINE
    assert mark.points_px[0] == pytest.approx(TRACE.ends_px(1)[0], abs=1)
    (value,) = reading.values
    assert [caliper.points_px for caliper in value.calipers] == [mark.points_px]


def test_the_lowest_region_published_the_m_mode_one_corrected() -> None:
    """With an ECG strip below, the published line is measured in the strip's units."""
    clip = TRACE.clip()
    assert reader_for(TRACE).read(clip).rows[0]["TAPSE"] == pytest.approx(1.86, abs=0.01)
    (row,) = reader_of("tapse_2c", [(400.0, 720.0)], [(300.0, 750.0)]).read(clip, PUBLISHED).rows
    assert row["TAPSE"] == pytest.approx(((100 * 0.004) ** 2 + (30 * 0.01) ** 2) ** 0.5, abs=0.02)
    assert row["y0"] == ECG.y0_px


def test_a_folder_is_cut_at_342_and_a_single_file_at_its_region() -> None:
    region = replace(M_MODE, y0_px=346, y1_px=695)
    trace = replace(TRACE, region=region)
    clip = trace.clip(regions=(SECTOR, region))
    reader = reader_for(trace)
    single = reader.read(clip, PUBLISHED).rows[0]
    reader.in_folder = True
    folder = reader.read(clip, PUBLISHED).rows[0]
    reader.read(clip)
    assert [crop.shape[1] for crop in reader.network.crops] == [768 - 346, 768 - 342, 768 - 346]
    assert folder["predicted_y1"] - single["predicted_y1"] == 4
    assert folder["TAPSE"] == pytest.approx(single["TAPSE"], abs=0.05)


@pytest.mark.parametrize("in_folder", [False, True])
def test_the_marks_lie_on_the_annulus_whatever_the_crop(in_folder: bool) -> None:
    region = replace(M_MODE, y0_px=346, y1_px=695)
    trace = replace(TRACE, region=region)
    reader = reader_for(trace)
    reader.in_folder = in_folder
    for decoding in Decoding:
        (mark,) = reader.read(trace.clip(regions=(SECTOR, region)), decoding).marks
        for point, end in zip(mark.points_px, trace.ends_px(1), strict=True):
            assert point == pytest.approx(end, abs=1)


def test_a_region_below_the_image_is_refused_published() -> None:
    region = replace(M_MODE, y0_px=768, y1_px=1117)
    with pytest.raises(ReadingError, match="row 768"):
        reader_for(TRACE).read(TRACE.clip(regions=(region,)), PUBLISHED)
    short = TRACE.clip(regions=ABOVE, frames=TRACE.frame()[None, :200])
    reader = reader_for(TRACE)
    reader.in_folder = True
    with pytest.raises(ReadingError, match="row 342"):
        reader.read(short, PUBLISHED)


def test_the_green_trace_is_left_in_published_and_taken_out_corrected_by_our_choice() -> None:
    clip = TRACE.clip(regions=ABOVE)
    green = (clip.frames[0, ..., 1] > 200) & (clip.frames[0, ..., 0] < 100)
    assert green.any()
    reader = reader_for(TRACE)
    for decoding, words, left in ((PUBLISHED, "is left in", True), (Decoding.CORRECTED, "is taken out", False)):
        assert any(f"the green ECG trace {words}" in note for note in reader.read(clip, decoding).notes)
        crop = reader.network.crops[-1]
        assert bool(crop[1, green[-crop.shape[1] :]].any()) is left


@pytest.mark.parametrize("y0", [339, 351])
def test_in_a_folder_the_published_decoding_takes_rows_340_to_350_only(y0: int) -> None:
    region = replace(M_MODE, y0_px=y0, y1_px=y0 + 340)
    trace = replace(TRACE, region=region)
    reader = reader_for(trace)
    assert reader.read(trace.clip(regions=(region,)), PUBLISHED).rows
    reader.in_folder = True
    with pytest.raises(ReadingError, match=f"row {y0}"):
        reader.read(trace.clip(regions=(region,)), PUBLISHED)


def test_a_line_that_falls_to_the_right_is_skipped_in_a_folder_only_and_never_tapse_corrected() -> None:
    """From end-systole down to the next end-diastole: as long as TAPSE, but not it."""
    _, high = TRACE.ends_px(0)
    low, _ = TRACE.ends_px(1)
    clip = TRACE.clip(regions=ABOVE)
    reader = reader_of("tapse_2c", [(high[0] + 80, high[1])], [low])
    assert reader.read(clip, PUBLISHED).rows[0]["TAPSE"] > 1.8
    value = value_of(reader.read(clip), "tapse")
    assert value.reasons == (Reason.NO_CARDIAC_CYCLE,)
    reader.in_folder = True
    with pytest.raises(ReadingError, match="left point is higher"):
        reader.read(clip, PUBLISHED)


def test_the_two_ends_are_of_one_systole() -> None:
    """End-diastole of the first beat and end-systole of the second are 1.35 s apart."""
    low, _ = TRACE.ends_px(0)
    _, high = TRACE.ends_px(1)
    low = (low[0] + 20, low[1])
    clip = TRACE.clip(regions=ABOVE)
    assert value_of(reader_of("tapse_2c", [high], [low]).read(clip), "tapse").reasons == (Reason.NO_CARDIAC_CYCLE,)
    assert value_of(reader_of("tapse_2c", [high], [low]).read(clip, PUBLISHED), "tapse").value > 2.2


@pytest.mark.parametrize("swapped", [False, True])
def test_which_map_is_which_end_does_not_matter(swapped: bool) -> None:
    low, high = TRACE.ends_px(1)
    reader = reader_of("tapse_2c", [low] if swapped else [high], [high] if swapped else [low])
    assert value_of(reader.read(TRACE.clip()), "tapse").value == pytest.approx(1.86, abs=0.01)


def test_an_impossible_excursion_is_refused() -> None:
    trace = AnnulusTrace(4.4)
    reading = reader_for(trace).read(trace.clip())
    assert value_of(reading, "tapse").reasons == (Reason.OUTSIDE_LIMITS,)
    assert reading.rows[0]["TAPSE"] is None


@pytest.mark.parametrize("regions", [(), (SECTOR, ECG), (SECTOR, SPECTRAL), (SECTOR, replace(M_MODE, physical_unit_y=0))])
def test_without_a_scale_there_are_pixels_and_no_centimetres(regions: tuple[RegionCalibration, ...]) -> None:
    reading = reader_for(TRACE).read(TRACE.clip(regions=regions))
    assert value_of(reading, "tapse", "px").value == pytest.approx(1.86 / 0.04, abs=0.2)
    assert value_of(reading, "tapse", "cm").reasons == (Reason.NO_CALIBRATION,)
    assert reading.rows[0]["TAPSE"] is None


@pytest.mark.parametrize("decoding", Decoding)
def test_no_peak_at_all(decoding: Decoding) -> None:
    reader = reader_of("tapse_2c", [(300.0, 500.0)], [(300.0, 500.0)])
    if decoding is PUBLISHED:
        with pytest.raises(ReadingError, match="one peak only"):
            reader.read(TRACE.clip(regions=ABOVE), decoding)
    else:
        assert value_of(reader.read(TRACE.clip()), "tapse").reasons == (Reason.NO_CARDIAC_CYCLE,)
