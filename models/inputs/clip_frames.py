"""The frames of one clip."""

from models.clip import Clip


class ClipFrames:
    def __init__(self, clip: Clip) -> None:
        self._clip = clip
