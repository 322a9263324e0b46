"""What several networks of a model set take of the same clip: prepared once, kept as long as they read it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

Prepared = TypeVar("Prepared")


class KeptFrames:
    """Prepared frames by index. Whoever asks prepares those that are missing, so nothing here calls back."""

    def __init__(self) -> None:
        self._kept: dict[int, Any] = {}

    def missing(self, indices: Sequence[int]) -> list[int]:
        """Those of `indices` that are not kept yet, each once."""
        return [index for index in dict.fromkeys(indices) if index not in self._kept]

    def keep(self, indices: Sequence[int], prepared: Iterable[Any]) -> None:
        self._kept.update(zip(indices, prepared, strict=True))

    def of(self, indices: Sequence[int]) -> list[Any]:
        """One of each, in their order; nobody may write into it."""
        return [self._kept[index] for index in indices]


class ClipCache:
    """Belongs to one clip. It keeps what was prepared within `shared` alone: the prepared frames of a long clip are large."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] | None = None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Within, each preparation is made once, for all networks that ask for it; afterwards nothing of it is kept.

        Within another `shared` it changes nothing.
        """
        if self._kept is not None:
            yield
            return
        self._kept = {}
        try:
            yield
        finally:
            self._kept = None

    def once(self, key: Hashable, make: Callable[[], Prepared]) -> Prepared:
        """What `make` gives; nobody may write into it. `key` says how it is prepared."""
        if self._kept is None:
            return make()
        if key not in self._kept:
            self._kept[key] = make()
        found: Prepared = self._kept[key]
        return found

    def frames(self, key: Hashable) -> "KeptFrames":
        """Frames prepared in the way that `key` says; outside `shared` none are kept from one question to the next."""
        return self.once(("frames", key), KeptFrames)
