"""EchoPrime: one embedding of a clip of any view, and which of 11 coarse views its first frame shows.

Vukadinovic et al., Nature 2025, s41586-025-09850-x. How the authors find the border of the sector is not among the facts this
was written from: here the sector is what changes between frames, its largest connected part and what that encloses.

Published and corrected ways differ in: short clips (filled up with empty frames, or played again from the start), stills
(skipped, or a clip of that one frame), and what is cut from a DICOM object (the whole frame, or the calibrated region).
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.clip import Clip
from models.errors import ManifestError, ReadingError
from models.inputs.clip_squares import Frames, centre_square, image_window, resized
from models.inputs.normalisation import Normalisation
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading, ReadValue
from models.networks.reading_network import ReadingNetwork
from models.networks.stored_weights import prepare
from models.networks.vision import convnext, mvit_v2_s

SIZE_PX = 224
_TAKEN, _STRIDE = 32, 2  # from frame 0 on, so 16 are shown
ZOOM = 0.1  # of the side, from every side
_NOTHING = 8  # grey levels: what compression alone changes, or paints into black
TRAINING = Normalisation(torch.tensor((29.110628, 28.076836, 29.096405)), torch.tensor((47.989223, 46.456997, 47.20083)))


class VideoEncoder(nn.Module):
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
        """The embedding of one clip, (512,). Raises ReadingError as `shown` does."""
        return _run(self, shown(clip, decoding))


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
        logits = _run(self, shown(clip, decoding)[:, 0])
        probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        rows = tuple(
            {"Filename": None, "View": name, "Probability": float(probability)}
            for name, probability in zip(self.manifest.labels, probabilities, strict=True)
        )
        best = int(probabilities.argmax())
        value = ReadValue("view_confidence", "%", 100 * float(probabilities[best]), 0, detail=self.manifest.labels[best])
        return Reading((value,), columns=("Filename", "View", "Probability"), rows=rows, notes=(f"view: {value.detail}",))


def shown(clip: Clip, decoding: Decoding) -> Tensor:
    """The clip as both networks take it: RGB (3, 16, 224, 224), float32, in standard deviations, no unit.

    Of it the classifier takes the first frame. Raises ReadingError for a still in the published way, which takes clips only,
    and for an image of nothing.
    """
    if decoding is Decoding.PUBLISHED and clip.number_of_frames == 1:
        raise ReadingError("the published way skips stills: the clip has one frame")
    present, missing = taken_frames(clip.number_of_frames, decoding)
    window, _ = image_window(clip, decoding)
    x0, y0, x1, y1 = window
    frames = outside_blackened(clip.take(present)[:, y0:y1, x0:x1])
    square = centre_square((0, 0, x1 - x0, y1 - y0), ZOOM)
    video = TRAINING.apply(resized(frames, square, SIZE_PX, cv2.INTER_CUBIC))
    return nn.functional.pad(video, (0, 0, 0, 0, 0, missing)) if missing else video


def view_input(clip: Clip, manifest: Manifest) -> Tensor:
    """The first frame as `shown` gives it, (1, 3, h, w), float32, no unit: the view classifier was taught on it alone."""
    return shown(clip, Decoding.CORRECTED)[:, 0][None]


def taken_frames(number_of_frames: int, decoding: Decoding) -> tuple[list[int], int]:
    """Every second of the first 32 frames, and how many of the 16 stay empty. The corrected way plays a short clip again.

    Empty frames are zero after normalisation, which is the mean grey; on which side of it the authors fill up is not known.

    >>> taken_frames(100, Decoding.PUBLISHED)[0][-1], taken_frames(7, Decoding.PUBLISHED)
    (30, ([0, 2, 4, 6], 12))
    >>> taken_frames(7, Decoding.CORRECTED)
    ([0, 2, 4, 6, 1, 3, 5, 0, 2, 4, 6, 1, 3, 5, 0, 2], 0)
    """
    wanted = range(0, _TAKEN, _STRIDE)
    if decoding is Decoding.CORRECTED:
        return [frame % number_of_frames for frame in wanted], 0
    present = [frame for frame in wanted if frame < number_of_frames]
    return present, len(wanted) - len(present)


def outside_blackened(frames: Frames) -> Frames:
    """RGB `frames` (n, rows, columns, 3), 0 to 255, black outside the sector: (n, rows, columns, 3).

    They stay as they are where no sector is found.
    """
    inside = sector(frames)
    return frames if inside is None else np.asarray(frames * inside[None, :, :, None], np.uint8)


def sector(frames: Frames) -> NDArray[np.bool_] | None:
    """(rows, columns), true inside the ultrasound sector of RGB `frames` (n, rows, columns, 3), 0 to 255.

    It is the convex hull of the largest part that changes between frames. Text, logos and scales stand still, and a still shows
    all it has: there the largest part that is not black. None where nothing is.
    """
    grey = frames.max(axis=3)
    alive = grey.max(axis=0) - grey.min(axis=0) if len(grey) > 1 else grey[0]
    if alive.max() <= _NOTHING:
        alive = grey[0]
    # Speckle has gaps, an ECG trace is thin: closing joins the one, opening drops the other.
    side = max(3, min(alive.shape) // 40)
    kernel = np.ones((side, side), np.uint8)
    seen = cv2.morphologyEx((alive > _NOTHING).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    seen = cv2.morphologyEx(seen, cv2.MORPH_OPEN, kernel)
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(seen)
    if len(statistics) < 2:
        return None
    largest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    outlines, _ = cv2.findContours((parts == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(outlines))
    return np.asarray(cv2.fillConvexPoly(np.zeros(alive.shape, np.uint8), hull, 1), bool)


def _run(network: nn.Module, video: Tensor) -> NDArray[np.float32]:
    place = next(network.parameters())
    with torch.inference_mode():
        output: NDArray[np.float32] = network(video[None].to(place.device, place.dtype))[0].float().cpu().numpy()
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
