"""What a model found, drawn into the frames it was found on."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.drawing import draw
from models.library.reading import Mark
from models.results import Caliper

Frame = NDArray[np.uint8]


def annotated(frames: Iterable[Frame], marks: Sequence[Mark], caption: str = "") -> Iterator[Frame]:
    """Copies of the RGB `frames` (rows, columns, 3), 0 to 255, with their marks: (rows + band, columns, 3).

    The caption stands in the band.
    """
    of_frame: dict[int, list[Caliper]] = {}
    for mark in marks:
        caliper = Caliper(mark.kind, "", mark.frame_index + 1, mark.points_px, mark.label)
        of_frame.setdefault(mark.frame_index, []).append(caliper)
    for index, frame in enumerate(frames):
        yield draw(frame, calipers=of_frame.get(index, []), caption=[caption] if caption else [])
