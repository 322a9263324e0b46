"""EchoNet-Segmentation's velocity-time integrals: the flow of each beat as a mask, and what that is in centimetres.

The original finds beats with a detector under the AGPL; ours (`derive.spectral_beats`) looks at the brightness alone.
Published: rows from 342 on, the baseline taken for their middle, swapped chroma, areas in pixels: no centimetres were released.
Corrected: region, baseline and scale as the region says, the envelope summed over each beat, their mean with its spread.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import DisplayChoice
from models.catalogue import Direction
from models.clip import Clip
from models.derive.calipers.heat_map import sigmoid
from models.derive.displays import vti
from models.derive.displays.doppler import wrong_way
from models.derive.displays.spectral_beats import SpectralBeats, find_spectral_beats
from models.derive.displays.spectral_image import grey, without_green_trace
from models.families.echonet.beat_squares import BeatSquares, beat_columns, has_two_humps, square
from models.families.echonet.display import PUBLISHED_ROW, corrected_notes, metadata, within
from models.families.echonet.display_reader import DisplayReader
from models.families.echonet.frames import Frames, logits, swapped_chroma
from models.library.manifest import Manifest
from models.library.reading import Absent, Mark, Reading, not_measured, why_uncalibrated
from models.results import CaliperKind, ReadValue, Reason, of_frames

COLUMNS = (
    "filename", "measurement_name", "PhotometricInterpretation", "ultrasound_color_data_present", "x_left", "x_right",
    "passed_qc", "qc_reject_reason", "mask_area_px", "mean_confidence", "vti_cm",
)  # fmt: skip
_AT_ONCE = 4  # beats
_AREA_KEY = "mask_area"


@dataclass(frozen=True, eq=False)
class _Beat:
    """One beat: its columns in the image, the checked mask, its probabilities (256, 256); integral and direction, if any."""

    columns: slice
    flow: vti.BeatMask
    probability: NDArray[np.float32]
    vti_cm: float | None = None
    direction: Direction | None = None


class VtiReader(DisplayReader):
    """Columns of a beat at 256 x 256 (n, 3, 256, 256) -> logits (n, 1, 256, 256) of its flow."""

    columns = COLUMNS

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        self.key = str(manifest.architecture["key"])

    def _unmeasured(self, absent: list[Absent]) -> tuple[ReadValue, ...]:
        return (not_measured(self.key, "cm", absent),)

    def _published(self, clip: Clip, frame: Frames) -> Reading:
        first_row = min(PUBLISHED_ROW, clip.rows - 1)
        seen = swapped_chroma(frame) if clip.photometric_interpretation.startswith("YBR") else frame
        height = clip.rows - first_row
        found = find_spectral_beats(grey(without_green_trace(frame)[first_row:]), height / 2, None, two_humps=self._is_mitral)
        columns = beat_columns(found, 0, clip.columns)
        maps = logits(self, (square(seen[first_row:, part]) for part in columns))
        beats = self._marked(maps, columns, int(height // 2 * vti.SIZE_PX / height))
        for index in vti.published_inconsistent([beat.flow for beat in beats]):
            beats[index] = _rejected(beats[index], f"area of {beats[index].flow.area_px} px, more than 20 % off the best")
        best = vti.most_confident([beat.flow for beat in beats])
        shape = (height, clip.columns)
        masks = {
            index: vti.published_in_columns(beat.flow.mask, beat.columns, shape)
            for index, beat in enumerate(beats)
            if not beat.flow.rejected
        }
        values = [not_measured(self.key, "cm", [(Reason.NO_CALIBRATION, "the released code gives a mask and no centimetres")])]
        if best is not None:
            combined = np.logical_or.reduce(list(masks.values()))
            values.append(ReadValue("combined_mask_area", "px", float(combined.sum()), of_frames(0)))
            values.append(
                ReadValue("best_mask_area", "px", float(masks[best].sum()), of_frames(0), detail="of the most confident beat")
            )
        marks = tuple(mark for mask in masks.values() for mark in _outlines(mask, first_row))
        notes = ("published decoding", f"rows from {first_row} on, baseline in their middle", "beats by our own detector")
        return Reading(tuple(values), COLUMNS, self._rows(clip, beats), marks, notes)

    def _corrected(self, clip: Clip, frame_index: int, choice: DisplayChoice) -> Reading:
        region = choice.region
        seen = BeatSquares(clip, self.manifest)
        place, columns = seen.place, seen.columns(frame_index)
        height = clip.rows - place.first_row
        maps = self._maps(seen.batch((frame_index,))) if columns else []
        beats = self._marked(maps, columns, seen.zero_row * vti.SIZE_PX / height)
        masks = [vti.in_columns(beat.probability, beat.columns, (height, clip.columns)) for beat in beats]
        absent = why_uncalibrated(choice)
        if not beats:
            absent.append((Reason.NO_CARDIAC_CYCLE, "no whole beat on the display"))
        if region is not None:
            whole = [np.concatenate([np.zeros((place.first_row, clip.columns), bool), mask]) for mask in masks]
            for index, mask in enumerate(whole):
                if not beats[index].flow.rejected and vti.runs_off(mask, region):
                    beats[index] = _rejected(beats[index], "aliasing: the flow reaches the edge of the display")
            integrals = [vti.envelope(mask, region) for mask in whole]
            beats = [replace(beat, vti_cm=cm, direction=way) for beat, (cm, way) in zip(beats, integrals, strict=True)]
            beats = _without_outliers(_of_one_direction(beats))
            absent += [why for way in _directions(beats)[:1] if (why := wrong_way(self.key, way))]
        values = self._values(beats, masks, absent, calibrated=region is not None)
        marks = tuple(
            mark
            for beat, mask in zip(beats, masks, strict=True)
            if not beat.flow.rejected
            for mark in _outlines(mask, place.first_row, self.key, _AREA_KEY)
        )
        if region is not None and values[-1].value is None:
            beats = [beat if beat.flow.rejected else _rejected(beat, values[-1].detail) for beat in beats]
        return Reading(
            values, COLUMNS, self._rows(clip, beats), marks, (*corrected_notes(choice), _rhythm(seen.found(frame_index)))
        )

    @property
    def _is_mitral(self) -> bool:
        return has_two_humps(self.manifest)

    def _maps(self, beats: Tensor) -> Iterator[NDArray[np.float32]]:
        place = next(self.parameters())
        for batch in (beats[first : first + _AT_ONCE] for first in range(0, len(beats), _AT_ONCE)):
            with torch.inference_mode():
                answer = self(batch.to(place.device, place.dtype)).float().cpu()
            yield from answer.numpy()

    def _marked(self, maps: Iterable[NDArray[np.float32]], columns: Sequence[slice], baseline_row: float) -> list[_Beat]:
        """The network's logits (1, 256, 256) of the beats in these columns, as checked masks."""
        found = [sigmoid(logits[0]) for logits in maps]
        masks = [vti.checked_mask(probability, baseline_row, self._is_mitral) for probability in found]
        return [_Beat(*beat) for beat in zip(columns, masks, found, strict=True)]

    def _values(
        self, beats: list[_Beat], masks: list[vti.Mask], absent: list[Absent], *, calibrated: bool
    ) -> tuple[ReadValue, ...]:
        good = [index for index, beat in enumerate(beats) if not beat.flow.rejected]
        if beats and not good:
            words = "; ".join(sorted({beat.flow.rejected for beat in beats}))
            absent = [*absent, (Reason.QUALITY, f"no beat of {len(beats)} is believed: {words}")]
        pixels = []
        if good and not calibrated:
            area_px = float(np.mean([masks[index].sum() for index in good]))
            pixels = [ReadValue(_AREA_KEY, "px", area_px, of_frames(0), detail=f"mean of {len(good)} beats")]
        if absent:
            return (*pixels, *self._unmeasured(absent))
        integrals_cm = [beat.vti_cm for beat in beats if not beat.flow.rejected and beat.vti_cm is not None]
        detail, sd_cm = f"mean of {len(integrals_cm)} beats", None
        if len(integrals_cm) > 1:
            sd_cm = float(np.std(integrals_cm, ddof=1))
            detail += f", SD {sd_cm:.2g} cm"
        value = within(self.key, "cm", float(np.mean(integrals_cm)), vti.LIMITS_CM[self.key], detail)
        if value.value is None:
            return (value,)
        return (replace(value, beats=len(integrals_cm), sd=sd_cm, direction=_directions(beats)[0]),)

    def _rows(self, clip: Clip, beats: list[_Beat]) -> tuple[dict[str, str | int | float | None], ...]:
        name = self.manifest.name.rsplit("_", 1)[-1].upper()
        return tuple(
            metadata(clip, name)
            | {
                "x_left": beat.columns.start,
                "x_right": beat.columns.stop,
                "passed_qc": int(not beat.flow.rejected),
                "qc_reject_reason": beat.flow.rejected,
                "mask_area_px": beat.flow.area_px,
                "mean_confidence": round(beat.flow.confidence, 4),
                "vti_cm": None if beat.flow.rejected else beat.vti_cm,
            }
            for beat in beats
        )


def _directions(beats: list[_Beat]) -> list[Direction]:
    """Those of the believed beats, that of the most flow first."""
    flow_cm: dict[Direction, float] = {}
    for beat in beats:
        if beat.direction is not None and not beat.flow.rejected:
            flow_cm[beat.direction] = flow_cm.get(beat.direction, 0) + (beat.vti_cm or 0)
    return sorted(flow_cm, key=lambda direction: flow_cm[direction], reverse=True)


def _of_one_direction(beats: list[_Beat]) -> list[_Beat]:
    """No mean is taken over flow to and fro."""
    others = _directions(beats)[1:]
    return [
        beat if beat.flow.rejected or beat.direction not in others else _rejected(beat, "flow the other way than most of it")
        for beat in beats
    ]


def _without_outliers(beats: list[_Beat]) -> list[_Beat]:
    good = [index for index, beat in enumerate(beats) if not beat.flow.rejected]
    outliers = {good[place] for place in vti.inconsistent([float(beats[index].vti_cm or 0) for index in good])}
    words = "more than half the median away from it"
    return [_rejected(beat, words) if index in outliers else beat for index, beat in enumerate(beats)]


def _rejected(beat: _Beat, words: str) -> _Beat:
    return replace(beat, flow=replace(beat.flow, rejected=words))


def _rhythm(found: SpectralBeats) -> str:
    rhythm = "no rhythm" if found.period_s is None else f"{60 / found.period_s:.0f} bpm"
    side = "above" if found.upwards else "below"
    return f"{len(found.beats)} whole beats by our own detector, {rhythm}, flow {side} the baseline"


def _outlines(mask: vti.Mask, first_row: int, *keys: str) -> list[Mark]:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [
        Mark(0, CaliperKind.OUTLINE, tuple((float(x), float(y + first_row)) for x, y in contour[:, 0].tolist()), keys=keys)
        for contour in contours
        if len(contour) > 2
    ]


def build(manifest: Manifest) -> VtiReader:
    return VtiReader(manifest)
