"""What the samples themselves say of their colours. Most of an ultrasound image is black or grey, whatever is coloured in it.

A grey pixel has three equal samples in RGB, and both chroma samples at 128 in YCbCr (PS3.3 C.7.6.3.1.2): the one read as the
other turns black into green. So a header that contradicts nearly every pixel is wrong.
"""

import numpy as np
from numpy.typing import NDArray

_LOOKED_AT = 1 << 12  # pixels
_NEARLY_ALL, _NEARLY_NONE = 0.6, 0.05
_OTHERWISE, _AS_SAID = 0.8, 0.4
_FLAT, _CHANGES_LESS = 2.0, 0.6
_AS_GREY = 2  # levels by which lossy compression moves grey


def stored_colours(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> str | None:
    """RGB or YCBCR where nearly all pixels are grey in the one and none in the other, None where that does not decide.

    `samples` is (rows, columns, 3), 0 to 255; of 16 bits nothing is said.
    """
    return _colours(samples.astype(np.uint8, copy=False).reshape(-1, 3)) if samples.dtype == np.uint8 else None


def is_planar(frame: NDArray[np.uint8], *, said: bool) -> bool:
    """Whether the bytes of one RGB frame are three planes, not pixel by pixel: as said, unless they clearly lie the other way.

    `frame` (3 * rows * columns,), 0 to 255, are the bytes as stored. Stored by pixels, grey changes from byte to byte with
    every third step alone; in planes every step is alike, and the planes are equal. Flat or coloured frames say neither.
    """
    part = len(frame) // 3
    start = part // 2 // 3 * 3
    planes = frame[: 3 * part].reshape(3, part)[:, start : start + _LOOKED_AT].T.astype(np.int16)
    pixels = frame[3 * start : 3 * (start + len(planes))].reshape(-1, 3).astype(np.int16)
    between = float(np.abs(pixels[1:, 0] - pixels[:-1, 2]).mean()) if len(pixels) > 1 else 0.0
    within = float(np.abs(np.diff(pixels, axis=1)).mean()) if len(pixels) else 0.0
    if between < _FLAT or (within > _CHANGES_LESS * between) == said:
        return said
    theirs, ours = _grey_share_of_changes(pixels if said else planes), _grey_share_of_changes(planes if said else pixels)
    return not said if theirs >= _OTHERWISE and ours <= _AS_SAID else said


def _grey_share_of_changes(pixels: NDArray[np.int16]) -> float:
    """The share that is grey among the pixels that differ from the next one: what is flat is alike however it is read."""
    changing = pixels[:-1][np.abs(np.diff(pixels[:, 0])) > _AS_GREY]
    return _grey_shares(changing)[0] if len(changing) else 0.0


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
