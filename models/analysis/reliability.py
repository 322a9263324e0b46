"""How far off the ejection fraction of one clip may be, told from its outlines: a network that is right answers the same of a
frame that is mirrored, moved or enlarged, draws sharp borders and shapes that ventricles have.

Which doubt weighs how much stands in the segmenter's manifest under [gate]. It was calibrated on the error itself
(`models.evaluation.gate_calibration`). A segmenter without that table is not judged.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.analysis.adapters import border_probability, lv_output, placed_frames
from models.analysis.loaded_model import LoadedModel
from models.analysis.outlines import Ventricle
from models.clip import Clip
from models.derive.ventricle.outline import cavity_outline
from models.derive.ventricle.sector import probe_position
from models.derive.ventricle.shape import hollow_percent
from models.derive.ventricle.volumes import single_plane_volume_ml, to_cm
from models.errors import ManifestError
from models.inputs.clip_input import Points, on_map
from models.results import DistributionVerdict, OutlineVerdict

# What is shown instead of the frame: where each place of it is taken from, x and y from -1 to 1 over the network's input.
_LOOKS = {
    "mirrored": ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "moved": ((1.0, 0.0, 0.06), (0.0, 1.0, -0.04)),
    "enlarged": ((0.92, 0.0, 0.0), (0.0, 0.92, 0.0)),
}
_BEATS = 2  # at most: each costs two frames, looked at four times
_LOST_POINTS = 30.0  # the difference of EF where a look shows no ventricle at all
_SOFT = (0.1, 0.9)  # probabilities between which a place belongs to the border
_NEIGHBOURS = 1  # frame on each side: more need not have been outlined

CONSTANT, LIMIT, DISTANCE = "constant", "largest_error_points", "distance"
WORDS = {
    "mirrored": "the outlines of a frame and of its mirror image differ",
    "moved": "the outlines of a frame and of the same frame moved a little differ",
    "enlarged": "the outlines of a frame and of the same frame enlarged a little differ",
    "overlap": "the outlines of the same frame, looked at in several ways, do not lie over each other",
    "border": "the border of the cavity is blurred",
    "neighbours": "the outlined area jumps from frame to frame",
    "missing": "the ventricle is not found on the frames around",
    "hollow": "the outline is dented as no ventricle is",
    DISTANCE: "the image is unlike those of the training",
}


def judge_outlines(
    clip: Clip, loaded: LoadedModel, ventricle: Ventricle, distribution: DistributionVerdict | None
) -> OutlineVerdict | None:
    """None for a segmenter that states no [gate], and where nothing is outlined."""
    gate = loaded.manifest.gate
    if not gate or not ventricle.contours:
        return None
    doubts = doubts_about(clip, loaded, ventricle)
    if distribution is not None:
        doubts[DISTANCE] = distribution.distance / distribution.threshold
    return verdict_of(gate, doubts)


def verdict_of(gate: Mapping[str, float], doubts: Mapping[str, float]) -> OutlineVerdict:
    """The sum of all doubts by their weights, in points of EF, against the limit; words for the heaviest.

    Raises ManifestError for a gate without constant or limit, or with a weight for what is no doubt.
    """
    if missing := [key for key in (CONSTANT, LIMIT) if key not in gate]:
        raise ManifestError(f"[gate] has no {' and no '.join(missing)}")
    if unknown := sorted(gate.keys() - WORDS.keys() - {CONSTANT, LIMIT}):
        raise ManifestError(f"[gate] weighs {', '.join(unknown)}; there are: {', '.join(WORDS)}")
    parts = {name: gate.get(name, 0.0) * doubt for name, doubt in doubts.items()}
    expected = gate[CONSTANT] + sum(parts.values())
    heaviest = max(parts, key=lambda name: parts[name])
    return OutlineVerdict(expected, gate[LIMIT], expected <= gate[LIMIT], WORDS[heaviest])


def doubts_about(clip: Clip, loaded: LoadedModel, ventricle: Ventricle) -> dict[str, float]:
    """What speaks against these outlines, by the names of `WORDS` but the distance; all are 0 for the best.

    `mirrored`, `moved` and `enlarged` are points of EF, all else percent: of the area (`overlap`, `border`, `neighbours`,
    `hollow`), of the frames (`missing`). Raises ValueError where nothing is outlined.
    """
    if not ventricle.contours:
        raise ValueError("nothing is outlined")
    pairs = _pairs(ventricle)
    frames = sorted({frame for pair in pairs for frame in pair})
    outlines = {contour.frame_index: np.asarray(contour.points_px) for contour in ventricle.contours}
    looks = _Looks(clip, loaded, frames)
    return looks.differences(pairs) | {
        "overlap": looks.apart_percent(),
        "border": looks.blurred_percent(),
        "neighbours": float(np.mean([_jump_percent(ventricle.area_curve_cm2, frame) for frame in frames])),
        "missing": 100
        * float(np.mean([area is None for frame in frames for area in _around(ventricle.area_curve_cm2, frame)])),
        "hollow": float(np.mean([hollow_percent(outlines[frame]) for frame in frames])),
    }


def _pairs(ventricle: Ventricle) -> list[tuple[int, int]]:
    """End-diastole and end-systole of the first beats; without any, the frames of the largest and the smallest area."""
    if ventricle.beats:
        return [(beat.ed_frame_index, beat.es_frame_index) for beat in ventricle.beats[:_BEATS]]
    areas = {index: area for index, area in enumerate(ventricle.area_curve_cm2) if area is not None}
    return [(max(areas, key=lambda index: areas[index]), min(areas, key=lambda index: areas[index]))]


def _jump_percent(areas_cm2: Sequence[float | None], frame: int) -> float:
    """How far the area of a frame lies from the median of it and its neighbours."""
    here = areas_cm2[frame]
    known = [area for area in _around(areas_cm2, frame) if area is not None]
    return 100 * abs(here - float(np.median(known))) / here if here else 0.0


def _around(areas_cm2: Sequence[float | None], frame: int) -> Sequence[float | None]:
    return areas_cm2[max(0, frame - _NEIGHBOURS) : frame + _NEIGHBOURS + 1]


class _Looks:
    """The frames as they are ("plain") and as each of `_LOOKS` shows them: probability maps, (frames, rows, columns)."""

    def __init__(self, clip: Clip, loaded: LoadedModel, frames: Sequence[int]) -> None:
        region = clip.b_mode_region().region
        if region is None:
            raise ValueError("no outline without a calibrated region")
        self._cm_per_px, self._frames = region.cm_per_px, list(frames)
        self._placed = placed_frames(clip, loaded.manifest)
        self._level = border_probability(loaded.manifest)
        self._probe_px = on_map(self._placed, probe_position(clip))
        batch = self._placed.batch(self._frames)
        self._maps = {"plain": _cavity(loaded, batch)}
        for name, look in _LOOKS.items():
            self._maps[name] = _shown(_cavity(loaded, _shown(batch, look)), _inverse(look))

    def differences(self, pairs: Sequence[tuple[int, int]]) -> dict[str, float]:
        """By how many points the EF of each look differs from that of the plain one, in the mean of the beats."""
        plain = self._ejected("plain", pairs)
        found = {}
        for name in _LOOKS:
            apart = np.abs(self._ejected(name, pairs) - plain)
            found[name] = float(np.minimum(np.nan_to_num(apart, nan=_LOST_POINTS), _LOST_POINTS).mean())
        return found

    def apart_percent(self) -> float:
        """1 - Dice of the cavity of each look and of the plain one, in the mean."""
        plain = self._maps["plain"] > self._level
        dice = [_dice(plain[place], (self._maps[name] > self._level)[place]) for name in _LOOKS for place in range(len(plain))]
        return 100 * (1 - float(np.mean(dice)))

    def blurred_percent(self) -> float:
        """The places that are neither inside nor outside, as a share of the cavity."""
        plain = self._maps["plain"]
        soft, inside = ((plain > _SOFT[0]) & (plain < _SOFT[1])).sum(), (plain > self._level).sum()
        return 100 * float(soft / max(int(inside), 1))

    def _ejected(self, name: str, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """EF in percent, (beats,), by one plane; NaN where a frame shows no ventricle."""
        volumes = dict(zip(self._frames, (self._volume_ml(one.numpy()) for one in self._maps[name]), strict=True))
        ends = np.array([(volumes[ed], volumes[es]) for ed, es in pairs], dtype=np.float64)
        return np.asarray(100 * (1 - ends[:, 1] / ends[:, 0]))

    def _volume_ml(self, probability: NDArray[np.float32]) -> float:
        line: Points | None = cavity_outline(probability, self._level, probe=self._probe_px)
        if line is None:
            return float("nan")
        return single_plane_volume_ml(to_cm([(x, y) for x, y in self._placed.to_image(line)], self._cm_per_px))


def _cavity(loaded: LoadedModel, batch: Tensor) -> Tensor:
    """Probabilities (n, rows, columns) of frames (n, channels, rows, columns), both float32, 0 to 1."""
    return loaded.run(batch)[0][:, lv_output(loaded.manifest)].sigmoid()


def _shown(images: Tensor, look: Sequence[Sequence[float]]) -> Tensor:
    """`images` (n, rows, columns) or (n, channels, rows, columns), float32, 0 to 1, as the `look` shows them; 0 beyond them."""
    planes = images if images.ndim == 4 else images[:, None]
    theta = torch.tensor(look, dtype=torch.float32).expand(len(planes), 2, 3)
    grid = functional.affine_grid(theta, list(planes.shape), align_corners=False)
    seen = functional.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return seen if images.ndim == 4 else seen[:, 0]


def _inverse(look: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
    whole = np.vstack([np.asarray(look), [0.0, 0.0, 1.0]])
    inverted: list[list[float]] = np.linalg.inv(whole)[:2].tolist()
    return inverted


def _dice(one: Tensor, other: Tensor) -> float:
    both = int(one.sum() + other.sum())
    return 2 * int((one & other).sum()) / both if both else 1.0
