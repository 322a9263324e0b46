"""Readers whose network is replaced by drawn maps, and clips to go with them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.calibration import RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from tests.loaded import shell_of

SECTOR = RegionCalibration(0, 0, 639, 479, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, 3, 3, 0.03, 0.03)
# Starts lower than the sector: seconds across, cm/s down.
SPECTRUM = RegionCalibration(0, 400, 639, 479, RegionSpatialFormat.SPECTRAL, RegionDataType.PW_SPECTRAL, 4, 7, 0.005, -0.5)


class DrawnMaps(nn.Module):
    """Answers with the next of the drawn logits (frames, outputs, h, w) for every frame, and keeps what it was shown."""

    def __init__(self, logits: NDArray[np.floating]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.logits = torch.from_numpy(np.asarray(logits, np.float32))
        self.seen: list[NDArray[np.float32]] = []

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        first = len(self.seen)
        self.seen += list(frames.cpu().numpy())
        return {"out": self.logits[first : first + len(frames)] * self.scale}


def drawn_reader(name: str, logits: NDArray[np.floating]) -> Any:
    """The reader `name`, its network replaced: what it would read if the network answered with `logits`."""
    reader = shell_of(name)
    reader.network = DrawnMaps(logits)
    return reader


def blob(
    x: float, y: float, *, sigma: float = 6.0, top: float = 0.95, background: float = 1e-9, shape: tuple[int, int] = (480, 640)
) -> NDArray[np.float32]:
    """Logits of a probability map: a Gaussian on a flat background, which hides what is nine deviations away."""
    logits = np.full(shape, _logits(np.full(1, background)), np.float32)
    near = tuple(slice(max(0, int(at - 9 * sigma)), max(0, int(at + 9 * sigma))) for at in (y, x))
    places = (np.arange(size)[part] for size, part in zip(shape, near, strict=True))
    down, across = (np.exp(-((place - at) ** 2) / (2 * sigma**2)) for place, at in zip(places, (y, x), strict=True))
    logits[near] = _logits(background + (top - background) * np.outer(down, across))
    return logits


def _logits(probability: NDArray[np.float64]) -> NDArray[np.float32]:
    single = probability.astype(np.float32)
    return np.log(single / (1 - single))


def caliper_logits(points: list[tuple[tuple[float, float], tuple[float, float]]], **changes: Any) -> NDArray[np.float32]:
    """(frames, 2, 480, 640): one blob for each end point of each frame."""
    return np.array([[blob(*point, **changes) for point in pair] for pair in points])


def clip(frames: int = 1, rows: int = 480, columns: int = 640, interval_ms: float = 1000 / 30, **changes: Any) -> Clip:
    """Mid-grey frames with an even clock, calibrated by `SECTOR`."""
    pixels = np.full((frames, rows, columns, 3), 100, np.uint8)
    values: dict[str, Any] = {"regions": (SECTOR,), **changes}
    times_ms = np.arange(frames, dtype=np.float64) * interval_ms
    return Clip(**{"sop_instance_uid": "1.2.3", "frames": pixels, "frame_times_ms": times_ms, **values})
