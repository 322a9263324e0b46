"""Where in the beat each frame of a clip is: a score, 1 at end-diastole and 0 at end-systole.

Which curve the authors of EchoPDNet teach between both is not published: here half a cosine. Frames outside the two that the
data state teach nothing.
"""

import math

import numpy as np
import torch
from torch import Tensor

from models.evaluation.datasets.items import Item
from models.training.tasks.task import Scores, Shown, Targets, Task


class Phase(Task):
    """An `answer` is scores (n, frames), float32, 0 to 1; the loss of it is one number, its scores are (n, 2), a phase each."""

    name = "phase"
    counts_outputs = False
    monitor = "frames_off"

    @property
    def outputs(self) -> int:
        return 1  # a score a frame: how many frames is the input's business

    @property
    def model_labels(self) -> tuple[str, ...]:
        return self.start.labels

    def taught_by(self, item: Item) -> bool:
        ed, es = item.truth.ed_frame, item.truth.es_frame
        return ed is not None and es is not None and ed != es

    def starts(self, item: Item, span: int, slack: int) -> range:
        """Those that show both phases; none where they are too far apart."""
        first, last = sorted(_phases(item))
        return range(max(last - span + 1, 0), min(first, slack) + 1)

    def target(self, item: Item, shown: Shown) -> dict[str, Tensor]:
        ed, es = _phases(item)
        frames = np.asarray(shown.frames)
        share = (frames - ed) / (es - ed)
        known = (share >= 0) & (share <= 1) & (frames >= 0)
        curve = np.where(known, 0.5 + 0.5 * np.cos(math.pi * np.clip(share, 0, 1)), 0.0)
        places = [int(np.abs(frames - phase).argmin()) for phase in (ed, es)]
        return {
            "curve": torch.from_numpy(curve).float(),
            "known": torch.from_numpy(known),
            "phases": torch.tensor(places),
        }

    def loss(self, answer: Tensor, targets: Targets) -> Tensor:
        known = targets["known"].float()
        return ((answer - targets["curve"]) ** 2 * known).sum() / known.sum().clamp(min=1)

    def scores(self, answer: Tensor, targets: Targets) -> dict[str, Tensor]:
        """How many of the shown frames the highest and the lowest score lie from end-diastole and end-systole."""
        known = targets["known"]
        ed = answer.masked_fill(~known, -torch.inf).argmax(dim=1)
        es = answer.masked_fill(~known, torch.inf).argmin(dim=1)
        return {"off": (torch.stack([ed, es], dim=1) - targets["phases"]).abs()}

    def figures(self, scores: Scores) -> dict[str, float]:
        ed, es = scores["off"].mean(axis=0).tolist()
        return {"frames_off": (ed + es) / 2, "frames_off_ed": ed, "frames_off_es": es}


def _phases(item: Item) -> tuple[int, int]:
    ed, es = item.truth.ed_frame, item.truth.es_frame
    if ed is None or es is None:
        raise ValueError(f"{item.key} states no phases")
    return ed, es
