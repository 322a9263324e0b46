"""One echo clip as the networks and the arithmetic see it: pixels, times, calibration. No DICOM."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import RegionCalibration, RegionChoice, choose_b_mode_region


@dataclass(frozen=True, eq=False)
class Clip:
    """Decoded frames with everything that measuring needs.

    `frames` is uint8, shape (frames, rows, columns, 3), RGB, row 0 at the top. `frame_times_ms` is float64, shape (frames,),
    from the first frame on, or None where the object states no timing. `r_wave_times_ms` are on the same clock.
    `known_exclusions` are reasons (values of `results.Reason`) found in the header that forbid measuring; `notes` say what
    was tolerated while reading.
    """

    sop_instance_uid: str
    frames: NDArray[np.uint8]
    frame_times_ms: NDArray[np.float64] | None
    regions: tuple[RegionCalibration, ...] = ()
    r_wave_times_ms: tuple[float, ...] = ()
    heart_rate_bpm: float | None = None
    is_quality_control_subject: bool = False
    known_exclusions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    from_video_file: bool = False  # AVI, MP4: no header, so no calibration
    photometric_interpretation: str = ""  # as stored; `frames` are RGB whatever it says
    ultrasound_color_data_present: int | None = None

    @property
    def rows(self) -> int:
        return int(self.frames.shape[1])

    @property
    def columns(self) -> int:
        return int(self.frames.shape[2])

    def b_mode_region(self) -> RegionChoice:
        return choose_b_mode_region(self.regions, self.rows, self.columns)
