"""One heart under one probe: grey polar images at any moment of the beat."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.catalogue import View
from models.phantom import speckle
from models.phantom.acquisition import ImageQuality, Pose, Sector, polar_points, sample_quality, sample_view
from models.phantom.anatomy import Heart, HeartState, state_at
from models.phantom.speckle import Grid
from models.phantom.structures import Points, Ventricle
from models.phantom.tissue import paint


def material_points(state: HeartState, points: Points, lv: Ventricle) -> Points:
    """Where the tissue that is now at `points` was at end-diastole, mm: the inverse of shortening, thickening and twist.

    Tissue beyond the roof of the atria and far outside the heart does not move.
    """
    heart, length = state.heart, state.length_mm
    stretch = heart.length_ed_mm / length
    roof = -heart.length_ed_mm - heart.la_length_mm
    atrial = roof + (points.z - roof) * ((-heart.length_ed_mm - roof) / (-length - roof))
    z = torch.where(points.z < -length, torch.where(points.z < roof, points.z, atrial), points.z * stretch)
    z = torch.where(points.z > 0, points.z, z)
    inner_ed = lv.radius * (heart.radius_ed_mm / state.radius_mm)
    # Cross-sections of the wall keep their area times length, so squared radii map linearly; outside, the shift decays.
    square = (lv.axis_distance**2 - lv.radius**2) / stretch + inner_ed**2
    outer_square = (lv.outer_radius**2 - lv.radius**2) / stretch + inner_ed**2
    excess = (lv.axis_distance - lv.outer_radius).clamp_min(0)
    shift = (outer_square.sqrt() - lv.outer_radius) * torch.exp(-excess / 15)
    distance = torch.where(excess > 0, lv.axis_distance + shift, square.clamp_min(1e-3).sqrt())
    angle = -heart.twist_rad * state.contraction
    cosine, sine = torch.cos(angle * lv.u.clamp(0, 1)), torch.sin(angle * lv.u.clamp(0, 1))
    scale = distance / lv.axis_distance
    return Points(scale * (points.x * cosine - points.y * sine), scale * (points.x * sine + points.y * cosine), z)


@dataclass(frozen=True)
class Scene:
    """What stays the same over a clip. `tissue_db`, `static_haze` and `beam_gain` are textures on `grid`, all float32.

    `tissue_db` (depth, beams) varies the tissue's level in dB. `static_haze` (depth, beams) is an amplitude, 1 that of a 0 dB
    medium. `beam_gain` (1, beams) is a factor of amplitudes, 0 to 1.
    """

    heart: Heart
    view: View
    pose: Pose
    sector: Sector
    quality: ImageQuality
    grid: Grid
    tissue_db: Tensor
    static_haze: Tensor
    beam_gain: Tensor


def build_scene(heart: Heart, view: View, quality: int, polar: tuple[int, int], seed: int) -> Scene:
    """Draw probe position, image properties and the static textures; `polar` is (samples, lines)."""
    rng = np.random.default_rng([seed, 0x5CE2E])
    pose, sector = sample_view(heart, view, rng)
    properties = sample_quality(quality, rng)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    grid = sector.grid(*polar)
    tissue_db = 1.6 * speckle.smooth_noise(polar, (18, 14), generator) + 0.9 * speckle.smooth_noise(polar, (60, 40), generator)
    haze = _static_haze(properties, sector, grid, polar, generator)
    return Scene(heart, view, pose, sector, properties, grid, tissue_db, haze, _beam_gain(properties, sector, grid))


def _static_haze(
    properties: ImageQuality, sector: Sector, grid: Grid, polar: tuple[int, int], generator: torch.Generator
) -> Tensor:
    """Amplitude of clutter that does not move with the heart: chest-wall reverberation and one hazy patch."""
    depth = grid.depth_mm.reshape(-1, 1)
    layers = speckle.smooth_noise(polar, (90, 3), generator) * torch.exp(-depth / 18)
    near_db = properties.reverberation_db + 20 * torch.exp(-depth / 9) - 8.7 * depth / 20 + 5 * layers
    centre = torch.rand(2, generator=generator)
    across = grid.angle_rad.reshape(1, -1) / sector.half_angle_rad - (centre[0] * 1.6 - 0.8)
    along = depth / sector.depth_mm - (0.2 + 0.35 * centre[1])
    patch = torch.exp(-((across / 0.5) ** 2) - (along / 0.25) ** 2)
    haze = 10 ** (properties.haze_db / 20) * (0.3 + patch)
    still = speckle.envelope(torch.ones(polar), speckle.random_scatterers(polar, generator), grid, properties.spread)
    return (10 ** (near_db / 20) + haze) * still


def _beam_gain(properties: ImageQuality, sector: Sector, grid: Grid) -> Tensor:
    """Amplitude gain of each beam: weaker at the sector's edges, lost behind ribs."""
    position = grid.angle_rad / sector.half_angle_rad
    loss_db = properties.edge_loss_db * position**4
    for centre, half_width, depth_db in properties.shadows:
        loss_db = loss_db + depth_db * torch.exp(-(((position - centre) / half_width) ** 2))
    return torch.pow(10.0, -loss_db / 20).reshape(1, -1)


def polar_frame(scene: Scene, time_ms: float, generator: torch.Generator, *, moving_speckle: bool) -> Tensor:
    """Grey levels (depth, beams), float32, 0 to 1, on the polar grid, `time_ms` after an R wave.

    With `moving_speckle` the tissue's speckle follows the tissue from frame to frame; single frames save that effort.
    """
    state = state_at(scene.heart, time_ms)
    points, beam = polar_points(scene.pose, scene.grid)
    echo = paint(state, points, beam, scene.tissue_db, scene.quality.levels)
    shape = (points.x.shape[0], points.x.shape[1])
    scatterers = speckle.random_scatterers(shape, generator)
    if moving_speckle:
        material = material_points(state, points, echo.ventricle)
        tissue = ~echo.is_blood
        scatterers[:, tissue] = speckle.tissue_scatterers(Points(*(c[tissue] for c in material)))
        power = speckle.tissue_power(scene.grid, scene.quality.spread)
        scatterers = torch.where(tissue, scatterers / torch.sqrt(power), scatterers)
    amplitude = torch.pow(10.0, echo.level_db / 20)
    signal = speckle.envelope(amplitude, scatterers, scene.grid, scene.quality.spread) * scene.beam_gain
    return speckle.compress(_with_noise(signal, scene, generator), scene.quality.display)


def _with_noise(signal: Tensor, scene: Scene, generator: torch.Generator) -> Tensor:
    """Electronic noise grows with depth as the time-gain compensation does; clutter has its own, static speckle."""
    depth = (scene.grid.depth_mm / scene.sector.depth_mm).reshape(-1, 1)
    noise = 10 ** (scene.quality.noise_db / 20) * torch.pow(10.0, 14 * (depth**2 - 0.4) / 20)
    real = torch.randn(signal.shape, generator=generator)
    imaginary = torch.randn(signal.shape, generator=generator)
    clutter = scene.static_haze * scene.beam_gain
    power = signal**2 + clutter**2 + noise**2 * (real**2 + imaginary**2) / 2
    return torch.sqrt(power)


def frame_generator(seed: int, frame_index: int) -> torch.Generator:
    """One generator per frame, so any frame can be made alone and equals the same frame of the whole clip."""
    mixed = np.random.SeedSequence([seed, frame_index]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed((int(mixed[0]) << 31) ^ int(mixed[1]))
