"""Velocity-time integrals, published masks and corrected centimetres, on drawn spectra of known area."""

from dataclasses import replace
from itertools import chain
from typing import Any

import cv2
import numpy as np
import pytest

from models.catalogue import Direction
from models.derive.displays.spectral_beats import find_spectral_beats
from models.derive.displays.spectral_image import grey, without_green_trace
from models.families.echonet.vti import VtiReader
from models.library.reading import Decoding, Reading
from models.library.registry import list_models
from models.phantom.displays import ECG, SECTOR, SPECTRAL, Spectrum, Wave, inflow, outflow
from models.results import CaliperKind, Reason
from tests.loaded import shell_of
from tests.unit.models.families.echonet.drawn_displays import PerfectMasks, value_of

PUBLISHED, CORRECTED = Decoding.PUBLISHED, Decoding.CORRECTED
FLOW = Spectrum(outflow(60, 3, -92.0), replace(SPECTRAL, y1_px=767, reference_pixel_y0_px=213))  # baseline in the crop's middle
VTI_CM = FLOW.waves[0].vti_cm


def columns_read(spectrum: Spectrum, name: str, decoding: Decoding, **clip: Any) -> list[slice]:
    """Where the reader looks for beats: asked with masks that say nothing."""
    reader = shell_of(name)
    reader.network = PerfectMasks([np.full((256, 256), 1e-6)] * 20)
    rows = reader.read(spectrum.clip(**clip), decoding).rows
    return [slice(int(row["x_left"]), int(row["x_right"])) for row in rows]


def perfect_masks(spectrum: Spectrum, columns: list[slice], first_row: int = 342, probability: float = 0.9) -> list[np.ndarray]:
    flow = spectrum.mask()[first_row:].astype(np.float32)
    return [cv2.resize(np.ascontiguousarray(flow[:, part]), (256, 256)) * probability + 0.001 for part in columns]


def read(
    spectrum: Spectrum, name: str = "vti_lvot", decoding: Decoding = CORRECTED, first_row: int = 342,
    changed: dict[int, np.ndarray] | None = None, **clip: Any,
) -> tuple[Reading, VtiReader]:  # fmt: skip
    """With a network that marks exactly the drawn flow, but for the beats in `changed`."""
    columns = columns_read(spectrum, name, decoding, **clip)
    masks = perfect_masks(spectrum, columns, first_row)
    for index, mask in (changed or {}).items():
        masks[index] = mask
    reader = shell_of(name)
    reader.network = PerfectMasks(masks)
    return reader.read(spectrum.clip(**clip), decoding), reader


def test_five_integrals_have_keys() -> None:
    found = {m.aliases[0]: m.architecture["key"] for m in list_models() if m.architecture.get("task") == "vti"}
    assert found == {
        "vti_mv": "mv_vti", "vti_av": "av_vti", "vti_lvot": "lvot_vti", "vti_rvot": "rvot_vti", "vti_pv": "pv_vti",
    }  # fmt: skip


def test_the_integral_is_that_of_the_drawn_flow_with_its_spread() -> None:
    reading, _ = read(FLOW)
    value = value_of(reading, "lvot_vti")
    assert (value.unit, value.value) == ("cm", pytest.approx(VTI_CM, rel=0.02))
    assert value.detail.startswith("mean of 3 beats, SD ")
    assert value.beats == 3
    assert value.sd is not None
    assert len(reading.rows) == len(reading.marks) == 3
    assert all(mark.kind is CaliperKind.OUTLINE for mark in reading.marks)
    assert [caliper.points_px for caliper in value.calipers] == [mark.points_px for mark in reading.marks], "one a beat"
    assert "3 whole beats by our own detector, 60 bpm, flow below the baseline" in reading.notes


def test_mitral_inflow_is_integrated_over_both_waves() -> None:
    pairs = inflow(60, 3)
    flow = Spectrum(tuple(chain(*pairs)), FLOW.region)
    reading, _ = read(flow, "vti_mv")
    expected_cm = sum(wave.vti_cm for wave in pairs[0])
    assert value_of(reading, "mv_vti").value == pytest.approx(expected_cm, rel=0.03)
    assert len(reading.rows) == 3


def test_beats_of_an_arrhythmia_differ_and_all_count_when_corrected() -> None:
    """The published rule keeps those within 20 % of the most confident one, so the weak beat is lost."""
    waves = tuple(Wave(onset, 0.28, peak) for onset, peak in [(0.4, -100.0), (1.7, -70.0), (2.6, -130.0)])
    flow = Spectrum(waves, FLOW.region)
    corrected, _ = read(flow)
    value = value_of(corrected, "lvot_vti")
    assert value.value == pytest.approx(np.mean([wave.vti_cm for wave in waves]), rel=0.02)
    assert value.detail.startswith("mean of 3 beats, SD 5")
    published, _ = read(flow, decoding=PUBLISHED)
    assert [row["passed_qc"] for row in published.rows][1:] == [0, 1]


def test_a_mask_gone_wrong_is_left_out() -> None:
    wrong = np.full((256, 256), 0.001, np.float32)
    wrong[120:140, 100:140] = 0.9
    reading, _ = read(FLOW, changed={1: wrong})
    assert [row["passed_qc"] for row in reading.rows] == [1, 0, 1]
    assert "median" in reading.rows[1]["qc_reject_reason"]
    assert value_of(reading, "lvot_vti").value == pytest.approx(VTI_CM, rel=0.02)


def test_published_gives_areas_in_pixels_and_no_centimetres() -> None:
    reading, _ = read(FLOW, decoding=PUBLISHED)
    assert value_of(reading, "lvot_vti").reasons == (Reason.NO_CALIBRATION,)
    area_px = FLOW.mask().sum()
    assert value_of(reading, "combined_mask_area", "px").value == pytest.approx(area_px, rel=0.02)
    assert value_of(reading, "best_mask_area", "px").value == pytest.approx(area_px / 3, rel=0.02)
    assert [row["vti_cm"] for row in reading.rows] == [None] * 3
    # The mask's area times the size of a pixel is the integral, as long as the mask stands on the baseline.
    assert area_px / 3 * 0.8 * 0.004 == pytest.approx(VTI_CM, rel=0.02)


@pytest.mark.parametrize("decoding", Decoding)
def test_the_network_sees_the_beat_s_columns_from_the_region_s_edge_to_the_bottom(decoding: Decoding) -> None:
    reading, reader = read(FLOW, decoding=decoding)
    columns = [slice(int(row["x_left"]), int(row["x_right"])) for row in reading.rows]
    assert [part.start for part in columns] == pytest.approx([FLOW.column_of(wave.onset_s) for wave in FLOW.waves], abs=8)
    frame = FLOW.clip().frames[0, 342:]
    for crop, part in zip(reader.network.crops, columns, strict=True):
        expected = cv2.resize(np.ascontiguousarray(frame[:, part]), (256, 256)) / 255
        np.testing.assert_allclose(crop.transpose(1, 2, 0), expected, atol=1e-5)


def test_swapped_chroma_published_true_colours_corrected() -> None:
    """EchoNet-Segmentation reads DICOM's Y, Cb, Cr as OpenCV's Y, Cr, Cb: red becomes blue, grey stays grey."""
    frame = FLOW.frame()
    frame[360:372, 100:900] = (200, 30, 30)
    clip = {"frames": frame[None], "photometric_interpretation": "YBR_FULL_422"}
    seen = {decoding: read(FLOW, decoding=decoding, **clip)[1].network.crops[0] for decoding in Decoding}
    red = (slice(None), slice(13, 16), slice(100, 150))
    assert seen[CORRECTED][red].mean(axis=(1, 2)) == pytest.approx(np.array([200, 30, 30]) / 255, abs=0.02)
    published = seen[PUBLISHED][red].mean(axis=(1, 2))
    assert published[2] > 0.6 > 0.2 > published[0]
    below = (slice(None), slice(140, 200))
    np.testing.assert_allclose(seen[PUBLISHED][below], seen[CORRECTED][below], atol=2 / 255)
    as_rgb = read(FLOW, decoding=PUBLISHED, **(clip | {"photometric_interpretation": "RGB"}))[1].network.crops[0]
    np.testing.assert_array_equal(as_rgb, seen[CORRECTED])


def test_the_baseline_is_the_region_s_not_the_middle_of_the_screen() -> None:
    """A display with its baseline shifted up for a jet: published, every mask misses the assumed baseline."""
    shifted = Spectrum(outflow(60, 3, -150.0), replace(SPECTRAL, reference_pixel_y0_px=60), beside=(SECTOR,))
    corrected, _ = read(shifted, "vti_av")
    assert value_of(corrected, "av_vti").value == pytest.approx(shifted.waves[0].vti_cm, rel=0.02)
    high = Spectrum(outflow(60, 3, 40.0), replace(SPECTRAL, reference_pixel_y0_px=60), beside=(SECTOR,))
    published, _ = read(high, "vti_av", PUBLISHED)
    assert all(row["passed_qc"] == 0 for row in published.rows)
    corrected, _ = read(high, "vti_av")
    assert value_of(corrected, "av_vti").value == pytest.approx(high.waves[0].vti_cm, rel=0.04)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(("name", "key", "runs"), [
    ("vti_lvot", "lvot_vti", -1), ("vti_rvot", "rvot_vti", -1), ("vti_pv", "pv_vti", -1), ("vti_mv", "mv_vti", 1),
])  # fmt: skip
def test_flow_the_wrong_way_is_not_integrated(name: str, key: str, runs: int, inverted: bool) -> None:
    """By the signs of the axis, drawn upwards or downwards: regurgitation on a display of inflow, and the other way round."""
    region = replace(SPECTRAL, physical_delta_y=0.8 if inverted else -0.8)
    for way in (-1, 1):
        waves = outflow(60, 3, way * 92.0)
        reading, _ = read(Spectrum(waves, region, beside=(SECTOR,)), name)
        value = value_of(reading, key)
        if way == runs:
            assert value.value == pytest.approx(waves[0].vti_cm, rel=0.03)
            assert value.direction is (Direction.TOWARDS if way > 0 else Direction.AWAY)
        else:
            assert value.reasons == (Reason.VIEW_MISSING,)
            assert "runs" in value.detail
            assert {row["vti_cm"] for row in reading.rows} == {None}


def test_beats_of_the_other_direction_are_left_out() -> None:
    """Of one beat the network marks what leaks back."""
    second = perfect_masks(FLOW, columns_read(FLOW, "vti_av", CORRECTED))[1]
    reading, _ = read(FLOW, "vti_av", changed={1: np.ascontiguousarray(second[::-1])})
    assert [row["qc_reject_reason"] for row in reading.rows] == ["", "flow the other way than most of it", ""]
    value = value_of(reading, "av_vti")
    assert (value.direction, value.beats) == (Direction.AWAY, 2)
    assert value.value == pytest.approx(VTI_CM, rel=0.03)


def test_rows_from_342_published_from_the_region_corrected() -> None:
    region = replace(SPECTRAL, y0_px=300, y1_px=649)
    flow = Spectrum(outflow(60, 3, -92.0), region, beside=(SECTOR,))
    corrected, _ = read(flow, first_row=300)
    assert value_of(corrected, "lvot_vti").value == pytest.approx(VTI_CM, rel=0.02)
    published, _ = read(flow, decoding=PUBLISHED)
    assert "rows from 342 on" in published.notes[1]


def test_flow_that_runs_off_the_display_is_not_measured() -> None:
    reading, _ = read(Spectrum(outflow(60, 3, -150.0), beside=(SECTOR,)))
    value = value_of(reading, "lvot_vti")
    assert value.reasons == (Reason.QUALITY,)
    assert "aliasing" in value.detail


def test_one_aliased_beat_does_not_spoil_the_others() -> None:
    waves = (Wave(0.4, 0.3, -92.0), Wave(1.4, 0.3, -139.9), Wave(2.4, 0.3, -92.0))
    reading, _ = read(Spectrum(waves, beside=(SECTOR,)))
    assert [row["passed_qc"] for row in reading.rows] == [1, 0, 1]
    assert value_of(reading, "lvot_vti").value == pytest.approx(VTI_CM, rel=0.02)


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        (None, Reason.NO_CALIBRATION),
        (replace(FLOW.region, physical_unit_y=5), Reason.NO_CALIBRATION),
        (replace(FLOW.region, doppler_correction_angle_deg=45.0), Reason.CALIBRATION_INCONSISTENT),
    ],
)
def test_without_a_scale_there_are_pixels_and_no_centimetres(region: Any, reason: Reason) -> None:
    regions = (SECTOR, ECG) if region is None else (SECTOR, region)
    reading, _ = read(FLOW, regions=regions)
    assert value_of(reading, "lvot_vti", "cm").reasons == (reason,)
    if reason is Reason.NO_CALIBRATION:
        assert value_of(reading, "mask_area", "px").value == pytest.approx(FLOW.mask().sum() / 3, rel=0.03)


@pytest.mark.parametrize("decoding", Decoding)
def test_a_display_without_flow_has_no_beats(decoding: Decoding) -> None:
    reading, _ = read(replace(FLOW, waves=()), decoding=decoding)
    assert reading.rows == reading.marks == ()
    value = value_of(reading, "lvot_vti")
    assert value.value is None
    assert decoding is PUBLISHED or value.reasons == (Reason.NO_CARDIAC_CYCLE,)


def test_beats_without_flow_in_the_masks_are_not_believed() -> None:
    empty = np.full((256, 256), 0.001)
    reading, _ = read(FLOW, changed={0: empty, 1: empty, 2: empty})
    value = value_of(reading, "lvot_vti")
    assert value.reasons == (Reason.QUALITY,)
    assert "no beat of 3 is believed: area of 0 px" in value.detail


def test_an_impossible_integral_is_refused() -> None:
    reading, _ = read(Spectrum(outflow(60, 3, -13.0), FLOW.region))
    assert value_of(reading, "lvot_vti").reasons == (Reason.OUTSIDE_LIMITS,)


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (replace(FLOW, region=replace(FLOW.region, doppler_correction_angle_deg=60.0), beside=(SECTOR,)), "60 degrees"),
        (Spectrum(outflow(60, 3, -13.0), FLOW.region), "outside 3 to 60 cm"),
    ],
)
def test_a_refused_integral_is_not_in_the_table_either(flow: Spectrum, words: str) -> None:
    reading, _ = read(flow)
    assert value_of(reading, "lvot_vti").value is None
    assert [(row["passed_qc"], row["vti_cm"]) for row in reading.rows] == [(0, None)] * 3
    assert all(words in str(row["qc_reject_reason"]) for row in reading.rows)


def test_a_beat_not_believed_has_no_integral_in_the_table() -> None:
    waves = (Wave(0.4, 0.3, -92.0), Wave(1.4, 0.3, -139.9), Wave(2.4, 0.3, -92.0))
    reading, _ = read(Spectrum(waves, beside=(SECTOR,)))
    assert [row["vti_cm"] is None for row in reading.rows] == [False, True, False]


def test_a_piece_apart_from_the_flow_adds_nothing() -> None:
    masks = perfect_masks(FLOW, columns_read(FLOW, "vti_lvot", CORRECTED))
    for mask in masks:
        mask[206:230, 90:170] = 0.9
    reading, _ = read(FLOW, changed=dict(enumerate(masks)))
    assert value_of(reading, "lvot_vti").value == pytest.approx(VTI_CM, rel=0.02)


def test_the_published_crop_finds_the_same_beats_without_a_clock() -> None:
    display = grey(without_green_trace(FLOW.frame())[342:])
    found = find_spectral_beats(display, len(display) / 2, None)
    assert [beat.first_column for beat in found.beats] == pytest.approx([75, 325, 575], abs=3)
