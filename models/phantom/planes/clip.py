"""A clip of one plane: its picture frame by frame, and what is exactly true in it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.catalogue import ECHOVIEW47, EchoViewClass
from models.phantom import image
from models.phantom.heart import Heart, Kind, Points, Tissue, landmarks, state_at, tissue_at
from models.phantom.image import Scanner, Style
from models.phantom.planes.contours import POINTS, trace
from models.phantom.planes.framing import place
from models.phantom.planes.lines import Slice
from models.phantom.planes.phases import phase_frames
from models.phantom.planes.placement import Placement, Span
from models.phantom.planes.section import KINDS, Section, anatomy_of, grid_of
from models.phantom.planes.truth import drawn_lines, plane_values
from models.phantom.rendered import PlaneClip
from models.phantom.traces import flow_in_plane

_CLASSES: Mapping[str, EchoViewClass] = {row.name: row for row in ECHOVIEW47}
_APICAL = ("a2ch", "a3ch", "a4ch", "a5ch")
_SPACING_MM = 3.0
# The heart turns, twists and breathes within a clip: so far beyond the first frame's chambers the later ones are sought.
_MARGIN_MM = 14.0


def render_plane(
    heart: Heart,
    echoview47: str,
    *,
    seed: int,
    quality: int,
    cause: str | None = None,
    beats: float = 1.0,
    frames: int | None = None,
    frame_rate_hz: float = 30.0,
    start_ms: float = 0.0,
    times_ms: Sequence[float] | None = None,
    polar: tuple[int, int] = (288, 144),
    colour: bool = False,
    foreshortening_deg: float | None = None,
    mirrored: bool = False,
    everyday: float = 1.0,
) -> PlaneClip:
    """A clip of the class, `quality` 0 (worst) to 3, why it is not 3 drawn unless a `cause` is named.

    It begins `start_ms` after the first R wave. Without `frames` it ends with the first frame after `beats` mean R-R intervals;
    `times_ms` names the moments themselves instead. `polar` is (samples, lines). `foreshortening_deg` tilts the plane off the
    ventricle's long axis by so much; a poor picture is foreshortened more often anyway. With `colour` the clip
    holds the flow, (frames, samples, lines) in cm/s, float32. At `everyday` 0 the plane runs as the book has it.

    The same arguments give the same bytes on one kind of CPU. Raises LookupError for a class that is no B-mode plane.
    """
    placement = hold_probe(
        heart,
        echoview47,
        seed=seed,
        quality=quality,
        foreshortening_deg=foreshortening_deg,
        mirrored=mirrored,
        everyday=everyday,
    )
    style = image.sample_style(quality, np.random.default_rng([seed, 0x57E1E]), cause)
    moments = _moments(heart, beats, frames, frame_rate_hz, start_ms, times_ms)
    film = _film(heart, placement, style, moments, polar, seed, colour)
    phases = phase_frames(heart, moments)
    name = _CLASSES[echoview47]
    clip = PlaneClip(
        name.view,
        echoview47,
        placement.sector,
        film.polar,
        moments - moments[0],
        tuple(t - moments[0] for t in heart.r_wave_times_ms(float(moments[-1])) if t >= moments[0]),
        heart.heart_rate_bpm,
        quality,
        style.cause,
        film.colour,
        _outlines(film.slices),
        drawn_lines(name.view, film.slices, phases),
        {},
        phases.ed_frames,
        phases.es_frames,
    )
    return replace(clip, values=plane_values(heart, clip, placement))


def hold_probe(
    heart: Heart,
    echoview47: str,
    *,
    seed: int,
    quality: int,
    foreshortening_deg: float | None = None,
    mirrored: bool = False,
    everyday: float = 1.0,
) -> Placement:
    """Where `render_plane` holds the probe with the same arguments.

    In poor apical pictures it often stands a rib too high. Raises LookupError for a class that is no B-mode plane.
    """
    rng = np.random.default_rng([seed, 0x91A9E])
    if foreshortening_deg is None and echoview47.startswith(_APICAL) and rng.random() < 0.12 * (3 - quality):
        foreshortening_deg = float(rng.uniform(8, 22))
    return place(heart, echoview47, rng, foreshortening_deg=foreshortening_deg, mirrored=mirrored, everyday=everyday)


def _moments(
    heart: Heart, beats: float, frames: int | None, rate_hz: float, start_ms: float, times_ms: Sequence[float] | None
) -> NDArray[np.float64]:
    """float64 (frames,): in ms of the heart's own time, whose first R wave is at 0."""
    if times_ms is not None:
        return np.asarray(times_ms, dtype=np.float64)
    if frames is None:
        frames = math.ceil(beats * heart.rr_interval_ms * rate_hz / 1000) + 1
    return start_ms + np.arange(frames, dtype=np.float64) * (1000.0 / rate_hz)


@dataclass(frozen=True, eq=False)
class _Film:
    """`polar` and `colour` as in `PlaneClip`; the slices frame by frame."""

    polar: NDArray[np.float32]
    colour: NDArray[np.float32] | None
    slices: list[Slice]


def _film(
    heart: Heart,
    placement: Placement,
    style: Style,
    moments: NDArray[np.float64],
    polar: tuple[int, int],
    seed: int,
    colour: bool,
) -> _Film:
    scanner = _scanner(placement, style, polar, seed)
    points, beams = placement.polar_points(*polar)
    beams = Points(*(part.expand(polar) for part in beams))
    grid = grid_of(*_window(placement), _SPACING_MM)
    nodes = placement.points(*grid.places_mm())
    both = _joined(points, nodes)
    pictures, slices, flows = [], [], []
    for index, moment in enumerate(moments):
        state = state_at(heart, float(moment))
        # One question for the picture and for the outlines: each costs much for however few places.
        tissue = tissue_at(state, both)
        seen = _part(tissue, slice(None, math.prod(polar)), polar)
        pictures.append(image.polar_picture(scanner, seen, beams, image.frame_generator(seed, index), placement.origin))
        if colour:
            flows.append(flow_in_plane(state, points, beams).numpy())
        section = Section(grid, anatomy_of(state, nodes, _part(tissue, slice(math.prod(polar), None), grid.shape)))
        marks = landmarks(state)
        slices.append(Slice(state, marks, placement, *trace(state, marks, placement, section)))
    shown = image.persisted(torch.stack(pictures), style.display).numpy().astype(np.float32)
    return _Film(shown, np.stack(flows).astype(np.float32) if colour else None, slices)


def _joined(one: Points, other: Points) -> Points:
    return Points(*(torch.cat((a.reshape(-1), b.reshape(-1))) for a, b in zip(one, other, strict=True)))


def _part(tissue: Tissue, places: slice, shape: tuple[int, int]) -> Tissue:
    """What lies at some of the points, in their shape."""

    def cut(value: Tensor) -> Tensor:
        return value[places].reshape(shape)

    return Tissue(
        cut(tissue.kind),
        Points(*map(cut, tissue.normal)),
        cut(tissue.edge_mm),
        Points(*map(cut, tissue.material)),
        Points(*map(cut, tissue.fibre)),
    )


def _scanner(placement: Placement, style: Style, polar: tuple[int, int], seed: int) -> Scanner:
    """In a zoomed picture the clutter below the probe has faded as it would have at that depth."""
    gap = placement.sector.near_mm - placement.face_mm
    clutter = replace(style.clutter, near_db=style.clutter.near_db - 8.7 * gap / style.clutter.near_mm)
    kinds = {kind.name: int(kind) for kind in Kind}
    return image.prepare(replace(style, clutter=clutter), placement.sector, *polar, seed=seed, kinds=kinds)


def _window(placement: Placement) -> tuple[Span, Span]:
    """Where in the plane chambers are sought on all frames, mm: lateral and axial from and to."""
    (left, right), (near, far) = placement.chambers_mm
    return (left - _MARGIN_MM, right + _MARGIN_MM), (near - _MARGIN_MM, far + _MARGIN_MM)


def _outlines(slices: Sequence[Slice]) -> dict[str, NDArray[np.float64]]:
    """By structure float64 (frames, 64, 2) in mm, NaN on frames on which the plane does not cut it."""
    missing = np.full((POINTS, 2), np.nan)
    names = [name for name in KINDS if any(name in cut.outlines for cut in slices)]
    return {name: np.stack([cut.outlines.get(name, missing) for cut in slices]) for name in names}
