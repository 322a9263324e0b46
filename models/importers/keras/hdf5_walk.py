"""Walks through HDF5 files in a process of its own, since a damaged one can keep libhdf5 busy for ever or end the process.

Run as a script it needs h5py alone. Paths come in by standard input, each a line of JSON. The answer to each goes out when the
walk is over, whether it met damage or not: that is for whoever reads the file to say.
"""

import contextlib
import json
import resource
import sys
import time
from pathlib import Path

import h5py

_LEAST_S, _BYTES_A_SECOND = 3, 50 << 20  # of computing; a whole file needs a hundredth of that


def _walk(path: str) -> None:
    limit_s = int(time.process_time()) + _LEAST_S + Path(path).stat().st_size // _BYTES_A_SECOND
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    with h5py.File(path, "r") as file:
        dict(file.attrs)
        file.visititems(lambda _, item: _read(item))


def _read(item: h5py.Group | h5py.Dataset) -> None:
    with contextlib.suppress(Exception):
        dict(item.attrs)
        if isinstance(item, h5py.Dataset) and item.nbytes <= _BYTES_A_SECOND:
            item[()]


if __name__ == "__main__":
    for line in sys.stdin:
        with contextlib.suppress(Exception):
            _walk(json.loads(line))
        sys.stdout.write("walked\n")
        sys.stdout.flush()
