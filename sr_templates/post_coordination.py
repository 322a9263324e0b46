"""What TID 5302 says of the quantities that CID 12300 has no code for: a row each.

The concept is one code that alone names the quantity (PS3.17 CCCC.1): the standard's where it has one that no other quantity
shares, else ours. The modifiers say the same to a receiver that does not know it yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.sr.coding import Code

from models.catalogue import QUANTITIES
from models.results import Measurement
from sr_templates import codes, prefill
from sr_templates.echo_values import FINDING_SITE
from sr_templates.quantity_codes import QUANTITY_CODES, SIMPLIFIED_CODES

_MEASUREMENT_TYPE = Code("125306", "DCM", "Measurement Type")
_OBSERVATION_TYPE = Code("125305", "DCM", "Finding Observation Type")
_MEASURED_PROPERTY = Code("125307", "DCM", "Measured Property")
_DIVISOR = Code("125308", "DCM", "Measurement Divisor")

_INDEXED = Code("125313", "DCM", "Indexed")  # CID 12303
_RATIO = Code("118586006", "SCT", "Ratio")
_FRACTIONAL_CHANGE = Code("125314", "DCM", "Fractional Change")
_CALCULATED = Code("125315", "DCM", "Calculated")
_ENTERED = Code("113857", "DCM", "Manual Entry")
_MEASURED = Code("125316", "DCM", "Directly measured")

_STRUCTURE = Code("125311", "DCM", "Structure of the Finding Site")  # CID 12302
_BEHAVIOR = Code("125312", "DCM", "Behavior of the Finding Site")
_HEMODYNAMIC = Code("44324008", "SCT", "Hemodynamic Measurements")

_STROKE_VOLUME = Code("90096001", "SCT", "Stroke Volume")  # CID 12304
_FLOW_RATE = Code("33878-0", "LN", "Volume Flow Rate")
_VTI = Code("20354-7", "LN", "Velocity Time Integral")
_THICKNESS = Code("59089-3", "LN", "Thickness")
_BLOOD_VELOCITY = Code("20355-4", "LN", "Peak Blood Velocity")
_TISSUE_VELOCITY = Code("125330", "DCM", "Peak Tissue Velocity")
_PRESSURE = Code("75367002", "SCT", "Blood Pressure")
_PEAK_PRESSURE = Code("125329", "DCM", "Peak Blood Pressure")
_LENGTH = Code("410668003", "SCT", "Length")
_DIAMETER = Code("81827009", "SCT", "Diameter")
_VOLUME = Code("118565006", "SCT", "Volume")
_ACCELERATION_TIME = Code("20168-1", "LN", "Acceleration Time")
_STRAIN = Code("130671", "DCM", "Peak Longitudinal Lagrangian Strain")

_END_DIASTOLE = Code("416190007", "SCT", "End diastole")  # CID 12307
_END_SYSTOLE = Code("416430001", "SCT", "End Systole")
_SYSTOLE = Code("111973004", "SCT", "Systole")
_S_WAVE = Code("444371003", "SCT", "Ventricular Ejection (S-wave)")
_E_WAVE = Code("444392003", "SCT", "Diastolic Rapid Inflow (E-wave)")
_A_WAVE = Code("59972007", "SCT", "Atrial Systole (A-wave)")
_ANTEGRADE = Code("263677008", "SCT", "Antegrade Direction")  # CID 12306

_BODY_SURFACE = Code("8277-6", "LN", "Body Surface Area")
_INFERIOR_VENA_CAVA = Code("64131007", "SCT", "Inferior vena cava")  # CID 12305


@dataclass(frozen=True)
class PostCoordinated:
    """`type` to `measured` are mandatory (CID 12303, 12305, 12302, 12304); `divisor` is of a ratio and an index (TID 5302).

    `flow` is written only where the blood was found to run so, the view only where it is part of what is measured.
    """

    concept: Code
    type: Code
    site: Code
    observation: Code
    measured: Code
    divisor: Code | None = None
    cycle_point: Code | None = None
    flow: Code | None = None
    names_view: bool = False


def _own(value: str, meaning: str) -> Code:
    return Code(value, codes.PRIVATE_SCHEME, meaning)


def _e_over(key: str, words: str, divisor: Code) -> PostCoordinated:
    concept = _own(key, f"Ratio of mitral E to e-prime of the {words}")
    return PostCoordinated(concept, _RATIO, codes.MITRAL_VALVE, _HEMODYNAMIC, _BLOOD_VELOCITY, divisor, _E_WAVE)


def _tissue(key: str, words: str, site: Code, cycle_point: Code) -> PostCoordinated:
    return PostCoordinated(_own(key, words), _MEASURED, site, _BEHAVIOR, _TISSUE_VELOCITY, cycle_point=cycle_point)


_LV, _LVOT, _MEDIAL, _LATERAL = (
    codes.LEFT_VENTRICLE, codes.LV_OUTFLOW_TRACT, codes.MEDIAL_MITRAL_ANNULUS, codes.LATERAL_MITRAL_ANNULUS,
)  # fmt: skip

POST_COORDINATED: dict[str, PostCoordinated] = {
    "sv_bp": PostCoordinated(_own("SV-BP", "Stroke volume biplane (MOD)"), _CALCULATED, _LV, _HEMODYNAMIC, _STROKE_VOLUME),
    "svi_bp": PostCoordinated(
        _own("SVI-BP", "Stroke volume biplane (MOD) / BSA"), _INDEXED, _LV, _HEMODYNAMIC, _STROKE_VOLUME, _BODY_SURFACE
    ),
    "sv_lvot": PostCoordinated(_own("SV-LVOT", "Stroke volume (LVOT)"), _CALCULATED, _LVOT, _HEMODYNAMIC, _STROKE_VOLUME),
    "svi_lvot": PostCoordinated(
        _own("SVI-LVOT", "Stroke volume (LVOT) / BSA"), _INDEXED, _LVOT, _HEMODYNAMIC, _STROKE_VOLUME, _BODY_SURFACE
    ),
    "co_lvot": PostCoordinated(_own("CO-LVOT", "Cardiac output (LVOT)"), _CALCULATED, _LVOT, _HEMODYNAMIC, _FLOW_RATE),
    "ci_lvot": PostCoordinated(
        _own("CI-LVOT", "Cardiac output (LVOT) / BSA"), _INDEXED, _LVOT, _HEMODYNAMIC, _FLOW_RATE, _BODY_SURFACE
    ),
    "dvi": PostCoordinated(
        QUANTITY_CODES["dvi"].concept, _RATIO, _LVOT, _HEMODYNAMIC, _VTI, SIMPLIFIED_CODES["av_vti"], _SYSTOLE
    ),
    "rwt": PostCoordinated(
        QUANTITY_CODES["rwt"].concept, _RATIO, _LV, _STRUCTURE, _THICKNESS, SIMPLIFIED_CODES["lvidd_2d"], _END_DIASTOLE
    ),
    "ee_septal": _e_over("EE-SEPTAL", "medial mitral annulus", SIMPLIFIED_CODES["e_septal"]),
    "ee_lateral": _e_over("EE-LATERAL", "lateral mitral annulus", SIMPLIFIED_CODES["e_lateral"]),
    "ee_avg": _e_over("EE-MEAN", "mitral annulus, mean of both", QUANTITY_CODES["e_septal"].concept),
    "s_septal": _tissue("S-SEPTAL", "Mitral septal s-prime Vmax", _MEDIAL, _SYSTOLE),
    "s_lateral": _tissue("S-LATERAL", "Mitral lateral s-prime Vmax", _LATERAL, _SYSTOLE),
    "a_septal": _tissue("A-SEPTAL", "Mitral septal a-prime Vmax", _MEDIAL, _A_WAVE),
    "a_lateral": _tissue("A-LATERAL", "Mitral lateral a-prime Vmax", _LATERAL, _A_WAVE),
    "pulm_vein_sd": PostCoordinated(
        QUANTITY_CODES["pulm_vein_sd"].concept, _RATIO, codes.PULMONARY_VEIN, _HEMODYNAMIC, _BLOOD_VELOCITY,
        SIMPLIFIED_CODES["pulm_vein_d"], _S_WAVE,
    ),
    "rap": PostCoordinated(QUANTITY_CODES["rap"].concept, _ENTERED, codes.RIGHT_ATRIUM, _HEMODYNAMIC, _PRESSURE),
    "rvsp": PostCoordinated(
        QUANTITY_CODES["rvsp"].concept, _CALCULATED, codes.RIGHT_VENTRICLE, _HEMODYNAMIC, _PEAK_PRESSURE, cycle_point=_SYSTOLE
    ),
    "rv_length": PostCoordinated(
        QUANTITY_CODES["rv_length"].concept, _MEASURED, codes.RIGHT_VENTRICLE, _STRUCTURE, _LENGTH, cycle_point=_END_DIASTOLE,
        names_view=True,
    ),
    "ra_vol": PostCoordinated(
        QUANTITY_CODES["ra_vol"].concept, _CALCULATED, codes.RIGHT_ATRIUM, _STRUCTURE, _VOLUME, cycle_point=_END_SYSTOLE,
        names_view=True,
    ),
    "rvot_at": PostCoordinated(
        _own("RVOT-AT", "Right ventricular outflow tract acceleration time"), _MEASURED, codes.RV_OUTFLOW_TRACT, _HEMODYNAMIC,
        _ACCELERATION_TIME, cycle_point=_SYSTOLE, flow=_ANTEGRADE,
    ),
    "ivc_collapse": PostCoordinated(
        QUANTITY_CODES["ivc_collapse"].concept, _FRACTIONAL_CHANGE, _INFERIOR_VENA_CAVA, _STRUCTURE, _DIAMETER
    ),
    "la_strain": PostCoordinated(
        _own("LA-STRAIN", "Left atrial reservoir strain"), _MEASURED, codes.LEFT_ATRIUM, _BEHAVIOR, _STRAIN, names_view=True
    ),
}  # fmt: skip


def modifiers(measurement: Measurement) -> Iterator[tuple[Code, Code]]:
    """Name and value of each concept modifier, in the order of the standard's example (PS3.17 CCCC.5); none of them twice."""
    row = POST_COORDINATED[measurement.key]
    found_so = measurement.direction is QUANTITIES[measurement.key].direction
    pairs = (
        (_MEASUREMENT_TYPE, row.type),
        (FINDING_SITE, row.site),
        (_OBSERVATION_TYPE, row.observation),
        (_MEASURED_PROPERTY, row.measured),
        (codes.MEASUREMENT_METHOD, prefill.method(measurement)),
        (codes.IMAGE_MODE, prefill.image_mode(measurement)),
        (_DIVISOR, row.divisor),
        (codes.CARDIAC_CYCLE_POINT, row.cycle_point),
        (codes.FLOW_DIRECTION, row.flow if found_so else None),
        (codes.IMAGE_VIEW, prefill.image_view(measurement) if row.names_view else None),
    )
    return ((name, value) for name, value in pairs if value is not None)
