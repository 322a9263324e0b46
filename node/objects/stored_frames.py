"""Frames of stored objects as RGB, for documents that show them."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.clip import Clip
from node.errors import UnreadableClip
from node.objects.clip_reader import open_clip
from sr_templates.errors import DocumentError

_KEPT_OPEN = 2  # a document shows clip after clip; what was decoded of an earlier one is let go


class StoredFrames:
    """Frames by SOP Instance UID and number, each decoded when it is first asked for, as the analysis decoded it."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths
        self._open: OrderedDict[str, Clip] = OrderedDict()

    def __call__(self, sop_instance_uid: str, frame_number: int) -> NDArray[np.uint8]:
        """RGB (rows, columns, 3), 0 to 255; frames are counted from 1.

        Raises DocumentError, without a value of the header, where the object has no such frame; OSError of the disk.
        """
        path = self._paths.get(sop_instance_uid)
        if path is None:
            raise DocumentError("an object to be shown is not stored")
        try:
            clip = self._open.pop(sop_instance_uid, None) or open_clip(path)
            self._open[sop_instance_uid] = clip
            if len(self._open) > _KEPT_OPEN:
                self._open.popitem(last=False)
            if not 1 <= frame_number <= clip.number_of_frames:
                raise DocumentError("a frame to be shown is not in the object")
            return np.asarray(clip.take([frame_number - 1])[0])
        except UnreadableClip as error:
            raise DocumentError(f"an object cannot be shown: {error}") from None
