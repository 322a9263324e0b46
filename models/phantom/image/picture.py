"""One polar picture: tissue as the sound meets it, through point spread, artefacts, gain and grey map."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.phantom.image.artefacts import beam_gain, clutter_amplitude, depth_gain_db, noise_amplitude
from models.phantom.image.display import compress
from models.phantom.image.echo import EchoTable, Tissue, echo_table, facing
from models.phantom.image.grid import Grid, Vectors, polar_grid
from models.phantom.image.scatterers import envelope, lattice_places, random_scatterers, tissue_power, tissue_scatterers
from models.phantom.image.spread import Blur
from models.phantom.image.style import Style
from models.phantom.image.texture import Waves, stacked
from models.phantom.rendered import SectorShape

Place = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Scanner:
    """A style on a grid, and what stays the same over a clip. All tensors are float32.

    `power` (samples, 1) undoes what neighbouring scatterers share. `near` and `haze` (samples, lines) are amplitudes of
    clutter, 1 that of a 0 dB medium; `still` (2, samples, lines) are its scatterers, without unit. `gain` (samples, lines) is
    the share of the echo that arrives, `gain_db` (samples, 1) what the cart adds, `noise` (samples, 1) an amplitude.
    """

    style: Style
    grid: Grid
    blur: Blur
    table: EchoTable
    coarse: Waves
    fine: Waves
    power: Tensor
    near: Tensor
    haze: Tensor
    still: Tensor
    gain: Tensor
    gain_db: Tensor
    noise: Tensor


def prepare(style: Style, sector: SectorShape, samples: int, lines: int, *, seed: int, kinds: Mapping[str, int]) -> Scanner:
    """The scanner of a clip of `sector` in `style`; `kinds` are the indices of the heart's kinds of tissue by name."""
    rng = np.random.default_rng([seed, 0x5CA7])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    grid, levels = polar_grid(sector, samples, lines), style.levels
    blur = Blur(style.spread, grid)
    near, haze = clutter_amplitude(style.clutter, grid, generator)
    return Scanner(
        style,
        grid,
        blur,
        echo_table(levels, kinds),
        Waves(levels.coarse_mm, rng),
        Waves(levels.fine_mm, rng),
        torch.rsqrt(tissue_power(blur)),
        near,
        haze,
        random_scatterers(grid.shape, generator),
        beam_gain(style.gains, grid, generator),
        depth_gain_db(style.gains, grid, style.spread.focus_mm),
        noise_amplitude(style.noise_db, style.noise_rise_db, grid),
    )


def sweep(grid: Grid, origin: Tensor, forward: Tensor, right: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Places and directions of the sound of a probe: x, y, z each of both, (samples, lines) each, float32, mm and unit vectors.

    `origin` (3,) is the origin of the beams in mm, `forward` (3,) the central beam, `right` (3,) the image's right, float32.
    """
    cosine, sine = torch.cos(grid.angle_rad), torch.sin(grid.angle_rad)
    depth = grid.depth_mm.reshape(-1, 1)
    beams = [forward[axis] * cosine + right[axis] * sine for axis in range(3)]
    places = tuple(origin[axis] + depth * beam for axis, beam in enumerate(beams))
    return places, tuple(beam.expand(grid.shape) for beam in beams)


def polar_picture(
    scanner: Scanner, tissue: Tissue, beam: Vectors, generator: torch.Generator, origin: Place = (0.0, 0.0, 0.0)
) -> Tensor:
    """Grey levels (samples, lines), float32, 0 to 1, of `tissue` at the scanner's samples; `beam` are unit vectors.

    Both are of the shape (samples, lines), in the frame in which the beams come from `origin`, mm.
    `generator` draws what is new in each frame: blood, noise, and part of the haze.
    """
    style = scanner.style
    strength = received(scanner, tissue, beam, generator, origin)
    noise = torch.randn(2, *scanner.grid.shape, generator=generator).square_().sum(dim=0).mul_(0.5)
    strength = torch.sqrt(strength * strength + scanner.noise**2 * noise)
    return compress(strength, style.display, scanner.gain_db)


def received(
    scanner: Scanner, tissue: Tissue, beam: Vectors, generator: torch.Generator, origin: Place = (0.0, 0.0, 0.0)
) -> Tensor:
    """Envelope (samples, lines), float32, of the echoes of `tissue`, before noise and compression; 1 is a 0 dB medium.

    `tissue` and `beam` (unit vectors) are of the shape (samples, lines), `origin` is that of the beams in mm.
    """
    style, shape = scanner.style, scanner.grid.shape
    kind = tissue.kind.int().reshape(-1)
    fresh = random_scatterers(shape, generator)
    solid = torch.nonzero(~scanner.table.blood.index_select(0, kind)).squeeze(1)
    material = stacked(tissue.material).index_select(0, solid)
    amplitude, mirror = _amplitudes(scanner, tissue, beam, kind, solid, material)
    lines = torch.stack((beam.x[0], beam.y[0], beam.z[0]), dim=1)
    glued = tissue_scatterers(
        lattice_places(material, scanner.grid, torch.tensor(origin, dtype=torch.float32), lines), style.order
    )
    glued *= scanner.power.expand(shape).reshape(-1).index_select(0, solid)
    scatterers = fresh.reshape(2, -1).index_copy(1, solid, glued).reshape(2, *shape)
    field = scatterers * amplitude
    field[0] += mirror / scanner.blur.coherent
    # Haze is partly of this frame; the same draw as blood's, since where one is seen the other is not.
    held = style.clutter.still
    field += scanner.still * (scanner.near + held**0.5 * scanner.haze) + fresh * ((1 - held) ** 0.5 * scanner.haze)
    return envelope(field, scanner.blur, style.looks) * scanner.gain


def _amplitudes(
    scanner: Scanner, tissue: Tissue, beam: Vectors, kind: Tensor, solid: Tensor, material: Tensor
) -> tuple[Tensor, Tensor]:
    """Amplitude of the scatterers and of mirroring boundaries, (samples, lines) each, where 1 is a 0 dB medium."""
    table, levels = scanner.table, scanner.style.levels
    towards = facing(tissue, beam).reshape(-1)
    coarse, fine, of_solid = scanner.coarse(material), scanner.fine(material), kind.index_select(0, solid)
    slope = 1 - towards.index_select(0, solid)
    # Walls along the beam do not fade evenly: some stretches are lost, others are still seen.
    lost = table.along.index_select(0, of_solid) * slope * slope.sqrt() * (1 + 0.5 * coarse + 0.4 * fine).clamp_min(0)
    uneven = (levels.coarse_db * coarse + levels.fine_db * fine) * table.uneven.index_select(0, of_solid)
    level = table.level_db.index_select(0, kind).index_add_(0, solid, uneven - lost)
    amplitude = torch.pow(10.0, level / 20)
    edge = tissue.edge_mm.reshape(-1) / levels.mirror_mm
    mirror = amplitude * table.mirror.index_select(0, kind) * towards**6 * torch.exp(-edge * edge)
    return amplitude.reshape(scanner.grid.shape), mirror.reshape(scanner.grid.shape)


def frame_generator(seed: int, frame_index: int) -> torch.Generator:
    """One generator per frame, so that any frame can be made alone and equals the same frame of the whole clip."""
    first, second = np.random.SeedSequence([seed, frame_index]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed((int(first) << 31) ^ int(second))
