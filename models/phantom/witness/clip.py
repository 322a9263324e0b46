"""Clips of the witness: frames from an R wave on, and their truth."""

import numpy as np

from models.phantom.rendered import PlaneClip
from models.phantom.witness.heart import END_SYSTOLE_PHASE, Heart, state_at
from models.phantom.witness.picture import picture, sample_machine
from models.phantom.witness.planes import PLANES, place
from models.phantom.witness.truth import contours, landmarks, values


def render_plane(
    heart: Heart, echoview47: str, *, seed: int, quality: int, frames: int, frame_rate_hz: float = 30.0,
    polar: tuple[int, int] = (256, 128),
) -> PlaneClip:  # fmt: skip
    """A clip that starts at an R wave. `polar` is (samples, lines). Raises LookupError for a class not in `PLANES`."""
    view = PLANES[echoview47]
    random = np.random.default_rng([seed, 0xA17, list(PLANES).index(echoview47)])
    plane, machine = place(heart, view, random), sample_machine(quality, heart.setting, random)
    times = np.arange(frames) * 1000 / frame_rate_hz
    states = [state_at(heart, float(t)) for t in times]
    pictures = np.stack([picture(plane, state, machine, polar, random) for state in states])
    r_waves = tuple(float(t) for t in np.arange(0, times[-1] + 1e-6, heart.rr_interval_ms))
    systoles = [r + END_SYSTOLE_PHASE * heart.rr_interval_ms for r in r_waves]
    whole = [(r, s) for r, s in zip(r_waves, systoles, strict=True) if s <= times[-1]]
    return PlaneClip(
        view, echoview47, plane.sector, pictures, times, r_waves, heart.heart_rate_bpm, quality, machine.cause,
        contours_mm=contours(plane, states), landmarks_mm=landmarks(plane, states), values=values(heart, plane),
        ed_frames=tuple(int(np.abs(times - r).argmin()) for r, _ in whole),
        es_frames=tuple(int(np.abs(times - s).argmin()) for _, s in whole),
    )  # fmt: skip
