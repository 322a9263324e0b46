"""Marks and words that lie over a picture, drawn once and laid over every frame."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255
Place = tuple[float, float]  # x, y in px of the whole image, (0, 0) the centre of the top left pixel

_SHIFT = 4  # OpenCV draws between pixels in units of 1/16
_DOTS_PX = 11  # the height of Pillow's dotted signs


class Typeface(StrEnum):
    """How the letters of a screen look. All are made of the two fonts that are part of Pillow."""

    PLAIN = "plain"
    BOLD = "bold"
    NARROW = "narrow"
    HARD = "hard"  # without grey edges
    DOTS = "dots"  # of a screen that knows pixels alone


class Layer:
    """`ink` is uint8 RGB (rows, columns, 3), 0 to 255; `cover` is uint8 (rows, columns), 0 where the picture shows, to 255."""

    def __init__(self, rows: int, columns: int) -> None:
        self.ink: NDArray[np.uint8] = np.zeros((rows, columns, 3), np.uint8)
        self.cover: NDArray[np.uint8] = np.zeros((rows, columns), np.uint8)

    @property
    def shape(self) -> tuple[int, int]:
        return self.cover.shape[0], self.cover.shape[1]

    def fill(self, box: tuple[int, int, int, int], colour: Colour) -> None:
        """Left, top, right and bottom in px, the last two not inside."""
        left, top, right, bottom = (max(0, edge) for edge in box)
        self.ink[top:bottom, left:right] = colour
        self.cover[top:bottom, left:right] = 255

    def lay(self, picture: NDArray[np.uint8], left: int, top: int) -> None:
        """`picture` is uint8 RGB (rows, columns, 3), 0 to 255; what lies outside is cut off."""
        rows, columns = self.shape
        cut = picture[max(0, -top) : rows - top, max(0, -left) : columns - left]
        area = (slice(max(0, top), max(0, top) + cut.shape[0]), slice(max(0, left), max(0, left) + cut.shape[1]))
        self.ink[area] = cut
        self.cover[area] = 255

    def stamp(self, mask: NDArray[np.uint8], left: int, top: int, colour: Colour) -> None:
        """Ink as thick as `mask` says, uint8 (rows, columns), 0 to 255; what lies outside is cut off."""
        rows, columns = self.shape
        cut = mask[max(0, -top) : max(0, rows - top), max(0, -left) : max(0, columns - left)]
        if not cut.size:
            return
        area = (slice(max(0, top), max(0, top) + cut.shape[0]), slice(max(0, left), max(0, left) + cut.shape[1]))
        self.ink[area][cut > 0] = colour
        np.maximum(self.cover[area], cut, out=self.cover[area])

    def lines(self, lines: Iterable[Sequence[Place]], colour: Colour, width: int = 1, *, smooth: bool = True) -> None:
        """Each through its places."""
        arrays = [np.asarray(line, np.float64).reshape(-1, 2) for line in lines]
        if not arrays:
            return
        every = np.concatenate(arrays)
        left, top = (int(edge) - width - 2 for edge in np.floor(every.min(axis=0)))
        right, bottom = (int(edge) + width + 3 for edge in np.ceil(every.max(axis=0)))
        mask = np.zeros((bottom - top, right - left), np.uint8)
        fixed = [np.rint((line - (left, top)) * (1 << _SHIFT)).astype(np.int32)[:, None] for line in arrays]
        cv2.polylines(mask, fixed, False, 255, width, cv2.LINE_AA if smooth else cv2.LINE_8, _SHIFT)
        self.stamp(mask, left, top, colour)

    def write(self, text: str, place: Place, size_px: int, colour: Colour, typeface: Typeface, *, anchor: str = "l") -> int:
        """From `place`, the upper left corner ("l"), the upper middle ("m") or the upper right one ("r"); the text's width."""
        mask = text_mask(text, size_px, typeface)
        left = round(place[0]) - {"l": 0, "m": mask.shape[1] // 2, "r": mask.shape[1]}[anchor]
        self.stamp(mask, left, round(place[1]), colour)
        return int(mask.shape[1])

    def over(self, frame: NDArray[np.uint8]) -> None:
        """Lay this over `frame`, uint8 RGB (rows, columns, 3), 0 to 255, in place."""
        where, cover = self._covered()
        flat = frame.reshape(-1, 3)
        ink = self.ink.reshape(-1, 3)[where].astype(np.uint16)
        flat[where] = ((flat[where].astype(np.uint16) * (255 - cover) + ink * cover + 127) // 255).astype(np.uint8)

    def _covered(self) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
        where = np.flatnonzero(self.cover)
        return where, self.cover.reshape(-1)[where, None].astype(np.uint16)


@lru_cache(maxsize=512)
def text_mask(text: str, size_px: int, typeface: Typeface) -> NDArray[np.uint8]:
    """One line of words: uint8 (rows, columns), 0 to 255; it is shared, so nobody writes into it."""
    if typeface is Typeface.DOTS:
        mask = _dots(text)
        times = max(1, round(size_px / _DOTS_PX))
        mask = np.asarray(np.kron(mask, np.ones((times, times), np.uint8)), np.uint8)
    else:
        mask = _letters(text, size_px, typeface)
    mask.flags.writeable = False
    return mask


def _dots(text: str) -> NDArray[np.uint8]:
    font = ImageFont.load_default_imagefont()
    _, _, width, height = font.getbbox(text)
    image = Image.new("1", (max(1, int(width)), max(1, int(height))))
    ImageDraw.Draw(image).text((0, 0), text, 1, font)
    return np.asarray(image, np.uint8) * 255


def _letters(text: str, size_px: int, typeface: Typeface) -> NDArray[np.uint8]:
    font = ImageFont.load_default(size_px)
    stroke = max(1, size_px // 18) if typeface is Typeface.BOLD else 0
    _, _, right, bottom = font.getbbox(text, stroke_width=stroke)
    image = Image.new("L", (max(1, int(right) + 1), max(1, int(bottom) + 1)))
    ImageDraw.Draw(image).text((0, 0), text, 255, font, stroke_width=stroke)
    if typeface is Typeface.NARROW:
        image = image.resize((max(1, round(0.8 * image.width)), image.height), Image.Resampling.BOX)
    mask = np.array(image)
    return np.where(mask > 96, 255, 0).astype(np.uint8) if typeface is Typeface.HARD else mask
