"""What `truth.json` says of one object and of a whole examination."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from models.catalogue import QUANTITIES, View
from models.phantom.rendered import Rendered
from node.objects.exam_plan import ExamObject

# Where the left ventricle's outline begins and ends at the mitral annulus.
_APICAL = (View.A4C, View.A2C, View.A3C, View.A5C)


def true_object(rendered: Rendered, planned: ExamObject, sop_instance_uid: str) -> dict[str, Any]:
    contours: list[dict[str, Any]] = [
        {"structure": one.structure, "frame_index": one.frame_index, "points_px": _rounded(one.points_px)}
        for one in rendered.contours
    ]
    annulus = [
        {"name": name, "frame_index": one["frame_index"], "point_px": one["points_px"][end]}
        for one in contours
        if one["structure"] == "lv" and rendered.view in _APICAL
        for name, end in (("mitral_annulus_left", 0), ("mitral_annulus_right", -1))
    ]
    return {
        "sop_instance_uid": sop_instance_uid,
        "view": rendered.view.value,
        "echoview47": rendered.echoview47,
        "mode": rendered.mode.value,
        "quality": rendered.quality,
        "quality_cause": rendered.quality_cause,
        "frames": len(rendered.frames),
        "frame_times_ms": [round(float(time), 3) for time in rendered.frame_times_ms],
        "r_wave_times_ms": [round(float(time), 3) for time in rendered.r_wave_times_ms],
        "heart_rate_bpm": float(rendered.heart_rate_bpm),
        "regions": [_region(asdict(region)) for region in rendered.regions],
        "contours": contours,
        "landmarks": annulus,
        "lines": [
            {"key": one.key, "frame_index": one.frame_index, "points_px": _rounded(one.points_px)} for one in rendered.landmarks
        ],
        "ed_frames": list(rendered.ed_frames),
        "es_frames": list(rendered.es_frames),
        "flaws": [] if planned.flaw is None else [planned.flaw.value],
        "measurements": measurements(rendered.values),
    }


def measurements(values: Mapping[str, float]) -> list[dict[str, Any]]:
    """Those that the catalogue has, in its units."""
    return [
        {"key": key, "value": float(value), "unit": QUANTITIES[key].unit} for key, value in values.items() if key in QUANTITIES
    ]


def _region(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: int(value) if key.endswith(("format", "type", "unit_x", "unit_y")) else value for key, value in fields.items()}


def _rounded(points: tuple[tuple[float, float], ...]) -> list[list[float]]:
    return [[round(x, 2), round(y, 2)] for x, y in points]
