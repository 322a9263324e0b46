from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.catalogue import LINE_OF, LINE_POINTS, View
from models.clip import Clip
from models.families.phantom.points import PhantomPoints
from models.library.model_set import Role
from models.library.quantities import quantities_read, views_read
from models.library.roles import unfit_for
from models.phantom import heart, planes
from models.phantom.screens import compose, screen_of
from models.results import Beat, ReadValue, Reason
from tests.unit.models.families.phantom.drawn_truth import REGION, box_of, clip_of, drawn, manifest_of, peaks

MANIFEST = manifest_of("phantom_points", LINE_POINTS)
_SHOWN = ("lvid", "ivs", "lvpw", "lvot_diam", "ao_root", "la_diam")
LONG_AXIS = replace(MANIFEST, labels=tuple(f"{name}_{end}" for name in _SHOWN for end in (1, 2)))
DX, DY = REGION.cm_per_px
BEAT_MS, SYSTOLE_MS = 800.0, 320.0


def lvid_cm(time_ms: float) -> float:
    """5 cm at end-diastole, 3 cm at end-systole."""
    now = time_ms % BEAT_MS
    share = now / SYSTOLE_MS if now < SYSTOLE_MS else (BEAT_MS - now) / (BEAT_MS - SYSTOLE_MS)
    return 5.0 - 2.0 * (1 - np.cos(np.pi * share)) / 2


def line(name: str, middle: tuple[float, float], length_cm: float, slant: float) -> Mapping[str, tuple[float, float]]:
    """Both ends in px, at an angle of `slant` to the vertical of the heart."""
    half = np.array([np.sin(slant) / DX, np.cos(slant) / DY]) * length_cm / 2
    first, last = np.array(middle) - half, np.array(middle) + half
    return {f"{name}_1": (float(first[0]), float(first[1])), f"{name}_2": (float(last[0]), float(last[1]))}


def long_axis(time_ms: float) -> dict[str, tuple[float, float]]:
    return {
        **line("lvid", (200, 180), lvid_cm(time_ms), 0.2),
        **line("ivs", (190, 120), 1.0, 0.2),
        **line("lvot_diam", (300, 160), 2.1, -0.3),
        **line("ao_root", (350, 150), 3.4, -0.2),
        **line("la_diam", (340, 250), 4.2 - 0.3 * np.cos(2 * np.pi * time_ms / BEAT_MS), -0.2),
    }


def read_by_key(reader: Any, clip: Clip, **known: Any) -> dict[str, ReadValue]:
    return {value.key: value for value in reader.read_values(clip, **known)}


def plax(frames: int = 54, top: float = 0.95, **changes: Any) -> tuple[Any, Clip]:
    """A reader whose maps show a parasternal long axis, at end-diastole on the frames 6, 26 and 46, counted from 1."""
    clip = clip_of(frames, **changes)
    times = np.arange(frames) * 40.0 - 200
    return drawn(PhantomPoints(LONG_AXIS), lambda n: peaks(LONG_AXIS.labels, long_axis(times[n]), box_of(clip), top)), clip


@pytest.mark.slow
def test_perfect_maps_give_the_true_lengths_with_their_frames_and_calipers() -> None:
    reader, clip = plax()
    found = read_by_key(reader, clip, view=View.PLAX)
    true = {"lvidd_2d": 5.0, "lvids_2d": 3.0, "ivsd_2d": 1.0, "lvot_diam": 2.1, "ao_root": 3.4, "la_diam_ap_2d": 4.2 + 0.24}
    assert {key: value.value for key, value in found.items() if key in true} == pytest.approx(true, abs=0.04)
    diameter = found["lvidd_2d"]
    assert [source.frame_number for source in diameter.sources] == [6, 26]
    assert diameter.sd == pytest.approx(0, abs=0.02)
    assert [caliper.frame_number for caliper in diameter.calipers] == [source.frame_number for source in diameter.sources]
    assert diameter.calipers[0].points_px[0] == pytest.approx(long_axis(0)["lvid_1"], abs=0.6)
    assert found["fs_2d"].value == pytest.approx(40, abs=1.5)
    assert found["lvot_diam"].sources[0].frame_number in (10, 30)  # half-way between end-diastole and end-systole


def test_only_what_the_view_carries_is_read() -> None:
    clip = clip_of(2)
    reader = drawn(PhantomPoints(MANIFEST), lambda _: peaks(LINE_POINTS, {}, box_of(clip)))
    assert set(read_by_key(reader, clip, view=View.A4C)) == {"rv_basal", "rv_mid", "rv_length"}
    assert set(read_by_key(reader, clip, view=View.PLAX_ZOOM)) == {"ao_root", "ao_annulus", "lvot_diam"}
    assert read_by_key(reader, clip, view=View.A2C) == {}


def test_known_beats_say_which_frames_count_and_no_others_are_asked() -> None:
    clip = clip_of(30)
    asked = []

    def maps(number: int) -> Any:
        asked.append(number)
        return peaks(LINE_POINTS, line("rv_basal", (200, 180), 3.0 + 0.05 * number, 1.5), box_of(clip))

    found = read_by_key(drawn(PhantomPoints(MANIFEST), maps), clip, beats=(Beat(2, 10), Beat(22, 28)), view=View.A4C)
    assert found["rv_basal"].value == pytest.approx(3.0 + 0.05 * 12, abs=0.02)
    assert found["rv_basal"].sd == pytest.approx(0.05 * 20 / 2**0.5, abs=0.02)
    assert set(asked) == {1, 2, 3, 5, 6, 7, 9, 10, 11, 21, 22, 23, 24, 25, 26, 27, 28, 29}
    assert found["rv_mid"].reasons == (Reason.QUALITY,)


@pytest.mark.parametrize(
    ("changes", "key", "reason"),
    [
        ({"top": 0.1}, "lvidd_2d", Reason.QUALITY),
        ({"regions": ()}, "lvidd_2d", Reason.NO_CALIBRATION),
        ({"frame_times_ms": None}, "lvidd_2d", Reason.NO_CARDIAC_CYCLE),
        ({"frames": 6}, "ao_root", Reason.NO_CARDIAC_CYCLE),
    ],
)
def test_what_cannot_be_measured_says_why(changes: dict[str, Any], key: str, reason: Reason) -> None:
    reader, clip = plax(**changes)
    in_cm = [value for value in reader.read_values(clip, view=View.PLAX) if value.key == key and value.unit == "cm"]
    assert [(value.value, value.reasons[:1]) for value in in_cm] == [(None, (reason,))]


def test_without_phases_the_outflow_tract_is_its_median_over_the_clip() -> None:
    reader, clip = plax(frames=6)
    assert read_by_key(reader, clip, view=View.PLAX_ZOOM)["lvot_diam"].value == pytest.approx(2.1, abs=0.03)


def test_the_vena_cava_counts_where_it_is_widest() -> None:
    clip = clip_of(20)
    widths = 1.5 + 0.4 * np.sin(np.pi * np.arange(20) / 19)
    widths[3] = 4.0  # a slip on one frame
    reader = drawn(
        PhantomPoints(MANIFEST), lambda n: peaks(LINE_POINTS, line("ivc_diam", (250, 200), widths[n], 0.1), box_of(clip))
    )
    found = read_by_key(reader, clip, view=View.SUBCOSTAL_IVC)["ivc_diam"]
    assert found.value == pytest.approx(1.9, abs=0.03)
    assert found.sources[0].frame_number in (9, 10, 11, 12)


def test_two_places_for_one_end_are_no_place() -> None:
    clip = clip_of(3)
    both = {**line("ivc_diam", (150, 200), 2.0, 0.1), **line("ivc_diam", (350, 200), 2.0, 0.1)}
    apart = line("ivc_diam", (150, 200), 2.0, 0.1)
    reader = drawn(
        PhantomPoints(MANIFEST),
        lambda n: np.maximum(peaks(LINE_POINTS, both, box_of(clip)), peaks(LINE_POINTS, apart, box_of(clip))),
    )
    assert read_by_key(reader, clip, view=View.SUBCOSTAL_IVC)["ivc_diam"].reasons == (Reason.QUALITY,)


def test_a_network_reads_the_lines_of_its_labels_alone() -> None:
    few = replace(MANIFEST, labels=("lvid_1", "lvid_2", "ivc_diam_1", "ivc_diam_2", "ao_root_1"))
    assert set(quantities_read(few)) == {"lvidd_2d", "lvids_2d", "fs_2d", "ef_teichholz_2d", "ivc_diam"}
    assert set(views_read(few)) == {View.PLAX, View.SUBCOSTAL_IVC}
    assert unfit_for(Role.MEASUREMENTS, few) == ""
    assert unfit_for(Role.MEASUREMENTS, replace(few, labels=("ao_root_1",))) != ""


@pytest.mark.slow
def test_a_drawn_plane_is_read_as_it_is() -> None:
    """From the generator's plane over the cart's screen and the region to the value."""
    one = heart.sample_heart(7)
    beat = one.beats(2000.0)[0]
    moments = [beat.start_ms, beat.start_ms + beat.end_systole_ms]
    plane = planes.render_plane(one, "plax-full-lv", seed=3, quality=3, times_ms=moments, polar=(32, 24))
    shown = compose(plane, screen_of(5), 5)
    pixels = np.zeros((2, *shown.frames.shape[1:3], 3), np.uint8) + np.arange(1, 3, dtype=np.uint8)[:, None, None, None]
    clip = Clip("1", pixels, shown.frame_times_ms, shown.regions)
    marked: list[dict[str, tuple[float, float]]] = [{}, {}]
    for mark in shown.landmarks:
        for end, point in enumerate(mark.points_px, start=1):
            marked[mark.frame_index][f"{LINE_OF[mark.key]}_{end}"] = point
    reader = drawn(PhantomPoints(MANIFEST), lambda n: peaks(LINE_POINTS, marked[n], box_of(clip)))
    found = read_by_key(reader, clip, beats=(Beat(0, 1),), view=View.PLAX)
    keys = [key for key in found if key in shown.values and key in LINE_OF]
    assert len(keys) >= 5
    cm_per_map_px = shown.regions[0].cm_per_px[0] / box_of(clip).scale
    for key in keys:
        assert found[key].value == pytest.approx(shown.values[key], abs=0.3 * cm_per_map_px), key
