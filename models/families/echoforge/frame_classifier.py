"""What the Keras classifiers of single frames share: scaling, backbone, and a head on a pooled or flattened feature map."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from models.clip import Clip
from models.errors import ManifestError
from models.families.echoforge.class_reading import read_classes
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.networks.reading_network import ReadingNetwork

KERAS_RESCALE = 0.003921568859368563  # 1 / 255 in single precision: Keras keeps it so in double precision too


class FrameClassifier(ReadingNetwork):
    """RGB `frames` (n, 3, h, w), float32, 0 to 255 -> logits (n, outputs). There is no softmax: Keras has it inside.

    `[architecture]`: `outputs`, 0 for no head; `pooling`, "average" or "flatten", where the latter fixes h and w to the
    manifest's; `rescale`, whether the network divides by 255 itself; `hidden`, the widths of ReLU layers before the last one.
    """

    def __init__(self, manifest: Manifest, backbone: nn.Module, channels: int) -> None:
        super().__init__()
        self.manifest = manifest
        self.pooling = str(manifest.architecture["pooling"])
        if self.pooling not in self.poolings:
            raise ManifestError(f"model {manifest.name}: unknown pooling {self.pooling!r}")
        self.scale = KERAS_RESCALE if manifest.architecture["rescale"] else 1.0
        self.backbone = backbone
        hidden = manifest.architecture.get("hidden", [])
        if not isinstance(hidden, list):
            raise ManifestError(f"model {manifest.name}: hidden is a list of widths")
        cells = prod(map(self.map_side, manifest.input_shape[-2:])) if self.pooling == "flatten" else 1
        outputs = int(str(manifest.architecture["outputs"]))
        self.head = dense_layers([channels * cells, *map(int, hidden), outputs]) if outputs else nn.Identity()

    poolings: tuple[str, ...] = ("average", "flatten")

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.head(self.embed(frames))
        return logits

    def embed(self, frames: Tensor) -> Tensor:
        """What enters the head for `frames`: features (n, channels).

        Flattened they are (n, h / 32 * w / 32 * channels), in Keras' order row, column, channel.
        """
        return self.pool(self.backbone(frames * self.scale))

    def pool(self, maps: Tensor) -> Tensor:
        """The backbone's `maps` (n, channels, h, w) as features: (n, channels), or flattened (n, h * w * channels), float32."""
        return maps.mean(dim=(2, 3)) if self.pooling == "average" else maps.permute(0, 2, 3, 1).flatten(1)

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """A class and its probability for every frame, and no value of the clip."""
        return read_classes(self, clip, self.manifest)

    @staticmethod
    def map_side(side: int) -> int:
        """Of the backbone's map, of frames of `side` px: halved five times, rounded up."""
        return -(-side // 32)


def dense_layers(widths: Sequence[int]) -> nn.Module:
    """Linear layers of these widths, ReLU between them, dropout before the last: one layer alone is just that layer."""
    if len(widths) == 2:
        return nn.Linear(widths[0], widths[1])
    steps: list[nn.Module] = []
    for entering, leaving in pairwise(widths[:-1]):
        steps += [nn.Linear(entering, leaving), nn.ReLU()]
    return nn.Sequential(*steps, nn.Dropout(0.5), nn.Linear(widths[-2], widths[-1]))
