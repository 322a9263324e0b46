"""What models say that read several clips of one study together, one of each view."""

from collections.abc import Sequence
from dataclasses import replace

from models.analysis.loaded_model import LoadedModel
from models.analysis.measured_values import ClipReadings, read_all
from models.catalogue import View
from models.clip import Clip
from models.library.quantities import views_together
from models.results import FrameReference


def read_group(views: tuple[View, ...], clips: Sequence[Clip], models: Sequence[LoadedModel]) -> ClipReadings:
    """Of each model that reads these `views` together; `clips` in their order. A value comes from every frame of all clips."""
    every = tuple(
        FrameReference(clip.sop_instance_uid, number) for clip in clips for number in range(1, clip.number_of_frames + 1)
    )
    asked = [loaded for loaded in models if views_together(loaded.manifest) == views]
    return read_all(
        views, asked, lambda model: model.group_reader.read_group(clips).values, lambda value: replace(value, sources=every)
    )
