"""EchoPDNet, EchoForge's finder of end-diastole and end-systole: one score per frame, high at the former, low at the latter.

Lane et al., Comput Biol Med 133 (2021) 104373. Neither the scaling of the pixels nor how windows over longer clips are put
together is published; `models.derive.phase` says how it is done here.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from models.families import prepare
from models.families.keras_lstm import KerasLstm
from models.families.keras_resnet import FEATURES, KerasResNet
from models.manifest import Manifest

_DENSE, _UNITS = 512, 512


class EchoForgePhase(nn.Module):
    """RGB clips (n, 3, frames, h, w), 0 to 255 -> scores (n, frames). The number of frames is the manifest's, h and w are free.

    `[architecture]`: `rescale`, whether the network itself divides by 255.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.frames = manifest.input_shape[1]
        self.scale = 1 / 255 if manifest.architecture["rescale"] else 1.0
        self.backbone = KerasResNet("ResNet50")
        self.lstm1 = KerasLstm(FEATURES, FEATURES)
        self.dense = nn.Linear(FEATURES, _DENSE)
        self.lstm2 = KerasLstm(_DENSE, _UNITS)
        self.head = nn.Linear(self.frames * _UNITS, self.frames)

    def forward(self, clips: Tensor) -> Tensor:
        number, _, frames = clips.shape[:3]
        maps: Tensor = self.backbone(clips.transpose(1, 2).flatten(0, 1) * self.scale)
        features = maps.mean(dim=(2, 3)).unflatten(0, (number, frames))
        states = self.lstm2(torch.relu(self.dense(self.lstm1(features))))
        scores: Tensor = self.head(states.flatten(1))
        return scores


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgePhase:
    with torch.device(device):
        network = EchoForgePhase(manifest)
    return prepare(network, manifest, weights, device)
