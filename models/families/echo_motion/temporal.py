"""Echo-Motion over a whole clip: ejection fraction and the phase of every frame, from the encoder's features of the frames.

The page names a Bi-LSTM or a temporal transformer and an ejection fraction head, planned, without sizes: all of them are ours.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from models.clip import Clip
from models.families.echo_motion.encoder import MixTransformer
from models.families.echo_motion.inputs import AT_ONCE, SmoothedClip
from models.library.manifest import Manifest
from models.library.reading import Decoding, Reading
from models.networks.positions import sinusoidal_positions
from models.networks.reading_network import ReadingNetwork, without_a_beat
from models.results import ReadValue
from models.wording import counted

EF_KEY = "ef_video_regression"  # a quantity of its own, never the method of discs
COLUMNS = ("filename", "frame_number", "time_ms", "ed_probability", "es_probability")
MEAN_EF_PERCENT = 55.0  # where training starts from, about the mean of adults sent to echocardiography
_DROPOUT = 0.1


class ClipAnswer(NamedTuple):
    """`ef_percent` (n,); `phase_logits` (n, frames, 2): end-diastole, end-systole. Both are float32.

    Those of padded frames mean nothing.
    """

    ef_percent: Tensor
    phase_logits: Tensor


class EchoMotionClips(ReadingNetwork):
    """RGB `clips` (n, 3, frames, h, w), float32, 0 to 1, h and w multiples of 32, any number of frames -> `ClipAnswer`.

    `lengths` (n,), int64, are the frames of each clip that are not padding, at least 1; padding does not change the answer.
    `[architecture]`: `encoder`; `width`, that of the sequence model; `layers`.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.width, self.layers = (int(str(manifest.architecture[key])) for key in ("width", "layers"))
        self.encoder = MixTransformer(manifest)
        self.phase_head = nn.Linear(self.width, 2)
        self.ef_head = ejection_head(self.width)

    def forward(self, clips: Tensor, lengths: Tensor | None = None) -> ClipAnswer:
        return self.answer(describe_clips(self.encoder, clips), lengths)

    def answer(self, features: Tensor, lengths: Tensor | None = None) -> ClipAnswer:
        """From the `features` (n, frames, features), float32, of frames that were seen one by one."""
        states = self.follow(features, lengths)
        ef_percent: Tensor = self.ef_head(masked_mean(states, lengths))[:, 0]
        return ClipAnswer(ef_percent, self.phase_head(states))

    def follow(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        """`features` (n, frames, features) -> (n, frames, width), float32: each frame in the light of the others."""
        raise NotImplementedError

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        """The ejection fraction, and both phases' probabilities of every frame. Both decodings are one: none is published."""
        with torch.inference_mode():
            features = described(self.encoder, clip, self.manifest)
            ef_percent, logits = self.answer(features[None])
        regressed = ReadValue(EF_KEY, "%", float(ef_percent[0]), detail=f"regressed from {counted(len(features), 'frame')}")
        value = without_a_beat(clip, EF_KEY, "%") or regressed
        times = [None] * len(features) if clip.frame_times_ms is None else clip.frame_times_ms.tolist()
        rows = tuple(
            dict(zip(COLUMNS, (None, frame, time, *probabilities), strict=True))
            for frame, (time, probabilities) in enumerate(zip(times, logits[0].float().sigmoid().tolist(), strict=True))
        )
        return Reading((value,), columns=COLUMNS, rows=rows)


class EchoMotionBiLSTM(EchoMotionClips):
    """Hochreiter and Schmidhuber 1997, in both directions; each direction has half of `width`."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        entering, half = self.encoder.widths[-1], self.width // 2
        self.lstm = nn.LSTM(entering, half, self.layers, batch_first=True, bidirectional=True)

    def follow(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        """`features` (n, frames, features) -> (n, frames, width), float32; `lengths` (n,) as everywhere."""
        if lengths is None:
            states: Tensor = self.lstm(features)[0]
            return states
        # Packed, the backward direction starts at each clip's own last frame.
        packed = pack_padded_sequence(features, lengths.cpu(), batch_first=True, enforce_sorted=False)
        padded: Tensor = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=features.shape[1])[0]
        return padded


class EchoMotionTransformer(EchoMotionClips):
    """Vaswani et al., NeurIPS 2017: every frame attends to every frame. `[architecture] heads` besides the others."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(manifest)
        self.entry = nn.Linear(self.encoder.widths[-1], self.width)
        heads = int(str(manifest.architecture["heads"]))
        layer = nn.TransformerEncoderLayer(self.width, heads, 2 * self.width, _DROPOUT, batch_first=True)
        self.attention = nn.TransformerEncoder(layer, self.layers, enable_nested_tensor=False)

    def follow(self, features: Tensor, lengths: Tensor | None) -> Tensor:
        """`features` (n, frames, features) -> (n, frames, width), float32; `lengths` (n,) as everywhere."""
        tokens = self.entry(features) + sinusoidal_positions(features.shape[1], self.width, features.device)
        states: Tensor = self.attention(tokens, src_key_padding_mask=padding(tokens, lengths))
        return states


def described(encoder: MixTransformer, clip: Clip, manifest: Manifest) -> Tensor:
    """Features (frames, width) of every frame of the clip, float32, where the encoder is; the width is its last one."""
    place = next(encoder.parameters())
    seen = SmoothedClip(clip, manifest)
    frames = seen.chosen(())
    batches = (seen.batch(frames[first : first + AT_ONCE]) for first in range(0, len(frames), AT_ONCE))
    return torch.cat([encoder.describe(batch.to(place.device, place.dtype)) for batch in batches])


def describe_clips(encoder: MixTransformer, clips: Tensor) -> Tensor:
    """RGB `clips` (n, 3, frames, h, w), float32, 0 to 1 -> features (n, frames, features), each frame for itself.

    Their number is the encoder's last width.
    """
    number, _, frames = clips.shape[:3]
    return encoder.describe(clips.transpose(1, 2).flatten(0, 1)).view(number, frames, -1)


def ejection_head(width: int) -> nn.Module:
    head = nn.Linear(width, 1)
    nn.init.constant_(head.bias, MEAN_EF_PERCENT)
    return head


def padding(tokens: Tensor, lengths: Tensor | None) -> Tensor | None:
    """(n, count), bool, true where a token of `tokens` (n, count, width) is padding; None where none is.

    `lengths` (n,), int64, are the counts that are no padding; None: all.
    """
    if lengths is None:
        return None
    return torch.arange(tokens.shape[1], device=tokens.device)[None] >= lengths.to(tokens.device)[:, None]


def masked_mean(tokens: Tensor, lengths: Tensor | None) -> Tensor:
    """`tokens` (n, count, width) -> (n, width), float32, over those that are not padding; `lengths` (n,) as for `padding`."""
    hidden = padding(tokens, lengths)
    if hidden is None:
        return tokens.mean(dim=1)
    seen = (~hidden)[..., None]
    return torch.where(seen, tokens, 0).sum(dim=1) / seen.sum(dim=1)
