"""The encoder of all Echo-Motion networks: SegFormer's Mix Transformer, Xie et al., NeurIPS 2021, without its head."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from models.errors import ManifestError
from models.library.manifest import Manifest
from models.networks.engine_slots import EngineSlots
from models.networks.vision import make_importable

# Channels of the maps at 1/4, 1/8, 1/16 and 1/32 of the frame's sides.
WIDTHS: dict[str, tuple[int, int, int, int]] = {
    "B0": (32, 64, 160, 256),
    "B1": (64, 128, 320, 512),
    "B2": (64, 128, 320, 512),
}
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, on which such encoders are pretrained


class _RatesWithValues(TorchFunctionMode):
    """The library computes its drop rates with tensors, and those of "meta" have no values. Weights are made where asked."""

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        return function(*arguments, **(named or {}) | ({"device": "cpu"} if function is torch.linspace else {}))


class MixTransformer(EngineSlots):
    """Frames (n, 3, h, w), RGB, or (n, 1, h, w), grey -> four maps (n, width, h / 4, w / 4) to (n, width, h / 32, w / 32).

    Values are float32, 0 to 1, h and w multiples of 32. It is segmentation_models_pytorch's `mit_b*`, which has exactly the
    weights of the published encoder and no head.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        variant = str(manifest.architecture["encoder"])
        if variant not in WIDTHS:
            raise ManifestError(f"model {manifest.name}: unknown encoder {variant!r}; there are {', '.join(WIDTHS)}")
        make_importable()
        from segmentation_models_pytorch.encoders import get_encoder

        self.widths = WIDTHS[variant]
        with _RatesWithValues():
            self.network = get_encoder(f"mit_{variant.lower()}", weights=None)

    def forward(self, frames: Tensor) -> list[Tensor]:
        mean, deviation = (frames.new_tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
        maps: list[Tensor] = self.network((frames - mean) / deviation)  # grey becomes three equal colours here
        return maps[-4:]

    def describe(self, frames: Tensor) -> Tensor:
        """The mean of the last map: (n, 3, h, w) -> (n, widths[-1])."""
        last: Tensor = self(frames)[-1]
        return last.mean(dim=(2, 3))
