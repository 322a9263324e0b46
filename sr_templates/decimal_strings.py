"""Decimal strings (DS), as PS3.5 6.2 has them and not as Python has numbers."""

import re
from decimal import Decimal, InvalidOperation

_FORM = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")  # Python takes 4_7 and figures of every script
_MOST_CHARACTERS, _LARGEST_EXPONENT = 64, 300  # DS has 16 characters; more is exact arithmetic for ever


def decimal_value(text: str) -> Decimal | None:
    """None for what is no finite number. More characters than a DS may have are read, within reason.

    >>> decimal_value("4.70E1"), decimal_value("4,7"), decimal_value("NaN"), decimal_value("1e999")
    (Decimal('47.0'), None, None, None)
    """
    if len(text) > _MOST_CHARACTERS or _FORM.fullmatch(text) is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if abs(value.adjusted()) < _LARGEST_EXPONENT else None
