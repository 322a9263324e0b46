"""What was timed, in words and as plain data."""

from collections.abc import Iterator, Sequence
from statistics import geometric_mean
from typing import Any

from models.bench.timing import Timing

PUBLISHED_WAY = (
    "published way: eager torch, single precision, one frame at a time, or one clip where a network takes clips; timed on at "
    "most 4 of them, 2 where they take long, and scaled. For the study: every frame through every network, each network by a "
    "script of its own, which is started and loads its weights once, and decodes each clip by pydicom's pixel_array."
)
SPEED_ONLY = "speed only: random weights tell nothing about the accuracy of half precision"


def line_of(timing: Timing) -> str:
    shape = " x ".join(str(side) for side in timing.shape)
    half = timing.half_ratio
    mark = "" if timing.trained else " (speed only)"
    in_half = "" if half is None else f", bf16 {half:.2f}{mark}"
    if timing.compiled_ratio is not None:
        in_half += f", compiled {'fp32' if half is None else 'bf16'} {timing.compiled_ratio:.2f}"
    unequal = "" if timing.equal else " NOT EQUAL"
    published = f"published {1000 * timing.published_s:.1f} ms"
    return f"{timing.name}, {shape}: {published}, fp32 {timing.ratio:.2f}{in_half}, by {timing.engine}{unequal}"


def summary_of(timings: Sequence[Timing]) -> Iterator[str]:
    """Means over all networks; of none nothing."""
    if not timings:
        return
    ratios = [timing.ratio for timing in timings]
    yield f"fp32: geometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}, of {len(ratios)} networks"
    halves = _halves(timings)
    if halves:
        random = "" if all(timing.trained for timing in timings) else f" ({SPEED_ONLY})"
        yield f"bf16: geometric mean {geometric_mean(halves):.2f}{random}"


def record_of(timings: Sequence[Timing]) -> dict[str, Any]:
    halves = _halves(timings)
    return {
        "published_way": PUBLISHED_WAY,
        "networks": [_row(timing) for timing in timings],
        "fp32_geometric_mean": geometric_mean([timing.ratio for timing in timings]) if timings else None,
        "bf16_geometric_mean": geometric_mean(halves) if halves else None,
    }


def _halves(timings: Sequence[Timing]) -> list[float]:
    return [timing.half_ratio for timing in timings if timing.half_ratio is not None]


def _row(timing: Timing) -> dict[str, Any]:
    return {
        "name": timing.name,
        "shape": list(timing.shape),
        "engine": timing.engine,
        "published_s": timing.published_s,
        "fp32_ratio": timing.ratio,
        "bf16_ratio": timing.half_ratio,
        "compiled_ratio": timing.compiled_ratio,
        "bf16_says": None if timing.half_ratio is None else "speed and no gate" if timing.trained else SPEED_ONLY,
        "equal": timing.equal,
    }
