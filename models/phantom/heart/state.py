"""The heart at one moment: volumes, valves, and every surface in place."""

from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from models.phantom.heart.anatomy import Anatomy, build_anatomy
from models.phantom.heart.heart import Heart
from models.phantom.heart.moment import Moment, moment_at, resting_moment
from models.phantom.heart.ventricles import CHANNELS


@dataclass(frozen=True, eq=False)
class HeartState:
    """The heart at `time_ms`. Volumes are those that its surfaces enclose; valve openings are 0 (closed) to 1.

    `contraction` is 0 at end-diastole and 1 at end-systole. `shift_mm` is how far breathing has moved the whole heart.
    """

    heart: Heart
    time_ms: float
    moment: Moment
    anatomy: Anatomy
    _tables: dict[tuple[str, torch.dtype, torch.device], Tensor] = field(default_factory=dict, repr=False)

    @property
    def contraction(self) -> float:
        return self.moment.contraction

    @property
    def volume_ml(self) -> float:
        """Of the left ventricle's cavity, trabeculae and papillary muscles included."""
        return self.moment.lv_ml

    @property
    def length_mm(self) -> float:
        """From the mitral annulus to the left ventricle's apex, along its axis."""
        return self.anatomy.ventricles.length_mm

    @property
    def base_z_mm(self) -> float:
        return -self.length_mm

    @property
    def shift_mm(self) -> tuple[float, float, float]:
        return self.moment.shift_mm

    @property
    def mitral_opening(self) -> float:
        return self.moment.mitral_opening

    @property
    def aortic_opening(self) -> float:
        return self.moment.aortic_opening

    def table(self, name: str, like: Tensor) -> Tensor:
        """The table "ventricles", "la" or "ra", (channels, heights, angles + 1) in mm, squared; with the device and any float
        dtype of `like`, whose own is any shape.
        """
        key = (name, like.dtype, like.device)
        if key not in self._tables:
            # The last channel is the chamber's at rest, where material is counted from.
            now, rest = (_named(anatomy, name) for anatomy in (self.anatomy, resting_state(self.heart).anatomy))
            channel = CHANNELS.index("rv") if name == "ventricles" else 0
            self._tables[key] = torch.cat((now, rest[channel : channel + 1])).to(like)
        return self._tables[key]


def _named(anatomy: Anatomy, name: str) -> Tensor:
    return {"ventricles": anatomy.ventricles.table, "la": anatomy.la.table, "ra": anatomy.ra.table}[name]


def state_at(heart: Heart, time_ms: float) -> HeartState:
    """The heart at any time from the first R wave on, over as many beats as wanted, irregular ones in atrial fibrillation."""
    moment = moment_at(heart, time_ms)
    return HeartState(heart, time_ms, moment, build_anatomy(heart, moment))


@lru_cache(maxsize=64)
def resting_state(heart: Heart) -> HeartState:
    """End-diastole of a beat of mean fullness, between breaths: where material is counted from."""
    moment = resting_moment(heart)
    return HeartState(heart, 0.0, moment, build_anatomy(heart, moment))
