"""EchoForge's ResNet classifiers: EchoSDNet (one heart in the frame or two) and the ResNet baselines on the 47 views."""

from pathlib import Path

import torch

from models.errors import ManifestError
from models.families.echoforge.frame_classifier import FrameClassifier
from models.library.manifest import Manifest
from models.networks.keras_resnet import BLOCKS, FEATURES, STAGES, KerasResNet
from models.networks.stored_weights import prepare


class EchoForgeResNet(FrameClassifier):
    """`[architecture]` besides that of a FrameClassifier: `network`, "ResNet50" or "ResNet101"; `frozen`, the stages that
    EchoForge did not train ("conv1" to "conv5").
    """

    def __init__(self, manifest: Manifest) -> None:
        variant = str(manifest.architecture["network"])
        if variant not in BLOCKS:
            raise ManifestError(f"model {manifest.name}: unknown network {variant!r}")
        super().__init__(manifest, KerasResNet(variant), FEATURES)
        frozen = manifest.architecture.get("frozen", [])
        if not isinstance(frozen, list) or not set(frozen) <= set(STAGES):
            raise ManifestError(f"model {manifest.name}: frozen is a list of {', '.join(STAGES)}")
        for stage in frozen:
            self.backbone.get_submodule(str(stage)).requires_grad_(False)


def load(manifest: Manifest, weights: Path | None, device: str) -> EchoForgeResNet:
    with torch.device(device):
        network = EchoForgeResNet(manifest)
    return prepare(network, manifest, weights, device)
