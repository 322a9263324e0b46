"""The numbers of a header, read as tolerantly as the rest of it."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException


def numbers(dataset: Dataset, keyword: str, notes: list[str]) -> list[float]:
    """All finite values, none where the attribute is absent, empty or not a number."""
    try:
        value = dataset.get(keyword)
        values = [] if value in (None, "") else value if hasattr(value, "append") else [value]
        found = [float(number) for number in values]
    except (ValueError, TypeError, OverflowError, BytesLengthException):
        notes.append(f"{keyword} is not a number")
        return []
    return [number for number in found if np.isfinite(number)]
