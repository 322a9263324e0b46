"""The drawn displays that engines are tried on: usual values, of the kind and direction that their view says."""

import pytest

from models.calibration import RegionDataType
from models.catalogue import READ, View
from models.derive.displays.doppler import LIMITS_CM_S, direction_of, shown_cm_s
from models.phantom.displays import AnnulusTrace, Spectrum, drawn_display

KEYS = {
    View.DOPPLER_AV_PW: "lvot_vmax", View.DOPPLER_AV_CW: "av_vmax", View.DOPPLER_MV_PW: "mv_e", View.DOPPLER_MV_CW: "mr_vmax",
    View.DOPPLER_TV_CW: "tr_vmax", View.DOPPLER_TISSUE_LATERAL: "e_lateral", View.DOPPLER_TISSUE_SEPTAL: "e_septal",
}  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("view", "key"), KEYS.items())
def test_a_spectrum_shows_possible_velocities_the_right_way(view: View, key: str, seed: int) -> None:
    spectrum = drawn_display(view, seed)
    assert isinstance(spectrum, Spectrum)
    low, high = LIMITS_CM_S[key]
    assert low <= abs(spectrum.waves[0].peak_cm_s) <= high
    assert direction_of(spectrum.waves[0].peak_cm_s) is READ[key].direction
    assert max(abs(wave.peak_cm_s) for wave in spectrum.waves) < 0.8 * shown_cm_s(spectrum.region), "not aliased"
    assert len({wave.peak_cm_s for wave in spectrum.waves}) == len(spectrum.waves) > 2, "no two beats alike"
    is_cw = spectrum.region.data_type == RegionDataType.CW_SPECTRAL
    assert is_cw == view.endswith("_cw")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_annulus_moves_a_possible_way(seed: int) -> None:
    trace = drawn_display(View.MMODE_A4CH_RV, seed)
    assert isinstance(trace, AnnulusTrace)
    low, high = READ["tapse"].limits
    assert low < trace.excursion_cm < high
    assert trace.excursion_cm != drawn_display(View.MMODE_A4CH_RV, seed + 1).excursion_cm  # type: ignore[union-attr]


def test_nothing_is_drawn_of_a_view_without_a_recipe() -> None:
    with pytest.raises(LookupError, match="doppler_av"):
        drawn_display(View.DOPPLER_AV, 0)
