"""A clip as EchoNet-Dynamic's segmenter takes it, and where its squares lie in the image."""

from collections.abc import Sequence

from torch import Tensor

from models.clip import Clip
from models.errors import ManifestError
from models.families.echonet.clips import normalisation, squares
from models.inputs.clip_frames import ClipFrames
from models.inputs.placed_frames import PlacedFrames, Points
from models.library.manifest import Manifest
from models.library.reading import Decoding


class Placed:
    """The cut of EchoNet-Dynamic's own reader, so that a ventricle is outlined on what the network was taught on.

    `batch` gives normalised RGB (n, 3, 112, 112), float32. `to_image` takes `points_px` (n, 2), (x, y) of the square, and gives
    px of the whole image.
    """

    def __init__(self, clip: Clip, manifest: Manifest) -> None:
        rule = normalisation(manifest)
        if rule is None:
            raise ManifestError(f"model {manifest.name}: its manifest does not state mean and std of its training clips")
        self._rule, self._cut = rule, squares(clip, Decoding.CORRECTED)

    def batch(self, indices: Sequence[int]) -> Tensor:
        return self._rule.apply(self._cut.frames[list(indices)]).permute(1, 0, 2, 3)

    def to_image(self, points_px: Points) -> Sequence[tuple[float, float]]:
        return self._cut.placement.to_image(points_px)


def placed(clip: Clip, frames: ClipFrames, manifest: Manifest) -> PlacedFrames:
    return Placed(clip, manifest)
