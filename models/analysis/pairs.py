"""What models say that read an A4C and an A2C clip of one study together."""

from collections.abc import Sequence

from models.analysis.loaded_model import Part
from models.analysis.measured_values import ClipReadings, read_all
from models.catalogue import View
from models.clip import Clip
from models.library.quantities import reads_pairs
from models.results import FrameReference


def read_pair(a4c: Clip, a2c: Clip, parts: Sequence[Part]) -> ClipReadings:
    """Of each model that reads pairs. A value comes from every frame of both clips, A4C first."""
    every = tuple(
        FrameReference(clip.sop_instance_uid, number) for clip in (a4c, a2c) for number in range(1, clip.number_of_frames + 1)
    )
    asked = [part for part in parts if reads_pairs(part.manifest)]
    return read_all((View.A4C, View.A2C), asked, lambda network: network.read_pair(a4c, a2c).values, lambda value: every)
