"""What is read from perfect maps is the truth, in every view; and where a display forbids a number there is none."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from models.catalogue import READ, Direction, View
from models.clip import Clip
from models.library.model_set import Role
from models.library.roles import unfit_for, views_graded
from models.results import CaliperKind, ReadValue, Reason
from tests.unit.models.families.phantom import drawn_displays
from tests.unit.models.families.phantom.drawn_displays import LEFT, TOP, Wave, m_mode, spectrum

BEATS_S = (0.1, 1.0, 1.9)  # when each begins; the last is cut where it lasts longer than the display


def beats(*waves: Wave) -> list[Wave]:
    return [Wave(one.name, one.onset_s + at, one.duration_s, one.peak_cm_s, one.fall_s) for at in BEATS_S for one in waves]


def half_sine_vti_cm(peak_cm_s: float, duration_s: float) -> float:
    return 2 / np.pi * peak_cm_s * duration_s


EJECTION = beats(Wave("", 0.05, 0.3, -100.0))
LEAK = beats(Wave("", 0.0, 0.4, -120.0))
FILLING = beats(Wave("e", 0.4, 0.26, 80.0, fall_s=0.18), Wave("a", 0.7, 0.12, 50.0))
TISSUE = beats(Wave("s", 0.05, 0.25, 8.0), Wave("e", 0.4, 0.12, -10.0), Wave("a", 0.7, 0.1, -7.0))
VEIN = beats(Wave("s", 0.05, 0.3, 60.0), Wave("e", 0.45, 0.2, 45.0))
SMALL = {"up_cm_s": 15.0, "down_cm_s": 15.0}
VTI_CM = half_sine_vti_cm(100, 0.3)
JET = {"av_vmax": 1.0, "av_pg": 4.0, "av_vti": VTI_CM, "av_mg": 2.0}

SPECTRA: list[tuple[View, list[Wave], Mapping[str, float], Mapping[str, float]]] = [
    (View.DOPPLER_AV_PW, EJECTION, {}, {"lvot_vmax": 1.0, "lvot_vti": VTI_CM}),
    (View.DOPPLER_AV_CW, EJECTION, {}, JET),
    (View.DOPPLER_PV_PW, EJECTION, {}, {"rvot_vti": VTI_CM}),
    (View.DOPPLER_PV_CW, EJECTION, {}, {"pv_vmax": 1.0, "pv_vti": VTI_CM}),
    (View.DOPPLER_TV_CW, LEAK, {}, {"tr_vmax": 1.2, "tr_pg": 4 * 1.2**2}),
    (View.DOPPLER_MV_CW, LEAK, {}, {"mr_vmax": 1.2}),
    (View.DOPPLER_MV_PW, FILLING, {}, {
        "mv_e": 0.8, "mv_a": 0.5, "mv_ea": 1.6, "mv_dt": 180.0, "mv_pht": 180 * (1 - 0.5**0.5),
        "mv_vti": 80 * (2 / np.pi * 0.08 + 0.09) + half_sine_vti_cm(50, 0.12),
    }),
    (View.DOPPLER_PULMONARY_VEIN_PW, VEIN, {}, {"pulm_vein_s": 0.6, "pulm_vein_d": 0.45}),
    (View.DOPPLER_TISSUE_SEPTAL, TISSUE, SMALL, {"s_septal": 8.0, "e_septal": 10.0, "a_septal": 7.0}),
    (View.DOPPLER_TISSUE_LATERAL, TISSUE, SMALL, {"s_lateral": 8.0, "e_lateral": 10.0, "a_lateral": 7.0}),
    (View.DOPPLER_TISSUE_RV, TISSUE, SMALL, {"tv_s": 8.0}),
]  # fmt: skip


@pytest.fixture(scope="module")
def spectra() -> Any:
    return drawn_displays.reader_of_spectra()


def read(reader: Any, clip: Clip, view: View) -> dict[str, ReadValue]:
    return {value.key: value for value in reader.read_values(clip, (), view)}


@pytest.mark.parametrize(("view", "waves", "shown", "true"), SPECTRA, ids=[case[0].value for case in SPECTRA])
def test_every_quantity_of_a_spectrum_is_read(
    spectra: Any, view: View, waves: list[Wave], shown: Mapping[str, float], true: Mapping[str, float]
) -> None:
    found = read(spectra, spectrum(waves, **shown), view)
    assert {key: value.value for key, value in found.items()} == pytest.approx(dict(true), rel=0.04)
    assert {value.beats for value in found.values()} == {3}
    assert all(value.unit == READ[key].unit and view in READ[key].views for key, value in found.items())


@pytest.mark.parametrize("changed", [
    {"inverted": True}, {"mirrored": True}, {"seconds": 2.6}, {"seconds": 6.4}, {"up_cm_s": 40.0, "down_cm_s": 240.0},
    {"reference_pixel_y0_px": 0, "reference_physical_value_y": 150.0 - 150 / 360},
], ids=["inverted", "to the left", "fast sweep", "slow sweep", "base line", "reference elsewhere"])  # fmt: skip
def test_how_a_display_is_set_changes_no_number(spectra: Any, changed: dict[str, Any]) -> None:
    found = read(spectra, spectrum(EJECTION, **changed), View.DOPPLER_AV_PW)
    assert found["lvot_vmax"].value == pytest.approx(1.0, rel=0.03)
    assert found["lvot_vti"].value == pytest.approx(VTI_CM, rel=0.04)
    assert found["lvot_vmax"].direction is Direction.AWAY


def test_a_peak_is_marked_in_each_beat_where_it_is(spectra: Any) -> None:
    peaks = read(spectra, spectrum(EJECTION), View.DOPPLER_AV_PW)["lvot_vmax"].calipers
    assert [mark.kind for mark in peaks] == [CaliperKind.POINT] * 3
    x, y = np.array([mark.points_px[0] for mark in peaks]).T
    assert x == pytest.approx([LEFT + (at + 0.2) / 0.005 for at in BEATS_S], abs=4)
    assert y == pytest.approx([TOP + 179.5 + 120] * 3, abs=3)


INCONSISTENT = Reason.CALIBRATION_INCONSISTENT
GUARDED: list[tuple[str, View, Clip, str, Reason]] = [
    ("angle", View.DOPPLER_AV_PW, spectrum(EJECTION, doppler_correction_angle_deg=20.0), "lvot_vmax", INCONSISTENT),
    ("hertz", View.DOPPLER_AV_PW, spectrum(EJECTION, physical_unit_y=5), "lvot_vti", Reason.NO_CALIBRATION),
    ("no scale", View.DOPPLER_AV_PW, spectrum(EJECTION, physical_delta_y=0.0), "lvot_vti", Reason.NO_CALIBRATION),
    ("aliasing", View.DOPPLER_AV_PW, spectrum(EJECTION, down_cm_s=90.0), "lvot_vti", Reason.QUALITY),
    ("empty", View.DOPPLER_TV_CW, spectrum([]), "tr_vmax", Reason.QUALITY),
    ("wrong way", View.DOPPLER_MV_PW, spectrum(beats(Wave("e", 0.4, 0.26, -80.0))), "mv_e", Reason.QUALITY),
    ("lost sign", View.DOPPLER_TISSUE_SEPTAL, spectrum(TISSUE, **SMALL, inverted=True), "e_septal", INCONSISTENT),
    ("one cut beat", View.DOPPLER_AV_PW, spectrum([Wave("", -0.1, 0.3, -90.0)]), "lvot_vti", Reason.QUALITY),
]  # fmt: skip


@pytest.mark.parametrize(("view", "clip", "key", "reason"), [case[1:] for case in GUARDED], ids=[case[0] for case in GUARDED])
def test_what_a_display_forbids_is_not_measured(spectra: Any, view: View, clip: Clip, key: str, reason: Reason) -> None:
    value = read(spectra, clip, view)[key]
    assert value.value is None
    assert value.reasons[0] is reason


def test_a_jet_beyond_its_display_says_how_fast_it_is_at_least(spectra: Any) -> None:
    value = read(spectra, spectrum(LEAK, up_cm_s=60.0, down_cm_s=100.0), View.DOPPLER_TV_CW)["tr_vmax"]
    assert value.value is None
    assert value.at_least == pytest.approx(1.0, abs=0.01)


def test_a_wave_alone_is_no_ratio(spectra: Any) -> None:
    found = read(spectra, spectrum(beats(Wave("e", 0.4, 0.26, 80.0, fall_s=0.18))), View.DOPPLER_MV_PW)
    assert found["mv_e"].value == pytest.approx(0.8, rel=0.03)
    assert found["mv_a"].value is None
    assert found["mv_ea"].value is None


def test_quality_falls_with_doubt_and_there_is_none_of_an_empty_display(spectra: Any) -> None:
    unsure = drawn_displays.reader_of_spectra(doubt=0.2)
    grades = [reader.read(clip).values[0].value for reader, clip in (
        (spectra, spectrum(EJECTION)), (unsure, spectrum(EJECTION)), (spectra, spectrum([])),
    )]  # fmt: skip
    assert grades[0] > 80 > grades[1] > 50 > grades[2]


def moving(depth_cm: float, way_cm: float) -> Any:
    """Deepest at end-diastole, at 0 and every 0.9 s, `way_cm` less deep at end-systole, 0.33 s later."""

    def depth(times_s: Any) -> Any:
        now = times_s % 0.9
        phase = np.where(now < 0.33, now / 0.33, 1 - (now - 0.33) / 0.57)
        return depth_cm - way_cm * (1 - np.cos(np.pi * phase)) / 2

    return depth


def still(depth_cm: float) -> Any:
    return lambda times_s: depth_cm + 0 * times_s


VENTRICLE = {
    "septum": (still(3.0), still(4.0)), "cavity": (still(4.0), moving(9.0, 1.6)),
    "posterior_wall": (moving(9.0, 1.6), moving(10.0, 1.6)),
}  # fmt: skip
M_MODES: list[tuple[View, Any, dict[str, float]]] = [
    (View.MMODE_PLAX_LV, VENTRICLE, {"ivsd_mm": 1.0, "lvidd_mm": 5.0, "lvpwd_mm": 1.0, "lvids_mm": 3.4}),
    (View.MMODE_PLAX_AV, {"la": (still(6.0), lambda t: 10.0 - moving(1.0, 1.0)(t))}, {"la_diam_ap_mm": 4.0}),
    (View.MMODE_A4CH_RV, {"before_ring": (still(-1.0), moving(11.0, 2.1))}, {"tapse": 2.1}),
]  # fmt: skip


@pytest.mark.parametrize(("view", "layers", "true"), M_MODES, ids=[case[0].value for case in M_MODES])
def test_every_quantity_of_an_m_mode_is_read(view: View, layers: Any, true: dict[str, float]) -> None:
    found = read(drawn_displays.reader_of_m_modes(), m_mode(layers), view)
    assert {key: value.value for key, value in found.items()} == pytest.approx(true, abs=0.15)
    assert all(value.calipers for value in found.values())


def test_an_m_mode_without_its_layers_gives_no_number() -> None:
    found = read(drawn_displays.reader_of_m_modes(), m_mode({}), View.MMODE_PLAX_LV)
    assert {value.reasons[0] for value in found.values()} == {Reason.QUALITY}


def test_who_measures_displays_also_grades_them(spectra: Any) -> None:
    assert not unfit_for(Role.MEASUREMENTS, spectra.manifest)
    assert not unfit_for(Role.QUALITY, spectra.manifest)
    assert View.DOPPLER_MV_PW in views_graded(spectra.manifest)
    assert View.A4C not in views_graded(spectra.manifest)
