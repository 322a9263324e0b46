"""A network of our own that marks structures: the left ventricular cavity up to the annulus line, and others by label.

What it reads by itself are the chambers other than the left ventricle; of that one the node has the outlines, and what is
made of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from models.catalogue import QUANTITIES, View
from models.clip import Clip
from models.derive.beats.cardiac_cycle import search_beats
from models.derive.calipers.heat_map import sigmoid
from models.derive.ventricle.volumes import area_cm2, to_cm
from models.families.phantom.chambers import KEYS_OF, chamber_values, frames_needed
from models.families.phantom.outlines import ChamberOutline, ChamberOutlines
from models.families.phantom.u_net import SmallUNet
from models.inputs.clip_input import pairs
from models.library.manifest import Manifest
from models.library.quantities import key_in_view
from models.library.reading import ONE_DECODING, Decoding, Mark, Reading, calibration_reason
from models.library.recipe import LV
from models.networks.frame_answers import frame_answers
from models.networks.stored_weights import prepare
from models.results import Beat, CaliperKind, ReadValue, Reason

COLUMNS = ("frame_number", "structure", "area_cm2")
_OUTLINED = (LV, *KEYS_OF)
_AT_ONCE = 8  # frames

Found = Mapping[str, dict[int, ChamberOutline]]  # by structure and frame index


class PhantomSegmenter(SmallUNet):
    """Grey `frames` (n, 1, size, size), float32, 0 to 1 -> logits (n, labels, size, size), above 0 inside a structure."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        self.own_limits = {key: QUANTITIES[key_in_view(key, View.A4C)].limits for key in ("la_area", "la_vol_mod")}

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """Every chamber that the network knows, at the beats of the left ventricle. Both decodings are the same."""
        found, beats, why_none = self._found(clip, (), _OUTLINED)
        values = _values(found, clip, beats, why_none)
        return Reading(values, COLUMNS, _rows(found, clip), _marks(found), (ONE_DECODING, why_none or "beats by the area"))

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """Of the chambers that are measured in `view`; where `beats` are known only around their ends."""
        wanted = [name for name, keys in KEYS_OF.items() if any(_is_read(key, view) for key in keys)]
        found, beats, why_none = self._found(clip, beats, wanted)
        return tuple(value for value in _values(found, clip, beats, why_none) if _is_read(value.key, view))

    def _found(self, clip: Clip, beats: Sequence[Beat], wanted: Iterable[str]) -> tuple[Found, tuple[Beat, ...], str]:
        """The outlines, the beats, and why there are none: those of the left ventricle, where nobody knows any."""
        labels = self.manifest.labels
        names = [name for name in _OUTLINED if name in labels and (name in wanted or (name == LV and not beats))]
        frames = frames_needed(clip, beats) if beats else range(clip.number_of_frames)
        outlines = ChamberOutlines(clip, self.manifest)
        found: dict[str, dict[int, ChamberOutline]] = {name: {} for name in names}
        for frame, maps in zip(frames, frame_answers(self, outlines.placed, frames, _AT_ONCE), strict=True):
            for name in names:
                found[name][frame] = outlines.outline(name, sigmoid(maps[labels.index(name)].numpy()))
        if beats or LV not in found:
            return found, tuple(beats), "" if beats else "no beat is known of the clip"
        return found, *_beats(found[LV], clip)


def _beats(outlines: Mapping[int, ChamberOutline], clip: Clip) -> tuple[tuple[Beat, ...], str]:
    region, times = clip.b_mode_region().region, clip.frame_times_ms
    if times is None:
        return (), clip.why_no_times
    step = region.cm_per_px if region else (1.0, 1.0)
    whole = (outlines[frame].points_px for frame in range(clip.number_of_frames))
    areas = [None if points is None else area_cm2(to_cm(pairs(points), step)) for points in whole]
    searched = search_beats(areas, times.tolist(), clip.r_wave_times_ms, clip.heart_rate_bpm)
    return searched.beats, searched.why_none


def _is_read(key: str, view: View | None) -> bool:
    if view is None:
        return True
    quantity = QUANTITIES.get(key_in_view(key, view))
    return quantity is not None and quantity.is_read_in(view)


def _values(found: Found, clip: Clip, beats: Sequence[Beat], why_none: str) -> tuple[ReadValue, ...]:
    choice = clip.b_mode_region()
    absent: tuple[Reason, str] | None = None
    if choice.region is None:
        absent = calibration_reason(choice.problem), choice.problem.value if choice.problem else ""
    elif not beats:
        absent = Reason.NO_CARDIAC_CYCLE, why_none
    chambers = [name for name in found if name in KEYS_OF]
    return tuple(value for name in chambers for value in chamber_values(name, found[name], clip, beats, absent))


def _rows(found: Found, clip: Clip) -> tuple[dict[str, str | int | float | None], ...]:
    region = clip.b_mode_region().region
    return tuple(
        {
            "frame_number": frame,
            "structure": name,
            "area_cm2": round(area_cm2(to_cm(pairs(points), region.cm_per_px)), 3) if region else None,
        }
        for name, outlines in found.items()
        for frame, outline in outlines.items()
        if (points := outline.points_px) is not None
    )


def _marks(found: Found) -> tuple[Mark, ...]:
    return tuple(
        Mark(frame, CaliperKind.OUTLINE, pairs(points), name)
        for name, outlines in found.items()
        for frame, outline in outlines.items()
        if (points := outline.points_px) is not None
    )


def load(manifest: Manifest, weights: Path | None, device: str) -> PhantomSegmenter:
    return prepare(PhantomSegmenter(manifest), manifest, weights, device)
