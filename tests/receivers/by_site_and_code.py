"""An importer made for the reports of one maker's carts.

It knows modifiers by their SNOMED-RT codes alone and lets them down from containers to values, names values by their code
meaning, and of several with equal name, site, method and mode keeps the one with a selection status, else the last.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pydicom.dataset import Dataset

from tests.receivers.content import children, name_of, value_of

_MODIFIERS = {
    ("G-C0E3", "SRT"): "site",
    ("G-C036", "SRT"): "method",
    ("G-0373", "SRT"): "mode",
    ("R-4089A", "SRT"): "cycle_point",
    ("G-C048", "SRT"): "flow",
    ("121401", "DCM"): "derivation",
    ("121404", "DCM"): "selection",
}


class Row(NamedTuple):
    """What tells values apart: the code meaning, then code values."""

    name: str
    site: str = ""
    method: str = ""
    mode: str = ""


@dataclass
class _Modifiers:
    said: dict[str, str] = field(default_factory=dict)

    def with_children_of(self, item: Dataset) -> "_Modifiers":
        said = dict(self.said)
        for child in children(item):
            kind = _MODIFIERS.get((name_of(child).CodeValue, name_of(child).CodingSchemeDesignator))
            if kind is not None and child.ValueType == "CODE":
                said[kind] = child.ConceptCodeSequence[0].CodeValue
        return replace(self, said=said)


_LV, _RV, _LA, _RA, _AV, _MV, _PV, _TV = "T-32600", "T-32500", "T-32300", "T-32200", "T-35400", "T-35300", "T-35200", "T-35100"
_LVOT, _RVOT, _AORTA, _PA, _IVC = "T-32650", "T-32550", "T-42000", "T-44000", "T-48600"
_SEPTAL, _LATERAL, _ANNULUS = "G-0391", "G-0392", "T-35310"
_2D, _MM, _PW, _CW, _TDI = "G-03A2", "G-0394", "R-409E4", "R-409E3", "P5-B0128"
_E_PRIME = "Left Ventricular Peak Early Diastolic Tissue Velocity"
_E_OVER_E_PRIME = "Ratio of MV Peak Velocity to LV Peak Tissue Velocity E-Wave"
_EF, _PEAK, _VTI = "Left Ventricular Ejection Fraction by US", "Peak Systolic Velocity", "Velocity Time Integral"
_EDV, _ESV = "Left Ventricular End Diastolic Volume", "Left Ventricular End Systolic Volume"

# Single-plane volumes are no fields of this receiver: it reads no view, which alone tells A4C from A2C.
FIELDS: dict[str, Row] = {
    "ef_bp": Row(_EF, _LV, "125207", _2D),
    "lvedv_bp": Row(_EDV, _LV, "125207", _2D),
    "lvesv_bp": Row(_ESV, _LV, "125207", _2D),
    "ef_teichholz_2d": Row(_EF, _LV, "125209", _2D),
    "lv_len_d_a4c": Row("Left Ventricle diastolic major axis", _LV, "", _2D),
    "lvidd_2d": Row("Left Ventricle Internal End Diastolic Dimension", _LV, "", _2D),
    "lvids_2d": Row("Left Ventricle Internal Systolic Dimension", _LV, "", _2D),
    "ivsd_2d": Row("Interventricular Septum Diastolic Thickness", _LV, "", _2D),
    "lvpwd_2d": Row("Left Ventricle Posterior Wall Diastolic Thickness", _LV, "", _2D),
    "fs_2d": Row("Left Ventricular Fractional Shortening", _LV, "", _2D),
    "la_diam_ap_2d": Row("Left Atrium Antero-posterior Systolic Dimension", _LA, "", _2D),
    "la_area_a4c": Row("Left Atrium Area A4C view", _LA, "", _2D),
    "ra_area": Row("Right Atrium Area A4C view", _RA, "", _2D),
    "ao_root": Row("Aortic Root Diameter", _AORTA, "", _2D),
    "ao_asc": Row("Ascending Aortic Diameter", _AORTA, "", _2D),
    "pa_diam": Row("Main Pulmonary Artery Diameter", _PA, "", _2D),
    "ivc_diam": Row("Inferior Vena Cava Diameter", _IVC, "", _2D),
    "rv_basal": Row("Right ventricular basal dimension 4C", _RV, "", _2D),
    "tapse": Row("Tricuspid Annular Plane Systolic Excursion (TAPSE)", _RV, "", _MM),
    "lvot_vmax": Row(_PEAK, _LVOT, "", _PW),
    "lvot_vti": Row(_VTI, _LVOT, "", _PW),
    "rvot_vti": Row(_VTI, _RVOT, "", _PW),
    "av_vmax": Row(_PEAK, _AV, "", _CW),
    "av_pg": Row("Peak Gradient", _AV, "125218", _CW),
    "av_vti": Row(_VTI, _AV, "", _CW),
    "mv_e": Row("Mitral Valve E-Wave Peak Velocity", _MV, "", _PW),
    "mv_a": Row("Mitral Valve A-Wave Peak Velocity", _MV, "", _PW),
    "mv_ea": Row("Mitral Valve E to A Ratio", _MV, "", _PW),
    "mv_vti": Row(_VTI, _MV, "", _PW),
    "mr_vmax": Row(_PEAK, _MV, "", _CW),
    "pv_vti": Row(_VTI, _PV, "", _CW),
    "tr_vmax": Row(_PEAK, _TV, "", _CW),
    "tr_pg": Row("Peak Gradient", _TV, "125218", _CW),
    "e_septal": Row(_E_PRIME, _SEPTAL, "", _TDI),
    "e_lateral": Row(_E_PRIME, _LATERAL, "", _TDI),
    "ee_septal": Row(_E_OVER_E_PRIME, _SEPTAL),
    "ee_lateral": Row(_E_OVER_E_PRIME, _LATERAL),
    "ee_avg": Row(_E_OVER_E_PRIME, _ANNULUS),
}


def form(report: Dataset) -> dict[str, float]:
    rows: dict[Row, tuple[float, bool]] = {}
    _walk(report, _Modifiers(), rows)
    return {key: rows[row][0] for key, row in FIELDS.items() if row in rows}


def _walk(item: Dataset, inherited: _Modifiers, rows: dict[Row, tuple[float, bool]]) -> None:
    modifiers = inherited.with_children_of(item)
    for child in children(item):
        if child.RelationshipType != "CONTAINS":
            continue
        if child.ValueType == "NUM":
            said = modifiers.with_children_of(child).said
            row = Row(name_of(child).CodeMeaning, said.get("site", ""), said.get("method", ""), said.get("mode", ""))
            selected = "selection" in said
            if selected or not rows.get(row, (0.0, False))[1]:
                rows[row] = (value_of(child)[0], selected)
        elif child.ValueType == "CONTAINER":
            _walk(child, modifiers, rows)
