"""Converted graphs on disk: converting takes seconds to minutes, reading one a fraction of a second.

A graph is found by what it was made from: every weight, the layers that hold them, the shape of the input, the library and its
version. It is never trusted for that: the gate compares what it computes with the reference at every load.
"""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from torch import nn

log = logging.getLogger(__name__)

CACHE_FOLDER_VARIABLE = "ECHONODE_CACHE"
MOST_BYTES = 8 * 1024**3  # more than all networks of one model set need

_folder_for_now: ContextVar[Path | None] = ContextVar("folder_for_now", default=None)


def cache_folder() -> Path:
    """$ECHONODE_CACHE, else the user's cache, on Linux ~/.cache/echonode. All that is in it can be made again."""
    chosen = os.environ.get(CACHE_FOLDER_VARIABLE) or user_cache_path("echonode", appauthor=False)
    return _folder_for_now.get() or Path(chosen)


@contextmanager
def throwaway_cache() -> Iterator[None]:
    """Graphs made within are gone afterwards: those of random weights are never met again."""
    with tempfile.TemporaryDirectory(prefix="echonode-graphs-") as folder:
        token = _folder_for_now.set(Path(folder))
        try:
            yield
        finally:
            _folder_for_now.reset(token)


def weights_hash(network: nn.Module) -> str:
    """SHA-256 over the names, shapes and bytes of all weights and statistics."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        content = np.ascontiguousarray(tensor.detach().cpu().numpy())
        digest.update(f"{name} {content.dtype} {content.shape}".encode())
        digest.update(content.tobytes())
    return digest.hexdigest()


def graph_key(network: nn.Module, shape: tuple[int, ...], version: str) -> str:
    """The name of a graph's folder. The layers count as well: the same weights may be run with another epsilon."""
    made_from = (weights_hash(network), repr(network), str(shape), version)
    return hashlib.sha256("\n".join(made_from).encode()).hexdigest()


def cached_graph(key: str, make: Callable[[Path], None], *, fresh: bool = False) -> Path | None:
    """The folder of the graph `key`, which `make` fills where there is none; `fresh` replaces one that is there.

    Beyond MOST_BYTES those go that were used longest ago. None where the folder cannot be written: then there is no cache, and
    nothing else is wrong.
    """
    folder = cache_folder() / "graphs" / key
    try:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            making = Path(tempfile.mkdtemp(dir=folder.parent, prefix="making-"))
            try:
                make(making)
                making.rename(folder)
            finally:
                shutil.rmtree(making, ignore_errors=True)
            _trim(folder.parent, keep=folder)
        os.utime(folder)  # when it was used last
    except OSError as error:
        if not folder.is_dir():  # else another process was quicker
            log.warning("graphs cannot be kept in %s: %s", folder.parent, error.strerror)
            return None
    return folder


def _trim(graphs: Path, *, keep: Path) -> None:
    """A process that has a removed graph open keeps it: a file lasts as long as its last reader."""
    found = [(folder.stat().st_mtime, _bytes(folder), folder) for folder in graphs.iterdir()]
    excess = sum(size for _, size, _ in found) - MOST_BYTES
    for _, size, folder in sorted(found):
        if excess <= 0:
            return
        if folder != keep:
            log.info("graph %s was used longest ago and makes room", folder.name)
            shutil.rmtree(folder, ignore_errors=True)
            excess -= size


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
