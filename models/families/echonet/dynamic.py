"""EchoNet-Dynamic: the ejection fraction of an apical four-chamber clip, and the area of its left ventricle over time.

Ouyang et al., Nature 580 (2020) 252-256. Both take clips with the training data's mean and standard deviation taken out per
colour; those values are not published, so who brings the weights brings them too (`[architecture] mean` and `std`), and without
them nothing is read.

Published and corrected ways differ in: beats (20 frames apart whatever the frame rate and a mistaken trimming, or R waves,
frame times and true percentiles), spacing of a clip's frames (every second one, or 40 ms, which that was in training), the cut
from a DICOM object (the first dark row, or the calibrated region), beats at the end of the video (dropped, or their clip moved
inside).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.catalogue import View
from models.clip import Clip
from models.derive.beats.beat_to_beat import (
    Indices,
    beat_start_ms,
    clip_indices,
    clip_starts,
    published_beat_starts,
    published_end_systoles,
    timed_clip,
    timed_starts_ms,
)
from models.derive.beats.cardiac_cycle import find_beats
from models.derive.calipers.linear import EF_LIMITS_PERCENT
from models.derive.ventricle.outline import closed_lines, polygon_area
from models.errors import ManifestError, UnsuitableModel
from models.families.echonet.clips import NOT_NORMALISABLE, Squares, normalisation
from models.families.echonet.square_frames import SquareClip, SquareFrames
from models.inputs.clip_input import as_clip
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.reading import Decoding, Mark, Reading, calibration_reason
from models.networks.frame_answers import frame_answers
from models.networks.reading_network import ReadingNetwork, without_a_beat
from models.networks.stored_weights import prepare
from models.networks.vision import DeepLab, r2plus1d_18
from models.results import Beat, CaliperKind, ReadValue, Reason, of_frames
from models.wording import counted

EF_KEY = "ef_video_regression"  # a quantity of its own, never the method of discs
BEAT_TO_BEAT = "beat_to_beat_"  # how figures of this way begin, as they are published
_MEAN_EF_PERCENT = 55.6  # where the original starts its training from
# Impossible outside: a sphere of the least volume (20 mL, 3 mL) has a section of 9 and 2.5 cm2, an ellipsoid of the largest
# volume (500 mL, 475 mL) and 16 cm of length one of 97 and 95 cm2.
_LIMITS_CM2 = {"lv_area_d_a4c": (8.0, 100.0), "lv_area_s_a4c": (2.0, 95.0)}
_CLIPS_AT_ONCE, _FRAMES_AT_ONCE = 4, 20


class LeftVentricle(ReadingNetwork, DeepLab):
    """Normalised RGB `frames` (n, 3, 112, 112), float32 -> logits (n, 1, 112, 112), above 0 where the left ventricle is."""

    own_limits = _LIMITS_CM2

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Area of every frame, and at end-diastole and end-systole: in cm2 where calibrated, always in px of the square."""
        if normalisation(self.manifest) is None:
            return Reading(tuple(_not_read(key, "cm2") for key in ("lv_area_d_a4c", "lv_area_s_a4c")))
        seen = SquareFrames(clip, self.manifest, decoding)
        cut = seen.cut
        answers = list(frame_answers(self, seen, range(len(cut.frames)), _FRAMES_AT_ONCE))
        logits = np.asarray(torch.stack(answers)[:, 0].numpy(), dtype=np.float32)
        areas = (logits > 0).sum(axis=(1, 2)).tolist()
        beats, es_frames = beats_of(areas, clip, decoding)
        rows = tuple(
            {
                "Filename": None,
                "Frame": frame,
                "Size": area,
                "HumanLarge": None,
                "HumanSmall": None,
                "ComputerSmall": int(small),
            }
            for frame, area in enumerate(areas)
            for small in (frame in es_frames,)
        )
        return Reading(
            _area_values(areas, beats, es_frames, clip, cut),
            columns=tuple(rows[0]) if rows else (),
            rows=rows,
            marks=tuple(_outlines(logits, cut)),
            notes=(cut.note,),
        )


class EjectionFraction(ReadingNetwork):
    """Normalised RGB `clips` (n, 3, 32, 112, 112), float32, every second frame -> ejection fraction (n,), percent."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = r2plus1d_18(outputs=1)
        nn.init.constant_(self.network.get_parameter("fc.bias"), _MEAN_EF_PERCENT)

    def forward(self, clips: Tensor) -> Tensor:
        ef_percent: Tensor = self.network(clips)[:, 0]
        return ef_percent

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """The corrected decoding, one clip for each of these beats; without any, over all clips of the video."""
        es_frames = [beat.es_frame_index for beat in beats] or None
        return self._read(clip, Decoding.CORRECTED, es_frames).values

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED, areas: Sequence[float] | None = None) -> Reading:
        """The mean over the beats that the ventricle's areas, one a frame, show; without them, over all clips of the video.

        A row for each clip that was asked about. The value needs no calibration, it is a ratio; the corrected decoding says
        where there is none, and refuses what is impossible.
        """
        return self._read(clip, decoding, None if areas is None else beats_of(areas, clip, decoding)[1])

    def _read(self, clip: Clip, decoding: Decoding, es_frames: Sequence[int] | None) -> Reading:
        """Without end-systoles, over all clips of the video."""
        if normalisation(self.manifest) is None:
            return Reading((_not_read(EF_KEY, "%"),))
        seen = SquareClip(clip, self.manifest, decoding)
        if decoding is Decoding.CORRECTED and (missing := without_a_beat(clip, EF_KEY, "%")):
            return Reading((missing,))
        starts, clips = _clips(seen, clip, decoding, es_frames)
        found = self._regress(clips)
        return _ef_reading(starts, found, decoding, seen.cut, by_beat=es_frames is not None)

    def _regress(self, clips: Iterator[Tensor]) -> list[float]:
        place = next(self.parameters())
        found: list[float] = []
        with torch.inference_mode():
            while batch := list(islice(clips, _CLIPS_AT_ONCE)):
                found += self(torch.cat(batch).to(place.device, place.dtype)).float().cpu().tolist()
        return found


class BeatToBeat(ReadingNetwork):
    """Both networks: the ejection fraction of each beat that the segmenter finds, their mean, and the areas.

    Its manifest is the regressor's, its table and marks are the segmenter's. Raises UnsuitableModel for other networks.
    """

    def __init__(self, regressor: object, ventricle: object) -> None:
        super().__init__()
        if not isinstance(regressor, EjectionFraction) or not isinstance(ventricle, LeftVentricle):
            raise UnsuitableModel("beat to beat takes EchoNet-Dynamic's regressor of ejection fraction and its segmenter")
        self.manifest = regressor.manifest
        self.own_limits = ventricle.own_limits
        self.trained = regressor.trained and ventricle.trained
        self._regressor, self._ventricle = regressor, ventricle

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return self.manifest, self._ventricle.manifest

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        outlined = self._ventricle.read(clip, decoding)
        if not outlined.rows:
            return Reading((_not_read(EF_KEY, "%"), *outlined.values))
        fraction = self._regressor.read(clip, decoding, [int(str(row["Size"])) for row in outlined.rows])
        beats = ", ".join(f"{row['EF']:.1f}" for row in fraction.rows)
        notes = (*outlined.notes, f"EF of the beats: {beats}") if beats else outlined.notes
        return replace(outlined, values=(*fraction.values, *outlined.values), notes=notes)


def beat_to_beat(regressor: Model, segmenter: Model) -> Model:
    """The regressor, asked about each beat that the segmenter finds. Raises ManifestError for other models."""
    network = BeatToBeat(regressor.network, segmenter.network).eval()
    recipe = replace(regressor.recipe, ef_figures=BEAT_TO_BEAT, beats_by="")
    return Model(network, recipe, regressor.manifest, trained=network.trained)


def beats_of(areas: Sequence[float], clip: Clip, decoding: Decoding) -> tuple[tuple[Beat, ...], list[int]]:
    """Whole beats, and all end-systolic frames. The published way knows no beats, only end-systoles.

    The corrected way takes its end-systoles from the beats: a smallest area without a whole beat around it is none.
    """
    if decoding is Decoding.PUBLISHED:
        return (), published_end_systoles(areas)
    if clip.frame_times_ms is None:
        return (), []
    beats = find_beats(areas, clip.frame_times_ms.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)
    return beats, [beat.es_frame_index for beat in beats]


def _clips(
    seen: SquareClip, clip: Clip, decoding: Decoding, es_frames: Sequence[int] | None
) -> tuple[Sequence[float], Iterator[Tensor]]:
    """Starts of the clips, in frames as published or in ms, and the clips (1, 3, 32, 112, 112), cut when asked for."""

    def cut(indices: Indices) -> Tensor:
        return as_clip(seen.batch(seen.present(indices)))

    times = clip.frame_times_ms
    if decoding is Decoding.PUBLISHED or times is None:
        frames = clip.number_of_frames
        first = clip_starts(frames) if es_frames is None else published_beat_starts(es_frames, frames)
        return first, (cut(clip_indices(start)) for start in first)
    starts = timed_starts_ms(times)
    if es_frames is not None:
        starts = [beat_start_ms(float(times[frame]), times) for frame in es_frames]
    return starts, (cut(timed_clip(start, times)) for start in starts)


def _ef_reading(names: Sequence[float], found: list[float], decoding: Decoding, cut: Squares, *, by_beat: bool) -> Reading:
    column = "Frame" if decoding is Decoding.PUBLISHED else "Start_ms"
    rows = tuple({"Filename": None, column: name, "EF": ef} for name, ef in zip(names, found, strict=True))
    if not found:
        value = ReadValue(EF_KEY, "%", None, reasons=(Reason.NO_CARDIAC_CYCLE,), detail="no whole beat was found")
    else:
        of_what = "beats" if by_beat else "clips"
        sd = float(np.std(found, ddof=1)) if len(found) > 1 else None
        spread = "" if sd is None else f", SD {sd:.1f}"
        value = _fraction(float(np.mean(found)), f"mean of {len(found)} {of_what}{spread}", decoding, cut)
        if by_beat and value.value is not None:
            value = replace(value, beats=len(found), sd=sd)
    return Reading((value,), columns=("Filename", column, "EF"), rows=rows, notes=(cut.note,))


def _fraction(ef_percent: float, detail: str, decoding: Decoding, cut: Squares) -> ReadValue:
    if decoding is Decoding.PUBLISHED:
        return ReadValue(EF_KEY, "%", ef_percent, detail=detail)
    low, high = EF_LIMITS_PERCENT
    if not low <= ef_percent <= high:  # also refuses NaN
        words = f"{ef_percent:.1f} % is outside {low:g} to {high:g} %"
        return ReadValue(EF_KEY, "%", None, reasons=(Reason.OUTSIDE_LIMITS,), detail=words)
    return ReadValue(EF_KEY, "%", ef_percent, detail=detail if cut.cm2_per_px else f"uncalibrated; {detail}")


def _area_values(
    areas: list[int], beats: tuple[Beat, ...], es_frames: list[int], clip: Clip, cut: Squares
) -> tuple[ReadValue, ...]:
    phases = {"lv_area_d_a4c": [beat.ed_frame_index for beat in beats], "lv_area_s_a4c": es_frames}
    values: list[ReadValue] = []
    for key, frames in phases.items():
        if not frames:
            reason = (Reason.NO_CARDIAC_CYCLE,)
            values.append(ReadValue(key, "cm2", None, reasons=reason, detail="no such phase was found"))
            continue
        area_px, detail = float(np.mean([areas[frame] for frame in frames])), f"mean of {counted(len(frames), 'frame')}"
        if cut.cm2_per_px is None:
            reasons = (calibration_reason(clip.b_mode_region().problem),)
            values.append(ReadValue(key, "cm2", None, reasons=reasons, detail="uncalibrated"))
        else:
            area_cm2, (low, high) = area_px * cut.cm2_per_px, _LIMITS_CM2[key]
            if not low <= area_cm2 <= high:
                words = f"{area_cm2:.1f} cm2 is outside {low:g} to {high:g} cm2"
                values.append(ReadValue(key, "cm2", None, of_frames(frames[0]), reasons=(Reason.OUTSIDE_LIMITS,), detail=words))
                continue
            values.append(ReadValue(key, "cm2", area_cm2, of_frames(*frames), detail=detail))
        values.append(ReadValue(key, "px", area_px, of_frames(*frames), detail=detail))
    return tuple(values)


def _outlines(logits: NDArray[np.float32], cut: Squares) -> Sequence[Mark]:
    marks = []
    for frame_index, field in enumerate(logits):
        # Beyond the map `closed_lines` sees 0, which is the level of logits: moved so that it is outside there too.
        lines = closed_lines(np.clip(field, -20, 20) + 20, 20.0)
        if lines:
            outline = cut.placement.to_image(max(lines, key=polygon_area))
            marks.append(Mark(frame_index, CaliperKind.OUTLINE, outline, "LV", keys=tuple(_LIMITS_CM2)))
    return marks


def _not_read(key: str, unit: str) -> ReadValue:
    """The network cannot be shown the clip as its training data were shown."""
    return ReadValue(key, unit, None, reasons=(Reason.OUT_OF_DISTRIBUTION,), detail=NOT_NORMALISABLE)


_NETWORKS: dict[str, Callable[[Manifest], EjectionFraction | LeftVentricle]] = {
    "r2plus1d_18": EjectionFraction,
    "deeplabv3_resnet50": LeftVentricle,
}


def load(manifest: Manifest, weights: Path | None, device: str) -> EjectionFraction | LeftVentricle:
    network = str(manifest.architecture["network"])
    if network not in _NETWORKS:
        raise ManifestError(f"model {manifest.name}: unknown network {network!r}")
    with torch.device(device):
        built = _NETWORKS[network](manifest)
    return prepare(built, manifest, weights, device)
