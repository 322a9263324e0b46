"""EchoApex' lines for left ventricular hypertrophy: septum, cavity and posterior wall of the parasternal long axis.

The abstract says "multiscale convolutional decoder"; its form is ours. The outputs of four blocks become maps of four sizes,
and each is added to the next finer one. The finest gives a heat map for either end of each line.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.calibration import RegionCalibration
from models.clip import Clip
from models.derive.calipers.diameter_curve import Motion, PhaseFrames, phase_frames
from models.derive.calipers.heat_map import PeakLimits, peak
from models.derive.calipers.linear import length_cm
from models.families.echo_apex.backbone import AdaptedBackbone
from models.families.echo_apex.inputs import frames as seen_frames
from models.families.echo_apex.sequences import not_read, untrained
from models.inputs.clip_squares import evenly
from models.inputs.letterbox import Letterbox
from models.library.manifest import Manifest
from models.library.reading import Decoding, Mark, Reading, calibration_reason
from models.networks.frame_answers import frame_answers
from models.networks.reading_network import ReadingNetwork, possible
from models.results import CaliperKind, Point, ReadValue, Reason, of_frames

_WIDTH, _GROUPS = 128, 8
_FRAMES, _BATCH = 64, 4
_APART_MS = 40.0  # close enough for every turn of a fast heart; so many frames then show a whole beat of a slow one
_LINES = {"IVS": "ivsd_2d", "LVID": "lvidd_2d", "LVPW": "lvpwd_2d"}  # two maps each, in this order
# A point is believed from this probability on, and if nothing a tenth of the frame away is half as probable.
_LIMITS = PeakLimits(least_probability=0.05, second_peak=0.5, far_px=22)

Line = tuple[Point, Point]


class Lines(ReadingNetwork):
    """RGB `frames` (n, 3, h, w), float32, 0 to 1 -> logits (n, 6, h, w): either end of IVS, LVID and LVPW."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.encoder = AdaptedBackbone(manifest)
        depth = self.encoder.blocks
        self.taken = [max(depth * quarter // 4 - 1, 0) for quarter in (1, 2, 3, 4)]  # the last block of each quarter
        self.sides = nn.ModuleList(_side(self.encoder.width, halvings) for halvings in (-2, -1, 0, 1))
        self.mixes = nn.ModuleList(_mix() for _ in range(3))
        self.head = nn.Sequential(_mix(), nn.Conv2d(_WIDTH, int(str(manifest.architecture["outputs"])), 1))

    def forward(self, frames: Tensor) -> Tensor:
        _, maps = self.encoder.with_maps(frames, self.taken)
        sized = [side(field) for side, field in zip(self.sides, maps, strict=True)]
        field = sized[-1]
        for mix, finer in zip(self.mixes, reversed(sized[:-1]), strict=True):
            larger = nn.functional.interpolate(field, size=finer.shape[-2:], mode="bilinear", align_corners=False)
            field = mix(finer + larger)
        logits = self.head(field)
        return nn.functional.interpolate(logits, size=frames.shape[-2:], mode="bilinear", align_corners=False)

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """The three lengths at an end-diastole that the curve of LVID tells; of several whole beats, where LVID is largest."""
        if untrained(self.manifest):
            return Reading(tuple(not_read(key, "cm") for key in _LINES.values()))
        indices = _asked(clip)
        seen = seen_frames(clip, self.manifest)
        answers = frame_answers(self, seen, indices, _BATCH)
        lines = [_lines(logits.sigmoid().numpy(), seen.box) for logits in answers]
        lengths_px = np.array([length_cm(*frame["LVID"], (1.0, 1.0)) if frame["LVID"] else np.nan for frame in lines])
        if not np.isfinite(lengths_px).any():
            return _none(Reason.QUALITY, "on no frame both ends of LVID are one clear peak")
        phases = _phases(lengths_px, clip, indices)
        marks = tuple(
            Mark(index, CaliperKind.LINE, line, name, keys=(_LINES[name],))
            for index, frame in zip(indices, lines, strict=True)
            for name, line in frame.items()
            if line
        )
        if not phases.ed:
            return replace(_none(Reason.NO_CARDIAC_CYCLE, phases.why_none), marks=marks, notes=(phases.rule,))
        chosen = max(phases.ed, key=lambda frame: float(lengths_px[frame]))
        read = (value for name, line in lines[chosen].items() for value in _measured(name, line, indices[chosen], clip))
        values = [possible(value, decoding, self.own_limits) for value in read]
        row = {"Filename": None, "Frame": indices[chosen], **{f"{v.key}_{v.unit}": v.value for v in values}}
        return Reading(tuple(values), columns=tuple(row), rows=(row,), marks=marks, notes=(phases.rule,))


def _asked(clip: Clip) -> Sequence[int]:
    """Frames close enough to each other to show the beats, from the clip's first one on."""
    times = clip.frame_times_ms
    if times is None or len(times) < 2:
        return evenly(clip.number_of_frames, _FRAMES)
    step = max(1, int(_APART_MS / max(float(np.median(np.diff(times))), 1.0)))
    return range(0, clip.number_of_frames, step)[:_FRAMES]


def _phases(lengths_px: NDArray[np.float64], clip: Clip, indices: Sequence[int]) -> PhaseFrames:
    """Of the frames of these `indices`, counted among them."""
    times = None if clip.frame_times_ms is None else clip.frame_times_ms[list(indices)]
    return phase_frames(lengths_px, times, clip.r_wave_times_ms, clip.heart_rate_bpm, Motion.CAVITY, clip.why_no_times)


def _none(reason: Reason, why: str) -> Reading:
    return Reading(tuple(ReadValue(key, "cm", None, reasons=(reason,), detail=why) for key in _LINES.values()))


def _side(width: int, halvings: int) -> nn.Module:
    """Maps (n, width, c, c) -> (n, 128, c / 2^halvings, ...): doubled by transposed convolutions, halved by a strided one."""
    steps: list[nn.Module] = [nn.Conv2d(width, _WIDTH, 1)]
    for _ in range(-halvings):
        steps += [nn.ConvTranspose2d(_WIDTH, _WIDTH, 2, stride=2), nn.GELU()]
    if halvings > 0:
        steps.append(nn.Conv2d(_WIDTH, _WIDTH, 3, stride=2, padding=1))
    return nn.Sequential(*steps)


def _mix() -> nn.Module:
    return nn.Sequential(nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.GroupNorm(_GROUPS, _WIDTH), nn.GELU())


def _lines(maps: NDArray[np.float32], box: Letterbox) -> dict[str, Line | None]:
    """Each line in px of the whole image, None where an end is no clear peak."""
    found: dict[str, Line | None] = {}
    for number, name in enumerate(_LINES):
        first, last = (peak(maps[2 * number + end], _LIMITS) for end in (0, 1))
        found[name] = None
        if first is not None and last is not None:
            (x0, y0), (x1, y1) = box.to_image(np.array([first, last])).tolist()
            found[name] = ((x0, y0), (x1, y1))
    return found


def _measured(name: str, line: Line | None, frame_index: int, clip: Clip) -> Sequence[ReadValue]:
    key = _LINES[name]
    if line is None:
        reasons, detail = (Reason.QUALITY,), f"an end of {name} is no clear peak at end-diastole"
        return [ReadValue(key, "cm", None, of_frames(frame_index), reasons=reasons, detail=detail)]
    choice = clip.b_mode_region()
    region: RegionCalibration | None = choice.region
    length_px = ReadValue(key, "px", length_cm(*line, (1.0, 1.0)), of_frames(frame_index))
    if region is None:
        reasons = (calibration_reason(choice.problem),)
        return [ReadValue(key, "cm", None, of_frames(frame_index), reasons=reasons, detail="uncalibrated"), length_px]
    return [ReadValue(key, "cm", length_cm(*line, region.cm_per_px), of_frames(frame_index)), length_px]
