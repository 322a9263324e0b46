"""Tensors as they are stored: the same tensors with the same origin are the same bytes, so their hash says what they are."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

_LENGTH_BYTES = 8  # of the header, little-endian, at the start of the file
_ALIGNMENT = 8


def write_tensors(path: Path, tensors: Mapping[str, Tensor], origin: Mapping[str, str]) -> None:
    """Writes a safetensors file with `origin` as its metadata.

    The library itself writes metadata in another order every time; here the header's keys are sorted.
    """
    apart = {name: tensor.clone() for name, tensor in tensors.items()}  # the library refuses what shares its memory
    content = memoryview(save(apart, metadata=dict(origin)))
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    header = json.dumps(json.loads(bytes(content[_LENGTH_BYTES:start])), sort_keys=True, separators=(",", ":"))
    encoded = header.encode("ascii")
    encoded += b" " * (-(_LENGTH_BYTES + len(encoded)) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(_LENGTH_BYTES, "little"))
        file.write(encoded)
        file.write(content[start:])
