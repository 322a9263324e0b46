"""The picture of a spectral Doppler or M-mode display, before anything is measured in it."""

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

# ITU-R BT.601: the luma weights of the RGB to YBR_FULL conversion in PS3.3 C.7.6.3.1.2.
_LUMA = np.array([0.299, 0.587, 0.114])
_SPECKLE_PX = (3, 7)


def without_green_trace(frame: Frame) -> Frame:
    """A copy of the RGB `frame` (rows, columns, 3), 0 to 255, in which the green ECG trace is black: (rows, columns, 3).

    Green is above 200 and red below 100: the limits of EchoNet-Measurements, whose networks were trained on such images.
    """
    masked = frame.copy()
    masked[(frame[..., 1] > 200) & (frame[..., 0] < 100)] = 0
    return masked


def grey(frame: Frame) -> NDArray[np.float64]:
    """Grey levels (rows, columns), 0 to 255, of an RGB `frame` (rows, columns, 3), 0 to 255."""
    return np.asarray(frame.astype(np.float64) @ _LUMA)


def without_speckle(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over 3 columns and 7 rows of `values` (rows, columns), in their unit: (rows, columns).

    Single bright pixels of noise reach as far as flow does, but stand alone.
    """
    return np.asarray(cv2.blur(values, _SPECKLE_PX), np.float64)


def threshold_of(values: NDArray[np.float64]) -> float:
    """Otsu's threshold of `values` of any shape, 0 to 255 (IEEE SMC-9, 1979): where its dark and its bright part differ most.

    >>> threshold_of(np.array([10.0] * 50 + [200.0] * 20)) in range(10, 200)
    True
    """
    levels = np.clip(values, 0, 255).astype(np.uint8).reshape(1, -1)
    return float(cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0])
