"""Image quality as a grade: the task EchoForge's page promises and publishes no network for.

All of it is our choice: the Xception of the view classifiers, and an ordinal head. Its outputs ask whether the grade is above
1, 2, 3, 4. They share one direction in the features and differ in their bias. So their probabilities never contradict each
other as long as the biases fall (Cao et al., Pattern Recognition Letters 140 (2020) 325-331).
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from models.clip import Clip
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.families.echoforge.xception import FEATURES, keras_xception
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Reading, ReadValue
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare

_FRAMES = 16  # of a clip, spread evenly: quality changes slowly
_BATCH = 4


class EchoForgeQuality(ReadingNetwork):
    """RGB `frames` (n, 3, 224, 224), float32, 0 to 255 -> logits (n, grades - 1).

    They say whether the grade is above the first, the second, ... one.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        steps = len(manifest.labels) or 4
        self.backbone = keras_xception()
        self.head = nn.Linear(FEATURES, 1, bias=False)
        self.bias = nn.Parameter(torch.linspace(1, -1, steps))

    def forward(self, frames: Tensor) -> Tensor:
        maps: Tensor = self.backbone(frames * KERAS_RESCALE)
        logits: Tensor = self.head(maps.mean(dim=(2, 3))) + self.bias
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """One number from 0 (lowest grade) to 100 (highest): the mean over frames of the expected grade. One decoding only."""
        region, size = clip.b_mode_region().region, (self.manifest.input_shape[2], self.manifest.input_shape[1])
        x0, y0, x1, y1 = (region.x0_px, region.y0_px, region.x1_px, region.y1_px) if region else (0, 0, clip.columns, clip.rows)
        picked = sorted({round(number) for number in np.linspace(0, clip.number_of_frames - 1, _FRAMES)})
        squares = [
            cv2.resize(np.ascontiguousarray(frame[y0 : y1 + 1, x0 : x1 + 1]), size, interpolation=cv2.INTER_AREA)
            for frame in clip.take(picked)
        ]
        frames = torch.from_numpy(np.stack(squares)).to(self.bias).permute(0, 3, 1, 2)
        with torch.inference_mode():
            scores = (
                torch.cat([100 * self(batch).sigmoid().mean(dim=1) for batch in torch.split(frames, _BATCH)]).cpu().tolist()
            )
        quality = float(np.mean(scores))
        rows = tuple({"frame": index, "quality": score} for index, score in zip(picked, scores, strict=True))
        notes = (ONE_DECODING, "architecture not published: ours")
        return Reading((ReadValue("image_quality", "{0:100}", quality),), ("frame", "quality"), rows, notes=notes)


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeQuality:
    with torch.device(device):
        network = EchoForgeQuality(manifest)
    return prepare(network, manifest, weights, device)
