"""Windows of Doppler and M-mode displays of synthetic hearts as items of a data set: what is to be marked in each.

Generated once in several processes, kept as one npz per range of seeds. Even seeds are hearts of the first generator, odd ones
of the second.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.catalogue import M_MODES, View
from models.catalogue.trace_labels import LAYERS, SPECTRA
from models.clip import Clip
from models.evaluation.datasets.generated import as_clip
from models.evaluation.datasets.items import Item, Masks, Truth
from models.inputs.display_windows import COLUMNS, ROWS, SECONDS_PER_COLUMN, DisplayWindows, windows_of
from models.phantom import counterpart, heart, traces
from models.phantom.negatives import HELD_OUT_KINDS, NEGATIVE_KINDS, render_negative
from models.phantom.rendered import Trace
from models.phantom.screens import compose, screen_of
from models.training.plane_frames import generator_state
from models.training.trace_truth import extents

Kind = Literal["spectra", "m_modes"]

LABELS: Mapping[Kind, tuple[str, ...]] = {"spectra": SPECTRA, "m_modes": LAYERS}
UNGRADED = -1

_VERSION = 1  # of what is taken from the generators
_CHUNK = 10  # hearts per unit of work
_SPECTRA_PER_HEART = 4
_M_MODES = (View.MMODE_PLAX_LV, View.MMODE_PLAX_AV, View.MMODE_A4CH_RV)
_SCREENS = {"spectra": 1, "m_modes": 3}  # an M-mode takes seconds to render, so it is shown on several
_SELDOM = {View.DOPPLER_TV_PW: 0.4, View.DOPPLER_AO_DESCENDING: 0.4}  # nothing is measured in them
_NEGATIVES = 0.25  # of a heart
_BEYOND = 0.1  # of a window that may lie beside the display


@dataclass(frozen=True, eq=False)
class TraceWindows:
    """`images` are uint8 (n, rows, columns), 0 to 255; `labels` (n, rows, columns) uint8, a bit for each label of the kind;
    `known` (n, labels) says of which the truth is stated. `views` are places in `View`, -1 of none, `qualities` 0 to 3 or
    UNGRADED, `seeds` the heart's: (n,).
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    known: NDArray[np.bool_]
    views: NDArray[np.int64]
    qualities: NDArray[np.int64]
    seeds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.images)


def trace_samples(kind: Kind, seeds: tuple[int, int], split: str, cache: Path, processes: int) -> Iterator[Item]:
    """Every window of the hearts first..last-1, the heart's seed in place of a patient."""
    windows = trace_windows(kind, seeds, cache, processes)
    return (_item(kind, windows, index, split) for index in range(len(windows)))


def trace_windows(kind: Kind, seeds: tuple[int, int], cache: Path, processes: int) -> TraceWindows:
    """From the `cache` where they are there."""
    content = f"{_VERSION} {generator_state()} {kind} {seeds[0]} {seeds[1]} {ROWS} {COLUMNS}"
    path = cache / f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        made = _generate(kind, seeds, processes)
        unfinished = path.with_suffix(".partial.npz")
        np.savez(unfinished, **{field.name: getattr(made, field.name) for field in fields(made)})
        unfinished.rename(path)
    with np.load(path) as stored:
        return TraceWindows(**{field.name: stored[field.name] for field in fields(TraceWindows)})


def _generate(kind: Kind, seeds: tuple[int, int], processes: int) -> TraceWindows:
    chunks = [(kind, first, min(first + _CHUNK, seeds[1])) for first in range(*seeds, _CHUNK)]
    if processes <= 1:
        return _joined(_chunk(chunk) for chunk in chunks)
    # Spawned, because a forked process would inherit torch's threads in an undefined state.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        return _joined(pool.map(_chunk, chunks))


def _joined(parts: Iterable[TraceWindows]) -> TraceWindows:
    parts = list(parts)
    return TraceWindows(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(TraceWindows)))


def _chunk(chunk: tuple[Kind, int, int]) -> TraceWindows:
    kind, first, end = chunk
    return _joined(window for seed in range(first, end) for window in _of_heart(kind, seed))


def _of_heart(kind: Kind, seed: int) -> Iterator[TraceWindows]:
    rng = np.random.default_rng([seed, 0x7ACE5])
    first = seed % 2 == 0
    drawn = traces.TRACES if first else counterpart.TRACES
    views = [view for view in drawn if view in _M_MODES] if kind == "m_modes" else [v for v in drawn if v not in M_MODES]
    number = 1 if kind == "m_modes" else _SPECTRA_PER_HEART
    weights = np.array([_SELDOM.get(view, 1.0) for view in views])
    for view in (views[int(index)] for index in rng.choice(len(views), number, replace=False, p=weights / weights.sum())):
        quality, taken = int(rng.integers(4)), int(rng.integers(2**31))
        trace = render(seed, view, quality, taken)
        for screen in range(_SCREENS[kind]):
            yield from _windows(kind, trace, seed, taken + screen, rng)
    if rng.random() < _NEGATIVES:
        yield _negative(kind, seed, rng)


def render(seed: int, view: View, quality: int, drawn: int) -> Trace:
    """A trace of the heart of this seed by the generator that it belongs to."""
    if seed % 2 == 0:
        return traces.render_trace(heart.sample_heart(seed), view, seed=drawn, quality=quality)
    return counterpart.render_trace(counterpart.sample_heart(seed), view, seed=drawn, quality=quality)


def _windows(kind: Kind, trace: Trace, seed: int, drawn: int, rng: np.random.Generator) -> Iterator[TraceWindows]:
    clip = as_clip(compose(trace, screen_of(drawn), drawn))
    choice = clip.spectral_region() if kind == "spectra" else clip.m_mode_region()
    if choice.seen is None:
        return
    seen = windows_of(clip, choice, 0)
    paced, maps, known = seen.paced(), _label_map(kind, trace, seen, choice.seen), _known(kind, trace)
    beyond = round(_BEYOND * COLUMNS)
    for _ in range(1 if seen.columns < 1.4 * COLUMNS else 2):
        start = int(rng.integers(-beyond, max(seen.columns - COLUMNS + beyond, 1)))
        image, labels = (_cut(whole, start) for whole in (paced, maps))
        yield TraceWindows(
            image[None], labels[None], known[None], np.array([list(View).index(trace.view)]), np.array([trace.quality]),
            np.array([seed]),
        )  # fmt: skip


def _cut(whole: NDArray[np.uint8], start: int) -> NDArray[np.uint8]:
    window = np.zeros((ROWS, COLUMNS), np.uint8)
    first, last = max(start, 0), min(start + COLUMNS, whole.shape[1])
    window[:, first - start : last - start] = whole[:, first:last]
    return window


def _known(kind: Kind, trace: Trace) -> NDArray[np.bool_]:
    stated = extents(trace)
    return np.array([label in stated for label in LABELS[kind]])


def _label_map(kind: Kind, trace: Trace, seen: DisplayWindows, region: RegionCalibration) -> NDArray[np.uint8]:
    """uint8 (rows, columns) at the network's pace, a bit for each label."""
    shown = trace.panel.shape[1]
    places = seen.to_image(np.stack([np.zeros(ROWS), np.arange(ROWS)], axis=1).astype(np.float64))
    values = np.array([region.physical_y(row) for row in places[:, 1]])
    at = (np.arange(seen.columns) + 0.5) * SECONDS_PER_COLUMN / trace.seconds_per_column - 0.5
    nearest = np.clip(np.rint(at).astype(int), 0, shown - 1)
    maps = np.zeros((ROWS, seen.columns), np.uint8)
    for label, ends in extents(trace).items():
        one, other = (end[nearest] for end in ends)
        low, high = np.fmin(one, other), np.fmax(one, other)
        inside = (values[:, None] >= low) & (values[:, None] <= high)  # false beside NaN
        maps |= inside.astype(np.uint8) << LABELS[kind].index(label)
    return maps


def _negative(kind: Kind, seed: int, rng: np.random.Generator) -> TraceWindows:
    """An image that is no display, or a display of nothing."""
    kinds = [name for name in NEGATIVE_KINDS if name not in HELD_OUT_KINDS]
    name = kinds[int(rng.integers(len(kinds)))]
    image = render_negative(name, seed, rows=ROWS, columns=COLUMNS, frames=1)
    if rng.random() < 0.4:
        level = rng.uniform(0, 70) * rng.standard_exponential((1, ROWS, COLUMNS)) * rng.uniform(0, 1)
        image = np.clip(level, 0, 255).astype(np.uint8)
    labels = LABELS[kind]
    return TraceWindows(
        image.reshape(1, ROWS, COLUMNS), np.zeros((1, ROWS, COLUMNS), np.uint8), np.ones((1, len(labels)), np.bool_),
        np.array([-1]), np.array([UNGRADED]), np.array([seed]),
    )  # fmt: skip


def _item(kind: Kind, windows: TraceWindows, index: int, split: str) -> Item:
    seed, place, grade = int(windows.seeds[index]), int(windows.views[index]), int(windows.qualities[index])
    known = tuple(label for label, told in zip(LABELS[kind], windows.known[index], strict=True) if told)
    view = None if place < 0 else list(View)[place]
    truth = Truth(
        label="other" if view is None else view.value,
        view=view,
        quality=None if grade == UNGRADED else grade,
        masks=partial(_masks, kind, windows.labels[index], known),
        structures=known,
    )
    return Item(f"{seed}/{index}", str(seed), split, partial(_clip, f"{seed}/{index}", windows.images[index]), truth)


def _clip(key: str, image: NDArray[np.uint8]) -> Clip:
    return Clip(key, np.repeat(image[None, ..., None], 3, axis=3), None, is_quality_control_subject=True)


def _masks(kind: Kind, labels: NDArray[np.uint8], known: tuple[str, ...]) -> Masks:
    return {label: {0: (labels >> LABELS[kind].index(label) & 1).astype(bool)} for label in known}
