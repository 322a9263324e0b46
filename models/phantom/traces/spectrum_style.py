"""How well a spectrum was taken and how it was set: its quality is true by construction."""

from dataclasses import dataclass, replace

import numpy as np

CAUSES = ("noise", "incomplete envelope", "gain too low", "gain too high", "clipped by scale", "off angle")
_DOPPLER_ANGLES_DEG = (55.0, 42.0, 28.0)  # by quality, from the worst: velocities come out 43, 26 and 12 % too low


@dataclass(frozen=True)
class SpectrumStyle:
    """Powers in dB of the flow's own; `exceeds` is the peak by what its side of the display shows, 0 with room for it.

    Grain: how many rows and columns an independent sample of speckle takes, and how many looks are averaged in it. `missing`
    is 0 for an envelope that is dense to its edge, towards 1 ever less of it is seen. `angle_deg` lies between beam and flow.
    """

    gain_db: float = 0.0
    dynamic_range_db: float = 36.0
    gamma: float = 1.0
    noise_db: float = -42.0
    feather: float = 0.012
    tail: float = 0.06
    tail_db: float = -17.0
    broadening: float = 0.2
    fill_db: float = -14.0
    window_s: float = 0.006
    grain: tuple[float, float] = (1.5, 1.5)
    smooth_grain: bool = True
    looks: int = 2
    wall_filter_share: float = 0.03
    clutter_db: float = -8.0
    click_db: float = -6.0
    mirror_db: float = -60.0
    missing: float = 0.0
    angle_deg: float = 0.0
    exceeds: float = 0.0


def sample_spectrum_style(quality: int, cause: str, rng: np.random.Generator) -> SpectrumStyle:
    """The style of a display of this quality, 0 (worst) to 3, lowered by `cause`, one of CAUSES.

    What is a machine's look varies alike at every quality. Raises LookupError for another quality or cause.
    """
    if quality not in range(4) or (cause and cause not in CAUSES):
        raise LookupError(f"no spectrum of quality {quality} by {cause!r}")
    look = SpectrumStyle(
        gain_db=rng.uniform(-2.5, 2.5),
        dynamic_range_db=rng.uniform(28, 44),
        gamma=rng.uniform(0.8, 1.3),
        noise_db=rng.uniform(-46, -31),
        feather=rng.uniform(0.006, 0.016),
        tail=rng.uniform(0.03, 0.07),
        tail_db=rng.uniform(-26, -16),
        broadening=rng.uniform(0.1, 0.3),
        fill_db=rng.uniform(-26, -10),
        window_s=rng.uniform(0.002, 0.008),
        grain=(rng.uniform(1.0, 2.5), rng.uniform(1.0, 4.0)),
        smooth_grain=bool(rng.random() < 0.7),
        looks=int(rng.integers(1, 4)),
        wall_filter_share=rng.uniform(0.01, 0.06),
        clutter_db=rng.uniform(-14, 2),
        click_db=rng.uniform(-30, -4),
        mirror_db=rng.uniform(-24, -13) if rng.random() < 0.2 else -60.0,
    )
    return look if quality == 3 else _worse(look, quality, cause, rng.uniform(0.85, 1.15))


def _worse(look: SpectrumStyle, quality: int, cause: str, vary: float) -> SpectrumStyle:
    step = (3 - quality) * vary
    if cause == "noise":
        return replace(look, noise_db=-30 + 7.5 * step)
    if cause == "incomplete envelope":
        return replace(look, missing=min(0.3 * step, 1.0))
    if cause == "gain too low":
        return replace(look, gain_db=-8 * step - 2)
    if cause == "gain too high":
        return replace(
            look, gain_db=7.5 * step + 3, mirror_db=max(look.mirror_db, -24 + 3 * step), noise_db=max(look.noise_db, -40)
        )
    if cause == "clipped by scale":
        return replace(look, exceeds=(1.55, 1.22, 1.06)[quality] * (1 + 0.2 * (vary - 1)))
    angle_deg = _DOPPLER_ANGLES_DEG[quality] * (1 + 0.3 * (vary - 1))
    return replace(
        look, angle_deg=angle_deg, feather=look.feather * (1 + step), gain_db=look.gain_db - 2.5 * step, tail_db=-14 + 3 * step
    )
