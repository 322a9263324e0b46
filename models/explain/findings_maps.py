"""Heat maps as findings keep them: of one frame of a clip, by each network of a model set that judges or outlines images."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from models.clip import Clip
from models.errors import NoHeatMap, ReadingError
from models.explain import explain_clip
from models.library.model import Model
from models.results import HeatMap

_LONGER_SIDE = 48  # cells: the last feature maps that are explained have fewer


def heat_maps(clip: Clip, frame_index: int, models: Iterable[Model]) -> tuple[tuple[HeatMap, ...], tuple[str, ...]]:
    """The maps of frame `frame_index` (0-based), or of the nearest that a network of clips is shown; why one is lacking."""
    found: list[HeatMap] = []
    notes: list[str] = []
    for model in models:
        try:
            explained = explain_clip(model.network, clip, frames=[frame_index])
        except (NoHeatMap, ReadingError) as error:
            notes.append(f"no heat map: {error}")
            continue
        nearest = min(range(len(explained.frame_indices)), key=lambda row: abs(explained.frame_indices[row] - frame_index))
        levels = _levels(explained.heat[nearest])
        rows, columns = levels.shape
        number = explained.frame_indices[nearest] + 1
        found.append(HeatMap(model.manifest.name, explained.label, number, rows, columns, levels.tobytes().hex()))
    return tuple(found), tuple(notes)


def _levels(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(rows, columns) of cells, 0 to 255."""
    scale = min(1.0, _LONGER_SIDE / max(heat.shape))
    size = (max(1, round(heat.shape[1] * scale)), max(1, round(heat.shape[0] * scale)))
    small = cv2.resize(heat, size, interpolation=cv2.INTER_AREA)
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)
