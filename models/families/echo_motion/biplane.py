"""Echo-Motion's dual encoder: one for the four-chamber clip, one for the two-chamber clip, and attention between the two.

The page says "dual encoder, attention-based fusion", in progress; how it fuses is ours: cross-attention in both directions.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.clip import Clip
from models.families.echo_motion.encoder import MixTransformer
from models.families.echo_motion.temporal import describe_clips, described, ejection_head, masked_mean, padding
from models.library.manifest import Manifest
from models.library.reading import Reading
from models.networks.positions import sinusoidal_positions
from models.networks.reading_network import ReadingNetwork, without_a_beat
from models.results import ReadValue
from models.wording import counted

EF_KEY = "ef_video_regression_biplane"  # neither the method of discs nor the regression from one view
_DROPOUT = 0.1


class CrossView(nn.Module):
    """The tokens of one view after looking at those of the other, whose number may differ.

    `own` (n, tokens, width) and `other` (n, others, width) -> (n, tokens, width), float32 activations. `other_lengths` (n,),
    int64, are the counts of `other` that are not padding; None: all.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.own_norm, self.other_norm, self.last_norm = (nn.LayerNorm(width) for _ in range(3))
        self.attention = nn.MultiheadAttention(width, heads, _DROPOUT, batch_first=True)
        self.layers = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, own: Tensor, other: Tensor, other_lengths: Tensor | None = None) -> Tensor:
        seen = self.other_norm(other)
        mask = padding(other, other_lengths)
        looked: Tensor = self.attention(self.own_norm(own), seen, seen, key_padding_mask=mask, need_weights=False)[0]
        joined = own + looked
        fused: Tensor = joined + self.layers(self.last_norm(joined))
        return fused


class EchoMotionBiplane(ReadingNetwork):
    """RGB clips of both views, `a4c` and `a2c`, (n, 3, frames, h, w), float32, 0 to 1 -> biplane ejection fraction (n,),
    percent.

    h and w are multiples of 32. The views may have different numbers of frames and sizes. `a4c_lengths` and `a2c_lengths` (n,),
    int64, are the frames that are not padding, at least 1. The views have encoders of their own and a learned mark, and share
    the fusion: what A4C does to A2C, A2C does to A4C. `[architecture]`: `encoder`; `width`; `heads`.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        width, heads = (int(str(manifest.architecture[key])) for key in ("width", "heads"))
        self.a4c_encoder, self.a2c_encoder = MixTransformer(manifest), MixTransformer(manifest)
        self.entry = nn.Linear(self.a4c_encoder.widths[-1], width)
        self.view_marks = nn.Parameter(0.02 * torch.randn(2, width))
        self.fusion = CrossView(width, heads)
        self.ef_head = ejection_head(2 * width)

    def forward(self, a4c: Tensor, a2c: Tensor, a4c_lengths: Tensor | None = None, a2c_lengths: Tensor | None = None) -> Tensor:
        features = describe_clips(self.a4c_encoder, a4c), describe_clips(self.a2c_encoder, a2c)
        return self.answer(*features, a4c_lengths, a2c_lengths)

    def answer(self, a4c: Tensor, a2c: Tensor, a4c_lengths: Tensor | None = None, a2c_lengths: Tensor | None = None) -> Tensor:
        """As `forward`, from the features (n, frames, features), float32, of the frames of both views."""
        four, two = (self._tokens(features, view) for view, features in enumerate((a4c, a2c)))
        from_four = masked_mean(self.fusion(four, two, a2c_lengths), a4c_lengths)
        from_two = masked_mean(self.fusion(two, four, a4c_lengths), a2c_lengths)
        ef_percent: Tensor = self.ef_head(torch.cat([from_four, from_two], dim=1))[:, 0]
        return ef_percent

    def _tokens(self, features: Tensor, view: int) -> Tensor:
        entered: Tensor = self.entry(features)
        return entered + self.view_marks[view] + sinusoidal_positions(features.shape[1], entered.shape[2], entered.device)

    def read_group(self, clips: Sequence[Clip]) -> Reading:
        """The ejection fraction of a study's A4C and A2C clip; one clip alone has none, nor has one without a whole beat."""
        a4c, a2c = clips
        for clip in clips:
            if missing := without_a_beat(clip, EF_KEY, "%"):
                return Reading((missing,))
        with torch.inference_mode():
            four = described(self.a4c_encoder, a4c, self.manifest)
            two = described(self.a2c_encoder, a2c, self.manifest)
            ef_percent = float(self.answer(four[None], two[None])[0])
        detail = f"regressed from {counted(len(four), 'frame')} of A4C and {len(two)} of A2C"
        return Reading((ReadValue(EF_KEY, "%", ef_percent, detail=detail),))
