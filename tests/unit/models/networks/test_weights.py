import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from models.errors import WeightsError
from models.library.registry import find_manifest
from models.networks.stored_weights import prepare, read_weights


def store(folder: Path, tensors: dict[str, torch.Tensor]) -> tuple[Path, str]:
    content = save(tensors)
    path = folder / "w.safetensors"
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def test_half_precision_is_computed_with_in_single(tmp_path: Path) -> None:
    path, sha256 = store(tmp_path, {"weight": torch.ones(2).half(), "count": torch.tensor(3)})
    tensors = read_weights(path, sha256)
    assert tensors["weight"].dtype is torch.float32
    assert tensors["count"].dtype is torch.int64


def test_missing_altered_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    path, sha256 = store(tmp_path, {"weight": torch.ones(2)})
    with pytest.raises(WeightsError, match=r"no weights .*gone\.safetensors"):
        read_weights(tmp_path / "gone.safetensors", sha256)
    with pytest.raises(WeightsError, match="expected 0000"):
        read_weights(path, "0" * 64)
    path.write_bytes(b"not tensors at all")
    with pytest.raises(WeightsError, match="no safetensors file"):
        read_weights(path, hashlib.sha256(b"not tensors at all").hexdigest())


def test_weights_of_another_shape_do_not_fit(tmp_path: Path) -> None:
    path, sha256 = store(tmp_path, {"weight": torch.ones(2, 2), "bias": torch.ones(3)})
    manifest = find_manifest("phantom_view")
    with pytest.raises(WeightsError, match="does not fit the family"):
        prepare(nn.Linear(4, 4), replace(manifest, weights_sha256=sha256), path, "cpu")
