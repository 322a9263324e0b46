"""What EchoApex' networks see of a clip: the calibrated region where there is one, grey, letterboxed.

Which frames of a clip are shown is not published: here 16, spread evenly over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.clip import Clip
from models.inputs.clip_squares import evenly
from models.inputs.letterboxed_region import LetterboxedRegion
from models.library.manifest import Manifest

_FRAMES = 16


@dataclass(frozen=True)
class SpreadFrames(LetterboxedRegion):
    """Those of a network that answers about the clip."""

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        return evenly(self.clip.number_of_frames, _FRAMES)


def frames(clip: Clip, manifest: Manifest) -> LetterboxedRegion:
    return LetterboxedRegion(clip, manifest.input_shape[-1], channels=3)


def spread_frames(clip: Clip, manifest: Manifest) -> SpreadFrames:
    return SpreadFrames(clip, manifest.input_shape[-1], channels=3)
