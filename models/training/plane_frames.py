"""Training frames of every view, of all generators that may teach: rendered on carts' screens, seen as the node sees them.

Generated once in several processes, kept as one npz per range of seeds. Even seeds are hearts of the first generator, odd ones
of the second.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

import models.phantom
from models.catalogue import ECHOVIEW47, LINE_OF, LINES, Mode, View
from models.evaluation.datasets.generated import as_clip
from models.inputs.letterbox import Letterbox
from models.inputs.letterboxed_region import screen_box
from models.phantom import counterpart, heart, planes
from models.phantom.negatives import HELD_OUT_KINDS, NEGATIVE_KINDS, render_negative
from models.phantom.rendered import STRUCTURES, PlaneClip, Rendered, SectorShape
from models.phantom.screens import compose, screen_of
from models.phantom.truth import ECHOVIEW47_OF, training_frames

OTHER = "other"
CLASSES: tuple[str, ...] = (*(row.name for row in ECHOVIEW47), OTHER)
SIZE_PX = 192
UNGRADED = -1

_VERSION = 2  # of what is taken from the generators
_CHUNK = 10  # hearts per unit of work
_PLANES_PER_HEART = 3
_POLAR = (224, 128)
_B_MODE = tuple(planes.PLANES)
# What is measured most is shown most.
_OFTEN = {"a4ch-full": 4.0, "a4ch-lv": 3.0, "a2ch-full": 4.0, "a2ch-lv": 3.0, "plax-full-lv": 4.0, "a4ch-rv": 2.0,
          "plax-full-mv": 2.0, "plax-full-out": 2.0, "plax-full-la": 2.0, "subcostal-ivc": 2.0, "psax-av": 2.0}  # fmt: skip
_ROOT = ("plax-full-lv", "plax-full-mv", "plax-full-out", "plax-full-la", "plax-valves-av", "plax-valves-mv")
_COLOUR = 0.08  # share of clips with a colour box
_SHIFT = 4  # fractional bits of a vertex


@dataclass(frozen=True, eq=False)
class PlaneFrames:
    """`images` and `labels` are uint8 (n, size, size): grey, 0 to 255, and 0 or the index of `STRUCTURES` and one. `known`
    (n, structures) says of which structures the labels are complete. `points` are float32 (n, lines, 2, 2), (x, y) px of the
    square, NaN where a line of `LINES` is not drawn. The rest has shape (n,): `classes` are indices of `CLASSES`, `qualities`
    0 to 3 or UNGRADED, `seeds` the heart's.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    known: NDArray[np.bool_]
    points: NDArray[np.float32]
    classes: NDArray[np.int64]
    qualities: NDArray[np.int64]
    seeds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.images)


def plane_frames(seeds: tuple[int, int], cache: Path, processes: int) -> PlaneFrames:
    """Frames of the hearts first..last-1, from the `cache` where they are there."""
    content = f"{_VERSION} {generator_state()} {seeds[0]} {seeds[1]} {SIZE_PX} {_POLAR}"
    path = cache / f"planes-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"
    return kept_in(path, lambda: _generate(seeds, processes))


def kept_in(path: Path, make: Callable[[], PlaneFrames]) -> PlaneFrames:
    """What stands at `path`, made and put there where nothing does."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = make()
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **{field.name: getattr(made, field.name) for field in fields(made)})
        partial.rename(path)
    with np.load(path) as stored:
        return PlaneFrames(**{field.name: stored[field.name] for field in fields(PlaneFrames)})


def generator_state() -> str:
    """The generators' code itself: its version number alone would keep frames that the code no longer makes."""
    root = Path(models.phantom.__path__[0])
    sources = [*sorted(root.glob("*.py")), *sorted(root.glob("*/*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _generate(seeds: tuple[int, int], processes: int) -> PlaneFrames:
    chunks = [(first, min(first + _CHUNK, seeds[1])) for first in range(*seeds, _CHUNK)]
    if processes <= 1:
        return joined(_chunk(chunk) for chunk in chunks)
    # Spawned, because a forked process would inherit torch's threads in an undefined state.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        return joined(pool.map(_chunk, chunks))


def joined(parts: Iterable[PlaneFrames]) -> PlaneFrames:
    parts = list(parts)
    return PlaneFrames(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(PlaneFrames)))


def _chunk(chunk: tuple[int, int]) -> PlaneFrames:
    return joined(part for seed in range(*chunk) for part in _of_heart(seed))


def _of_heart(seed: int) -> Iterator[PlaneFrames]:
    rng = np.random.default_rng([seed, 0x7EAC4])
    first = seed % 2 == 0
    weights = np.array([_OFTEN.get(name, 1.0) for name in _B_MODE])
    names = rng.choice(len(_B_MODE), _PLANES_PER_HEART, replace=False, p=weights / weights.sum())
    for name in (_B_MODE[int(index)] for index in names):
        quality, drawn = int(rng.integers(4)), int(rng.integers(2**31))
        clip = _of_first(seed, name, quality, drawn, rng) if first else _of_second(seed, name, quality, drawn)
        yield _taught_plane(clip, drawn, seed, rng)
    if seed % 4 < 2:
        yield _apical(seed)
    if rng.random() < 0.7:
        yield _negative(seed, rng)


def _of_first(seed: int, name: str, quality: int, drawn: int, rng: np.random.Generator) -> PlaneClip:
    """At end-diastole, in mid-systole or at any moment, at end-systole."""
    one = heart.sample_heart(seed)
    beat = one.beats(2000.0)[0]
    between = (beat.ejection_start_ms + beat.end_systole_ms) / 2
    if name not in _ROOT:
        between = rng.uniform(0, one.rr_interval_ms)
    moments = sorted({beat.start_ms, beat.start_ms + between, beat.start_ms + beat.end_systole_ms})
    colour = bool(rng.random() < _COLOUR)
    return planes.render_plane(one, name, seed=drawn, quality=quality, times_ms=moments, polar=_POLAR, colour=colour)


def _of_second(seed: int, name: str, quality: int, drawn: int) -> PlaneClip:
    one = counterpart.sample_heart(seed)
    return counterpart.render_plane(one, name, seed=drawn, quality=quality, beats=1.0, frame_rate_hz=9.0, polar=_POLAR)


def _taught_plane(clip: PlaneClip, drawn: int, seed: int, rng: np.random.Generator) -> PlaneFrames:
    rendered = compose(clip, screen_of(drawn), drawn)
    box = screen_box(as_clip(rendered))
    chosen = _chosen_frames(clip, rng)
    sector = _sector_mask(clip, rendered, box)
    labels = np.stack([_label_map(rendered, frame, box) for frame in chosen]) * sector
    # A zoomed picture of the second generator is not outlined.
    known = np.full((len(chosen), len(STRUCTURES)), bool(clip.contours_mm) or clip.view is not View.APICAL_ZOOM)
    return _frames(rendered, box, chosen, labels, known, _points(rendered, chosen, box), seed)


def _chosen_frames(clip: PlaneClip, rng: np.random.Generator) -> list[int]:
    """Those with lines, and others up to three."""
    drawn = {int(frame) for ends in clip.landmarks_mm.values() for frame in np.flatnonzero(np.isfinite(ends[:, 0, 0]))}
    phases = {*clip.ed_frames[:1], *clip.es_frames[:1]}
    others = [int(frame) for frame in rng.permutation(len(clip.polar))]
    return sorted([*phases, *(f for f in drawn if f not in phases), *(f for f in others if f not in drawn | phases)][:4])[:4]


def _frames(
    rendered: Rendered, box: Letterbox, chosen: list[int], labels: NDArray[np.uint8], known: NDArray[np.bool_],
    points: NDArray[np.float32], seed: int,
) -> PlaneFrames:  # fmt: skip
    n = len(chosen)
    return PlaneFrames(
        np.rint(255 * box.apply(rendered.frames[chosen])).astype(np.uint8),
        labels,
        known,
        points,
        np.full(n, CLASSES.index(rendered.echoview47)),
        np.full(n, rendered.quality if rendered.mode in (Mode.B_MODE, Mode.COLOUR) else UNGRADED),
        np.full(n, seed),
    )


def frames_of_screen(rendered: Rendered, box: Letterbox, seed: int, structures: int) -> PlaneFrames:
    """The first frame of a screen of which nothing but its class is taught."""
    labels = np.zeros((1, SIZE_PX, SIZE_PX), np.uint8)
    nothing = np.full((1, len(LINES), 2, 2), np.nan, np.float32)
    return _frames(rendered, box, [0], labels, np.zeros((1, structures), np.bool_), nothing, seed)


def _label_map(rendered: Rendered, frame: int, box: Letterbox) -> NDArray[np.uint8]:
    """uint8 (size, size): a smaller structure covers a larger one, the cavity what the wall encloses."""
    labels = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    here = [contour for contour in rendered.contours if contour.frame_index == frame]
    for contour in sorted(here, key=lambda contour: contour.structure != "lv_wall"):
        vertices = np.round(box.to_square(np.array(contour.points_px)) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(labels, [vertices], STRUCTURES.index(contour.structure) + 1, shift=_SHIFT)
    return labels


def _sector_mask(clip: PlaneClip, rendered: Rendered, box: Letterbox) -> NDArray[np.uint8]:
    """uint8 (size, size), 1 inside the sector: outlines go on beyond it, pictures do not."""
    pairs = [
        (clip.contours_mm[contour.structure][contour.frame_index], np.array(contour.points_px))
        for contour in rendered.contours[:2]
    ]
    if not pairs:
        return np.ones((SIZE_PX, SIZE_PX), np.uint8)
    mm, px = (np.concatenate(side) for side in zip(*pairs, strict=True))
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    image = box.to_image(np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64))
    lateral, axial = (np.polyval(np.polyfit(px[:, axis], mm[:, axis], 1), image[:, axis]) for axis in (0, 1))
    return _inside(clip.sector, lateral, axial).reshape(SIZE_PX, SIZE_PX).astype(np.uint8)


def _inside(sector: SectorShape, lateral: NDArray[np.floating], axial: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(n,), of places (n,) in mm from the beams' origin."""
    radius, angle = np.hypot(lateral, axial), np.abs(np.arctan2(lateral, axial))
    return np.asarray((radius >= sector.near_mm) & (radius <= sector.far_mm) & (angle <= sector.half_angle_rad))


def _points(rendered: Rendered, chosen: list[int], box: Letterbox) -> NDArray[np.float32]:
    """float32 (frames, lines, 2, 2), (x, y) px of the square."""
    points = np.full((len(chosen), len(LINES), 2, 2), np.nan, np.float32)
    for mark in rendered.landmarks:
        if mark.frame_index in chosen and mark.key in LINE_OF and len(mark.points_px) == 2:
            place = chosen.index(mark.frame_index), LINES.index(LINE_OF[mark.key])
            points[place] = box.to_square(np.array(mark.points_px))
    return points


def _apical(seed: int) -> PlaneFrames:
    """Of the plain phantom, which outlines nothing but the ventricle."""
    frames = training_frames(seed, views=(View.A4C, View.A2C), size=SIZE_PX, polar=(192, 112))
    n = len(frames)
    known = np.zeros((n, len(STRUCTURES)), np.bool_)
    known[:, STRUCTURES.index("lv")] = True
    return PlaneFrames(
        np.stack([frame.image for frame in frames]),
        np.stack([frame.lv_mask > 0 for frame in frames]).astype(np.uint8) * (STRUCTURES.index("lv") + 1),
        known,
        np.full((n, len(LINES), 2, 2), np.nan, np.float32),
        np.array([CLASSES.index(ECHOVIEW47_OF[frame.view]) for frame in frames]),
        np.array([frame.quality for frame in frames]),
        np.full(n, seed),
    )


def _negative(seed: int, rng: np.random.Generator) -> PlaneFrames:
    kinds = [kind for kind in NEGATIVE_KINDS if kind not in HELD_OUT_KINDS]
    kind = kinds[int(rng.integers(len(kinds)))]
    return PlaneFrames(
        render_negative(kind, seed, rows=SIZE_PX, columns=SIZE_PX, frames=1),
        np.zeros((1, SIZE_PX, SIZE_PX), np.uint8),
        np.ones((1, len(STRUCTURES)), np.bool_),
        np.full((1, len(LINES), 2, 2), np.nan, np.float32),
        np.array([CLASSES.index(OTHER)]),
        np.array([UNGRADED]),
        np.array([seed]),
    )
