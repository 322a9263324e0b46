"""Codes that are read for one of ours and never written.

Context groups, editions and carts name one thing by several codes, and in places the standard contradicts itself. Reading takes
all of them, writing takes one.
"""

from dataclasses import dataclass

from pydicom.sr.coding import Code

from sr_templates.codes import MILLILITRE, MODE_2D, PULMONARY_VEIN, VENA_CAVA
from sr_templates.quantity_codes import QUANTITY_CODES, SIMPLIFIED_CODES


@dataclass(frozen=True)
class AcceptedCode:
    """`read` stands for `written`: value and scheme designator count, not the meaning.

    A concept that belongs to one site (the mitral valve's E wave) is meant only at that site.
    """

    read: Code
    written: Code
    why: str


def _of(key: str, value: str, meaning: str, why: str) -> AcceptedCode:
    return AcceptedCode(Code(value, "LN", meaning), QUANTITY_CODES[key].concept, why)


_GENERAL = "CID 12222 has it for every valve beside the mitral valve's own concept of CID 12207"
_BOTH_WALLS = (
    "CID 12300 gives 80031-8 and 80032-6 one meaning; PS3.17 CCCC.5 calls 80031-8 2D, the order of their neighbours (79968-4 "
    "MM, 79969-2 2D) M-mode: the image mode or the short label decides, without them the code as we write it"
)
_WALL_2D, _WALL_MM = SIMPLIFIED_CODES["lvpwd_2d"], SIMPLIFIED_CODES["lvpwd_mm"]

ACCEPTED: tuple[AcceptedCode, ...] = (
    AcceptedCode(_WALL_MM, _WALL_2D, _BOTH_WALLS),
    AcceptedCode(_WALL_2D, _WALL_MM, _BOTH_WALLS),
    _of("av_vmax", "20355-4", "Peak Blood Velocity", "CID 12222 has it beside Peak Systolic Velocity"),
    _of("av_vmax", "59107-3", "Stenosis Peak Velocity", "CID 12222 has it beside Peak Systolic Velocity"),
    _of("av_pg", "59106-5", "Stenosis Peak Gradient", "CID 12222 has it beside Peak Gradient"),
    _of("mv_e", "59080-2", "E-Wave Peak Velocity", _GENERAL),
    _of("mv_a", "59081-0", "A-Wave Peak Velocity", _GENERAL),
    _of("mv_ea", "59104-0", "Peak E wave/Peak A wave by US", _GENERAL),
    _of("mv_dt", "20217-6", "Deceleration Time", _GENERAL),
    _of("ee_avg", "59111-5", "E Velocity to Annulus E Velocity Ratio", "CID 12222 has it beside the ratio of CID 12203"),
    AcceptedCode(
        Code("312004007", "SCT", "Retrograde Flow"), Code("397417004", "SCT", "Regurgitant Flow"),
        "CID 12221 has both, CID 12306 (TID 5302) only this one",
    ),
    AcceptedCode(Code("399009009", "SCT", "B mode"), MODE_2D, "CID 12224 has both"),
    AcceptedCode(Code("64131007", "SCT", "Inferior vena cava"), VENA_CAVA, "CID 12305 has it; TID 5200 names the vena cava"),
    AcceptedCode(
        Code("122972007", "SCT", "Pulmonary vein"), PULMONARY_VEIN, "TID 5200 names its section so; CID 12305 has 430757002"
    ),
    AcceptedCode(Code("ml", "UCUM", "mL"), MILLILITRE, "UCUM has both; PS3.17 CCCC.5 writes ml"),
)  # fmt: skip
