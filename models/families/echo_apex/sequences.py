"""EchoApex' answers about whole clips: which view it is, and the ejection fraction.

Both take any number of frames; `inputs` beside this file says which they are shown.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.clip import Clip
from models.families.echo_apex.backbone import AdaptedBackbone
from models.inputs.clip_input import network_input
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.networks.positions import sinusoidal_positions
from models.networks.reading_network import ReadingNetwork, possible, without_a_beat
from models.results import ReadValue, Reason
from models.wording import counted

_TIME_WIDTH, _TIME_LAYERS, _TIME_HEADS = 256, 2, 8
UNTRAINED = "the decoder is untrained: only a backbone has been imported, and what it reads means nothing"


class Views(ReadingNetwork):
    """RGB `clips` (n, 3, frames, h, w), float32, 0 to 1 -> logits (n, outputs).

    They are a linear layer on each frame's CLS token, averaged.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.encoder = AdaptedBackbone(manifest)
        self.head = nn.Linear(self.encoder.width, int(str(manifest.architecture["outputs"])))

    def forward(self, clips: Tensor) -> Tensor:
        logits: Tensor = self.head(self._class_tokens(clips))
        return logits.mean(1)

    def embed(self, clips: Tensor) -> Tensor:
        """The mean CLS token of the frames of `clips`: (n, width), float32.

        It asks the backbone alone, so the decoder may be untrained.
        """
        return self._class_tokens(clips).mean(1)

    def embed_clip(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> NDArray[np.float32]:
        """The embedding of one clip, (width,)."""
        return np.asarray(ask(self, network_input(clip, self.manifest, ()), self.embed).numpy(), np.float32)

    def _class_tokens(self, clips: Tensor) -> Tensor:
        return frame_tokens(self.encoder, clips)[..., : self.encoder.width]

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """The most probable view, its probability in percent; a row for each view. Views without names are numbered from 1."""
        if untrained(self.manifest):
            return Reading((not_read("view_confidence", "%"),))
        logits = ask(self, network_input(clip, self.manifest, ()))
        probabilities = logits.softmax(dim=0).tolist()
        names = self.manifest.labels or tuple(f"view {number}" for number in range(1, len(probabilities) + 1))
        rows = tuple({"Filename": None, "View": n, "Probability": p} for n, p in zip(names, probabilities, strict=True))
        best = int(np.argmax(probabilities))
        value = ReadValue("view_confidence", "%", 100 * probabilities[best], detail=names[best])
        return Reading((value,), columns=("Filename", "View", "Probability"), rows=rows, notes=(f"view: {names[best]}",))


class EjectionFraction(ReadingNetwork):
    """RGB `clips` (n, 3, frames, h, w), float32, 0 to 1 -> ejection fraction (n,), percent.

    A frame's token is made of its CLS and the mean of its patches; attention over time, the mean over frames, one layer. The
    sigmoid behind it keeps the result between 0 and 100.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.encoder = AdaptedBackbone(manifest)
        self.reduce = nn.Linear(2 * self.encoder.width, _TIME_WIDTH)
        layer = nn.TransformerEncoderLayer(_TIME_WIDTH, _TIME_HEADS, 2 * _TIME_WIDTH, dropout=0.0, batch_first=True)
        self.over_time = nn.TransformerEncoder(layer, _TIME_LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(_TIME_WIDTH, 1)

    def forward(self, clips: Tensor) -> Tensor:
        tokens: Tensor = self.reduce(frame_tokens(self.encoder, clips))
        positions = sinusoidal_positions(tokens.shape[1], _TIME_WIDTH, tokens.device).to(tokens.dtype)
        pooled = self.over_time(tokens + positions).mean(dim=1)
        ef_percent: Tensor = 100 * self.head(pooled)[:, 0].sigmoid()
        return ef_percent

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        if untrained(self.manifest):
            return Reading((not_read("ef_video_regression", "%"),))
        if missing := without_a_beat(clip, "ef_video_regression", "%"):
            return Reading((missing,))
        video = network_input(clip, self.manifest, ())
        ef_percent, detail = float(ask(self, video)), f"from {counted(video.shape[2], 'frame')}"
        value = possible(ReadValue("ef_video_regression", "%", ef_percent, detail=detail), decoding, self.own_limits)
        row = {"Filename": None, "EF": value.value}
        return Reading((value,), columns=("Filename", "EF"), rows=(row,))


def frame_tokens(encoder: AdaptedBackbone, clips: Tensor) -> Tensor:
    """CLS and the mean of the patches of every frame, side by side: (n, frames, 2 * width), float32 activations.

    `clips` (n, 3, frames, h, w), float32, are RGB, 0 to 1.
    """
    number, _, frames = clips.shape[:3]
    tokens = encoder(clips.transpose(1, 2).flatten(0, 1))
    both = torch.cat([tokens[:, 0], tokens[:, 1:].mean(dim=1)], dim=1)
    return both.reshape(number, frames, -1)


def ask(network: nn.Module, video: Tensor, question: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """The network's answer to one clip, without its first axis, in main memory: float32 logits, values or features of any
    shape.

    `video` is (1, 3, frames, h, w), float32, 0 to 1. `question` is another method of the network to be asked instead.
    """
    place = next(network.parameters())
    with torch.inference_mode():
        answer: Tensor = (question or network)(video.to(place.device, place.dtype))[0].float().cpu()
    return answer


def untrained(manifest: Manifest) -> bool:
    return manifest.architecture.get("decoder") == "untrained"


def not_read(key: str, unit: str) -> ReadValue:
    return ReadValue(key, unit, None, reasons=(Reason.UNTRAINED_WEIGHTS,), detail=UNTRAINED)
