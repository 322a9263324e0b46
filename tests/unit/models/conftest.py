"""Drawn displays are drawn once: many tests read the same one."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from models.phantom.displays import Spectrum


@pytest.fixture(scope="session", autouse=True)
def _drawn_once() -> Iterator[None]:
    """Of the last spectra each test has a picture of its own, that it may draw on."""
    draw = lru_cache(maxsize=16)(Spectrum.frame)

    def frame(spectrum: Spectrum) -> NDArray[np.uint8]:
        return draw(spectrum).copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spectrum, "frame", frame)
        yield
