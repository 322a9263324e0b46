"""Screens with a spectrum or an M-mode for the view's network: above most stands the plane that it was taken in."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from models.catalogue import View
from models.evaluation.datasets.generated import as_clip
from models.inputs.letterboxed_region import screen_box
from models.phantom import counterpart, heart, planes, traces
from models.phantom.rendered import STRUCTURES, PlaneClip, Trace
from models.phantom.screens import ABOVE, compose, gate_mm, screen_of
from models.training.plane_frames import PlaneFrames, frames_of_screen, generator_state, joined, kept_in

_CHUNK = 10  # hearts per unit of work
_VERSION = 1  # of what is taken from the generators
_SPECTRA_PER_HEART = 4
_M_MODE = 0.06  # share of hearts: one takes seconds to draw
_SCREENS_OF_M_MODE = 4
_UNUSUAL = 0.3  # share of screens with another plane than the usual one
_PLAIN = 0.2  # share of screens whose plane is switched off
_POLAR = (128, 72)


def display_frames(seeds: tuple[int, int], cache: Path, processes: int) -> PlaneFrames:
    """Screens of the hearts first..last-1, from the `cache` where they are there."""
    content = f"displays {_VERSION} {generator_state()} {seeds[0]} {seeds[1]} {_POLAR}"
    path = cache / f"displays-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npz"
    return kept_in(path, lambda: _generate(seeds, processes))


def _generate(seeds: tuple[int, int], processes: int) -> PlaneFrames:
    chunks = [(first, min(first + _CHUNK, seeds[1])) for first in range(*seeds, _CHUNK)]
    if processes <= 1:
        return joined(_chunk(chunk) for chunk in chunks)
    # Spawned, because a forked process would inherit torch's threads in an undefined state.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        return joined(pool.map(_chunk, chunks))


def _chunk(chunk: tuple[int, int]) -> PlaneFrames:
    return joined(part for seed in range(*chunk) for part in _of_heart(seed))


def _of_heart(seed: int) -> Iterator[PlaneFrames]:
    rng = np.random.default_rng([seed, 0xD15B])
    first = seed % 2 == 0
    known: tuple[View, ...] = traces.TRACES if first else counterpart.TRACES
    spectra: list[View] = [
        view for view in known if view not in traces.M_MODE_VIEWS and view is not View.DOPPLER_PULMONARY_VEIN_PW
    ]
    strips = [view for view in known if view in traces.M_MODE_VIEWS]
    chosen: list[View] = [spectra[int(index)] for index in rng.choice(len(spectra), _SPECTRA_PER_HEART, replace=False)]
    chosen += [strips[int(rng.integers(len(strips)))]] if rng.random() < _M_MODE else []
    for view in chosen:
        quality, drawn = int(rng.integers(4)), int(rng.integers(2**31))
        trace = _trace(seed, first, view, quality, drawn)
        for screen in range(_SCREENS_OF_M_MODE if view in strips else 1):
            yield _on_screen(trace, seed, drawn + screen, first, rng)


def _trace(seed: int, first: bool, view: View, quality: int, drawn: int) -> Trace:
    if first:
        return traces.render_trace(heart.sample_heart(seed), view, seed=drawn, quality=quality)
    return counterpart.render_trace(counterpart.sample_heart(seed), view, seed=drawn, quality=quality)


def _on_screen(trace: Trace, seed: int, drawn: int, first: bool, rng: np.random.Generator) -> PlaneFrames:
    screen = screen_of(drawn)
    if rng.random() < _PLAIN:
        rendered = compose(trace, screen, drawn)
    else:
        above = ABOVE[trace.view]
        plane = _plane(
            seed, first, above[0] if rng.random() < 0.6 else above[int(rng.integers(len(above)))], drawn, trace.quality
        )
        rendered = compose((plane, trace), screen, drawn, gate_mm=gate_mm(trace.view, plane))
    return frames_of_screen(rendered, screen_box(as_clip(rendered)), seed, len(STRUCTURES))


def _plane(seed: int, first: bool, name: str, drawn: int, quality: int) -> PlaneClip:
    if first:
        one = heart.sample_heart(seed)
        return planes.render_plane(one, name, seed=drawn, quality=max(quality, 1), frames=1, polar=_POLAR)
    other = counterpart.sample_heart(seed)
    return counterpart.render_plane(other, name, seed=drawn, quality=max(quality, 1), frames=1, polar=_POLAR)
