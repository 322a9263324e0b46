"""Apical and parasternal clips of a heart that no training has seen, of each generator, as a cart would store them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.clip import Clip
from models.phantom import counterpart, heart, planes, witness
from models.phantom.rendered import PlaneClip, Rendered
from models.phantom.screens import compose, screen_of

SHOWN = ("a4ch-full", "a2ch-full", "plax-full-lv")
_FRAME_RATE_HZ = 30.0
_POLAR = (224, 128)
_BEATS = 1.15  # a beat is whole only with the way back to end-diastole


class Generator(StrEnum):
    """FIRST and SECOND teach. UNSEEN is the witness as it is only reported, CALIBRATION as it sets the gate."""

    FIRST = "first"
    SECOND = "second"
    UNSEEN = "unseen"
    CALIBRATION = "calibration"


@dataclass(frozen=True, eq=False)
class GeneratedStudy:
    """`clips` with their truth, and what is exactly true of the heart, by our keys."""

    generator: Generator
    seed: int
    quality: int
    clips: tuple[tuple[Clip, Rendered], ...]
    truth: Mapping[str, float]


def generated_study(generator: Generator, seed: int) -> GeneratedStudy:
    """A4C, A2C and PLAX over a beat, of quality 0 to 3 by seed. The same seed gives the same bytes."""
    quality = seed % 4
    rendered = [compose(clip, screen_of(seed), seed) for clip in _clips(generator, seed, quality)]
    clips = tuple((as_clip(one, f"{seed}.{index}"), one) for index, one in enumerate(rendered))
    return GeneratedStudy(generator, seed, quality, clips, _truth(generator, seed, rendered))


def as_clip(rendered: Rendered, uid: str = "") -> Clip:
    """As the node would read the object."""
    frames = rendered.frames if rendered.frames.ndim == 4 else np.repeat(rendered.frames[..., None], 3, axis=3)
    return Clip(
        uid, frames, rendered.frame_times_ms, rendered.regions, rendered.r_wave_times_ms, rendered.heart_rate_bpm,
        is_quality_control_subject=True,
    )  # fmt: skip


def _clips(generator: Generator, seed: int, quality: int) -> list[PlaneClip]:
    if generator is Generator.FIRST:
        one = heart.sample_heart(seed)
        return [
            planes.render_plane(one, name, seed=seed, quality=quality, beats=_BEATS, frame_rate_hz=_FRAME_RATE_HZ, polar=_POLAR)
            for name in SHOWN
        ]
    if generator is Generator.SECOND:
        other = counterpart.sample_heart(seed)
        return [
            counterpart.render_plane(
                other, name, seed=seed, quality=quality, beats=_BEATS, frame_rate_hz=_FRAME_RATE_HZ, polar=_POLAR
            )
            for name in SHOWN
        ]
    third = witness.sample_heart(seed, _setting(generator))
    frames = math.ceil(_BEATS * third.rr_interval_ms * _FRAME_RATE_HZ / 1000) + 1
    return [
        witness.render_plane(third, name, seed=seed, quality=quality, frames=frames, frame_rate_hz=_FRAME_RATE_HZ, polar=_POLAR)
        for name in SHOWN
    ]


def _setting(generator: Generator) -> witness.Setting:
    return witness.Setting.REPORT if generator is Generator.UNSEEN else witness.Setting.CALIBRATION


def _truth(generator: Generator, seed: int, rendered: list[Rendered]) -> dict[str, float]:
    """Volumes of the heart itself, the rest as it can be read in the planes."""
    found = {key: value for one in rendered for key, value in one.values.items()}
    if generator in (Generator.UNSEEN, Generator.CALIBRATION):
        third = witness.sample_heart(seed, _setting(generator))
        return found | {"ef_bp": third.ef_percent, "lvedv_bp": third.edv_ml, "lvesv_bp": third.esv_ml}
    if generator is Generator.FIRST:
        return found | {key: value for key, value in heart.true_values(heart.sample_heart(seed)).items() if key.endswith("_bp")}
    return found
