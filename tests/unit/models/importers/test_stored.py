"""The same weights are the same file, on every machine and in every process; its hash names them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models.importers.sources import sha256_of
from models.importers.tensor_files import write_tensors
from models.networks.stored_weights import read_weights

TENSORS = {"b": torch.arange(6.0).view(2, 3), "a": torch.ones(2).half(), "n": torch.tensor(3)}
ORIGIN = {f"key {number}": f'"värde" {number}\n' for number in range(12)}
SCRIPT = """
import sys
from pathlib import Path
import torch
from models.importers.tensor_files import write_tensors
origin = {word: word for word in set("model origin paper licence source_file source_sha256 importer_version".split())}
write_tensors(Path(sys.argv[1]), {name: torch.ones(2) for name in set("abcdefgh")}, origin)
"""


def test_two_writings_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        turned = reversed if name == "two" else list
        write_tensors(tmp_path / name, dict(turned(TENSORS.items())), dict(turned(ORIGIN.items())))  # type: ignore[operator]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / seed)], check=True, env=environment)
    assert sha256_of(tmp_path / "1") == sha256_of(tmp_path / "2")


def test_tensors_that_share_their_memory_are_stored_apart(tmp_path: Path) -> None:
    """Bug prevented: an import of tied weights ended in a traceback of safetensors."""
    write_tensors(tmp_path / "tied", {"a": TENSORS["b"], "b": TENSORS["b"]}, ORIGIN)
    assert torch.equal(load_file(tmp_path / "tied")["a"], TENSORS["b"])


def test_the_library_reads_them_as_it_reads_its_own(tmp_path: Path) -> None:
    """So what was stored before is read as before, too."""
    write_tensors(tmp_path / "ours", TENSORS, ORIGIN)
    save_file(TENSORS, tmp_path / "theirs", metadata=ORIGIN)
    for name in ("ours", "theirs"):
        with safe_open(tmp_path / name, "pt") as stored:
            assert stored.metadata() == ORIGIN
        found = load_file(tmp_path / name)
        assert found.keys() == TENSORS.keys()
        assert all(torch.equal(found[key], tensor) and found[key].dtype == tensor.dtype for key, tensor in TENSORS.items())
        assert read_weights(tmp_path / name, sha256_of(tmp_path / name))["a"].tolist() == [1.0, 1.0]
