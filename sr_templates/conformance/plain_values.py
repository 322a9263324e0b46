"""Values that are one text each: days, times, UIDs, coordinates, in the form that their representation has (PS3.5 6.2)."""

import re
from collections.abc import Iterator
from contextlib import suppress

from pydicom import valuerep

from sr_templates.conformance.content_tree import ContentItem, text

_UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_LONGEST_UID = 64
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9]|60)?)?(\.[0-9]{1,6})?")
_DATE_TIME = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])?([0-9]{2})?([0-9]{2}){0,3}(\.[0-9]{1,6})?([+-][0-9]{4})?")
# Graphic Type: of how many points it is, at least and at most (PS3.3 C.18.6.1.2).
_POINTS = {"POINT": (1, 1), "MULTIPOINT": (1, None), "POLYLINE": (2, None), "CIRCLE": (2, 2), "ELLIPSE": (4, 4)}
_POINTS_3D = {**_POINTS, "POLYGON": (3, None), "ELLIPSOID": (6, 6)}  # C.18.9.1.2, which has no circle


def check_plain(item: ContentItem, value: str) -> Iterator[str]:
    """What is wrong with the value of a DATE, TIME, DATETIME or UIDREF."""
    kind = item.value_type
    right = {"DATE": _is_date, "TIME": _is_time, "DATETIME": _is_date_time, "UIDREF": is_uid}.get(kind)
    if right is not None and value and not right(value):
        yield f"{value[:64]!r} is no {'UID' if kind == 'UIDREF' else kind}"


def is_uid(value: str) -> bool:
    return len(value) <= _LONGEST_UID and _UID.fullmatch(value) is not None


def _is_date(value: str) -> bool:
    with suppress(ValueError):
        return len(value) == 8 and value.isascii() and valuerep.DA(value) is not None
    return False


def _is_time(value: str) -> bool:
    return _TIME.fullmatch(value) is not None


def _is_date_time(value: str) -> bool:
    return _DATE_TIME.fullmatch(value) is not None


def check_coordinates(item: ContentItem) -> Iterator[str]:
    """Graphic Type and Graphic Data of an SCOORD or SCOORD3D."""
    if item.value_type not in ("SCOORD", "SCOORD3D"):
        return
    kind, data = text(item.dataset, "GraphicType"), text(item.dataset, "GraphicData")
    allowed, dimensions = (_POINTS, 2) if item.value_type == "SCOORD" else (_POINTS_3D, 3)
    if kind not in allowed:
        yield f"{kind or 'absent'} is no graphic type"
        return
    figures = data.count("\\") + 1 if data else 0
    points, rest = divmod(figures, dimensions)
    fewest, most = allowed[kind]
    if rest or points < fewest or (most is not None and points > most):
        yield f"{figures} figures are no {kind}"
