"""A network of our own that marks flow and waves in spectra, or layers of tissue in M-modes, and what is measured of them.

Which quantities are read is told by the view; how far each reading can be believed by the network's own probabilities.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.calibration import DisplayChoice, RegionCalibration
from models.catalogue import View
from models.clip import Clip
from models.families.phantom.trace_maps import Maps, stitched
from models.families.phantom.u_net import SmallUNet
from models.inputs.clip_sweep import sweep_of
from models.inputs.display_windows import DisplayWindows, windows_of
from models.library.reading import ONE_DECODING, Absent, Decoding, Mark, Reading, why_uncalibrated, with_calipers
from models.results import Beat, ReadValue, Reason, of_frames

QUALITY = "image_quality"  # 0 to 100


@dataclass(frozen=True, eq=False)
class Shown:
    """A display as the network marked it: `maps` (labels, rows, columns), probabilities, of the frame that shows it."""

    region: RegionCalibration
    seen: DisplayWindows
    maps: Maps
    frame_index: int


class PhantomTraces(SmallUNet, ABC):
    """Windows (n, 1, rows, columns), float32, 0 to 1 -> logits (n, labels, rows, columns), above 0 where a label is marked."""

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """How well the display can be measured: no view says here what it shows. Both decodings are the same."""
        choice = self._choice(clip)
        found = self._shown(clip, choice)
        if not isinstance(found, Shown):
            absent = found
            value = ReadValue(QUALITY, "{0:100}", None, reasons=(absent[0][0],), detail=absent[0][1])
            return Reading((value,), notes=(ONE_DECODING,))
        error = self._expected_error(found)
        limit = self.manifest.threshold("tolerated_error_percent")
        score = 100 * limit / (limit + error)
        detail = f"an error of {error:.1f} % is expected"
        value = ReadValue(QUALITY, "{0:100}", score, of_frames(found.frame_index), detail=detail)
        return Reading((value,), notes=(ONE_DECODING,))

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """The quantities of `view`; none where nobody knows it, or it is of another kind."""
        if view is None or not self._rows(view):
            return ()
        choice = self._choice(clip)
        found = self._shown(clip, choice)
        if not isinstance(found, Shown):
            return self._unmeasured(view, found)
        values, marks = self._measured(view, found)
        at = of_frames(found.frame_index)
        values = tuple(replace(value, sources=at) if value.value is not None else value for value in values)
        return with_calipers(values, marks)

    def _shown(self, clip: Clip, choice: DisplayChoice) -> Shown | list[Absent]:
        if absent := why_uncalibrated(choice):
            return absent
        region = choice.region
        assert region is not None
        rows, columns = slice(region.y0_px, region.y1_px + 1), slice(region.x0_px, region.x1_px + 1)
        sweep = sweep_of(clip, rows, columns, runs_left=region.physical_delta_x < 0)
        if sweep.frame_index is None:
            return [(Reason.NO_CARDIAC_CYCLE, sweep.words)]
        index = sweep.frame_index
        seen = windows_of(clip, choice, index)
        maps = clip.cache.once((PhantomTraces, self.manifest.weights_sha256, index), lambda: stitched(self, seen))
        return Shown(region, seen, maps, index)

    @abstractmethod
    def _rows(self, view: View) -> Sequence[object]:
        """What is read in `view` by the labels of this network."""

    @abstractmethod
    def _choice(self, clip: Clip) -> DisplayChoice: ...

    @abstractmethod
    def _expected_error(self, shown: Shown) -> float:
        """In percent, by what the network's probabilities say of its doubt."""

    @abstractmethod
    def _measured(self, view: View, shown: Shown) -> tuple[tuple[ReadValue, ...], tuple[Mark, ...]]: ...

    @abstractmethod
    def _unmeasured(self, view: View, absent: list[Absent]) -> tuple[ReadValue, ...]: ...


def mean_and_sd(values: Sequence[float], *, highest: bool) -> tuple[float, float | None]:
    """Of beats: their mean, or the highest; and their standard deviation, None of a single one."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return (max(values) if highest else float(np.mean(values))), sd
