"""What several networks of a model set take of the same clip: prepared once, kept as long as they read it."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

Prepared = TypeVar("Prepared")


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

    def by_frame(
        self, key: Hashable, indices: Sequence[int], make: Callable[[Sequence[int]], Sequence[Prepared]]
    ) -> list[Prepared]:
        """One of each of these frames, which `make` prepares of several at a time."""
        kept: dict[int, Prepared] = self.once(("frames", key), dict)
        missing = [index for index in dict.fromkeys(indices) if index not in kept]
        if missing:
            kept.update(zip(missing, make(missing), strict=True))
        return [kept[index] for index in indices]
