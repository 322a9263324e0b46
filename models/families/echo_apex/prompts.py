"""EchoApex' promptable segmentation: clicks and boxes say which structure is meant, two-way attention finds it.

The abstract says "prompt-based encoder-decoder"; the form is that of Kirillov et al., Segment Anything, ICCV 2023, in own words
and sizes. Positions are encoded by random Fourier features (Tancik et al., NeurIPS 2020). Prompts and image look at each other
twice. A small network makes of the mask's token the weights of the last layer.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.clip import Clip
from models.derive.ventricle.outline import closed_lines, polygon_area
from models.errors import ReadingError
from models.families.echo_apex.backbone import AdaptedBackbone
from models.families.echo_apex.inputs import frames as seen_frames
from models.families.echo_apex.sequences import UNTRAINED, untrained
from models.library.manifest import Manifest
from models.library.reading import Mark
from models.networks.reading_network import ReadingNetwork
from models.results import CaliperKind, Point

_WIDTH, _ATTENTION_HEADS, _HIDDEN, _ROUNDS = 256, 8, 1024, 2
_KINDS = 4  # a point outside, a point inside, a box's upper left corner, its lower right one
OUTSIDE, INSIDE, ABSENT = 0, 1, -1  # signs of points; ABSENT fills rows of a batch with fewer prompts


Click = tuple[Point, bool]  # (x, y) and whether it lies inside
Box = tuple[Point, Point]  # upper left and lower right corner


class Segmentation(ReadingNetwork):
    """RGB `frames` (n, 3, h, w), float32, 0 to 1, and prompts -> logits (n, 1, h, w), above 0 inside the structure.

    `points_px` (n, k, 2) are (x, y) px of the frame, float32, (0, 0) at the centre of its top left pixel; `signs` (n, k),
    int64, are INSIDE, OUTSIDE or ABSENT; `boxes_px` (n, 2, 2) the upper left and lower right corner. Without any prompt the
    network decides.
    """

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self.manifest = manifest
        self.encoder = AdaptedBackbone(manifest)
        self.prompts = PromptEncoder(manifest.input_shape[-1])
        self.reduce = nn.Sequential(nn.Conv2d(self.encoder.width, _WIDTH, 1), nn.GroupNorm(1, _WIDTH))
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, _WIDTH))
        self.rounds = nn.ModuleList(TwoWayAttention() for _ in range(_ROUNDS))
        self.last = nn.MultiheadAttention(_WIDTH, _ATTENTION_HEADS, batch_first=True)
        self.last_norm = nn.LayerNorm(_WIDTH)
        self.upscale = nn.Sequential(
            nn.ConvTranspose2d(_WIDTH, _WIDTH // 4, 2, stride=2), nn.GroupNorm(1, _WIDTH // 4), nn.GELU(),
            nn.ConvTranspose2d(_WIDTH // 4, _WIDTH // 8, 2, stride=2), nn.GELU(),
        )  # fmt: skip
        self.weights_of = nn.Sequential(nn.Linear(_WIDTH, _WIDTH), nn.ReLU(), nn.Linear(_WIDTH, _WIDTH // 8))

    def forward(
        self, frames: Tensor, points_px: Tensor | None = None, signs: Tensor | None = None, boxes_px: Tensor | None = None
    ) -> Tensor:
        return self.from_features(self.features(frames), points_px, signs, boxes_px)

    def segment(self, clip: Clip, frame_index: int, points: Sequence[Click] = (), box: Box | None = None) -> Mark | None:
        """The outline of what is asked for on one frame, all in px of the whole image; None where the mask is empty."""
        if untrained(self.manifest) or not self.trained:
            raise ReadingError(UNTRAINED)
        seen = seen_frames(clip, self.manifest)
        place = self.mask_token
        arguments: list[Tensor | None] = [None, None, None]
        if points:
            pixels = seen.box.to_square(np.array([point for point, _ in points], dtype=np.float64))
            signs = torch.tensor([[INSIDE if inside else OUTSIDE for _, inside in points]])
            arguments[:2] = torch.from_numpy(pixels)[None].to(place), signs.to(place.device)
        if box is not None:
            arguments[2] = torch.from_numpy(seen.box.to_square(np.array(box, dtype=np.float64)))[None].to(place)
        with torch.inference_mode():
            logits = self(seen.batch([frame_index]).to(place), *arguments)
        lines = closed_lines(logits[0, 0].float().sigmoid().cpu().numpy(), 0.5)
        if not lines:
            return None
        outline = seen.to_image(max(lines, key=polygon_area)).tolist()
        return Mark(frame_index, CaliperKind.OUTLINE, tuple((x, y) for x, y in outline))

    def features(self, frames: Tensor) -> Tensor:
        """What the prompts are asked of, (n, 256, cells, cells): computed once of `frames`, however often a reader clicks."""
        reduced: Tensor = self.reduce(self.encoder.as_map(self.encoder(frames)))
        return reduced

    def from_features(
        self, features: Tensor, points_px: Tensor | None = None, signs: Tensor | None = None, boxes_px: Tensor | None = None
    ) -> Tensor:
        """As `forward`, of the `features` (n, 256, cells, cells) of the frames."""
        prompts, absent = self.prompts(features.shape[0], points_px, signs, boxes_px)
        tokens = torch.cat([self.mask_token.expand(features.shape[0], -1, -1), prompts], dim=1)
        absent = nn.functional.pad(absent, (1, 0), value=False)
        image, places = features.flatten(2).transpose(1, 2), self.prompts.grid(features.shape[-1])
        start = tokens
        for attention in self.rounds:
            tokens, image = attention(tokens, image, start, places, absent)
        looked, _ = self.last(tokens + start, image + places, image, need_weights=False)
        tokens = self.last_norm(tokens + looked)
        maps = self.upscale(image.transpose(1, 2).reshape(features.shape))
        logits = torch.einsum("nc,nchw->nhw", self.weights_of(tokens[:, 0]), maps)[:, None]
        return nn.functional.interpolate(logits, size=self.prompts.size_px, mode="bilinear", align_corners=False)


class PromptEncoder(nn.Module):
    """Points and boxes as tokens (n, prompts, 256), float32, and which of them are absent, (n, prompts), bool.

    `points_px` (n, k, 2), `signs` (n, k) and `boxes_px` (n, 2, 2), (x, y), are those of `Segmentation`, or None. `frequencies`
    (2, 128), float32, are turns per half of the frame's side, along x and along y.
    """

    frequencies: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        self.size_px = size_px
        self.register_buffer("frequencies", torch.randn(2, _WIDTH // 2))  # never trained, but part of the weights
        self.kinds = nn.Embedding(_KINDS, _WIDTH)
        self.nothing = nn.Parameter(0.02 * torch.randn(1, 1, _WIDTH))

    def forward(
        self, number: int, points_px: Tensor | None, signs: Tensor | None, boxes_px: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if (points_px is None) != (signs is None):
            raise ValueError("points need signs, and signs points")
        # One token stands for "no prompt": it also keeps attention from having nothing at all to look at.
        tokens = [self.nothing.expand(number, -1, -1)]
        absent = [torch.zeros(number, 1, dtype=torch.bool, device=self.frequencies.device)]
        if points_px is not None and signs is not None:
            tokens.append(self.positions(points_px) + self.kinds(signs.clamp(min=0)))
            absent.append(signs < 0)
        if boxes_px is not None:
            tokens.append(self.positions(boxes_px) + self.kinds.weight[2:])
            absent.append(absent[0].expand(-1, 2))
        return torch.cat(tokens, dim=1), torch.cat(absent, dim=1)

    def positions(self, points_px: Tensor) -> Tensor:
        """Random Fourier features (..., 256), float32, of `points_px` (..., 2), (x, y) of the frame.

        They are sine and cosine of projections of what lies in -1 to 1.
        """
        centred = 2 * (points_px.to(self.frequencies.dtype) + 0.5) / self.size_px - 1
        angles = 2 * math.pi * (centred @ self.frequencies)
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)

    def grid(self, cells: int) -> Tensor:
        """The positions (cells * cells, 256), float32, -1 to 1, of the cells' centres, row by row."""
        centres = (torch.arange(cells, device=self.frequencies.device) + 0.5) * (self.size_px / cells) - 0.5
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return self.positions(torch.stack([x, y], dim=-1).flatten(0, 1))


class TwoWayAttention(nn.Module):
    """Prompts look at themselves and at the image, then the image at them.

    `tokens` (n, prompts, 256) and `image` (n, places, 256) -> both of the same shape, float32 activations. `start`
    (n, prompts, 256) and `places` (places, 256) say again what is where; `absent` (n, prompts), bool, is true where a prompt is
    none.
    """

    def __init__(self) -> None:
        super().__init__()
        attentions = [nn.MultiheadAttention(_WIDTH, _ATTENTION_HEADS, batch_first=True) for _ in range(3)]
        self.own, self.to_image, self.to_prompts = attentions
        self.mlp = nn.Sequential(nn.Linear(_WIDTH, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, _WIDTH))
        self.norms = nn.ModuleList(nn.LayerNorm(_WIDTH) for _ in range(4))

    def forward(self, tokens: Tensor, image: Tensor, start: Tensor, places: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
        asked = tokens + start
        tokens = self.norms[0](tokens + self.own(asked, asked, tokens, key_padding_mask=absent, need_weights=False)[0])
        seen = image + places
        tokens = self.norms[1](tokens + self.to_image(tokens + start, seen, image, need_weights=False)[0])
        tokens = self.norms[2](tokens + self.mlp(tokens))
        asked = tokens + start
        told = self.to_prompts(seen, asked, tokens, key_padding_mask=absent, need_weights=False)[0]
        return tokens, self.norms[3](image + told)
