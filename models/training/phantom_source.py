"""Training frames from the phantom: generated once in several processes, kept as one npz per seed range."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import models.phantom
from models.catalogue import View
from models.inputs.letterbox import Letterbox
from models.phantom.truth import HELD_OUT_KINDS, NEGATIVE_KINDS, render_negative, training_frames

VIEWS = (View.A4C, View.A2C, View.OTHER)
_CHUNK = 25  # hearts per unit of work
_NEGATIVES_PER_HEART = 2
_POLAR = (256, 128)  # as fine as the pixels of the largest network input


@dataclass(frozen=True, eq=False)
class FrameSet:
    """Frames of many hearts. `images` and `lv_masks` are uint8 (n, size, size), 0 to 255; the rest has shape (n,).

    `views` are indices into `VIEWS`, `qualities` grades 0 to 3, `seeds` the heart's; `is_heart` is false for images of no
    heart, which have no quality.
    """

    images: NDArray[np.uint8]
    lv_masks: NDArray[np.uint8]
    views: NDArray[np.int64]
    qualities: NDArray[np.int64]
    seeds: NDArray[np.int64]
    is_heart: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)

    def where(self, chosen: NDArray[np.bool_]) -> "FrameSet":
        """The frames for which `chosen` (n,) is true."""
        return FrameSet(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def resized(self, size_px: int) -> "FrameSet":
        if self.images.shape[1] == size_px:
            return self
        letterbox = Letterbox(0, 0, self.images.shape[2], self.images.shape[1], size_px)
        images, masks = ((255 * letterbox.apply(frames)).round().astype(np.uint8) for frames in (self.images, self.lv_masks))
        return replace(self, images=images, lv_masks=masks)


def joined(parts: Iterable[FrameSet]) -> FrameSet:
    parts = list(parts)
    return FrameSet(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(FrameSet)))


def load_frames(seeds: tuple[int, int], size_px: int, cache: Path, processes: int) -> FrameSet:
    """Frames of the hearts first..last-1: apical and other planes in several phases, and negatives of kinds that may teach."""
    content = f"{_generator_state()} {seeds[0]} {seeds[1]} {size_px} {_POLAR} {_NEGATIVES_PER_HEART} {_taught_kinds()}"
    path = cache / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        frames = _generate(seeds, size_px, processes)
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, **{field.name: getattr(frames, field.name) for field in fields(frames)})
        partial.rename(path)
    with np.load(path) as stored:
        return FrameSet(**{field.name: stored[field.name] for field in fields(FrameSet)})


def _generator_state() -> str:
    """The generator's code itself: its version number alone would keep frames that the code no longer makes."""
    sources = sorted(Path(models.phantom.__path__[0]).glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _taught_kinds() -> list[str]:
    return [kind for kind in NEGATIVE_KINDS if kind not in HELD_OUT_KINDS]


def _generate(seeds: tuple[int, int], size_px: int, processes: int) -> FrameSet:
    chunks = [(first, min(first + _CHUNK, seeds[1]), size_px) for first in range(*seeds, _CHUNK)]
    if processes <= 1:
        return joined(_chunk(chunk) for chunk in chunks)
    # Spawned, because a forked process would inherit torch's threads in an undefined state.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        return joined(pool.map(_chunk, chunks))


def _chunk(chunk: tuple[int, int, int]) -> FrameSet:
    first, last, size_px = chunk
    return joined(_frames_of(seed, size_px) for seed in range(first, last))


def _frames_of(seed: int, size_px: int) -> FrameSet:
    hearts = training_frames(seed, views=VIEWS, size=size_px, polar=_POLAR)
    negatives = [_negative(seed, index, size_px) for index in range(_NEGATIVES_PER_HEART)]
    n = len(hearts) + len(negatives)
    masks = [frame.lv_mask for frame in hearts] + [np.zeros((size_px, size_px), np.uint8)] * len(negatives)
    return FrameSet(
        images=np.stack([frame.image for frame in hearts] + negatives),
        lv_masks=255 * (np.stack(masks) > 0).astype(np.uint8),
        views=np.array([VIEWS.index(frame.view) for frame in hearts] + [VIEWS.index(View.OTHER)] * len(negatives)),
        qualities=np.array([frame.quality for frame in hearts] + [0] * len(negatives)),
        seeds=np.full(n, seed),
        is_heart=np.array([frame.has_lv for frame in hearts] + [False] * len(negatives)),
    )


def _negative(seed: int, index: int, size_px: int) -> NDArray[np.uint8]:
    kinds = _taught_kinds()
    kind = kinds[(seed * _NEGATIVES_PER_HEART + index) % len(kinds)]
    return np.asarray(render_negative(kind, seed, rows=size_px, columns=size_px, frames=1)[0])
