"""Pictures of one synthetic heart for an examination: its planes and its displays over time, before a screen is set round them.

What draws is imported where it draws, so that planning an examination costs nothing.
"""

from collections.abc import Mapping

from models.catalogue import View
from models.phantom.rendered import PlaneClip, Trace


def body_of(heart_seed: int) -> tuple[float, float]:
    """Height in m and weight in kg."""
    from models.phantom.heart import sample_heart

    heart = sample_heart(heart_seed)
    return heart.height_cm / 100, heart.weight_kg


def beat_s_of(heart_seed: int) -> float:
    """The mean R-R interval."""
    from models.phantom.heart import sample_heart

    return 60 / sample_heart(heart_seed).heart_rate_bpm


def true_values_of(heart_seed: int) -> Mapping[str, float]:
    """What is true of the heart and its flow, by quantity key, in the catalogue's units."""
    from models.phantom.heart import sample_heart, true_values
    from models.phantom.traces import flow, flow_values

    heart = sample_heart(heart_seed)
    return {**flow_values(heart, flow(heart)), **true_values(heart)}


def plane_of(
    heart_seed: int,
    echoview47: str,
    *,
    seed: int,
    quality: int,
    beats: float,
    frames: int | None,
    frame_rate_hz: float,
    polar: tuple[int, int],
    colour: bool,
) -> PlaneClip:
    """A loop of so many beats, or one frame at end-diastole where `beats` is 0. `polar` is (samples, lines).

    With `frames` the loop has so many, spread over its beats, instead of those of `frame_rate_hz`.
    """
    import torch

    from models.phantom.heart import sample_heart
    from models.phantom.planes import render_plane

    torch.set_num_threads(1)  # the same bytes whatever the machine's number of cores
    heart = sample_heart(heart_seed)
    if beats and frames:
        frame_rate_hz = 1000 * (frames - 1) / (beats * heart.rr_interval_ms)
    return render_plane(
        heart,
        echoview47,
        seed=seed,
        quality=quality,
        beats=beats,
        frames=frames if beats else 1,
        frame_rate_hz=frame_rate_hz,
        polar=polar,
        colour=colour,
    )


def trace_of(heart_seed: int, view: View, *, seed: int, quality: int, seconds: float) -> Trace:
    """A display over `seconds`."""
    import torch

    from models.phantom.heart import sample_heart
    from models.phantom.traces import render_trace

    torch.set_num_threads(1)
    return render_trace(sample_heart(heart_seed), view, seed=seed, quality=quality, seconds=seconds)
