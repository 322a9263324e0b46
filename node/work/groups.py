"""After the clips of a study: models that read several clips together. What they say stands with the first clip of a group."""

from collections.abc import Callable, Sequence
from pathlib import Path

from models.derive.study.groups import ClipGroup, choose_group
from models.library.model_set import ModelSet
from models.library.quantities import groups_read
from models.results import ClipFindings

# A group, the files of its clips -> the findings of its first clip with what was read off all of them.
ReadGroup = Callable[[ClipGroup, Sequence[Path], ModelSet], ClipFindings]


def with_groups(
    files: Sequence[Path], clips: Sequence[ClipFindings], models: ModelSet, read_group: ReadGroup
) -> list[ClipFindings]:
    """`clips` of these `files`; as they are where no model of the set reads several together, or the study has none to read."""
    found = list(clips)
    for views in groups_read(models):
        if isinstance(group := choose_group(views, found), ClipGroup):
            places = [next(place for place, clip in enumerate(found) if clip is one) for one in group.clips]
            found[places[0]] = read_group(group, [files[place] for place in places], models)
    return found
