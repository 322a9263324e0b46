"""EchoPrime: one embedding of a clip of any view, and which of 11 coarse views its first frame shows.

Vukadinovic et al., Nature 2025, s41586-025-09850-x.
Published and corrected ways differ in: short clips (filled up with empty frames, or played again from the start), single frames
(skipped, or a clip of that one frame), and what is cut from a DICOM object (the whole frame, or the calibrated region).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.clip import Clip
from models.errors import ManifestError
from models.families.echo_prime.inputs import FirstFrame, SectorFrames
from models.inputs.clip_input import as_clip
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.networks.engine_slots import EngineSlots
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.networks.vision import convnext, mvit_v2_s
from models.results import ReadValue, of_frames


class VideoEncoder(EngineSlots):
    """Normalised RGB `clips` (n, 3, 16, 224, 224), float32 -> embeddings (n, 512)."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = mvit_v2_s(int(str(manifest.architecture["embedding"])))

    def forward(self, clips: Tensor) -> Tensor:
        embeddings: Tensor = self.network(clips)
        return embeddings

    def embed(self, clips: Tensor) -> Tensor:
        """What the network is for: its output for `clips`."""
        return self.forward(clips)

    def embed_clip(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> NDArray[np.float32]:
        """The embedding of one clip, (512,). Raises ReadingError as `SectorFrames` does."""
        return _run(self, as_clip(_seen(SectorFrames(clip, self.manifest, decoding))))


class ViewClassifier(ReadingNetwork):
    """Normalised RGB `frames` (n, 3, 224, 224), float32 -> logits (n, 11)."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.network = convnext("base", int(str(manifest.architecture["outputs"])))

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.network(frames)
        return logits

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """The first frame's most probable view, its probability in percent; a row for each view."""
        logits = _run(self, _seen(FirstFrame(clip, self.manifest, decoding)))
        probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        rows = tuple(
            {"Filename": None, "View": name, "Probability": float(probability)}
            for name, probability in zip(self.manifest.labels, probabilities, strict=True)
        )
        best = int(probabilities.argmax())
        value = ReadValue(
            "view_confidence", "%", 100 * float(probabilities[best]), of_frames(0), detail=self.manifest.labels[best]
        )
        return Reading((value,), columns=("Filename", "View", "Probability"), rows=rows, notes=(f"view: {value.detail}",))


def _seen(clip: SectorFrames) -> Tensor:
    return clip.batch(clip.chosen(()))


def _run(network: nn.Module, batch: Tensor) -> NDArray[np.float32]:
    """The network's answer (outputs,) to one clip (1, 3, 16, 224, 224) or frame (1, 3, 224, 224)."""
    place = next(network.parameters())
    with torch.inference_mode():
        output: NDArray[np.float32] = network(batch.to(place.device, place.dtype))[0].float().cpu().numpy()
    return output


_NETWORKS: dict[str, Callable[[Manifest], VideoEncoder | ViewClassifier]] = {
    "mvit_v2_s": VideoEncoder,
    "convnext_base": ViewClassifier,
}


def load(manifest: Manifest, weights: Path | None, device: str) -> VideoEncoder | ViewClassifier:
    """Raises ManifestError for an unknown network, WeightsError as `prepare` does."""
    network = str(manifest.architecture.get("network"))
    if network not in _NETWORKS:
        raise ManifestError(f"model {manifest.name}: unknown network {network!r}")
    with torch.device(device):
        built = _NETWORKS[network](manifest)
    return prepare(built, manifest, weights, device)
