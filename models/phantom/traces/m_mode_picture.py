"""The picture of an M-mode: one line of echoes over time, made as the planes' pictures are."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.phantom.heart import Kind
from models.phantom.image import frame_generator, polar_picture, prepare, sample_style
from models.phantom.rendered import SectorShape
from models.phantom.traces.cursor import Cursor, Line

# Those causes of a picture that a single line shows: it has no shadow beside it, and no blur across.
CAUSES = ("noise", "haze", "dropout", "gain", "near_field")
_KINDS = {kind.name: int(kind) for kind in Kind}
_APART_RAD = 0.35  # between the columns of the picture: none of them sees the echoes of its neighbours


_UNREST_MM, _UNREST_COLUMNS = 0.2, 6.0


def _axes(beam: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors along the beam and at right angles to it, as columns (3, 3)."""
    across = np.cross(beam, np.eye(3)[np.abs(beam).argmin()])
    across /= np.linalg.norm(across)
    return np.stack([beam, across, np.cross(beam, across)], axis=1)


def _unrest_mm(columns: int, seed: int) -> NDArray[np.float64]:
    """How far the beam drifts through the tissue from column to column: (columns, 3)."""
    steps = np.random.default_rng([seed, 0xD21F]).normal(0, 1, (columns, 3)).astype(np.float64)
    drift = cv2.GaussianBlur(steps, (1, 6 * int(_UNREST_COLUMNS) + 1), sigmaX=0.01, sigmaY=_UNREST_COLUMNS) * np.sqrt(
        2 * np.sqrt(np.pi) * _UNREST_COLUMNS
    )
    return np.asarray(_UNREST_MM * drift)


@dataclass(frozen=True)
class _Vectors:
    x: torch.Tensor
    y: torch.Tensor
    z: torch.Tensor


@dataclass(frozen=True)
class _Tissue:
    kind: torch.Tensor
    normal: _Vectors
    edge_mm: torch.Tensor
    material: _Vectors


def draw_m_mode(line: Line, cursor: Cursor, depth_mm: float, quality: int, cause: str, seed: int) -> NDArray[np.float32]:
    """Grey levels (samples, columns), float32, 0 to 1, of `line` over time, down to `depth_mm`.

    What does not move with the heart is the same in every column: its layers are horizontal streaks.
    """
    samples, columns = line.kind.shape
    style = sample_style(quality, np.random.default_rng([seed, 0x57E1F]), cause or None)
    style = replace(style, gains=replace(style.gains, edge_loss_db=0.0, shadows=()))
    sector = SectorShape(_APART_RAD * columns / 2, 0.5, 0.5 + depth_mm)
    scanner = prepare(style, sector, samples, columns, seed=seed, kinds=_KINDS)
    still = scanner.still[:, :, :1].expand(-1, -1, columns).contiguous()
    near = scanner.near[:, :1].expand(-1, columns)
    zero, one = torch.zeros(line.kind.shape), torch.ones(line.kind.shape)
    facing = torch.from_numpy(line.facing).float()
    # The scatterers stand in the frame of the beams: the first axis runs along them.
    material = (line.material_mm - cursor.origin_mm + _unrest_mm(columns, seed)) @ _axes(cursor.beam)
    tissue = _Tissue(
        torch.from_numpy(line.kind),
        _Vectors(facing, zero, zero),
        torch.from_numpy(line.edge_mm).float(),
        _Vectors(*(torch.from_numpy(np.ascontiguousarray(material[..., axis])).float() for axis in range(3))),
    )
    # All beams are one; they differ by a trifle, so that there is a plane in which they fan out.
    turn = torch.linspace(-1e-3, 1e-3, columns).expand(line.kind.shape)
    scanner = replace(scanner, still=still, near=near)
    picture = polar_picture(scanner, tissue, _Vectors(one, turn, zero), frame_generator(seed, 0))
    return np.ascontiguousarray(picture.numpy(), np.float32)
