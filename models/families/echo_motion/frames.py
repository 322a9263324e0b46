"""What Echo-Motion's networks see of a clip: contrast equalised, speckle smoothed, a square of the ultrasound region.

CLAHE (Zuiderveld 1994), then a bilateral filter (Tomasi and Manduchi 1998), then resizing, in the order of the page. It states
no parameter; those of the manifests are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.inputs.letterbox import Letterbox
from models.library.manifest import Manifest

Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Preparation:
    """`clip_limit` and `tiles` (per side) of the CLAHE; `diameter_px`, `sigma_grey`, `sigma_px` of the bilateral filter.

    A `clip_limit` or a `diameter_px` of 0 leaves that filter out.
    """

    size_px: int
    clip_limit: float
    tiles: int
    diameter_px: int
    sigma_grey: float
    sigma_px: float

    @classmethod
    def of(cls, manifest: Manifest) -> "Preparation":
        """From `[architecture]`; the size is the input's, stated as a shape or as that of a square."""
        values = {key: float(str(manifest.architecture[key])) for key in _KEYS}
        return cls(
            size_px=manifest.input_shape[-1] if manifest.input_shape else manifest.input_size_px,
            clip_limit=values["clahe_clip_limit"],
            tiles=int(values["clahe_tiles"]),
            diameter_px=int(values["bilateral_diameter_px"]),
            sigma_grey=values["bilateral_sigma_grey"],
            sigma_px=values["bilateral_sigma_px"],
        )

    def preprocess(self, frames: Frames) -> Frames:
        """`frames`, grey (n, rows, columns) or RGB (n, rows, columns, 3) -> grey (n, rows, columns), equalised and smoothed.

        Both are 0 to 255.
        """
        equaliser = cv2.createCLAHE(clipLimit=self.clip_limit, tileGridSize=(self.tiles, self.tiles))
        prepared = np.empty(frames.shape[:3], dtype=np.uint8)
        for index, frame in enumerate(frames):
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else np.ascontiguousarray(frame)
            if self.clip_limit:
                grey = equaliser.apply(grey)
            if self.diameter_px:
                grey = cv2.bilateralFilter(grey, self.diameter_px, self.sigma_grey, self.sigma_px)
            prepared[index] = grey
        return prepared

    def letterbox(self, clip: Clip) -> Letterbox:
        """The calibrated B-mode region, or the whole image where there is none."""
        return Letterbox.of_clip(clip, self.size_px)

    def squares(self, clip: Clip, indices: list[int]) -> Tensor:
        """These frames as the networks take them: (n, 3, size, size), float32, 0 to 1, three times the same grey."""
        kept = clip.cache.frames(self)
        if missing := kept.missing(indices):
            kept.keep(missing, self._grey(clip, missing))
        return torch.from_numpy(np.stack(kept.of(indices)))[:, None].repeat(1, 3, 1, 1)

    def _grey(self, clip: Clip, indices: Sequence[int]) -> NDArray[np.float32]:
        box = self.letterbox(clip)
        taken = clip.take(indices)[:, box.y0_px : box.y0_px + box.height_px, box.x0_px : box.x0_px + box.width_px]
        cut = Letterbox(0, 0, box.width_px, box.height_px, box.size_px)
        return cut.apply(self.preprocess(np.ascontiguousarray(taken)))


_KEYS = ("clahe_clip_limit", "clahe_tiles", "bilateral_diameter_px", "bilateral_sigma_grey", "bilateral_sigma_px")
