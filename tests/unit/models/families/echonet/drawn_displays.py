"""Doppler and M-mode readers whose network answers with drawn maps of the whole screen, cut as the reader cuts the screen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.library.reading import Reading
from models.phantom.displays import ROWS, Spectrum
from models.results import ReadValue
from tests.loaded import shell_of
from tests.spectra import heat_map, logits

Peaks = Sequence[tuple[float, float]]


class PerfectMaps(nn.Module):
    """Answers a crop with the same rows of the drawn maps (outputs, ROWS, COLUMNS) and keeps the crops, 0 to 1."""

    def __init__(self, probabilities: np.ndarray) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.maps = torch.from_numpy(logits(probabilities))
        self.crops: list[np.ndarray] = []

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        self.crops += list(frames.cpu().numpy())
        return {"out": self.maps[None, :, ROWS - frames.shape[2] :] * self.scale}


def reader_of(name: str, *channels: Peaks | np.ndarray) -> Any:
    """The reader `name` with a network that sees these peaks, or these maps, one of each output."""
    maps = [channel if isinstance(channel, np.ndarray) else heat_map(channel) for channel in channels]
    reader = shell_of(name)
    reader.network = PerfectMaps(np.stack(maps))
    return reader


class PerfectMasks(nn.Module):
    """Answers the n-th crop of a clip with the n-th of the masks (256, 256), as probabilities."""

    def __init__(self, probabilities: Sequence[np.ndarray]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.maps = [torch.from_numpy(logits(probability)) for probability in probabilities]
        self.crops: list[np.ndarray] = []

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        first = len(self.crops)
        self.crops += list(frames.cpu().numpy())
        return {"out": torch.stack(self.maps[first : len(self.crops)])[:, None] * self.scale}


def value_of(reading: Reading, key: str, unit: str | None = None) -> ReadValue:
    (found,) = [value for value in reading.values if value.key == key and unit in (None, value.unit)]
    return found


def peaks_of(spectrum: Spectrum) -> list[tuple[float, float]]:
    return [spectrum.peak_px(wave) for wave in spectrum.waves]
