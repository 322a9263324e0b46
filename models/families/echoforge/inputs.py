"""What EchoPDNet sees of a clip. The other networks' inputs are no family's own (`models.inputs`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.stretched_region import StretchedRegion
from models.library.manifest import Manifest
from models.library.reading import Decoding
from models.wording import counted


@dataclass(frozen=True)
class PhaseFrames(StretchedRegion):
    """A clip has at least as many frames as the network takes at once, `needed`; `model` is its name."""

    needed: int = 0
    model: str = ""

    def chosen(self, wanted: Sequence[int]) -> Sequence[int]:
        number = self.clip.number_of_frames
        if number < self.needed:
            raise ReadingError(f"the clip has {counted(number, 'frame')}; {self.model} needs at least {self.needed}")
        return range(self.needed)


def phase_frames(clip: Clip, manifest: Manifest, decoding: Decoding = Decoding.CORRECTED) -> PhaseFrames:
    _, needed, height, width = manifest.input_shape
    return PhaseFrames(clip, height, width, decoding, needed, manifest.name)
