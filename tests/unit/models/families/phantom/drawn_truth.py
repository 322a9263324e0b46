"""Networks of our own that answer with drawn maps: what is read from perfect maps is the truth, or the reading is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import RegionCalibration, RegionDataType, RegionSpatialFormat
from models.clip import Clip
from models.inputs.letterbox import Letterbox
from models.library.manifest import Manifest
from models.library.registry import find_manifest
from models.networks.engine_slots import Slot
from models.networks.reading_network import ReadingNetwork, as_if_trained

SIZE_PX = 192
# A pixel is taller than wide, and the region begins somewhere in the image.
REGION = RegionCalibration(60, 20, 459, 339, RegionSpatialFormat.TWO_D, RegionDataType.TISSUE, 3, 3, 0.04, 0.044)
ROWS, COLUMNS = 360, 500

Maps = Callable[[int], NDArray[np.float32]]  # of a frame: logits (labels, size, size)


def manifest_of(family: str, labels: tuple[str, ...]) -> Manifest:
    start = find_manifest("phantom_lv")
    return replace(
        start,
        name=family,
        family=family,
        labels=labels,
        input_size_px=SIZE_PX,
        architecture={"channels": [4, 6]},
        thresholds={},
    )


def clip_of(frames: int, interval_ms: float = 40.0, **changes: Any) -> Clip:
    """Every frame is as grey as its number, so that drawn maps know which one they are asked about."""
    pixels = np.zeros((frames, ROWS, COLUMNS, 3), np.uint8)
    pixels[:] = np.arange(1, frames + 1, dtype=np.uint8)[:, None, None, None]
    told: dict[str, Any] = {"frame_times_ms": np.arange(frames) * interval_ms, "regions": (REGION,), **changes}
    return Clip("1.2.3", pixels, **told)


def drawn(network: ReadingNetwork, maps: Maps) -> Any:
    """The network, answering with these maps of `clip_of`'s frames."""

    def run(batch: Tensor) -> tuple[Tensor, ...]:
        numbers = (255 * batch.amax(dim=(1, 2, 3))).round().int().tolist()
        return (torch.from_numpy(np.stack([maps(number - 1) for number in numbers])),)

    network.fill_slot("forward", Slot(lambda batch: True, run))
    return as_if_trained(network)


def box_of(clip: Clip) -> Letterbox:
    return Letterbox.of_clip(clip, SIZE_PX)


def peaks(labels: tuple[str, ...], points_px: Mapping[str, tuple[float, float]], box: Letterbox, top: float = 0.95) -> Any:
    """Logits of a Gaussian around each point, (x, y) px of the image; of a label without one of nothing."""
    along = np.arange(SIZE_PX)
    logits = np.full((len(labels), SIZE_PX, SIZE_PX), -14.0, np.float32)
    for name, point in points_px.items():
        x, y = box.to_square(np.array([point]))[0]
        down, across = (np.exp(-((along - at) ** 2) / (2 * 3.0**2)) for at in (y, x))
        probability = 1e-6 + (top - 1e-6) * np.outer(down, across)
        logits[labels.index(name)] = np.log(probability / (1 - probability))
    return logits
