"""One echo clip as the networks and the arithmetic see it: pixels, times, calibration. No DICOM."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.calibration import (
    DisplayChoice,
    RegionCalibration,
    RegionChoice,
    choose_b_mode_region,
    choose_m_mode_region,
    choose_spectral_region,
)
from models.clip_cache import ClipCache


class FrameSource(Protocol):
    """Frames that are decoded when they are asked for."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(frames, rows, columns, 3)."""
        ...

    def take(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """RGB of the frames of these 0-based `indices`: (n, rows, columns, 3), 0 to 255.

        Each is decoded once, however often it is asked for.
        """
        ...


class _Frames:
    """`Clip.frames`: an array, or a source that becomes one as soon as all frames are asked for."""

    def __get__(self, clip: "Clip | None", owner: type) -> NDArray[np.uint8]:
        if clip is None:
            raise AttributeError("frames")  # so the field has no default
        source = clip.__dict__["_source"]
        return source if isinstance(source, np.ndarray) else source.take(range(source.shape[0]))

    def __set__(self, clip: "Clip", source: "NDArray[np.uint8] | FrameSource") -> None:
        clip.__dict__["_source"] = source


@dataclass(frozen=True, eq=False)
class Clip:
    """Decoded frames with everything that measuring needs.

    `frames` is uint8, shape (frames, rows, columns, 3), RGB, 0 to 255, row 0 at the top. `frame_times_ms` is float64, shape
    (frames,), from the first frame on. It is None where the object states no timing, or one that cannot be true:
    `clock_objection` says why. `r_wave_times_ms` are on the same clock. `height_m` and `weight_kg` are the patient's
    as stated, whatever they are.

    `known_exclusions` are reasons (values of `results.Reason`) found in the header that forbid measuring; `notes` say what was
    tolerated while reading. `cache` holds what networks prepare of these frames. A clip may be built from a `FrameSource`. Then
    `frames` decodes all that is not yet decoded, `take` only what it is asked for, and the numbers of frames, rows and columns
    nothing.
    """

    sop_instance_uid: str
    frames: _Frames = _Frames()
    frame_times_ms: NDArray[np.float64] | None  # type: ignore[misc]  # `frames` has no default, mypy takes its descriptor for one
    regions: tuple[RegionCalibration, ...] = ()
    r_wave_times_ms: tuple[float, ...] = ()
    heart_rate_bpm: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    is_quality_control_subject: bool = False
    known_exclusions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    from_video_file: bool = False  # AVI, MP4: no header, so no calibration
    photometric_interpretation: str = ""  # as stored; `frames` are RGB whatever it says
    ultrasound_color_data_present: int | None = None
    clock_objection: str = ""
    cache: ClipCache = field(default_factory=ClipCache, init=False, repr=False)

    @property
    def why_no_times(self) -> str:
        """Why there are no frame times, in words."""
        return self.clock_objection or "the clip states no frame times"

    @property
    def number_of_frames(self) -> int:
        return self._shape[0]

    @property
    def rows(self) -> int:
        return self._shape[1]

    @property
    def columns(self) -> int:
        return self._shape[2]

    @property
    def _shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.__dict__["_source"].shape
        return shape

    def take(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """The frames of these 0-based `indices`: RGB (n, rows, columns, 3), 0 to 255."""
        source = self.__dict__["_source"]
        taken: NDArray[np.uint8] = source[list(indices)] if isinstance(source, np.ndarray) else source.take(indices)
        return taken

    def b_mode_region(self) -> RegionChoice:
        return choose_b_mode_region(self.regions, self.rows, self.columns)

    def spectral_region(self) -> DisplayChoice:
        return choose_spectral_region(self.regions, self.rows, self.columns)

    def m_mode_region(self) -> DisplayChoice:
        return choose_m_mode_region(self.regions, self.rows, self.columns)
