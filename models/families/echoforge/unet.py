"""EchoLVSNet, EchoForge's segmenter of the left ventricle.

Its authors publish no table and no measurement: columns and keys here are ours. Nothing here knows which view a clip shows, so
its areas have no key of the dictionary, where each view has its own.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import RegionCalibration, RegionChoice
from models.clip import Clip
from models.derive.calipers.diameter_curve import Motion, phase_frames
from models.derive.ventricle.outline import closed_lines, polygon_area
from models.families.echoforge.class_reading import BATCH
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.inputs.clip_input import input_of
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Mark, Reading, calibration_reason
from models.networks.frame_answers import frame_answers
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.networks.u_net import UNet
from models.results import CaliperKind, ReadValue, Reason, of_frames

WIDTHS = (32, 64, 128, 256, 512)
COLUMNS = ("frame_index", "area_px", "area_cm2")
_LEVEL = 0.5
_LIMITS_CM2 = (2.0, 100.0)  # of a ventricle at any moment: impossible outside, as for EchoNet-Dynamic's areas

Points = NDArray[np.float64]


class EchoForgeUNet(ReadingNetwork):
    """Grey `frames` (n, 1, h, w), float32, 0 to 255, h and w multiples of 32 -> logits (n, outputs, h, w).

    Keras has the sigmoid inside. `[architecture]`: `outputs`; `rescale`, whether the network itself divides by 255.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.own_limits = dict.fromkeys(("lv_area", "lv_area_d", "lv_area_s"), _LIMITS_CM2)
        self.scale = KERAS_RESCALE if manifest.architecture["rescale"] else 1.0
        self.network = UNet(channels=1, outputs=int(str(manifest.architecture["outputs"])), widths=WIDTHS)

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.network(frames * self.scale)
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """The largest outline of every frame, its area in px of the image and in cm2; the area at both ends of the beat.

        Both decodings are the same.
        """
        choice = clip.b_mode_region()
        region = choice.region
        outlines = self._outlines(clip, region)
        areas_px = [polygon_area(line) if line is not None else None for line in outlines]
        cm2_per_px = region.cm_per_px[0] * region.cm_per_px[1] if region else None
        values, rule = _values(clip, areas_px, cm2_per_px, choice)
        rows = tuple(
            {"frame_index": index, "area_px": area, "area_cm2": None if area is None or not cm2_per_px else area * cm2_per_px}
            for index, area in enumerate(areas_px)
        )
        marks = tuple(
            Mark(index, CaliperKind.OUTLINE, tuple((float(x), float(y)) for x, y in line), "LV", keys=tuple(self.own_limits))
            for index, line in enumerate(outlines)
            if line is not None
        )
        return Reading(values, COLUMNS, rows, marks, (ONE_DECODING, rule))

    def _outlines(self, clip: Clip, region: RegionCalibration | None) -> list[Points | None]:
        """In px of the image; None without a ventricle. What lies outside the region has not its size of a pixel."""
        height, width = self.manifest.input_shape[-2:]
        seen_frames = input_of(clip, self.manifest)
        scale = np.array([clip.columns / width, clip.rows / height])
        seen = np.ones((height, width), np.float32)
        if region:
            x0, y0, x1, y1 = region.corners_px
            x, y = ((np.arange(side) + 0.5) * step - 0.5 for side, step in zip((width, height), scale, strict=True))
            seen[:] = np.outer((y >= y0 - 0.5) & (y <= y1 + 0.5), (x >= x0 - 0.5) & (x <= x1 + 0.5))
        outlines: list[Points | None] = []
        for maps in frame_answers(self, seen_frames, range(clip.number_of_frames), BATCH):
            probability = maps[0].sigmoid().numpy() * seen
            line = max(closed_lines(probability, _LEVEL), key=polygon_area, default=None)
            outlines.append(None if line is None else seen_frames.to_image(line))
        return outlines


def _values(
    clip: Clip, areas_px: Sequence[float | None], cm2_per_px: float | None, choice: RegionChoice
) -> tuple[tuple[ReadValue, ...], str]:
    if len(areas_px) == 1:
        return _area("lv_area", areas_px, (0,), "one frame, its phase is not known", cm2_per_px, choice), "one frame"
    diameters = np.sqrt(np.array([np.nan if area is None else area for area in areas_px]))
    phases = phase_frames(
        diameters, clip.frame_times_ms, clip.r_wave_times_ms, clip.heart_rate_bpm, Motion.CAVITY, clip.why_no_times
    )
    values: list[ReadValue] = []
    for key, frames in (("lv_area_d", phases.ed), ("lv_area_s", phases.es)):
        values += _area(key, areas_px, frames, f"mean of {len(frames)} beats", cm2_per_px, choice, phases.why_none)
    return tuple(values), phases.rule


def _area(
    key: str,
    areas_px: Sequence[float | None],
    frames: Sequence[int],
    detail: str,
    cm2_per_px: float | None,
    choice: RegionChoice,
    why_none: str = "",
) -> tuple[ReadValue, ...]:
    """The mean over these frames; of an uncalibrated clip the pixels, and why there are no square centimetres."""
    if all(area is None for area in areas_px):
        return (ReadValue(key, "cm2", None, reasons=(Reason.QUALITY,), detail="no ventricle on any frame"),)
    found = [area for frame in frames if (area := areas_px[frame]) is not None]
    if not found:
        return (ReadValue(key, "cm2", None, reasons=(Reason.NO_CARDIAC_CYCLE,), detail=why_none or "no such phase was found"),)
    value_px = float(np.mean(found))
    sources = of_frames(*(frame for frame in frames if areas_px[frame] is not None))
    if cm2_per_px is None:
        words = choice.problem.value if choice.problem else ""
        missing = ReadValue(key, "cm2", None, reasons=(calibration_reason(choice.problem),), detail=words)
        return ReadValue(key, "px", value_px, sources, detail=detail), missing
    value, (low, high) = value_px * cm2_per_px, _LIMITS_CM2
    if not low <= value <= high:
        words = f"{value:.1f} cm2 is outside {low:g} to {high:g} cm2"
        return (ReadValue(key, "cm2", None, sources[:1], reasons=(Reason.OUTSIDE_LIMITS,), detail=words),)
    return (ReadValue(key, "cm2", value, sources, detail=detail),)


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeUNet:
    with torch.device(device):
        network = EchoForgeUNet(manifest)
    return prepare(network, manifest, weights, device)
