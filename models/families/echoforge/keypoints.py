"""Key points of the parasternal long axis: the task EchoForge's page promises and publishes no network for.

All of it is our choice: EchoLVSNet's U-Net with one map per point on 256 px, and four points on one line across the left
ventricle. Septum, cavity and posterior wall share their borders (ASE/EACVI, J Am Soc Echocardiogr 2015;28:1-39).
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.derive.calipers.diameter_curve import Motion, PhaseFrames, phase_frames
from models.derive.calipers.heat_map import PeakLimits, peak
from models.derive.calipers.linear import PLAX_POINTS
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.families.echoforge.unet import WIDTHS
from models.inputs.clip_input import input_of
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Mark, Reading, calibration_reason
from models.networks.frame_answers import frame_answers
from models.networks.linear_values import Diameters, limits_without_phase, values_at
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.networks.u_net import UNet
from models.results import CaliperKind, ReadValue

# A line from a point to the next one (`PLAX_LINES`), and the keys of its length at end-diastole and end-systole.
LINES: dict[str, dict[str, str]] = {
    "ivs": {"at_ed": "ivsd_2d"},
    "lvid": {"at_ed": "lvidd_2d", "at_es": "lvids_2d"},
    "lvpw": {"at_ed": "lvpwd_2d"},
}
COLUMNS = ("frame", *(f"{point}_{axis}" for point in PLAX_POINTS for axis in "xy"), *LINES)
_BATCH = 8


class EchoForgeKeypoints(ReadingNetwork):
    """Grey `frames` (n, 1, 256, 256), float32, 0 to 255 -> logits (n, 4, 256, 256).

    Their sigmoid peaks at the points of `PLAX_POINTS`.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.own_limits = {key: limits for line in LINES for key, limits in limits_without_phase(self._line(line)).items()}
        self.network = UNet(channels=1, outputs=len(PLAX_POINTS), widths=WIDTHS)

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.network(frames * KERAS_RESCALE)
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Septum, cavity and posterior wall at end-diastole, the cavity at end-systole too. Both decodings are the same."""
        choice = clip.b_mode_region()
        points = self._points(clip)
        steps = np.diff(points, axis=1)
        px = np.hypot(steps[..., 0], steps[..., 1])
        absent = (calibration_reason(choice.problem), choice.problem.value if choice.problem else "")
        scaled = steps * np.array(choice.region.cm_per_px) if choice.region else None
        lengths = {
            line: Diameters(px[:, index], None, absent)
            if scaled is None
            else Diameters(px[:, index], np.hypot(scaled[:, index, 0], scaled[:, index, 1]))
            for index, line in enumerate(LINES)
        }
        cavity, _ = lengths["lvid"].in_best_unit
        phases = phase_frames(
            cavity, clip.frame_times_ms, clip.r_wave_times_ms, clip.heart_rate_bpm, Motion.CAVITY, clip.why_no_times
        )
        unit = lengths["lvid"].in_best_unit[1]
        notes = (ONE_DECODING, phases.rule, f"lengths of the table in {unit}")
        return Reading(self._values(lengths, phases), COLUMNS, _rows(points, lengths), _marks(points), notes)

    def _points(self, clip: Clip) -> NDArray[np.float64]:
        """(frames, 4, 2) px of the whole image, NaN for a point without one peak."""
        limits = PeakLimits(*(self.manifest.threshold(key) for key in ("least_probability", "second_peak", "far_px")))
        seen = input_of(clip, self.manifest)
        answers = frame_answers(self, seen, range(clip.number_of_frames), _BATCH)
        found = [[peak(channel, limits) or (np.nan, np.nan) for channel in logits.sigmoid().numpy()] for logits in answers]
        return seen.to_image(np.array(found, dtype=np.float64))

    def _values(self, lengths: dict[str, Diameters], phases: PhaseFrames) -> tuple[ReadValue, ...]:
        values: list[ReadValue] = []
        for line in LINES:
            values += values_at(self._line(line), lengths[line], phases)
        return tuple(values)

    def _line(self, line: str) -> Manifest:
        """As of a model that measures this line alone."""
        return replace(self.manifest, name=line, aliases=(), architecture=LINES[line])


def _rows(points: NDArray[np.float64], lengths: dict[str, Diameters]) -> tuple[dict[str, str | int | float | None], ...]:
    curves = [lengths[line].in_best_unit[0] for line in LINES]
    rows: list[dict[str, str | int | float | None]] = []
    for frame, four in enumerate(points):
        numbers = [*four.ravel().tolist(), *(float(curve[frame]) for curve in curves)]
        rows.append({"frame": frame} | dict(zip(COLUMNS[1:], (x if np.isfinite(x) else None for x in numbers), strict=True)))
    return tuple(rows)


def _marks(points: NDArray[np.float64]) -> tuple[Mark, ...]:
    return tuple(
        Mark(frame, CaliperKind.LINE, ((first[0], first[1]), (last[0], last[1])), line, keys=(line, *LINES[line].values()))
        for frame, four in enumerate(points.tolist())
        for line, first, last in zip(LINES, four[:-1], four[1:], strict=True)
        if np.isfinite([*first, *last]).all()
    )


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeKeypoints:
    with torch.device(device):
        network = EchoForgeKeypoints(manifest)
    return prepare(network, manifest, weights, device)
