"""Published normal values of adults by sex, and how a value of a study lies to them.

A row is here only where its source prints it for the method of the quantity: a range of the biplane method says nothing of one
plane. What a row does not have (a limit on one side, mean and SD) its source does not print.
"""

from dataclasses import dataclass

from models.catalogue import QUANTITIES
from sr_templates.copied_values import text_of
from sr_templates.evidence import Evidence
from sr_templates.subject_age import age_years

_ADULT_YEARS = 18
_LANG_2015 = "Lang RM et al., J Am Soc Echocardiogr 2015;28:1-39"
_LV_SIZE = f"{_LANG_2015}: normal values for 2D parameters of LV size and function"
_LV_MASS = f"{_LANG_2015}: normal ranges for LV mass indices, linear method"
_LA_SIZE = f"{_LANG_2015}: normal LA volume index"
_RV_SIZE = f"{_LANG_2015}: normal values for RV chamber size"
_RV_FUNCTION = f"{_LANG_2015}: normal values for parameters of RV function"
_AORTA = f"{_LANG_2015}: dimensions of the aortic root in normal adults"


@dataclass(frozen=True)
class NormalValue:
    """Of healthy adults of one `sex` ("M" or "F", as Patient's Sex), in the unit of the quantity. The limits are normal values.

    `low` and `high` are None where the source has no limit on that side, `mean` and `sd` where it has none.
    """

    key: str
    sex: str
    low: float | None
    high: float | None
    mean: float | None
    sd: float | None
    source: str

    @property
    def population(self) -> str:
        return f"adult {'men' if self.sex == 'M' else 'women'}"

    def z_score(self, value: float) -> float | None:
        """Standard deviations from the mean, to one decimal; None where the source has no mean.

        >>> NormalValue("lvidd_2d", "M", 4.2, 5.84, 5.02, 0.41, "").z_score(5.84)
        2.0
        """
        return None if self.mean is None or self.sd is None else round((value - self.mean) / self.sd, 1)

    def position(self, value: float) -> str:
        """ "below" or "above" the normal range, else empty."""
        if self.low is not None and value < self.low:
            return "below"
        return "above" if self.high is not None and value > self.high else ""


def _of(
    key: str, sex: str, source: str, limits: tuple[float | None, float | None], of_population: tuple[float, float] | None = None
) -> NormalValue:
    mean, sd = of_population or (None, None)
    return NormalValue(key, sex, *limits, mean, sd, source)


_NO_LIMITS = (None, None)
_ROWS = (
    # Limits are two standard deviations from the mean.
    _of("lvidd_2d", "M", _LV_SIZE, (4.20, 5.84), (5.02, 0.41)),
    _of("lvidd_2d", "F", _LV_SIZE, (3.78, 5.22), (4.50, 0.36)),
    _of("lvids_2d", "M", _LV_SIZE, (2.50, 3.98), (3.24, 0.37)),
    _of("lvids_2d", "F", _LV_SIZE, (2.16, 3.48), (2.82, 0.33)),
    _of("lvedv_bp", "M", _LV_SIZE, (62, 150), (106, 22)),
    _of("lvedv_bp", "F", _LV_SIZE, (46, 106), (76, 15)),
    _of("lvesv_bp", "M", _LV_SIZE, (21, 61), (41, 10)),
    _of("lvesv_bp", "F", _LV_SIZE, (14, 42), (28, 7)),
    _of("lvedv_bp_index", "M", _LV_SIZE, (34, 74), (54, 10)),
    _of("lvedv_bp_index", "F", _LV_SIZE, (29, 61), (45, 8)),
    _of("lvesv_bp_index", "M", _LV_SIZE, (11, 31), (21, 5)),
    _of("lvesv_bp_index", "F", _LV_SIZE, (8, 24), (16, 4)),
    _of("ef_bp", "M", _LV_SIZE, (52, 72), (62, 5)),
    _of("ef_bp", "F", _LV_SIZE, (54, 74), (64, 5)),
    *(_of(key, "M", _LV_MASS, (0.6, 1.0)) for key in ("ivsd_2d", "lvpwd_2d", "ivsd_mm", "lvpwd_mm")),
    *(_of(key, "F", _LV_MASS, (0.6, 0.9)) for key in ("ivsd_2d", "lvpwd_2d", "ivsd_mm", "lvpwd_mm")),
    *(_of(key, "M", _LV_MASS, (88, 224)) for key in ("lv_mass_cube_2d", "lv_mass_cube_mm")),
    *(_of(key, "F", _LV_MASS, (67, 162)) for key in ("lv_mass_cube_2d", "lv_mass_cube_mm")),
    *(_of(key, "M", _LV_MASS, (49, 115)) for key in ("lv_mass_index_2d", "lv_mass_index_mm")),
    *(_of(key, "F", _LV_MASS, (43, 95)) for key in ("lv_mass_index_2d", "lv_mass_index_mm")),
    _of("rwt", "M", _LV_MASS, (0.24, 0.42)),
    _of("rwt", "F", _LV_MASS, (0.22, 0.42)),
    *(_of(key, sex, _LA_SIZE, (16, 34)) for key in ("la_vol_mod_bp_index", "la_vol_al_bp_index") for sex in "MF"),
    *(_of("rv_basal", sex, _RV_SIZE, (2.5, 4.1), (3.3, 0.4)) for sex in "MF"),
    *(_of("rv_mid", sex, _RV_SIZE, (1.9, 3.5), (2.7, 0.4)) for sex in "MF"),
    *(_of("rv_length", sex, _RV_SIZE, (5.9, 8.3), (7.1, 0.6)) for sex in "MF"),
    *(_of("rvot_prox", sex, _RV_SIZE, (2.1, 3.5), (2.8, 0.35)) for sex in "MF"),
    *(_of("rvot_dist", sex, _RV_SIZE, (1.7, 2.7), (2.2, 0.25)) for sex in "MF"),
    *(_of("tapse", sex, _RV_FUNCTION, (1.7, None), (2.4, 0.35)) for sex in "MF"),
    *(_of("tv_s", sex, _RV_FUNCTION, (9.5, None), (14.1, 2.3)) for sex in "MF"),
    *(_of("rv_fac", sex, _RV_FUNCTION, (35, None), (49, 7)) for sex in "MF"),
    _of("ao_annulus", "M", _AORTA, _NO_LIMITS, (2.6, 0.3)),
    _of("ao_annulus", "F", _AORTA, _NO_LIMITS, (2.3, 0.2)),
    _of("ao_root", "M", _AORTA, _NO_LIMITS, (3.4, 0.3)),
    _of("ao_root", "F", _AORTA, _NO_LIMITS, (3.0, 0.3)),
    _of("ao_stj", "M", _AORTA, _NO_LIMITS, (2.9, 0.3)),
    _of("ao_stj", "F", _AORTA, _NO_LIMITS, (2.6, 0.3)),
    _of("ao_asc", "M", _AORTA, _NO_LIMITS, (3.0, 0.4)),
    _of("ao_asc", "F", _AORTA, _NO_LIMITS, (2.7, 0.4)),
)  # fmt: skip
NORMAL_VALUES = {(row.key, row.sex): row for row in _ROWS}


def normal_value(key: str, evidence: Evidence) -> NormalValue | None:
    """The row for this patient; None where the header does not state an adult's age and a sex that the sources have."""
    years = age_years(evidence)
    if years is None or years < _ADULT_YEARS or key not in QUANTITIES:
        return None
    return NORMAL_VALUES.get((key, text_of(evidence.newest, "PatientSex")))
