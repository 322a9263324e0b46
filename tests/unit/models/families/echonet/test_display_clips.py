"""Spectra and M-mode traces recorded as clips: read on the last frame that shows one whole sweep, and on no others."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.clip import Clip
from models.errors import ReadingError
from models.explain.inputs import shown_of
from models.library.reading import Decoding
from models.phantom.displays import M_MODE, SPECTRAL, AnnulusTrace, Spectrum, Wave, inflow, outflow
from models.results import Reason
from tests.loaded import shell_of
from tests.sweeps import scrolling, written
from tests.unit.models.families.echonet.drawn_displays import PerfectMasks, peaks_of, reader_of, value_of
from tests.unit.models.families.echonet.test_echonet_vti import perfect_masks

BEFORE = Spectrum((Wave(2.0, 0.32, -450.0),), replace(SPECTRAL, physical_delta_y=-2.6, data_type=4), seed=1)
JET = replace(BEFORE, waves=(Wave(1.0, 0.32, -312.3),), seed=2)
AFTER = replace(BEFORE, waves=(Wave(0.4, 0.32, -210.0),), seed=3)
FRONTS = (0.9, 0.96, 0.99, 1.02, 1.08, 1.14)  # the third shows the second sweep alone
UNDER_WAY = (0.3, 0.4, 0.5)


def cine(drawn: Spectrum | AnnulusTrace, frames: NDArray[np.uint8], **changes: object) -> Clip:
    return drawn.clip(frames=frames, **changes)


def jets(fronts: tuple[float, ...]) -> Clip:
    return cine(JET, written([one.frame() for one in (BEFORE, JET, AFTER)], JET.region, fronts))


def test_a_jet_is_read_on_the_last_whole_sweep_and_its_frame_named() -> None:
    reader = reader_of("avvmax", peaks_of(JET))
    reading = reader.read(jets(FRONTS))
    peak = value_of(reading, "av_vmax")
    assert peak.value == pytest.approx(3.123, abs=0.005)
    assert [value.frame_index for value in reading.values] == [2, 2, 2]
    assert [mark.frame_index for mark in reading.marks] == [2]
    assert reading.notes[-1] == "frame 3 of 6: the last at the end of a sweep"
    assert len(reader.network.crops) == 1  # one frame, once
    single = reader.read(cine(JET, jets(FRONTS).frames[2:3]))
    assert value_of(single, "av_vmax").value == peak.value


def test_sweeps_are_never_mixed() -> None:
    """The faster jet of the sweep before stands to the right of the front all the time, and counts on no frame."""
    reading = reader_of("avvmax", peaks_of(BEFORE)).read(jets(UNDER_WAY))
    assert {value.key for value in reading.values} == {"av_vmax", "av_pg"}
    for value in reading.values:
        assert (value.value, value.reasons) == (None, (Reason.NO_CARDIAC_CYCLE,))
        assert value.detail == "none of 3 frames shows one whole sweep: each holds parts of two"
    assert (reading.rows, reading.marks) == ((), ())


def test_a_region_without_a_scale_is_said_first() -> None:
    unscaled = replace(JET.region, physical_unit_y=5)
    reading = reader_of("avvmax", peaks_of(JET)).read(replace(jets(UNDER_WAY), regions=(unscaled,)))
    assert value_of(reading, "av_vmax").reasons == (Reason.NO_CALIBRATION, Reason.NO_CARDIAC_CYCLE)


def test_time_that_runs_to_the_left() -> None:
    mirrored = replace(jets(FRONTS), frames=jets(FRONTS).frames[:, :, ::-1])
    mirrored = replace(mirrored, regions=tuple(replace(one, physical_delta_x=-0.004) for one in mirrored.regions))
    (x, y) = JET.peak_px(JET.waves[0])
    reading = reader_of("avvmax", [(mirrored.columns - 1 - x, y)]).read(mirrored)
    assert value_of(reading, "av_vmax").frame_index == 2


@pytest.mark.slow
def test_mitral_inflow_and_tapse() -> None:
    pairs = [inflow(60, 1, e_cm_s=e, a_cm_s=40.0, first_s=first)[0] for e, first in ((100.0, 0.6), (82.4, 1.0), (60.0, 1.6))]
    drawn = [Spectrum(pair, seed=seed) for seed, pair in enumerate(pairs)]
    recorded = cine(drawn[1], written([one.frame() for one in drawn], SPECTRAL, FRONTS))
    e, a = peaks_of(drawn[1])
    inflow_read = reader_of("mvpeak_2c", [a], [e]).read(recorded)
    assert {value.frame_index for value in inflow_read.values} == {2}
    assert value_of(inflow_read, "mv_e").value == pytest.approx(0.824, abs=0.002)

    annulus = AnnulusTrace(1.86)
    low, high = annulus.ends_px(1)
    moved = cine(annulus, scrolling(annulus.frame(), M_MODE, [20, 10, 0]))  # back to what is drawn
    assert value_of(reader_of("tapse_2c", [high], [low]).read(moved), "tapse").value is None  # it runs the wrong way
    moved = cine(annulus, scrolling(annulus.frame(), M_MODE, [-40, -20, 0]))
    tapse = value_of(reader_of("tapse_2c", [high], [low]).read(moved), "tapse")
    assert (tapse.frame_index, tapse.value) == (2, pytest.approx(1.86, abs=0.01))


@pytest.mark.slow
def test_an_integral_and_what_its_map_is_drawn_on() -> None:
    flows = [
        Spectrum(outflow(60, 3, peak, first), replace(SPECTRAL, y1_px=767, reference_pixel_y0_px=213), seed=int(-peak))
        for peak, first in ((-60.0, 0.2), (-92.0, 0.4), (-120.0, 0.6))
    ]
    recorded = cine(flows[1], written([one.frame() for one in flows], flows[1].region, FRONTS))
    reader = shell_of("vti_lvot")
    reader.network = PerfectMasks([np.full((256, 256), 1e-6)] * 20)
    columns = [slice(int(row["x_left"]), int(row["x_right"])) for row in reader.read(recorded).rows]
    reader.network = PerfectMasks(perfect_masks(flows[1], columns))
    reading = reader.read(recorded)
    value = value_of(reading, "lvot_vti")
    assert (value.frame_index, value.value) == (2, pytest.approx(flows[1].waves[0].vti_cm, rel=0.03))
    assert {mark.frame_index for mark in reading.marks} == {2}
    assert shown_of(recorded, reader.manifest, []).frames == (2,)


def test_a_map_is_drawn_on_the_frame_that_is_read() -> None:
    reader = reader_of("avvmax", peaks_of(JET))
    shown = shown_of(jets(FRONTS), reader.manifest, [])
    assert shown.frames == (2,)
    assert shown.values.shape[0] == 1
    with pytest.raises(ReadingError, match="parts of two"):
        shown_of(jets(UNDER_WAY), reader.manifest, [])


@pytest.mark.parametrize("name", ["avvmax", "mvpeak_2c", "tapse_2c", "vti_av"])
def test_published_takes_single_frames_as_the_scripts_do(name: str) -> None:
    reader = shell_of(name)
    recorded = jets(FRONTS)
    with pytest.raises(ReadingError, match="6 frames"):
        reader.read(recorded, Decoding.PUBLISHED)
