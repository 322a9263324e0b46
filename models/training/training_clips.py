"""Mean and standard deviation of EchoNet-Dynamic's training clips: its authors compute them at every run, state them nowhere.

As their code: 128 random training videos, of each 16 frames, every second one, from a random start. Theirs are other ones at
every run; here the seed is an argument, so that an import can be repeated.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import DatasetError
from models.evaluation.datasets import read_data

_VIDEOS, _FRAMES, _PERIOD = 128, 16, 2


def estimated_settings(folder: Path, seed: int = 0) -> dict[str, list[float]]:
    """`mean` and `std` per colour, 0 to 255, as an import takes them. Raises DatasetError for a folder of another layout."""
    items = [item for item in read_data(folder, "echonet_dynamic").items if item.split == "train"]
    if not items:
        raise DatasetError(f"{folder}: no training videos")
    random = np.random.default_rng(seed)
    clips = []
    for index in random.permutation(len(items))[:_VIDEOS]:
        clip = items[index].load()
        start = int(random.integers(max(clip.number_of_frames - (_FRAMES - 1) * _PERIOD, 1)))
        clips.append(clip.frames[start : start + _FRAMES * _PERIOD : _PERIOD])
    mean, deviation = estimate_normalisation(clips)
    return {"mean": [round(value, 3) for value in mean], "std": [round(value, 3) for value in deviation]}


def estimate_normalisation(clips: Sequence[NDArray[np.uint8]]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation per colour, 0 to 255, of training clips, as the published script takes them.

    `clips` are RGB (frames, rows, columns, 3), 0 to 255. The script takes 128 random clips of 16 frames, every second one;
    which ones is up to the caller.
    """
    values = np.concatenate([clip.reshape(-1, 3).astype(np.float64) for clip in clips])
    return [float(v) for v in values.mean(axis=0)], [float(v) for v in values.std(axis=0)]
