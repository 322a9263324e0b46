"""How each quantity of the catalogue is written: a row each."""

from dataclasses import dataclass

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES, Method, Quantity, View
from sr_templates.codes import (
    LEFT_VENTRICLE,
    MEAN,
    METHOD_CODES,
    MODE_CODES,
    NO_UNITS,
    PRIVATE_SCHEME,
    SPECKLE_TRACKING_2D,
    STRUCTURE_CODES,
    UNIT_CODES,
)


@dataclass(frozen=True)
class _Written:
    """What the catalogue does not say of a quantity.

    `concept` is that of TID 5203 and TID 1500 (CID 12200 to 12222, else CID 12300, else ours), `decimals` those worth writing,
    `simplified` the code of CID 12300 that alone says everything (TID 5301), `derivation` how several beats became one value
    (CID 3627; None where no code says how), `flow` the direction of the blood (CID 12221).
    """

    concept: Code
    decimals: int
    simplified: Code | None = None
    derivation: Code | None = MEAN
    flow: Code | None = None


@dataclass(frozen=True)
class QuantityCode(_Written):
    """How one quantity is written. `flow` stands beside a value only where that was found to run as the catalogue has it."""

    unit: Code = NO_UNITS
    method: Code | None = None
    finding_site: Code = LEFT_VENTRICLE


def _ln(value: str, meaning: str) -> Code:
    return Code(value, "LN", meaning)


def _own(value: str, meaning: str) -> Code:
    return Code(value, PRIVATE_SCHEME, meaning)


def _ratio(concept: Code, simplified: Code | None = None) -> _Written:
    return _Written(concept, 2, simplified, derivation=None)


def _computed(concept: Code, decimals: int, simplified: Code | None = None) -> _Written:
    """Made from means, so no mean itself."""
    return _Written(concept, decimals, simplified, derivation=None)


def _simple(code: Code, decimals: int, derivation: Code | None = MEAN) -> _Written:
    """No context group of TID 5202 has it: the code of CID 12300 stands in every template (those groups are extensible)."""
    return _Written(code, decimals, code, derivation)


_PEAK_VELOCITY = _ln("11726-7", "Peak Systolic Velocity")
_PEAK_GRADIENT = _ln("20247-3", "Peak Gradient")
_MEAN_GRADIENT = _ln("20256-4", "Mean Gradient")
_VTI = _ln("20354-7", "Velocity Time Integral")
_HALF_TIME = _ln("20280-4", "Pressure Half-Time")
_E_PRIME = Code("399133000", "SCT", "Left Ventricular Peak Early Diastolic Tissue Velocity")
_S_PRIME = Code("399167005", "SCT", "Left Ventricular Peak Systolic Tissue Velocity")
_A_PRIME = Code("399007006", "SCT", "LV Peak Diastolic Tissue Velocity During Atrial Systole")
_E_OVER_E_PRIME = Code("399140004", "SCT", "Ratio of MV Peak Velocity to LV Peak Tissue Velocity E-Wave")
_ANTEGRADE = Code("263677008", "SCT", "Antegrade Flow")  # CID 12221
_REGURGITANT = Code("397417004", "SCT", "Regurgitant Flow")
_EF = _ln("18043-0", "Left Ventricular Ejection Fraction by US")
_EDV = _ln("18026-5", "Left Ventricular End Diastolic Volume")
_ESV = _ln("18148-7", "Left Ventricular End Systolic Volume")
_FS = _ln("18051-3", "Left Ventricular Fractional Shortening")
_LVIDD = _ln("29436-3", "Left Ventricle Internal End Diastolic Dimension")
_LVIDS = _ln("29438-9", "Left Ventricle Internal Systolic Dimension")
_IVSD = _ln("18154-5", "Interventricular Septum Diastolic Thickness")
_LVPWD = _ln("18152-9", "Left Ventricle Posterior Wall Diastolic Thickness")
_LV_MASS = _ln("18087-7", "Left Ventricle Mass")
_LA_DIAMETER = _ln("29469-4", "Left Atrium Antero-posterior Systolic Dimension")
_LA_VOLUME = Code("399235004", "SCT", "Left Atrium Systolic Volume")
_STROKE_VOLUME = Code("90096001", "SCT", "Stroke Volume")
_STROKE_INDEX = Code("277381004", "SCT", "Stroke Index")
_ORIFICE_DIAMETER = Code("399027007", "SCT", "Cardiovascular Orifice Diameter")
_ORIFICE_AREA = Code("399367004", "SCT", "Cardiovascular Orifice Area")
# Concepts of their own: a receiver that overlooks methods must not file them with EF by the method of discs.
_EF_VIDEO = _own("EF-VIDEO", "Left Ventricular Ejection Fraction by video regression")
_EF_VIDEO_BIPLANE = _own("EF-VIDEO-BIPLANE", "Left Ventricular Ejection Fraction by video regression, biplane")

_ROWS: dict[str, _Written] = {
    # EF is that of the mean volumes.
    "ef_bp": _computed(_EF, 1, _ln("79991-6", "Left ventricular ejection fraction biplane (MOD)")),
    "lvedv_bp": _Written(_EDV, 1, _ln("79996-5", "Left ventricular end diastolic volume biplane (MOD)")),
    "lvesv_bp": _Written(_ESV, 1, _ln("80001-1", "Left ventricular end systolic volume biplane (MOD)")),
    "ef_a4c": _Written(_EF, 1, _ln("79993-2", "Left ventricular ejection fraction single plane 4C (MOD)")),
    "lvedv_a4c": _Written(_EDV, 1, _ln("79999-9", "Left ventricular end diastolic volume single plane 4C (MOD)")),
    "lvesv_a4c": _Written(_ESV, 1, _ln("80004-5", "Left ventricular end systolic volume single plane 4C (MOD)")),
    "ef_a2c": _Written(_EF, 1, _ln("79992-4", "Left ventricular ejection fraction single plane 2C (MOD)")),
    "lvedv_a2c": _Written(_EDV, 1, _ln("79998-1", "Left ventricular end diastolic volume single plane 2C (MOD)")),
    "lvesv_a2c": _Written(_ESV, 1, _ln("80003-7", "Left ventricular end systolic volume single plane 2C (MOD)")),
    "lv_len_d_a4c": _Written(
        _ln("18077-8", "Left Ventricle diastolic major axis"), 2, _ln("79994-0", "Left ventricular end diastolic length 4C")
    ),
    # Of models that measure by themselves (CID 12201, 12202, 12205, 12210, 12212, 12215).
    "lvidd_2d": _Written(_LVIDD, 2, _ln("80007-8", "Left ventricular internal diastolic dimension - 2D")),
    "lvids_2d": _Written(_LVIDS, 2, _ln("80011-0", "Left ventricular internal systolic dimension - 2D")),
    "ivsd_2d": _Written(_IVSD, 2, _ln("79969-2", "Interventricular septum diastolic dimension 2D")),
    "lvpwd_2d": _Written(_LVPWD, 2, _ln("80032-6", "Left ventricular posterior wall diastolic thickness")),
    "fs_2d": _computed(_FS, 1, _ln("29434-8", "Left ventricular fractional shortening (of minor axis) (2D)")),
    "ef_teichholz_2d": _computed(_EF, 1, _ln("77891-0", "Left ventricular ejection fraction (Teichholz) 2D")),
    "la_diam_ap_2d": _Written(_LA_DIAMETER, 2, _ln("79975-9", "Left atrial end systolic diameter (AP) 2D")),
    "ao_root": _Written(_ln("18015-8", "Aortic Root Diameter"), 2, _ln("79953-6", "Aortic root diameter")),
    "ao_asc": _Written(_ln("18012-5", "Ascending Aortic Diameter"), 2, _ln("79966-8", "Ascending Aorta Dimension")),
    "rv_basal": _simple(_ln("80080-5", "Right ventricular basal dimension 4C"), 2),
    "pa_diam": _Written(_ln("18020-8", "Main Pulmonary Artery Diameter"), 2, _ln("80049-0", "Main pulmonary artery diameter")),
    "ivc_diam": _Written(_ln("18006-7", "Inferior Vena Cava Diameter"), 2, _ln("79967-6", "Inferior vena cava diameter")),
    "ef_video_regression": _Written(_EF_VIDEO, 1),
    "ef_video_regression_biplane": _Written(_EF_VIDEO_BIPLANE, 1),
    # Areas (CID 12205, 12206), spectra and M-mode (CID 12203, 12207, 12211, 12222).
    "la_area_a4c": _Written(_ln("17977-0", "Left Atrium Area A4C view"), 1, _ln("79974-2", "Left atrial end systolic area 4C")),
    "la_area_a2c": _simple(_ln("79973-4", "Left atrial end systolic area 2C"), 1),
    "ra_area": _Written(_ln("17988-7", "Right Atrium Area A4C view"), 1, _ln("80075-5", "Right atrial end systolic area 4C")),
    "lvot_vmax": _Written(_PEAK_VELOCITY, 2, _ln("80029-2", "Left ventricular outflow tract Vmax"), flow=_ANTEGRADE),
    "lvot_vti": _Written(_VTI, 1, _ln("80030-0", "Left ventricular outflow tract VTI"), flow=_ANTEGRADE),
    "av_vmax": _Written(_PEAK_VELOCITY, 2, _ln("79964-3", "Aortic valve Vmax"), flow=_ANTEGRADE),
    "av_pg": _Written(_PEAK_GRADIENT, 1, _ln("79963-5", "Aortic valve peak instantaneous gradient"), flow=_ANTEGRADE),
    "av_vti": _Written(_VTI, 1, _ln("79965-0", "Aortic valve VTI"), flow=_ANTEGRADE),
    "mv_e": _Written(
        _ln("18037-2", "Mitral Valve E-Wave Peak Velocity"), 2, _ln("80070-6", "Mitral valve E-wave Vmax"), flow=_ANTEGRADE
    ),
    "mv_a": _Written(
        _ln("17978-8", "Mitral Valve A-Wave Peak Velocity"), 2, _ln("80066-4", "Mitral valve A-wave Vmax"), flow=_ANTEGRADE
    ),
    "mv_ea": _ratio(_ln("18038-0", "Mitral Valve E to A Ratio"), _ln("18038-0", "Mitral Valve E to A Ratio")),
    "mv_vti": _Written(_VTI, 1, _ln("79914-8", "Mitral valve VTI"), flow=_ANTEGRADE),
    "mr_vmax": _Written(_PEAK_VELOCITY, 2, _ln("80062-3", "Mitral regurgitation Vmax"), flow=_REGURGITANT),
    "e_septal": _Written(_E_PRIME, 1, _ln("79911-4", "Mitral septal e-prime Vmax")),
    "e_lateral": _Written(_E_PRIME, 1, _ln("80054-0", "Mitral lateral e-prime Vmax")),
    "tr_vmax": _Written(_PEAK_VELOCITY, 2, _ln("79921-3", "Tricuspid regurgitation Vmax"), flow=_REGURGITANT),
    "tr_pg": _Written(_PEAK_GRADIENT, 1, _ln("79937-9", "Tricuspid regurgitation peak gradient"), flow=_REGURGITANT),
    "tapse": _simple(_ln("77903-3", "Tricuspid Annular Plane Systolic Excursion (TAPSE)"), 2),
    "rvot_vti": _Written(_VTI, 1, _ln("80089-6", "Right ventricular outflow tract VTI"), flow=_ANTEGRADE),
    "pv_vti": _Written(_VTI, 1, _ln("79910-6", "Pulmonic valve VTI"), flow=_ANTEGRADE),
    "ee_septal": _ratio(_E_OVER_E_PRIME),
    "ee_lateral": _ratio(_E_OVER_E_PRIME),
    "ee_avg": _ratio(_E_OVER_E_PRIME),
    # What no model of ours gives yet. M-mode differs from 2D by its mode and, in TID 5301, by its code.
    "lvidd_mm": _Written(_LVIDD, 2, _ln("80008-6", "Left ventricular internal diastolic dimension - MM")),
    "lvids_mm": _Written(_LVIDS, 2, _ln("80012-8", "Left ventricular internal systolic dimension - MM")),
    "ivsd_mm": _Written(_IVSD, 2, _ln("79968-4", "Interventricular septum diastolic dimension MM")),
    "lvpwd_mm": _Written(_LVPWD, 2, _ln("80031-8", "Left ventricular posterior wall diastolic thickness")),
    "fs_mm": _computed(_FS, 1, _ln("29435-5", "Left ventricular fractional shortening (of minor axis) (MM)")),
    "ef_teichholz_mm": _computed(_EF, 1, _ln("18049-7", "Left ventricular ejection fraction (Teichholz) MM")),
    "la_diam_ap_mm": _Written(_LA_DIAMETER, 2, _ln("79977-5", "Left atrial end systolic diameter (AP) MM")),
    "lv_mass_cube_2d": _computed(_LV_MASS, 0, _ln("80019-3", "Left ventricular mass (dimension method) 2D")),
    "lv_mass_index_2d": _simple(_ln("80020-1", "Left ventricular mass (dimension method) 2D / BSA"), 0, None),
    "lv_mass_cube_mm": _computed(_LV_MASS, 0, _ln("80022-7", "Left ventricular mass (dimension method) MM")),
    "lv_mass_index_mm": _simple(_ln("80023-5", "Left ventricular mass (dimension method) MM / BSA"), 0, None),
    "rwt": _ratio(_own("RWT", "Relative wall thickness of the left ventricle")),
    "lvedv_bp_index": _simple(_ln("79997-3", "Left ventricular end diastolic volume biplane (MOD) / BSA"), 1, None),
    "lvesv_bp_index": _simple(_ln("80002-9", "Left ventricular end systolic volume biplane (MOD) / BSA"), 1, None),
    "sv_bp": _computed(_STROKE_VOLUME, 1),  # CID 12239
    "svi_bp": _computed(_STROKE_INDEX, 1),
    "la_vol_al_bp": _Written(_LA_VOLUME, 1, _ln("79981-7", "Left atrial end systolic volume biplane (area-length)")),
    "la_vol_al_bp_index": _simple(_ln("79982-5", "Left atrial end systolic volume biplane (area-length) / BSA"), 1, None),
    "la_vol_mod_bp": _Written(_LA_VOLUME, 1, _ln("79983-3", "Left atrial end systolic volume biplane (MOD)")),
    "la_vol_mod_bp_index": _simple(_ln("79984-1", "Left atrial end systolic volume biplane (MOD) / BSA"), 1, None),
    "la_vol_mod_a4c": _Written(_LA_VOLUME, 1, _ln("79986-6", "Left atrial end systolic volume single plane 4C (MOD)")),
    "la_vol_mod_a2c": _Written(_LA_VOLUME, 1, _ln("79985-8", "Left atrial end systolic volume single plane 2C (MOD)")),
    "la_strain": _Written(Code("130671", "DCM", "Peak Longitudinal Lagrangian Strain"), 1),  # CID 12304
    "ao_stj": _Written(_ORIFICE_DIAMETER, 2, _ln("79955-1", "Aortic sinotubular junction dimension")),
    "ao_annulus": _Written(_ORIFICE_DIAMETER, 2, _ln("79940-3", "Aortic annulus diameter")),
    "lvot_diam": _Written(_ORIFICE_DIAMETER, 2, _ln("80028-4", "Left ventricular outflow tract dimension (2D)")),
    "sv_lvot": _computed(_STROKE_VOLUME, 1),
    "svi_lvot": _computed(_STROKE_INDEX, 1),
    "co_lvot": _computed(Code("82799009", "SCT", "Cardiac Output"), 2),
    "ci_lvot": _computed(Code("54993008", "SCT", "Cardiac Index"), 2),
    "av_mg": _Written(_MEAN_GRADIENT, 1, _ln("79962-7", "Aortic valve mean gradient"), flow=_ANTEGRADE),
    "ava_vti": _computed(_ORIFICE_AREA, 2, _ln("79958-5", "Aortic valve area (Continuity VTI)")),
    "ava_vmax": _computed(_ORIFICE_AREA, 2, _ln("79956-9", "Aortic valve area (Continuity Vmax)")),
    "ava_vti_index": _simple(_ln("79959-3", "Aortic valve area (Continuity VTI) / BSA"), 2, None),
    "ava_vmax_index": _simple(_ln("79957-7", "Aortic valve area (Continuity Vmax) / BSA"), 2, None),
    "dvi": _ratio(_own("DVI", "Ratio of LV outflow tract VTI to aortic valve VTI")),
    "ar_pht": _Written(_HALF_TIME, 0, _ln("79947-8", "Aortic regurgitation pressure half-time"), flow=_REGURGITANT),
    "mv_dt": _Written(
        Code("399354002", "SCT", "Mitral Valve E-Wave Deceleration Time"),
        0,
        _ln("78191-4", "Mitral valve deceleration time"),
        flow=_ANTEGRADE,
    ),
    "mv_mg": _Written(_MEAN_GRADIENT, 1, _ln("80073-0", "Mitral valve mean gradient"), flow=_ANTEGRADE),
    "mv_pht": _Written(_HALF_TIME, 0, _ln("79912-2", "Mitral valve pressure half-time"), flow=_ANTEGRADE),
    "ivrt": _Written(
        _ln("18071-1", "Left Ventricular Isovolumic Relaxation Time"),
        0,
        _ln("18071-1", "Left ventricular isovolumic relaxation time by Doppler"),
    ),
    "s_septal": _Written(_S_PRIME, 1),
    "s_lateral": _Written(_S_PRIME, 1),
    "a_septal": _Written(_A_PRIME, 1),
    "a_lateral": _Written(_A_PRIME, 1),
    "pulm_vein_s": _Written(
        _ln("29450-4", "Pulmonary Vein Systolic Peak Velocity"),
        2,
        _ln("79917-1", "Pulmonary vein S-wave Vmax"),
        flow=_ANTEGRADE,
    ),
    "pulm_vein_d": _Written(
        _ln("29451-2", "Pulmonary Vein Diastolic Peak Velocity"),
        2,
        _ln("79916-3", "Pulmonary vein D-wave Vmax"),
        flow=_ANTEGRADE,
    ),
    "pulm_vein_sd": _ratio(_ln("29452-0", "Pulmonary Vein Systolic to Diastolic Ratio")),
    "rap": _computed(_ln("18070-3", "Right Atrium Systolic Pressure"), 0),
    "rvsp": _computed(Code("399023006", "SCT", "Right Ventricular Peak Systolic Pressure"), 0),
    "tv_s": _simple(_ln("79926-2", "Tricuspid valve s-prime Vmax"), 1),
    "rv_fac": _simple(_ln("79936-1", "Right ventricular fractional area change"), 1, None),
    "rv_mid": _simple(_ln("80085-4", "Right ventricular mid-cavity dimension 4C"), 2),
    "rv_length": _Written(_own("RV-LENGTH", "Right ventricular longitudinal dimension"), 2),
    "ra_vol": _Written(_own("RA-VOLUME", "Right Atrium Systolic Volume"), 1),
    # 399027007 at the outflow tract would say the same of both: the sites that tell them apart are not TID 5203's.
    # What CID 12300 calls them, "at subvalvular level" and "at pulmonic valve", is longer than a Code Meaning (LO) may be.
    "rvot_prox": _simple(_ln("80088-8", "Right ventricular outflow tract diameter (RVOT-Proximal)"), 2),
    "rvot_dist": _simple(_ln("80087-0", "Right ventricular outflow tract diameter (RVOT-Distal)"), 2),
    "rvot_at": _Written(_ln("20168-1", "Acceleration Time"), 0, flow=_ANTEGRADE),
    "pv_vmax": _Written(_PEAK_VELOCITY, 2, _ln("79920-5", "Pulmonic valve Vmax"), flow=_ANTEGRADE),
    "ivc_collapse": _computed(_ln("18050-5", "Inferior Vena Cava % Collapse"), 0),
    "gls_avg": _simple(Code("130694", "DCM", "LV Peak GLS Multiview Mean (Endocardial)"), 1, None),
    "gls_a4c": _simple(Code("130695", "DCM", "LV Peak GLS 4CH (Endocardial)"), 1),
    "gls_a2c": _simple(Code("130696", "DCM", "LV Peak GLS 2CH (Endocardial)"), 1),
    "gls_a3c": _simple(Code("130697", "DCM", "LV Peak GLS ALAX (Endocardial)"), 1),
    # TID 5201, which words them so: the patient's, in no section.
    "hr": _Written(_ln("8867-4", "Heart rate"), 0),
    "bsa": _computed(_ln("8277-6", "Body Surface Area"), 2),
}


def quantity_code(quantity: Quantity) -> QuantityCode:
    """KeyError, naming what has no code, for a quantity that a document cannot state."""
    row = _ROWS[quantity.key]
    return QuantityCode(
        **vars(row),
        unit=UNIT_CODES[quantity.unit],
        method=METHOD_CODES[quantity.method],
        finding_site=STRUCTURE_CODES[quantity.structure],
    )


QUANTITY_CODES: dict[str, QuantityCode] = {key: quantity_code(quantity) for key, quantity in QUANTITIES.items()}
SIMPLIFIED_CODES: dict[str, Code] = {key: row.simplified for key, row in QUANTITY_CODES.items() if row.simplified is not None}


def image_mode_of(key: str, view: View | None) -> Code | None:
    """CID 12224, of a value of `key` found in `view`; of several views or of none, of those that the quantity needs.

    None of a display that does not say PW or CW, of what needs displays of several modes, and of the patient's own facts.
    """
    if QUANTITIES[key].method is Method.SPECKLE_TRACKING:
        return SPECKLE_TRACKING_2D
    modes = {MODE_CODES.get(each) for each in ((view,) if view else QUANTITIES[key].views)}
    return modes.pop() if len(modes) == 1 else None
