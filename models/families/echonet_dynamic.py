"""EchoNet-Dynamic: the ejection fraction of an apical four-chamber clip, and the outline of its left ventricle.

Ouyang et al., Nature 580 (2020) 252-256. Both take clips with the training data's mean and standard deviation taken out per
colour; those values are not published, so who brings the weights brings them too.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from models.families import prepare
from models.families.vision import DeepLab, r2plus1d_18
from models.manifest import Manifest, ManifestError

_MEAN_EF_PERCENT = 55.6  # where the original starts its training from


class EjectionFraction(nn.Module):
    """Normalised RGB clips (n, 3, 32, 112, 112), every second frame -> ejection fraction (n,), percent."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = r2plus1d_18(outputs=1)
        nn.init.constant_(self.network.get_parameter("fc.bias"), _MEAN_EF_PERCENT)

    def forward(self, clips: Tensor) -> Tensor:
        ef_percent: Tensor = self.network(clips)[:, 0]
        return ef_percent


_NETWORKS: dict[str, Callable[[Manifest], EjectionFraction | DeepLab]] = {
    "r2plus1d_18": EjectionFraction,
    "deeplabv3_resnet50": DeepLab,
}


def load(manifest: Manifest, weights: Path | None, device: str) -> EjectionFraction | DeepLab:
    network = str(manifest.architecture["network"])
    if network not in _NETWORKS:
        raise ManifestError(f"model {manifest.name}: unknown network {network!r}")
    with torch.device(device):
        built = _NETWORKS[network](manifest)
    return prepare(built, manifest, weights, device)
