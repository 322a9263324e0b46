"""Contact sheets of planes, to be judged by eye: a row per class, columns of other hearts and qualities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.drawing.lettering import Lettering
from models.phantom.heart import sample_heart
from models.phantom.planes.clip import render_plane
from models.phantom.planes.pictures import square_pictures, square_px
from models.phantom.rendered import STRUCTURES, PlaneClip

_COLOURS = ("#ffe000", "#00c8ff", "#30ff60", "#ff70ff", "#ff9030", "#ff4040")


def contact_sheet(
    classes: Sequence[str], *, columns: int = 4, size_px: int = 240, seed: int = 1, truth: bool = False
) -> NDArray[np.uint8]:
    """RGB (rows, columns, 3), uint8, 0 to 255: end-diastole of each class, of the best quality at the left to the worst.

    With `truth` the contours and lines are drawn.
    """
    rows = []
    for name in classes:
        row = []
        for column in range(columns):
            number = seed * 1000 + column
            clip = render_plane(
                sample_heart(number), name, seed=number, quality=3 - column % 4, times_ms=(0.0,), polar=(384, 192)
            )
            words = name if column == 0 else f"quality {clip.quality}"
            row.append(_tile(clip, size_px, words, truth))
        rows.append(np.hstack(row))
    return np.vstack(rows)


def _tile(clip: PlaneClip, size_px: int, words: str, truth: bool) -> NDArray[np.uint8]:
    picture = Image.fromarray(square_pictures(clip, size_px)[0]).convert("RGB")
    pen = ImageDraw.Draw(picture)
    if truth:
        for name, outline in clip.contours_mm.items():
            colour = _COLOURS[STRUCTURES.index(name)]
            points = [(float(x), float(y)) for x, y in square_px(clip.sector, outline[0], size_px)]
            pen.line([*points, points[0]], fill=colour, width=1)
        for ends in clip.landmarks_mm.values():
            pen.line([(float(x), float(y)) for x, y in square_px(clip.sector, ends[0], size_px)], fill="white", width=1)
    return Lettering(11).write(np.asarray(picture), [(words, 0, 0)])
