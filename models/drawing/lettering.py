"""Words in and below a picture, readable on black and on white."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]  # left, top, right, bottom, in px of the picture, the last two not inside

_SMALLEST_PX, _LARGEST_PX = 11, 64
_INK, _EDGE = (255, 255, 255), (0, 0, 0)
_BAND = (20, 20, 20)
_MARGIN_PX = 3
_NO_BREAK = "\xa0"


class Lettering:
    """Words of one size."""

    def __init__(self, size_px: int) -> None:
        self.size_px = size_px
        self._font = _font(size_px)

    @classmethod
    def of(cls, rows: int, columns: int) -> "Lettering":
        """For a picture of this size."""
        return cls(min(max(round(min(rows, 0.75 * columns) / 32), _SMALLEST_PX), _LARGEST_PX))

    def size(self, text: str) -> tuple[int, int]:
        """Width and height of one line with its dark edge, in px."""
        left, _, right, _ = self._font.getbbox(text)
        return int(right - left) + 2 * _MARGIN_PX, self.line_px

    @property
    def line_px(self) -> int:
        return round(1.35 * self.size_px) + 2

    def write(self, picture: NDArray[np.uint8], texts: Iterable[tuple[str, int, int]]) -> NDArray[np.uint8]:
        """`picture`, RGB (rows, columns, 3), 0 to 255, with each of the `texts` at its left and top edge: the same shape."""
        if not picture.size:
            return picture
        image = Image.fromarray(picture)
        pen = ImageDraw.Draw(image)
        for text, left, top in texts:
            place = (left + _MARGIN_PX, top + self.line_px // 2)
            pen.text(place, text, _INK, self._font, anchor="lm", stroke_width=max(1, self.size_px // 8), stroke_fill=_EDGE)
        return np.asarray(image)

    def below(self, picture: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
        """`picture`, RGB (rows, columns, 3), 0 to 255, over a band with these lines, broken where they are too long.

        Nothing of the picture is covered: the result is (rows + band, columns, 3).
        """
        band = _band(self.size_px, picture.shape[1], tuple(map(shown, lines)))
        return np.vstack([picture, band]) if len(band) else picture

    def broken(self, line: str, columns: int) -> list[str]:
        """At spaces, none of them a no-break one; within a word where it alone is too long."""
        parts: list[str] = []
        for word in filter(None, line.split(" ")):
            longer = f"{parts[-1]} {word}" if parts else word
            if parts and self.size(longer)[0] <= columns:
                parts[-1] = longer
                continue
            rest = word
            while self.size(rest)[0] > columns and len(rest) > 1:
                fitting = max(1, bisect_right(range(1, len(rest)), columns, key=lambda end: self.size(rest[:end])[0]))
                parts.append(rest[:fitting])
                rest = rest[fitting:]
            parts.append(rest)
        return [part.replace(_NO_BREAK, " ") for part in parts]


def shown(text: str) -> str:
    """What the font has signs for: those of ASCII, and a question mark for each other one."""
    return "".join(sign if " " <= sign <= "~" or sign == _NO_BREAK else "?" for sign in text)


@lru_cache(maxsize=4)  # the frames of a loop share theirs
def _band(size_px: int, columns: int, lines: tuple[str, ...]) -> NDArray[np.uint8]:
    lettering = Lettering(size_px)
    broken = [part for line in lines for part in lettering.broken(line, columns)]
    band = np.empty((len(broken) * lettering.line_px + 2 * _MARGIN_PX if broken else 0, columns, 3), np.uint8)
    band[:] = _BAND
    return lettering.write(band, [(line, 0, _MARGIN_PX + number * lettering.line_px) for number, line in enumerate(broken)])


@lru_cache(maxsize=16)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """Aileron, which is part of Pillow, so that a picture looks the same on every machine."""
    font = ImageFont.load_default(size_px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType: no words can be drawn")
    return font
