"""An importer that takes a value only by its section, its name and its very set of modifiers: one more or one less is another.

Derivation "Mean" and Selection Status "Mean value chosen" do not count among these; of several values that are equal in all
else it takes the one that says so. Each field has its unit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from tests.receivers.content import children, name_of, value_of

_MEAN = {("121401", "373098007"), ("121401", "R-00317"), ("121404", "121412")}
_SITES = {"363698007", "G-C0E3"}
Modifiers = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Field:
    """`modifiers` are pairs of code values; what it inherits from its section is in `section`."""

    section: str
    concept: str
    unit: str
    modifiers: Modifiers = frozenset()


@dataclass(frozen=True)
class _Value:
    section: str
    concept: str
    unit: str
    modifiers: Modifiers
    value: float
    is_mean: bool


_LV, _RV, _LA, _RA, _AORTA, _PA, _IVC = "87878005", "53085002", "82471001", "73829009", "15825003", "81040000", "35532006"
_AV, _MV, _PV, _TV = "34202007", "91134007", "39057004", "46030003"
_METHOD, _SITE, _FLOW, _CYCLE = "370129005", "363698007", "260674002", "272518008"


def _with(*pairs: tuple[str, str]) -> Modifiers:
    return frozenset(pairs)


_ANTEGRADE, _REGURGITANT, _BERNOULLI = (_FLOW, "263677008"), (_FLOW, "397417004"), (_METHOD, "125218")
_BIPLANE, _ED, _ES = (_METHOD, "125207"), (_CYCLE, "416190007"), (_CYCLE, "416430001")
_LVOT, _RVOT = (_SITE, "13418002"), (_SITE, "44627009")
_SEPTAL, _LATERAL, _ANNULUS = (_SITE, "399093001"), (_SITE, "399086000"), (_SITE, "65197004")

# The modifiers of PS3.17 N.3; views and modes are acquisition context, not modifiers (N.2).
FIELDS: dict[str, Field] = {
    "ef_bp": Field(_LV, "18043-0", "%", _with(_BIPLANE)),
    "lvedv_bp": Field(_LV, "18026-5", "mL", _with(_BIPLANE)),
    "lvesv_bp": Field(_LV, "18148-7", "mL", _with(_BIPLANE)),
    "ef_a4c": Field(_LV, "18043-0", "%", _with((_METHOD, "125208"))),  # the field is called apical four chamber
    "ef_teichholz_2d": Field(_LV, "18043-0", "%", _with((_METHOD, "125209"))),
    "lv_len_d_a4c": Field(_LV, "18077-8", "cm"),
    "lvidd_2d": Field(_LV, "29436-3", "cm"),
    "lvids_2d": Field(_LV, "29438-9", "cm"),
    "ivsd_2d": Field(_LV, "18154-5", "cm"),
    "lvpwd_2d": Field(_LV, "18152-9", "cm"),
    "fs_2d": Field(_LV, "18051-3", "%"),
    "la_diam_ap_2d": Field(_LA, "29469-4", "cm"),
    "la_area_a4c": Field(_LA, "17977-0", "cm2", _with(_ES)),
    "ra_area": Field(_RA, "17988-7", "cm2", _with(_ES)),
    "ao_root": Field(_AORTA, "18015-8", "cm"),
    "ao_asc": Field(_AORTA, "18012-5", "cm"),
    "pa_diam": Field(_PA, "18020-8", "cm"),
    "ivc_diam": Field(_IVC, "18006-7", "cm"),
    "rv_basal": Field(_RV, "80080-5", "cm", _with(_ED)),
    "tapse": Field(_RV, "77903-3", "cm"),
    "lvot_vmax": Field(_LV, "11726-7", "m/s", _with(_LVOT)),
    "lvot_vti": Field(_LV, "20354-7", "cm", _with(_LVOT)),
    "rvot_vti": Field(_RV, "20354-7", "cm", _with(_RVOT)),
    "av_vmax": Field(_AV, "11726-7", "m/s", _with(_ANTEGRADE)),
    "av_pg": Field(_AV, "20247-3", "mm[Hg]", _with(_ANTEGRADE, _BERNOULLI)),
    "av_vti": Field(_AV, "20354-7", "cm", _with(_ANTEGRADE)),
    "mv_e": Field(_MV, "18037-2", "m/s"),
    "mv_a": Field(_MV, "17978-8", "m/s"),
    "mv_ea": Field(_MV, "18038-0", "1"),
    "mv_vti": Field(_MV, "20354-7", "cm", _with(_ANTEGRADE)),
    "mr_vmax": Field(_MV, "11726-7", "m/s", _with(_REGURGITANT)),
    "pv_vti": Field(_PV, "20354-7", "cm", _with(_ANTEGRADE)),
    "tr_vmax": Field(_TV, "11726-7", "m/s", _with(_REGURGITANT)),
    "tr_pg": Field(_TV, "20247-3", "mm[Hg]", _with(_REGURGITANT, _BERNOULLI)),
    "e_septal": Field(_LV, "399133000", "cm/s", _with(_SEPTAL)),
    "e_lateral": Field(_LV, "399133000", "cm/s", _with(_LATERAL)),
    "ee_septal": Field(_LV, "399140004", "1", _with(_SEPTAL)),
    "ee_lateral": Field(_LV, "399140004", "1", _with(_LATERAL)),
    "ee_avg": Field(_LV, "399140004", "1", _with(_ANNULUS)),
}


def form(report: Dataset) -> dict[str, float]:
    values = list(_values(report, ""))
    filled = {}
    for key, field in FIELDS.items():
        found = [v for v in values if Field(v.section, v.concept, v.unit, v.modifiers) == field]
        means = [v for v in found if v.is_mean]
        if len(found) == 1 or means:
            filled[key] = (found if len(found) == 1 else means)[0].value
    return filled


def _values(item: Dataset, section: str) -> Iterator[_Value]:
    for child in children(item):
        if child.ValueType == "CODE" and name_of(child).CodeValue in _SITES:
            section = child.ConceptCodeSequence[0].CodeValue
    for child in children(item):
        if child.ValueType == "CONTAINER":
            yield from _values(child, section)
        elif child.ValueType == "NUM":
            said = {
                (name_of(c).CodeValue, c.ConceptCodeSequence[0].CodeValue)
                for c in children(child)
                if c.RelationshipType in ("HAS CONCEPT MOD", "HAS PROPERTIES") and c.ValueType == "CODE"
            }
            value, unit = value_of(child)
            yield _Value(section, name_of(child).CodeValue, unit, frozenset(said - _MEAN), value, bool(said & _MEAN))
