"""What black and white are to a network, so that brightness is augmented on one scale, 0 to 1, whatever a network takes."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.clip import Clip
from models.errors import ModelError
from models.inputs.clip_input import input_of
from models.library.manifest import Manifest

_SCREEN = (480, 640)  # rows, columns
_FRAMES = 64  # as many as any network wants of a clip


@dataclass(frozen=True, eq=False)
class ValueRange:
    """`low` and `high`, float32 (channels,), in their unit: what a network is shown for black and for white pixels."""

    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, manifest: Manifest) -> "ValueRange | None":
        """None where black and white images are not shown at all, or alike."""
        try:
            low, high = (_shown(manifest, grey) for grey in (0, 255))
        except ModelError:
            return None
        return cls(low.amin(dim=(0, 2, 3)), high.amax(dim=(0, 2, 3))) if bool((high > low).any()) else None

    def to_unit(self, images: Tensor) -> Tensor:
        """`images` (n, channels, ..., h, w) as the network takes them, as 0 to 1 of the same shape, float32."""
        low, high = self._shaped(images)
        return (images - low) / (high - low)

    def from_unit(self, images: Tensor) -> Tensor:
        """The inverse: `images` (n, channels, ..., h, w), float32, 0 to 1, as the network takes them, of the same shape."""
        low, high = self._shaped(images)
        return images * (high - low) + low

    def _shaped(self, images: Tensor) -> tuple[Tensor, Tensor]:
        shape = (1, -1, *(1 for _ in images.shape[2:]))
        return self.low.to(images.device).view(shape), self.high.to(images.device).view(shape)


def _shown(manifest: Manifest, grey: int) -> Tensor:
    clip = Clip("", np.broadcast_to(np.uint8(grey), (_FRAMES, *_SCREEN, 3)), np.arange(_FRAMES, dtype=np.float64) * 40)
    seen = input_of(clip, manifest)
    return torch.as_tensor(seen.batch(list(seen.chosen([0]))[:1]))
