"""A network of our own that marks both ends of the lines of `models.catalogue.LINES`, and what is measured along them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalogue import READ, View
from models.clip import Clip
from models.derive.calipers.heat_map import PeakLimits, peak, sigmoid
from models.families.phantom.line_curves import KEYS_OF, LineCurve, line_curve, lines_in
from models.families.phantom.line_values import LinePhases, frames_of, line_values, phases_of_beats, phases_of_lines
from models.families.phantom.u_net import SmallUNet
from models.inputs.clip_input import ClipInput, input_of
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Mark, Reading, with_calipers
from models.networks.frame_answers import frame_answers
from models.networks.stored_weights import prepare
from models.results import Beat, CaliperKind, ReadValue

COLUMNS = ("frame_number", "line", "x1", "y1", "x2", "y2", "length", "unit", "probability")
_AT_ONCE = 8  # frames
# Where the manifest states none: our choice, in px of the network's input.
_PEAK_LIMITS = {"least_probability": 0.25, "second_peak": 0.6, "far_px": 12.0}


class PhantomPoints(SmallUNet):
    """Grey `frames` (n, 1, size, size), float32, 0 to 1 -> logits (n, labels, size, size), a peak at each point.

    The table of a reading counts frames from 0; its points are px of the whole image.
    """

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Every line that the network knows: nothing says here which of them the view carries. Both decodings are the same."""
        lines, phases = self._lines(clip, (), None)
        values = line_values(lines, phases, [key for line in lines for key in KEYS_OF[line]])
        return Reading(values, COLUMNS, _rows(lines), _marks(lines), (ONE_DECODING, phases.found.rule))

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """Of the lines that `view` carries; where `beats` are known only on their frames."""
        lines, phases = self._lines(clip, beats, view)
        keys = [key for line in lines for key in KEYS_OF[line] if view is None or READ[key].is_read_in(view)]
        return with_calipers(line_values(lines, phases, keys), _marks(lines))

    def _lines(self, clip: Clip, beats: Sequence[Beat], view: View | None) -> tuple[dict[str, LineCurve], LinePhases]:
        names = lines_in(view, self.manifest.labels)
        known = phases_of_beats(beats, clip) if beats else None
        asked = frames_of(known, clip.number_of_frames) if known else range(clip.number_of_frames)
        choice = clip.b_mode_region()
        ends, probability = self._ends(clip, names, asked)
        lines = {
            name: line_curve(ends[:, place], probability[:, place], choice, clip.frame_times_ms)
            for place, name in enumerate(names)
        }
        return lines, known or phases_of_lines(clip, lines)

    def _ends(self, clip: Clip, names: Sequence[str], asked: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both ends of each line, (frames, lines, 2, 2) px of the image, and how sure the less sure one is, (frames, lines)."""
        limits = PeakLimits(*(float(self.manifest.thresholds.get(key, usual)) for key, usual in _PEAK_LIMITS.items()))
        channels = [self.manifest.labels.index(f"{name}_{end}") for name in names for end in (1, 2)]
        ends = np.full((clip.number_of_frames, len(channels), 2), np.nan)
        sure = np.zeros((clip.number_of_frames, len(channels)))
        seen = input_of(clip, self.manifest)
        shown = _inside(seen, clip, self.manifest)
        for index, maps in zip(asked, frame_answers(self, seen, asked if channels else (), _AT_ONCE), strict=False):
            probability = sigmoid(maps[channels].numpy()) * shown
            sure[index] = probability.max(axis=(1, 2))
            ends[index] = [peak(one, limits) or (np.nan, np.nan) for one in probability]
        pairs = (clip.number_of_frames, len(names), 2)
        return seen.to_image(ends).reshape(*pairs, 2), sure.reshape(pairs).min(axis=2)


def _inside(seen: ClipInput, clip: Clip, manifest: Manifest) -> NDArray[np.bool_]:
    """(size, size) of the input: beside the region nothing has its size of a pixel."""
    side = manifest.input_shape[-1] if manifest.input_shape else manifest.input_size_px
    region = clip.b_mode_region().region
    x0, y0, x1, y1 = region.corners_px if region else (0, 0, clip.columns - 1, clip.rows - 1)
    along = np.arange(side, dtype=np.float64)
    x, y = seen.to_image(np.stack([along, along], axis=1)).T
    return np.outer((y >= y0 - 0.5) & (y <= y1 + 0.5), (x >= x0 - 0.5) & (x <= x1 + 0.5))


def _rows(lines: Mapping[str, LineCurve]) -> tuple[dict[str, str | int | float | None], ...]:
    return tuple(
        {
            "frame_number": mark.frame_index, "line": name,
            "x1": round(mark.points_px[0][0], 2), "y1": round(mark.points_px[0][1], 2),
            "x2": round(mark.points_px[1][0], 2), "y2": round(mark.points_px[1][1], 2),
            "length": round(float(line.curve[mark.frame_index]), 4), "unit": line.unit,
            "probability": None if mark.probability is None else round(mark.probability, 3),
        }
        for name, line in lines.items()
        for mark in _marks({name: line})
    )  # fmt: skip


def _marks(lines: Mapping[str, LineCurve]) -> tuple[Mark, ...]:
    """The lines of all frames that have one."""
    return tuple(
        Mark(
            index, CaliperKind.LINE, ((x1, y1), (x2, y2)), f"{name} {line.curve[index]:.2f} {line.unit}",
            float(line.probability[index]), KEYS_OF[name],
        )
        for name, line in lines.items()
        for index, ((x1, y1), (x2, y2)) in enumerate(line.ends_px.tolist())
        if np.isfinite(line.curve[index])
    )  # fmt: skip


def load(manifest: Manifest, weights: Path | None, device: str) -> PhantomPoints:
    return prepare(PhantomPoints(manifest), manifest, weights, device)
