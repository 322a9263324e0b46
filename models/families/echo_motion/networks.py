"""Echo-Motion: the left ventricle of every frame, the ejection fraction from it, and networks over whole clips.

Author's page: kenankocadurdu.github.io. It publishes the parts (SegFormer encoder B0 to B2, U-Net decoder with skips, attention
SE, CBAM or DANet; Bi-LSTM or temporal transformer; two encoders with attention-based fusion) and neither code nor weights, so
every size beyond the encoder's is ours. Trained on end-diastole and end-systole alone, it is applied to all frames.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.clip import Clip
from models.errors import ManifestError
from models.families.echo_motion.attention import ATTENTIONS
from models.families.echo_motion.encoder import MixTransformer
from models.families.echo_motion.reader import read_ventricle
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.library.registry import named
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.networks.widths import list_of_int

_QUADRATIC = ("DANet",)  # too dear on the decoder's larger maps

# Network of `[architecture]` -> module and class. The segmenter is here.
NETWORKS: dict[str, tuple[str, str]] = {
    "segmenter": ("models.families.echo_motion.networks", "EchoMotionNet"),
    "bilstm": ("models.families.echo_motion.temporal", "EchoMotionBiLSTM"),
    "transformer": ("models.families.echo_motion.temporal", "EchoMotionTransformer"),
    "biplane": ("models.families.echo_motion.biplane", "EchoMotionBiplane"),
}


class DecoderStep(nn.Module):
    """`maps` (n, entering, h, w) and `skipped` (n, skipped, 2 * h, 2 * w), or None -> (n, leaving, 2 * h, 2 * w).

    All are float32 activations.
    """

    def __init__(self, entering: int, skipped: int, leaving: int, attention: str | None) -> None:
        super().__init__()
        joined = entering + skipped
        self.attention = ATTENTIONS[attention](joined) if attention else nn.Identity()
        self.convolutions = nn.Sequential(*_convolution(joined, leaving), *_convolution(leaving, leaving))

    def forward(self, maps: Tensor, skipped: Tensor | None) -> Tensor:
        finer = functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
        joined = finer if skipped is None else torch.cat([finer, skipped], dim=1)
        leaving: Tensor = self.convolutions(self.attention(joined))
        return leaving


class EchoMotionNet(ReadingNetwork):
    """Frames (n, 3, h, w), RGB, or (n, 1, h, w), grey -> logits (n, outputs, h, w), the first above 0 in the left
    ventricle; one output where the manifest states no number.

    Values are float32, 0 to 1, h and w multiples of 32.

    `[architecture]`: `outputs`, one where nothing is said; `encoder`; `attention`, after the encoder and, unless it is DANet,
    on each of the decoder's levels; `decoder`, the widths of its five levels, of which the last two have no skip: the encoder
    starts at a quarter of the size.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        attention = str(manifest.architecture["attention"])
        if attention not in ATTENTIONS:
            raise ManifestError(f"model {manifest.name}: unknown attention {attention!r}; there are {', '.join(ATTENTIONS)}")
        self.encoder = MixTransformer(manifest)
        finest_last: Sequence[int] = self.encoder.widths[::-1]
        self.attention = ATTENTIONS[attention](finest_last[0])
        leaving = list_of_int(manifest.architecture["decoder"])
        entering = [finest_last[0], *leaving[:-1]]
        skipped = [*finest_last[1:], 0, 0]
        of_level = None if attention in _QUADRATIC else attention
        steps = zip(entering, skipped, leaving, strict=True)
        self.decoder = nn.ModuleList(DecoderStep(*widths, attention=of_level) for widths in steps)
        self.head = nn.Conv2d(leaving[-1], int(str(manifest.architecture.get("outputs", 1))), 1)

    def forward(self, frames: Tensor) -> Tensor:
        first, second, third, last = self.encoder(frames)
        maps = self.attention(last)
        for step, skipped in zip(self.decoder, (third, second, first, None, None), strict=True):
            maps = step(maps, skipped)
        logits: Tensor = self.head(maps)
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """The ventricle on all frames; its ejection fraction from areas (published) or by discs (corrected)."""
        return read_ventricle(self, self.manifest, clip, decoding)


def _convolution(entering: int, leaving: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(entering, leaving, 3, padding=1, bias=False), nn.BatchNorm2d(leaving), nn.ReLU(inplace=True)


def load(manifest: Manifest, weights: Path | None, device: str) -> nn.Module:
    """The network of the manifest. Raises ManifestError for an unknown one, WeightsError as `prepare` does."""
    network = str(manifest.architecture["network"])
    if network not in NETWORKS:
        raise ManifestError(f"model {manifest.name}: unknown network {network!r}; there are {', '.join(NETWORKS)}")
    module, name = NETWORKS[network]
    with torch.device(device):
        built: nn.Module = named(f"{module}:{name}")(manifest)
    return prepare(built, manifest, weights, device)
