"""Apical four-chamber pictures as the real ones of the reference: 112 px, four frames of a beat, most of fair quality."""

import numpy as np
import torch
from numpy.typing import NDArray

from models.phantom.heart import sample_heart
from models.phantom.image import square_picture
from models.phantom.planes import render_plane

_SIZE_PX = 112
# Teaching and example clips, as the real ones are, leave out what can hardly be read.
_QUALITIES = (3, 2, 1)
_SHARES_OF_BEAT = (0.0, 0.18, 0.36, 0.6)


def four_chamber_clips(count: int, first_seed: int = 1000) -> list[NDArray[np.float64]]:
    """`count` clips of hearts from `first_seed` on: each (frames, rows, columns), float64, 0 to 1 in steps of 1/255."""
    return [_clip(first_seed + index, _QUALITIES[index % len(_QUALITIES)]) for index in range(count)]


def _clip(seed: int, quality: int) -> NDArray[np.float64]:
    heart = sample_heart(seed)
    times_ms = [share * heart.rr_interval_ms for share in _SHARES_OF_BEAT]
    clip = render_plane(heart, "a4ch-full", seed=seed, quality=quality, times_ms=times_ms)
    squares = square_picture(torch.from_numpy(clip.polar), clip.sector, _SIZE_PX)
    return np.asarray(np.round(squares.double().numpy() * 255) / 255, dtype=np.float64)
