"""Pictures of one synthetic heart for an examination: its planes and its displays over time, before a screen is set round them.

Nothing here is imported with the library that draws, so that planning an examination costs nothing.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration
from models.catalogue import DISPLAYS, Mode, View
from models.phantom.anatomy import end_systole_ms, sample_heart, state_at
from models.phantom.displays import DRAWN_DISPLAYS, AnnulusTrace, drawn_display
from models.phantom.rendered import PlaneClip, SectorShape, Trace

_PLANES = {
    "a4ch-full": View.A4C, "a2ch-full": View.A2C, "a3ch-full": View.A3C, "plax-full-lv": View.PLAX,
    "psax-lv-base": View.PSAX_MV, "psax-lv-mid": View.PSAX_PM, "psax-lv-apex": View.PSAX_APEX,
    "subcostal-heart": View.SUBCOSTAL_4C,
}  # fmt: skip
_MODES = {"_cw": Mode.CW, "_pw": Mode.PW}


def is_drawn(echoview47: str, view: View | None) -> bool:
    return view in DRAWN_DISPLAYS if view in DISPLAYS else echoview47 in _PLANES


def body_of(seed: int) -> tuple[float, float]:
    """Height in m and weight in kg."""
    random = np.random.default_rng([seed, 0xB0D7])
    height_m = float(np.clip(random.normal(1.72, 0.1), 1.45, 2.05))
    return height_m, float(np.clip(random.normal(25.5, 4.0), 17, 42)) * height_m**2


def true_values_of(seed: int) -> Mapping[str, float]:
    """What is true of the heart, by quantity key, in the catalogue's units."""
    heart = sample_heart(seed)
    values = {"ef": heart.ef_percent, "lvedv": heart.edv_ml, "lvesv": heart.esv_ml}
    found = {f"{name}_{method}": value for method in ("bp", "a4c", "a2c") for name, value in values.items()}
    return found | {"lv_len_d_a4c": heart.length_ed_mm / 10}


def plane_of(
    heart_seed: int,
    echoview47: str,
    *,
    seed: int,
    quality: int,
    beats: float,
    frame_rate_hz: float,
    polar: tuple[int, int],
    colour: bool,
) -> PlaneClip:
    """A loop of so many beats, or one frame at end-diastole where `beats` is 0. `polar` is (samples, lines)."""
    import torch

    from models.phantom.scene import build_scene, frame_generator, polar_frame
    from models.phantom.truth import lv_contour_mm

    torch.set_num_threads(1)  # the same bytes whatever the machine's number of cores
    heart, view = sample_heart(heart_seed), _PLANES[echoview47]
    scene = build_scene(heart, view, quality, polar, seed)
    frames = round(beats * heart.rr_interval_ms * frame_rate_hz / 1000) + 1 if beats else 1
    times: NDArray[np.float64] = np.arange(frames, dtype=np.float64) * 1000.0 / frame_rate_hz
    pictures = [
        polar_frame(scene, float(time), frame_generator(seed, index), moving_speckle=True) for index, time in enumerate(times)
    ]
    depths = scene.grid.depth_mm
    sector = SectorShape(scene.sector.half_angle_rad, float(depths[0]), float(depths[-1]))
    shown = np.stack([picture.numpy() for picture in pictures]).astype(np.float32)
    contours = {}
    if view in (View.A4C, View.A2C):
        contours["lv"] = np.stack([lv_contour_mm(state_at(heart, float(time)), scene.pose) for time in times])
    starts = [beat * heart.rr_interval_ms for beat in range(int(beats) + 1)]
    waves = tuple(start for start in starts if start <= times[-1])
    whole = [start for start in waves if start + end_systole_ms(heart) <= times[-1]]
    nearest = [[int(np.abs(times - start - after).argmin()) for start in whole] for after in (0.0, end_systole_ms(heart))]
    return PlaneClip(
        view, echoview47, sector, shown, times, waves, heart.heart_rate_bpm, quality, "",
        _flow(shown) if colour else None, contours, {}, {}, tuple(nearest[0]), tuple(nearest[1]),
    )  # fmt: skip


def trace_of(heart_seed: int, echoview47: str, view: View, *, seed: int, quality: int, seconds: float) -> Trace:
    """A display over `seconds`."""
    display = drawn_display(view, seed)
    region: RegionCalibration = display.region
    frame = display.frame()[region.y0_px : region.y1_px + 1, region.x0_px : region.x1_px + 1, 0]
    columns = min(frame.shape[1], round(seconds / abs(region.physical_delta_x)))
    panel = (frame[:, :columns] / 255).astype(np.float32)
    rate = display.rate_bpm
    waves = tuple(float(time) for time in np.arange(100.0, 1000 * columns * abs(region.physical_delta_x), 60000 / rate))
    if isinstance(display, AnnulusTrace):
        return Trace(
            view, echoview47, Mode.M_MODE, panel, abs(region.physical_delta_x), region.physical_y(region.y0_px),
            region.physical_delta_y, waves, rate, quality, values={"tapse": 10 * display.excursion_cm},
        )  # fmt: skip
    mode = Mode.TDI if view.startswith("doppler_tissue") else _MODES[view[-3:]]
    return Trace(
        view, echoview47, mode, panel, abs(region.physical_delta_x), region.physical_y(region.y0_px),
        region.physical_delta_y, waves, rate, quality, envelope_cm_s=display.velocities_cm_s()[:columns],
    )  # fmt: skip


def _flow(shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """Some flow in the middle of the sector, in cm/s, float32, of the shape of `shown`, float32 (frames, samples, lines)."""
    samples, lines = shown.shape[1:]
    down, across = np.mgrid[-1 : 1 : samples * 1j, -1 : 1 : lines * 1j]
    flow = np.where(down**2 / 0.1 + across**2 / 0.06 < 1, 55 * np.cos(3 * down), np.nan)
    return np.broadcast_to(flow.astype(np.float32), shown.shape)
