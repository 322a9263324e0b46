"""An importer that knows LOINC codes and nothing else: no site, no method, no selection; of equal codes the last stays."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from tests.receivers.content import name_of, numbers, value_of


@dataclass(frozen=True)
class Field:
    code: str
    unit: str


# Codes that name a property alone (peak velocity, velocity time integral) say nothing to this receiver: no field has them.
FIELDS: dict[str, Field] = {
    "ef_bp": Field("18043-0", "%"),
    "lvedv_bp": Field("18026-5", "mL"),
    "lvesv_bp": Field("18148-7", "mL"),
    "lvidd_2d": Field("29436-3", "cm"),
    "lvids_2d": Field("29438-9", "cm"),
    "ivsd_2d": Field("18154-5", "cm"),
    "lvpwd_2d": Field("18152-9", "cm"),
    "fs_2d": Field("18051-3", "%"),
    "lv_len_d_a4c": Field("18077-8", "cm"),
    "la_diam_ap_2d": Field("29469-4", "cm"),
    "la_area_a4c": Field("17977-0", "cm2"),
    "la_area_a2c": Field("79973-4", "cm2"),
    "ra_area": Field("17988-7", "cm2"),
    "ao_root": Field("18015-8", "cm"),
    "ao_asc": Field("18012-5", "cm"),
    "pa_diam": Field("18020-8", "cm"),
    "ivc_diam": Field("18006-7", "cm"),
    "rv_basal": Field("80080-5", "cm"),
    "tapse": Field("77903-3", "cm"),
    "mv_e": Field("18037-2", "m/s"),
    "mv_a": Field("17978-8", "m/s"),
    "mv_ea": Field("18038-0", "1"),
}


def form(report: Dataset) -> dict[str, float]:
    """Every field that the report fills, by our key."""
    last: dict[str, tuple[float, str]] = {}
    for number in numbers(report):
        if name_of(number).CodingSchemeDesignator == "LN":
            last[name_of(number).CodeValue] = value_of(number)
    return {
        key: last[field.code][0] for key, field in FIELDS.items() if field.code in last and last[field.code][1] == field.unit
    }
