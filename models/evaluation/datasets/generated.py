"""Synthetic hearts that no training has seen, of each generator, as a data set: clips on carts' screens and their truth.

Of every heart A4C, A2C and PLAX over a beat. The two generators that teach, which know every class, add two loops of other
classes and two spectra. The witness, which teaches nothing, draws those three views alone.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import cv2
import numpy as np

from models.catalogue import LINE_OF, LINES, QUANTITIES, in_order
from models.clip import Clip
from models.derive.calipers.linear import length_cm
from models.evaluation.datasets.items import Caliper, DataSet, Item, Mask, Masks, TrueLandmark, TrueValue, Truth
from models.phantom import counterpart, heart, planes, traces, witness
from models.phantom.rendered import PlaneClip, Rendered, Trace
from models.phantom.screens import compose, screen_of
from models.results import Point

GENERATED = "generated"
FIRST_SEED = 1_200_000  # of the hearts that are kept for this
SHOWN = ("a4ch-full", "a2ch-full", "plax-full-lv")
FRAME_RATE_HZ = 30.0
_POLAR = (224, 128)
_BEATS = 1.15  # a beat is whole only with the way back to end-diastole
_SPECTRA = tuple(view for view in counterpart.TRACES if view not in traces.M_MODE_VIEWS)
_SHIFT = 4  # fractional bits of a vertex


class Generator(StrEnum):
    """FIRST and SECOND teach. UNSEEN is the witness as it is only reported, CALIBRATION as it sets the gate."""

    FIRST = "first"
    SECOND = "second"
    UNSEEN = "unseen"
    CALIBRATION = "calibration"


@dataclass(frozen=True, eq=False)
class GeneratedStudy:
    """`clips` with their truth, A4C, A2C and PLAX first, and what is exactly true of the heart, by our keys."""

    generator: Generator
    seed: int
    quality: int
    clips: tuple[tuple[Clip, Rendered], ...]
    truth: Mapping[str, float]


def generated(
    generator: Generator, hearts: int, first_seed: int = FIRST_SEED, *, frame_rate_hz: float = FRAME_RATE_HZ
) -> DataSet:
    """Each heart is drawn when its first clip is asked for, and may be let go with its last."""
    seeds = range(first_seed, first_seed + hearts)
    items = (
        item for seed in seeds for item in _items(generated_study(generator, seed, others=True, frame_rate_hz=frame_rate_hz))
    )
    note = f"{hearts} synthetic hearts of the {generator.value} generator, seeds from {first_seed}"
    return DataSet(GENERATED, items, notes=(note,))


def generated_study(
    generator: Generator, seed: int, *, others: bool = False, frame_rate_hz: float = FRAME_RATE_HZ
) -> GeneratedStudy:
    """Of quality 0 to 3 by seed. The same seed gives the same bytes."""
    quality = seed % 4
    drawn = [*_loops(generator, seed, quality, frame_rate_hz), *(_others(generator, seed, quality) if others else ())]
    rendered = [compose(one, screen_of(seed + place), seed + place) for place, one in enumerate(drawn)]
    clips = tuple((as_clip(one, f"{seed}.{index}"), one) for index, one in enumerate(rendered))
    return GeneratedStudy(generator, seed, quality, clips, _truth(generator, seed, rendered))


def as_clip(rendered: Rendered, uid: str = "") -> Clip:
    """As the node would read the object."""
    frames = rendered.frames if rendered.frames.ndim == 4 else np.repeat(rendered.frames[..., None], 3, axis=3)
    times = rendered.frame_times_ms if len(frames) > 1 else None
    return Clip(
        uid, frames, times, rendered.regions, rendered.r_wave_times_ms, rendered.heart_rate_bpm, is_quality_control_subject=True
    )


def _loops(generator: Generator, seed: int, quality: int, frame_rate_hz: float) -> list[PlaneClip]:
    if generator in (Generator.UNSEEN, Generator.CALIBRATION):
        third = witness.sample_heart(seed, _setting(generator))
        frames = math.ceil(_BEATS * third.rr_interval_ms * frame_rate_hz / 1000) + 1
        draw = partial(witness.render_plane, third, frames=frames)
    elif generator is Generator.FIRST:
        draw = partial(planes.render_plane, heart.sample_heart(seed), beats=_BEATS)
    else:
        draw = partial(counterpart.render_plane, counterpart.sample_heart(seed), beats=_BEATS)
    return [draw(name, seed=seed, quality=quality, frame_rate_hz=frame_rate_hz, polar=_POLAR) for name in SHOWN]


def _others(generator: Generator, seed: int, quality: int) -> Sequence[PlaneClip | Trace]:
    """Two loops of a few frames and two spectra, of whatever classes the seed says."""
    if generator in (Generator.UNSEEN, Generator.CALIBRATION):
        return ()
    rng = np.random.default_rng([seed, 0x07E5])
    names = [name for name in planes.PLANES if name not in SHOWN]
    chosen = [names[int(index)] for index in rng.choice(len(names), 2, replace=False)]
    views = [_SPECTRA[int(index)] for index in rng.choice(len(_SPECTRA), 2, replace=False)]
    first = generator is Generator.FIRST
    one, other = heart.sample_heart(seed), counterpart.sample_heart(seed)
    draw = partial(planes.render_plane, one) if first else partial(counterpart.render_plane, other)
    trace = partial(traces.render_trace, one) if first else partial(counterpart.render_trace, other)
    return [
        *(draw(name, seed=seed, quality=quality, frames=4, frame_rate_hz=8.0, polar=_POLAR) for name in chosen),
        *(trace(view, seed=seed, quality=quality) for view in views),
    ]


def _setting(generator: Generator) -> witness.Setting:
    return witness.Setting.REPORT if generator is Generator.UNSEEN else witness.Setting.CALIBRATION


def _truth(generator: Generator, seed: int, rendered: Sequence[Rendered]) -> dict[str, float]:
    """Volumes of the heart itself, the rest as it can be read in the planes."""
    found = {key: value for one in rendered for key, value in one.values.items()}
    if generator in (Generator.UNSEEN, Generator.CALIBRATION):
        third = witness.sample_heart(seed, _setting(generator))
        return found | {"ef_bp": third.ef_percent, "lvedv_bp": third.edv_ml, "lvesv_bp": third.esv_ml}
    if generator is Generator.FIRST:
        exact = heart.true_values(heart.sample_heart(seed))
        return found | {key: value for key, value in exact.items() if key.endswith("_bp")}
    return found


def _items(study: GeneratedStudy) -> Iterator[Item]:
    for clip, rendered in study.clips:
        ed, es = (next(iter(frames), None) for frames in (rendered.ed_frames, rendered.es_frames))
        traced = [frame for frame in (ed, es) if frame is not None]
        truth = Truth(
            label=rendered.echoview47,
            view=rendered.view,
            quality=rendered.quality,
            ed_frame=ed,
            es_frame=es,
            masks=partial(_masks, rendered, traced),
            structures=tuple(dict.fromkeys(contour.structure for contour in rendered.contours)),
            calipers=_calipers(rendered, clip),
            landmarks=_landmarks(rendered),
            values={key: TrueValue(one, QUANTITIES[key].unit) for key, one in rendered.values.items() if key in QUANTITIES},
        )
        yield Item(clip.sop_instance_uid, str(study.seed), "test", partial(_same, clip), truth)


def _same(clip: Clip) -> Clip:
    return clip


def _lines(rendered: Rendered) -> Iterator[tuple[str, int, tuple[Point, Point]]]:
    """Name, frame and both ends of each line, whichever end its generator states first."""
    for mark in rendered.landmarks:
        if mark.key in LINE_OF and len(mark.points_px) == 2:
            line = LINE_OF[mark.key]
            ends = np.full((1, len(LINES), 2, 2), np.nan)
            ends[0, LINES.index(line)] = mark.points_px
            first, last = in_order(ends)[0, LINES.index(line)].tolist()
            yield line, mark.frame_index, ((first[0], first[1]), (last[0], last[1]))


def _landmarks(rendered: Rendered) -> tuple[TrueLandmark, ...]:
    """Both ends of each line, named as a network's labels name them."""
    return tuple(
        TrueLandmark(f"{line}_{number}", frame, point)
        for line, frame, ends in _lines(rendered)
        for number, point in enumerate(ends, start=1)
    )


def _calipers(rendered: Rendered, clip: Clip) -> tuple[Caliper, ...]:
    region = clip.b_mode_region().region
    return tuple(
        Caliper(line, frame, ends, length_cm(*ends, region.cm_per_px) / math.dist(*ends) if region else None)
        for line, frame, ends in _lines(rendered)
    )


def _masks(rendered: Rendered, frames: Sequence[int]) -> Masks:
    """On these frames; the wall without the cavity that it encloses."""
    shape = rendered.frames.shape[1:3]
    masks: dict[str, dict[int, Mask]] = {}
    for contour in rendered.contours:
        if contour.frame_index in frames:
            mask = np.zeros(shape, np.uint8)
            cv2.fillPoly(mask, [np.round(np.array(contour.points_px) * 2**_SHIFT).astype(np.int32)], 1, shift=_SHIFT)
            masks.setdefault(contour.structure, {})[contour.frame_index] = mask > 0
    cavity = masks.get("lv", {})
    for frame in masks.get("lv_wall", {}).keys() & cavity.keys():
        masks["lv_wall"][frame] &= ~cavity[frame]
    return masks
