"""What the samples themselves say of their colours. Most of an ultrasound image is black or grey, whatever is coloured in it.

A grey pixel has three equal samples in RGB, and both chroma samples at 128 in YCbCr (PS3.3 C.7.6.3.1.2): the one read as the
other turns black into green. So a header that contradicts nearly every pixel is wrong.
"""

import numpy as np
from numpy.typing import NDArray

_LOOKED_AT = 1 << 12  # pixels
_NEARLY_ALL, _NEARLY_NONE = 0.6, 0.05
_OTHERWISE, _AS_SAID = 0.9, 0.7
_FEWEST, _DARK = 64, 16
_AS_GREY = 2  # of 255: what lossy compression leaves of grey


def stored_colours(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> str | None:
    """RGB or YCBCR where nearly all pixels are grey in the one and none in the other; shape (rows, columns, 3), 8 bits."""
    return _colours(samples.astype(np.uint8, copy=False).reshape(-1, 3)) if samples.dtype == np.uint8 else None


def is_planar(frame: NDArray[np.uint8], *, said: bool, is_rgb: bool) -> bool:
    """Whether the bytes of one frame are three planes. As said, unless most pixels are grey the other way alone.

    Black pixels of RGB are left out: they are equal to their neighbours, too.
    """
    shares = {}
    for planar in (True, False):
        pixels = _some(frame.reshape(3, -1).T if planar else frame.reshape(-1, 3))
        if is_rgb:
            pixels = pixels[pixels.max(axis=1) > _DARK]
        shares[planar] = _grey_shares(pixels)[0 if is_rgb else 1] if len(pixels) >= _FEWEST else 0.0
    return not said if shares[not said] >= _OTHERWISE and shares[said] <= _AS_SAID else said


def _colours(pixels: NDArray[np.uint8]) -> str | None:
    rgb, ycbcr = _grey_shares(_some(pixels))
    if rgb >= _NEARLY_ALL and ycbcr <= _NEARLY_NONE:
        return "RGB"
    return "YCBCR" if ycbcr >= _NEARLY_ALL and rgb <= _NEARLY_NONE else None


def _some(pixels: NDArray[np.uint8]) -> NDArray[np.int16]:
    return pixels[:: max(1, len(pixels) // _LOOKED_AT)].astype(np.int16)


def _grey_shares(pixels: NDArray[np.int16]) -> tuple[float, float]:
    """Grey as RGB, grey as YCbCr."""
    rgb = (np.abs(pixels[:, 1:] - pixels[:, :1]) <= _AS_GREY).all(axis=1)
    ycbcr = (np.abs(pixels[:, 1:] - 128) <= _AS_GREY).all(axis=1)
    return float(rgb.mean()), float(ycbcr.mean())
