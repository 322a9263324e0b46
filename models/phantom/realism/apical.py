"""Apical four-chamber pictures as the real ones of the reference: 112 px, four frames of a beat, most of fair quality."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from models.phantom.heart import Kind, Points, sample_heart, state_at, tissue_at
from models.phantom.image import frame_generator, polar_picture, prepare, sample_style, square_picture, sweep
from models.phantom.rendered import SectorShape

_POLAR = (288, 144)
_SIZE_PX = 112
_KINDS = {kind.name: int(kind) for kind in Kind}
# Teaching and example clips, as the real ones are, leave out what can hardly be read.
_QUALITIES = (3, 2, 1)
_SHARES_OF_BEAT = (0.0, 0.18, 0.36, 0.6)


def four_chamber_clips(count: int, first_seed: int = 1000) -> list[NDArray[np.float64]]:
    """`count` clips of hearts from `first_seed` on: each (frames, rows, columns), float64, 0 to 1 in steps of 1/255."""
    return [_clip(first_seed + index, _QUALITIES[index % len(_QUALITIES)]) for index in range(count)]


def _clip(seed: int, quality: int) -> NDArray[np.float64]:
    rng = np.random.default_rng([seed, 0xA4C])
    u, heart = rng.uniform, sample_heart(seed)
    length_mm, turn, lean = state_at(heart, 0.0).length_mm, math.radians(30 + u(-10, 10)), math.radians(u(-16, 10))
    across = np.array([math.cos(turn), math.sin(turn), 0.0])
    forward = math.sin(lean) * across - math.cos(lean) * np.array([0.0, 0.0, 1.0])
    right = across - forward * (forward @ across)
    right /= np.linalg.norm(right)
    near_mm, standoff_mm = float(u(2, 20)), float(u(14, 28))
    middle = np.array([0.0, 0.0, -0.5 * length_mm])
    origin = middle - forward * (0.5 * length_mm + standoff_mm + near_mm) + across * u(-12, 6)
    sector = SectorShape(math.radians(u(32, 44)), near_mm, near_mm + standoff_mm + length_mm + float(u(25, 60)))
    scanner = prepare(sample_style(quality, rng), sector, *_POLAR, seed=seed, kinds=_KINDS)
    places, beams = sweep(scanner.grid, *(torch.tensor(one, dtype=torch.float32) for one in (origin, forward, right)))
    beat_ms = heart.r_wave_times_ms(4000.0)[1]
    frames = [
        polar_picture(
            scanner,
            tissue_at(state_at(heart, share * beat_ms), Points(*places)),
            Points(*beams),
            frame_generator(seed, index),
            (float(origin[0]), float(origin[1]), float(origin[2])),
        )
        for index, share in enumerate(_SHARES_OF_BEAT)
    ]
    squares = square_picture(torch.stack(frames), sector, _SIZE_PX)
    return np.asarray(np.round(squares.double().numpy() * 255) / 255, dtype=np.float64)
