"""What several networks of a model set take of the same clip: prepared once, kept as long as they read it."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from models.clip import Clip

Prepared = TypeVar("Prepared")

_KEPT: WeakKeyDictionary[Clip, dict[Hashable, Any]] = WeakKeyDictionary()


@contextmanager
def shared(clip: Clip) -> Iterator[None]:
    """Within, each preparation of this clip is made once, for all networks that ask for it; afterwards nothing of it is kept.

    Within another `shared` of the same clip it changes nothing.
    """
    if clip in _KEPT:
        yield
        return
    _KEPT[clip] = {}
    try:
        yield
    finally:
        del _KEPT[clip]


def once(clip: Clip, key: Hashable, make: Callable[[], Prepared]) -> Prepared:
    """What `make` gives; nobody may write into it. `key` says how it is prepared."""
    kept = _KEPT.get(clip)
    if kept is None:
        return make()
    if key not in kept:
        kept[key] = make()
    found: Prepared = kept[key]
    return found


def by_frame(
    clip: Clip, key: Hashable, indices: Sequence[int], make: Callable[[Sequence[int]], Sequence[Prepared]]
) -> list[Prepared]:
    """One of each of these frames, which `make` prepares of several at a time."""
    kept: dict[int, Prepared] = once(clip, ("frames", key), dict)
    missing = [index for index in dict.fromkeys(indices) if index not in kept]
    if missing:
        kept.update(zip(missing, make(missing), strict=True))
    return [kept[index] for index in indices]
