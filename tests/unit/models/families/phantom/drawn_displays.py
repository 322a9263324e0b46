"""Displays drawn so that each label has a grey of its own, and networks that answer with exactly what is drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import PhysicalUnit, RegionCalibration, RegionDataType, RegionSpatialFormat
from models.catalogue.trace_labels import LAYERS, SPECTRA
from models.clip import Clip
from models.families.phantom.m_mode_reader import MModeReader
from models.families.phantom.spectrum_reader import SpectrumReader
from models.networks.engine_slots import Slot
from models.networks.reading_network import as_if_trained
from tests.unit.models.families.phantom.drawn_truth import manifest_of

WIDTH, HEIGHT = 640, 360
LEFT, TOP = 40, 100
THRESHOLDS = {
    "adequate_quality": 50.0, "tolerated_error_percent": 10.0, "error_percent": 1.0, "error_per_doubt": 1.0,
}  # fmt: skip
Curve = NDArray[np.float64]
_GREYS = (40, 80, 120, 160, 200, 240)


@dataclass(frozen=True)
class Wave:
    """A half-sine from `onset_s` on; with `fall_s` a rise of a quarter sine and a straight fall that long instead."""

    name: str
    onset_s: float
    duration_s: float
    peak_cm_s: float
    fall_s: float = 0.0

    def at(self, times_s: Curve) -> Curve:
        since = times_s - self.onset_s
        if not self.fall_s:
            return np.where(
                (since > 0) & (since < self.duration_s), self.peak_cm_s * np.sin(np.pi * since / self.duration_s), 0
            )
        rise_s = self.duration_s - self.fall_s
        rising = np.sin(np.pi / 2 * np.clip(since / rise_s, 0, 1))
        falling = np.clip(1 - (since - rise_s) / self.fall_s, 0, 1)
        return np.asarray(self.peak_cm_s * np.where(since < rise_s, rising, falling) * (since > 0))


def spectrum(
    waves: Sequence[Wave],
    up_cm_s: float = 150.0,
    down_cm_s: float = 150.0,
    seconds: float = 3.2,
    *,
    inverted: bool = False,
    mirrored: bool = False,
    **region: Any,
) -> Clip:
    """A still of these waves; of overlapping ones the fastest is seen. `region` changes what the object says of its display."""
    step_s, per_row = seconds / WIDTH, (up_cm_s + down_cm_s) / HEIGHT
    zero = round(up_cm_s / per_row - 0.5)
    times_s = (np.arange(WIDTH) + 0.5) * step_s
    velocities = (zero - np.arange(HEIGHT)) * per_row
    display, fastest = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros(WIDTH)
    for wave in waves:
        curve = wave.at(times_s)
        seen = np.abs(curve) > np.abs(fastest)
        fastest = np.where(seen, curve, fastest)
        inside = np.where(curve > 0, (velocities[:, None] > 0) & (velocities[:, None] < curve), False)
        inside |= np.where(curve < 0, (velocities[:, None] < 0) & (velocities[:, None] > curve), False)
        grey = _GREYS[("", "e", "a", "s").index(wave.name)]
        display[:, seen] = np.where(inside, grey, 0)[:, seen]
    told = {
        "reference_pixel_y0_px": HEIGHT - 1 - zero if inverted else zero,
        "physical_delta_y": per_row if inverted else -per_row,
        "physical_delta_x": -step_s if mirrored else step_s,
        "data_type": RegionDataType.PW_SPECTRAL,
        "physical_unit_y": PhysicalUnit.CM_PER_SECOND,
    }
    return _still(display[:: -1 if inverted else 1, :: -1 if mirrored else 1], RegionSpatialFormat.SPECTRAL, told | region)


def m_mode(layers: Mapping[str, tuple[Callable[[Curve], Curve], Callable[[Curve], Curve]]], seconds: float = 3.2) -> Clip:
    """A still 16 cm deep of layers between two depths in cm, which change over time in s."""
    step_s, per_row = seconds / WIDTH, 16.0 / HEIGHT
    times_s, depths = (np.arange(WIDTH) + 0.5) * step_s, (np.arange(HEIGHT) + 0.5)[:, None] * per_row
    display = np.zeros((HEIGHT, WIDTH), np.uint8)
    for label, (near, far) in layers.items():
        display[(depths > near(times_s)) & (depths < far(times_s))] = 30 * (LAYERS.index(label) + 1)
    told = {
        "physical_delta_y": per_row, "physical_delta_x": step_s, "data_type": RegionDataType.TISSUE,
        "physical_unit_y": PhysicalUnit.CM, "reference_pixel_y0_px": 0,
    }  # fmt: skip
    return _still(display, RegionSpatialFormat.M_MODE, told)


def _still(display: NDArray[np.uint8], spatial_format: RegionSpatialFormat, told: Mapping[str, Any]) -> Clip:
    frame = np.zeros((1, TOP + HEIGHT + 30, LEFT + WIDTH + 20, 3), np.uint8)
    frame[0, TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = display[..., None]
    region = RegionCalibration(
        LEFT, TOP, LEFT + WIDTH - 1, TOP + HEIGHT - 1, spatial_format, physical_unit_x=PhysicalUnit.SECONDS, **told
    )
    return Clip("1.2.3", frame, None, (region,), is_quality_control_subject=True)


def reader_of_spectra(doubt: float = 0.0) -> Any:
    """It marks what is drawn; by `doubt`, 0 to 0.5, unsurely."""
    network = as_if_trained(SpectrumReader(_manifest(SPECTRA, "spectra")))

    def marked(grey: Tensor) -> list[Tensor]:
        return [grey > 20, *((grey - level).abs() < 20 for level in _GREYS[1:4])]

    return _answering(network, marked, doubt)


def reader_of_m_modes() -> Any:
    network = as_if_trained(MModeReader(_manifest(LAYERS, "m_modes")))
    return _answering(network, lambda grey: [(grey - 30 * (place + 1)).abs() < 15 for place in range(len(LAYERS))], 0.0)


def _manifest(labels: tuple[str, ...], task: str) -> Any:
    start = manifest_of("phantom_traces", labels)
    return replace(start, architecture={**start.architecture, "task": task}, thresholds=THRESHOLDS)


def _answering(network: Any, marked: Callable[[Tensor], list[Tensor]], doubt: float) -> Any:
    high = 12.0 if not doubt else float(np.log((1 - doubt) / doubt))

    def run(batch: Tensor) -> tuple[Tensor, ...]:
        maps = torch.stack(marked(255 * batch[:, 0]), dim=1).float()
        return (high * (2 * maps - 1),)

    network.fill_slot("forward", Slot(lambda batch: True, run))
    return network
