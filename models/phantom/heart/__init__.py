"""A three-dimensional beating heart in the chest: geometry, timing, rhythm, and the exact numbers that are true of it.

`sample_heart` draws one, `state_at` gives it at a moment, `tissue_at` says what lies at any points. Everything a view shows
or measures comes from the same implicit surfaces.
"""

from models.phantom.heart.heart import Heart
from models.phantom.heart.kinds import BLOOD, LV_VOLUME, Kind, Points, Position, Tissue
from models.phantom.heart.landmarks import landmarks
from models.phantom.heart.population import HeartOptions, sample_heart
from models.phantom.heart.rhythm import Beat
from models.phantom.heart.state import HeartState, state_at
from models.phantom.heart.tissue import tissue_at
from models.phantom.heart.truth import true_values

__all__ = [
    "BLOOD",
    "LV_VOLUME",
    "Beat",
    "Heart",
    "HeartOptions",
    "HeartState",
    "Kind",
    "Points",
    "Position",
    "Tissue",
    "landmarks",
    "sample_heart",
    "state_at",
    "tissue_at",
    "true_values",
]
