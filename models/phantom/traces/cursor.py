"""What lies along one line through a beating heart: sampled at many moments, and carried on from one to the next."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np
import torch
from numpy.typing import NDArray

from models.phantom.heart import BLOOD, Heart, HeartState, Kind, Points, state_at, tissue_at

_Track = NDArray[np.float64]
_BEAM_MM = 1.8  # half of the beam's width
_THIN = [int(kind) for kind in (Kind.MITRAL_LEAFLET, Kind.TRICUSPID_LEAFLET, Kind.AORTIC_CUSP, Kind.CHORDA)]
_BLOOD = [int(kind) for kind in BLOOD]


@dataclass(frozen=True, eq=False)
class Cursor:
    """A line from the probe's face at `origin_mm` along the unit vector `beam` through `middle_mm`, what it seeks.

    Each is (3,), float64, in the heart's frame.
    """

    origin_mm: NDArray[np.float64]
    beam: NDArray[np.float64]
    middle_mm: NDArray[np.float64]

    def points(self, depths_mm: NDArray[np.float64]) -> Points:
        """Places at `depths_mm` (samples,), float64, on the line and on either side of it: (3, samples) in mm, float32."""
        across = np.cross(self.beam, np.eye(3)[np.abs(self.beam).argmin()])
        sides = np.array([0.0, -_BEAM_MM, _BEAM_MM])[:, None] * across / np.linalg.norm(across)
        places = self.origin_mm + sides[:, None] + self.beam * depths_mm[:, None]
        x, y, z = torch.from_numpy(places).float().unbind(dim=2)
        return Points(x, y, z)

    def depth_of(self, place_mm: tuple[float, float, float]) -> float:
        """How deep a place lies that the beam passes."""
        return float(self.beam @ (np.asarray(place_mm) - self.origin_mm))


@dataclass(frozen=True, eq=False)
class Line:
    """What lies along a cursor at one moment, each (samples,): `kind` int8, the rest float64.

    `facing` is how squarely the nearest boundary faces the beam, 0 to 1, `edge_mm` its distance. `material_mm` (samples, 3) is
    where the tissue was at end-diastole.
    """

    kind: NDArray[np.int8]
    facing: NDArray[np.float64]
    edge_mm: NDArray[np.float64]
    material_mm: NDArray[np.float64]


def line_at(state: HeartState, cursor: Cursor, depths_mm: NDArray[np.float64]) -> Line:
    """The line at `depths_mm` (samples,), float64, of this state: of the same shape, mm."""
    tissue = tissue_at(state, cursor.points(depths_mm))
    kind = tissue.kind.numpy()
    # A beam is wider than a leaflet is thick: one that lies beside the line is seen before the blood on it.
    thin = np.isin(kind, _THIN)
    beside = np.where(thin.any(axis=0) & np.isin(kind[0], _BLOOD), thin.argmax(axis=0), 0)
    along = np.arange(len(depths_mm))
    normal = torch.stack(list(tissue.normal)).double().numpy()[:, beside, along]
    material = torch.stack(list(tissue.material)).double().numpy()[:, beside, along].T
    facing = np.clip(np.abs(cursor.beam @ normal), 0, 1)
    return Line(kind[beside, along].astype(np.int8), facing, tissue.edge_mm.double().numpy()[beside, along], material)


@dataclass(frozen=True, eq=False)
class Tracks:
    """A cursor's lines at `times_s` (moments,) over `depths_mm` (samples,), both float64, and the heart's states there."""

    times_s: _Track
    depths_mm: _Track
    lines: tuple[Line, ...]
    states: tuple[HeartState, ...]

    def border_mm(self, above: Collection[Kind], below: Collection[Kind], *, last: bool = False) -> _Track:
        """The depth in mm of the first border (or the last) from one kind to another: (moments,), NaN without one."""
        return np.array([_border(line, self.depths_mm, above, below, last) for line in self.lines])


def follow(heart: Heart, cursor: Cursor, times_s: _Track, depths_mm: _Track, *, breathes: bool = False) -> Tracks:
    """The lines of a cursor at `times_s` (moments,) over `depths_mm` (samples,), float64.

    One that `breathes` goes with the heart.
    """
    states = tuple(state_at(heart, 1000 * float(time_s)) for time_s in times_s)
    cursors = (replace(cursor, origin_mm=cursor.origin_mm + state.shift_mm) if breathes else cursor for state in states)
    lines = tuple(line_at(state, own, depths_mm) for state, own in zip(states, cursors, strict=True))
    return Tracks(times_s, depths_mm, lines, states)


def _crossings(line: Line, depths_mm: _Track) -> _Track:
    """Depths of all borders: between two samples, in proportion to how far each is from it."""
    changes = np.flatnonzero(np.diff(line.kind))
    before, behind = line.edge_mm[changes], line.edge_mm[changes + 1]
    share = np.clip(before / np.maximum(before + behind, 1e-6), 0.02, 0.98)
    return np.asarray(depths_mm[changes] + share * (depths_mm[changes + 1] - depths_mm[changes]))


def _border(line: Line, depths_mm: _Track, above: Collection[Kind], below: Collection[Kind], last: bool) -> float:
    is_above, is_below = np.isin(line.kind, [int(k) for k in above]), np.isin(line.kind, [int(k) for k in below])
    places = np.flatnonzero(is_above[:-1] & is_below[1:])
    if not places.size:
        return float("nan")
    changes = np.flatnonzero(np.diff(line.kind))
    return float(_crossings(line, depths_mm)[np.searchsorted(changes, places[-1 if last else 0])])


def columns_of(tracks: Tracks, times_s: _Track) -> Line:
    """The lines of `tracks` at `times_s` (columns,), float64: borders move evenly from one moment to the next.

    The line's arrays are (samples, columns), the material's (samples, columns, 3), mm. A border that is there at one moment
    alone stays where it is until the middle between both.
    """
    moments, depths = tracks.times_s, tracks.depths_mm
    after = np.clip(np.searchsorted(moments, times_s), 1, len(moments) - 1)
    share = np.clip((times_s - moments[after - 1]) / (moments[after] - moments[after - 1]), 0, 1)
    anchors = [_anchors(one, other, depths) for one, other in zip(tracks.lines, tracks.lines[1:], strict=False)]
    ends = np.array([depths[0], depths[-1]])
    step = depths[1] - depths[0]
    sources, indices = [], []
    for column in range(len(times_s)):
        first, second = anchors[after[column] - 1]
        moved = (1 - share[column]) * first + share[column] * second
        is_first = share[column] < 0.5
        own = first if is_first else second
        at = np.interp(depths, np.concatenate([ends[:1], moved, ends[1:]]), np.concatenate([ends[:1], own, ends[1:]]))
        indices.append(np.clip(np.round((at - depths[0]) / step), 0, len(depths) - 1).astype(int))
        sources.append(after[column] - 1 if is_first else after[column])
    which, index = np.array(sources), np.array(indices)
    return Line(
        np.stack([line.kind for line in tracks.lines])[which[:, None], index].T,
        np.stack([line.facing for line in tracks.lines])[which[:, None], index].T,
        np.stack([line.edge_mm for line in tracks.lines])[which[:, None], index].T,
        np.stack([line.material_mm for line in tracks.lines])[which[:, None], index].transpose(1, 0, 2),
    )


def _anchors(one: Line, other: Line, depths_mm: _Track) -> tuple[_Track, _Track]:
    """Depths of the borders that two lines share, in the order of depth."""
    names = []
    for line in (one, other):
        changes = np.flatnonzero(np.diff(line.kind))
        names.append([(int(line.kind[place]), int(line.kind[place + 1])) for place in changes])
    first, second = _crossings(one, depths_mm), _crossings(other, depths_mm)
    shared = SequenceMatcher(None, names[0], names[1], autojunk=False).get_matching_blocks()
    of_one = [place for block in shared for place in range(block.a, block.a + block.size)]
    of_other = [place for block in shared for place in range(block.b, block.b + block.size)]
    return first[of_one], second[of_other]
