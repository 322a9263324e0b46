"""Image quality as a grade: the task EchoForge's page promises and publishes no network for.

All of it is our choice: the Xception of the view classifiers, and an ordinal head. Its outputs ask whether the grade is above
1, 2, 3, 4. They share one direction in the features and differ in their bias. So their probabilities never contradict each
other as long as the biases fall (Cao et al., Pattern Recognition Letters 140 (2020) 325-331).
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.clip import Clip
from models.families.echoforge.frame_classifier import KERAS_RESCALE
from models.families.echoforge.xception import FEATURES, keras_xception
from models.inputs.clip_input import input_of
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Decoding, Reading
from models.networks.frame_answers import frame_answers
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.results import ReadValue

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
        picked = sorted({round(number) for number in np.linspace(0, clip.number_of_frames - 1, _FRAMES)})
        answers = frame_answers(self, input_of(clip, self.manifest), picked, _BATCH)
        scores = [float(100 * logits.sigmoid().mean()) for logits in answers]
        quality = float(np.mean(scores))
        rows = tuple({"frame": index, "quality": score} for index, score in zip(picked, scores, strict=True))
        notes = (ONE_DECODING, "architecture not published: ours")
        return Reading((ReadValue("image_quality", "{0:100}", quality),), ("frame", "quality"), rows, notes=notes)


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeQuality:
    with torch.device(device):
        network = EchoForgeQuality(manifest)
    return prepare(network, manifest, weights, device)
