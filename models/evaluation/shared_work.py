"""One function over many items, in several processes."""

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import torch

Found = TypeVar("Found")
Progress = Callable[[str], None]
_EVERY = 20  # items between two lines of progress


def results_of(measure: Callable[..., Found], items: Iterable[object], processes: int, progress: Progress) -> list[Found]:
    """In the order of `items`. `measure` and the items are sent to the processes, so they can be pickled."""
    items = list(items)
    results: list[Found] = []
    if processes <= 1:
        return [measure(item) for item in items]
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        for result in pool.map(measure, items, chunksize=2):
            results.append(result)
            if len(results) % _EVERY == 0:
                progress(f"{len(results)} of {len(items)}")
    return results
