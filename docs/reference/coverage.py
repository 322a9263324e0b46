"""What of the dictionary of measurements the bundled model set gives, row by row, and why not the rest: told from the code."""

from collections.abc import Mapping

from models.catalogue import ATRIAL, DERIVED, OUTLINED, QUANTITIES, Method
from models.derive.study.formulas import FORMULAS
from models.library.model_set import ModelSettings, Role
from models.library.quantities import quantities_read
from models.library.registry import find_manifest, list_models

from .tables import code, table

_HEAD = """# What is measured out of the box

Made from the code: the models that `[models]` names by default, and the arithmetic of studies. What is made of other values is
there where its parts are. "By" says which model reads a value, or how it is computed.
"""
# Rows of the dictionary of measurements that are no quantities: every clip has them in `findings.json`.
FINDINGS_OF_CLIPS = {
    "frame_ed": (Role.LV_SEGMENTATION, "frames of end-diastole, of its beats"),
    "frame_es": (Role.LV_SEGMENTATION, "frames of end-systole, of its beats"),
    "image_quality": (Role.QUALITY, "image quality, 0 to 100"),
    "view_label": (Role.VIEW, "view"),
    "view_confidence": (Role.VIEW, "probability of the view"),
}
_OF_THE_PATIENT = {
    "hr": "R waves, else the header's heart rate, else end-diastoles",
    "bsa": "Patient's Size and Weight",
}
_BY_CHOICE = {"rap", "rvsp"}
# Why nothing reads what is made this way, where no model does.
_NOT_BUILT = {
    Method.SPECKLE_TRACKING: "speckle tracking is not built; strain of outlines would be another method",
    Method.CALIPERS: "no bundled network finds the ends of this line",
    Method.M_MODE_CALIPERS: "no bundled network reads this M-mode display",
    Method.M_MODE_EXCURSION: "no bundled network reads this M-mode display",
    Method.SPECTRAL_PEAK: "no bundled network reads peaks of this spectrum",
    Method.SPECTRAL_ENVELOPE: "no bundled network draws the envelope of this spectrum",
    Method.BERNOULLI: "no bundled network draws the envelope that a mean gradient needs",
    Method.INTERVAL: "no network reads intervals of this spectrum",
    Method.OUTLINE: "no bundled network outlines this chamber",
    Method.DISCS_SINGLE_PLANE: "no bundled network outlines this chamber",
    Method.VIDEO_REGRESSION: "no bundled network regresses it from video",
    Method.VIDEO_REGRESSION_BIPLANE: "no bundled network regresses it from videos",
}


def coverage_page() -> str:
    models = ModelSettings()
    given, others = _read_by_default(models), _read_by_others()
    rows = [
        (code(key), quantity.name, "yes" if how else "no", how or why_not(key, given, others))
        for key, quantity in QUANTITIES.items()
        for how in [produced_by(key, given, models)]
    ]
    rows += [(code(key), words, "yes", code(", ".join(models.names(role)))) for key, (role, words) in FINDINGS_OF_CLIPS.items()]
    yes = sum(row[2] == "yes" for row in rows)
    return f"{_HEAD}\n{yes} of {len(rows)} rows.\n\n" + table(["key", "name", "out of the box", "by, or why not"], rows)


def produced_by(key: str, given: Mapping[str, str], models: ModelSettings) -> str:
    """Which model of the set, or which arithmetic, gives the quantity; "" where none does."""
    if key in OUTLINED:
        return f"outlines of {code(models.lv_segmentation)}"
    if key in given:
        by_choice = ", where `[conventions] vena_cava_breathing` is chosen" if key == "ivc_collapse" else ""
        return f"{code(given[key])}{by_choice}"
    if key in _OF_THE_PATIENT:
        return _OF_THE_PATIENT[key]
    parts = QUANTITIES[key].parts
    if key in _BY_CHOICE:
        wanted = "tr_vmax" in given
        return "by the site's choice: `[conventions] right_atrial_pressure`" if wanted else ""
    if key not in FORMULAS and key not in ATRIAL:
        return ""
    if not all(produced_by(part, given, models) for part in parts):
        return ""
    words = FORMULAS[key].words if key in FORMULAS else str(QUANTITIES[key].method)
    return f"of {', '.join(map(code, parts))}: {words}"


def why_not(key: str, given: Mapping[str, str], others: Mapping[str, tuple[str, ...]]) -> str:
    """KeyError for a way of measuring of which nobody has said why no model has it."""
    if key in others:
        return f"needs weights that are imported or trained: {', '.join(map(code, others[key]))}"
    quantity = QUANTITIES[key]
    if key in DERIVED or key in FORMULAS or key in ATRIAL:
        lacking = [part for part in quantity.parts or ("tr_vmax",) if not produced_by(part, given, ModelSettings())]
        return f"without {', '.join(map(code, lacking))}"
    return _NOT_BUILT[quantity.method]


def _read_by_default(models: ModelSettings) -> dict[str, str]:
    names = models.names(Role.MEASUREMENTS)
    return {key: name for name in reversed(names) for key in quantities_read(find_manifest(name))}


def _read_by_others() -> dict[str, tuple[str, ...]]:
    """Quantity -> the models of the library that read it."""
    found: dict[str, tuple[str, ...]] = {}
    for manifest in list_models():
        for key in quantities_read(manifest):
            found[key] = (*found.get(key, ()), manifest.name)
    return found
