"""Published checkpoints of torch in each wrapping they come in; everything else is refused and never run."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.errors import TorchFileError, WeightsFileError, WeightsMismatch
from models.importers.sources import read_source
from models.importers.torch.files import TorchFile, read_torch_file
from models.importers.torch.layout import place
from models.library.registry import load_model

TENSORS = {"backbone.conv1.weight": torch.arange(6.0).view(2, 3), "classifier.bias": torch.ones(2)}


def _prefixed(prefix: str) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in TENSORS.items()}


def _training_state() -> dict[str, Any]:
    """As EchoNet-Dynamic saves it: beside the weights the state of the training, with numpy's scalars among it."""
    parameter = nn.Parameter(torch.ones(1))
    optimiser = torch.optim.SGD([parameter], lr=1e-4, momentum=0.9)
    return {
        "epoch": 44,
        "state_dict": _prefixed("module."),
        "period": 2,
        "frames": 32,
        "best_loss": np.float64(17.5),
        "loss": np.float32(18.0),
        "r2": 0.81,
        "opt_dict": optimiser.state_dict(),
        "scheduler_dict": {"last_epoch": 44, "_last_lr": [np.float64(1e-6)]},
    }


@pytest.mark.parametrize(
    ("content", "wrapping"),
    [
        (TENSORS, "plain"),
        (_prefixed("m."), "plain, m."),
        (_prefixed("module."), "plain, module."),
        (_prefixed("model."), "plain, model."),
        (_prefixed("module.model."), "plain, module., model."),
        ({"weights": TENSORS}, "weights"),
        ({"state_dict": _prefixed("model.m."), "hyper_parameters": {"lr": 1e-3}}, "state_dict, model., m."),
        (_training_state, "state_dict, module."),  # only now: an optimiser imports torch's compiler
    ],
    ids=["plain", "m", "module", "model", "module-model", "weights", "state_dict", "training-state"],
)
def test_every_wrapping(content: dict[str, Any] | Callable[[], dict[str, Any]], wrapping: str, tmp_path: Path) -> None:
    torch.save(content() if callable(content) else content, tmp_path / "w.ckpt")
    file = read_torch_file(tmp_path / "w.ckpt")
    assert file.wrapping == wrapping
    assert file.tensors.keys() == TENSORS.keys()
    assert torch.equal(file.tensors["backbone.conv1.weight"], TENSORS["backbone.conv1.weight"])


def test_safetensors_are_taken_too(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "w.safetensors")
    assert read_torch_file(tmp_path / "w.safetensors").tensors.keys() == TENSORS.keys()


def test_a_prefix_that_not_every_name_has_is_part_of_the_names(tmp_path: Path) -> None:
    torch.save({"m.a": torch.ones(1), "b": torch.ones(1)}, tmp_path / "w.pt")
    assert read_torch_file(tmp_path / "w.pt").tensors.keys() == {"m.a", "b"}


def _whole_module(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)


def _code(path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return _explode, (str(path),)

    torch.save({"state_dict": Bomb()}, path)


def _explode(path: str) -> int:
    raise AssertionError(f"code in {path} was run")


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps([1, 2], protocol=2))


def _two_candidates(path: Path) -> None:
    torch.save({"state_dict": TENSORS, "weights": TENSORS}, path)


def _list(path: Path) -> None:
    torch.save([torch.ones(1)], path)


def _program(path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="jit"):
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), path)  # type: ignore[no-untyped-call]


def _nothing(path: Path) -> None:
    torch.save({}, path)


def _newer_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": _explode}, protocol=5))


def _cut(path: Path) -> None:
    torch.save(TENSORS, path)
    path.write_bytes(path.read_bytes()[:-200])


def _text(path: Path) -> None:
    path.write_text("not a checkpoint")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_whole_module, r"holds more than tensors \(torch.nn.*Linear\), and is not opened because that would run its code"),
        (_code, r"holds more than tensors \(.*_explode\), and is not opened"),
        (_program, "is a program of TorchScript, and is not opened because that would run its code"),
        (_two_candidates, "holds a dictionary of state_dict, weights: a dictionary of tensors is needed"),
        (_list, "holds an object of the type list: a dictionary of tensors is needed"),
        (_nothing, "holds an empty dictionary: a dictionary of tensors is needed"),
        (_pickle, "is damaged, or is no file of Keras or torch: RuntimeError: Invalid magic number; corrupt file.$"),
        (_newer_pickle, "is damaged, or is no file of Keras or torch: no tensors can be told in it"),
        (_text, "is damaged, or is no file of Keras or torch: "),
        (lambda path: path.write_bytes(b""), "is damaged, or is no file of Keras or torch: EOFError$"),
        (_cut, "is damaged, or is no file of Keras or torch: .*failed finding central directory$"),
        (lambda path: None, "no file"),
    ],
)
def test_refusals(write: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    """Bug prevented: torch's own advice in its errors, to run what is in the file, was passed on."""
    write(tmp_path / "w.pt")
    with pytest.raises((WeightsFileError, TorchFileError), match=words) as refused:
        read_source(tmp_path / "w.pt")
    assert str(refused.value).startswith(("w.pt ", "no file "))
    assert "weights_only" not in str(refused.value)


def _of_deeplab() -> TorchFile:
    """The names of torchvision's own network, without our wrapper around it."""
    state = load_model("lvid", device="meta").network.get_submodule("network").state_dict()
    return TorchFile({name: torch.zeros(tensor.shape, dtype=tensor.dtype) for name, tensor in state.items()}, "")


def test_the_wrapper_of_the_network_is_found() -> None:
    state = place(_of_deeplab(), load_model("lvid", device="meta").network)
    assert len(state) == 362
    assert all(name.startswith("network.") for name in state)


def test_a_file_with_our_own_names_is_taken_as_it_is() -> None:
    file = TorchFile({f"network.{name}": tensor for name, tensor in _of_deeplab().tensors.items()}, "")
    assert len(place(file, load_model("lvid", device="meta").network)) == 362


def test_missing_unexpected_and_misshaped_are_listed() -> None:
    tensors = dict(_of_deeplab().tensors)
    del tensors["backbone.conv1.weight"]
    tensors["aux_classifier.0.weight"] = torch.zeros(1)
    tensors["classifier.4.bias"] = torch.zeros(1)
    with pytest.raises(WeightsMismatch) as refused:
        place(TorchFile(tensors, ""), load_model("lvid", device="meta").network)
    assert refused.value.missing == ("network.backbone.conv1.weight",)
    assert refused.value.unexpected == ("network.aux_classifier.0.weight",)
    assert refused.value.misshaped == ("network.classifier.4.bias is (1,) in the file, (2,) in the network",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tensor: tensor.long(), "is int64 in the file, float32 in the network"),
        (lambda tensor: tensor > 0, "is bool in the file, float32 in the network"),
        (lambda tensor: tensor.to(torch.complex64), "is complex64 in the file, float32 in the network"),
        (lambda tensor: tensor.to_sparse(), "is sparse or quantised in the file"),
        (lambda tensor: tensor - 1e-6, "is a variance, and below 0 in the file"),
    ],
)
def test_tensors_of_another_kind_are_refused(change: Callable[[Tensor], Tensor], words: str) -> None:
    """Bug prevented: whole numbers, and variances whose root is none, became weights."""
    tensors = dict(_of_deeplab().tensors)
    name = "backbone.bn1.running_var"
    tensors[name] = change(tensors[name])
    with pytest.raises(WeightsMismatch) as refused:
        place(TorchFile(tensors, ""), load_model("lvid", device="meta").network)
    assert refused.value.misshaped == (f"network.{name} {words}",)


def test_half_precision_and_counters_are_taken() -> None:
    tensors = dict(_of_deeplab().tensors)
    tensors["backbone.bn1.running_var"] = tensors["backbone.bn1.running_var"].half()
    state = place(TorchFile(tensors, ""), load_model("lvid", device="meta").network)
    assert state["network.backbone.bn1.running_var"].dtype is torch.float32
    assert state["network.backbone.bn1.num_batches_tracked"].dtype is torch.int64
    tensors["backbone.bn1.num_batches_tracked"] = torch.tensor(1.5)
    with pytest.raises(WeightsMismatch, match="num_batches_tracked is float32 in the file, int64 in the network"):
        place(TorchFile(tensors, ""), load_model("lvid", device="meta").network)


def test_a_keras_file_is_the_wrong_kind() -> None:
    with pytest.raises(TorchFileError, match="come in a file of torch, not of Keras"):
        place(object(), nn.Linear(1, 1))


def test_a_file_too_large_for_the_memory_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> TorchFile:
        raise MemoryError

    (tmp_path / "large.pt").write_bytes(b"whole")
    monkeypatch.setattr("models.importers.sources.read_torch_file", full)
    with pytest.raises(WeightsFileError, match=r"large\.pt asks for more memory than there is"):
        read_source(tmp_path / "large.pt")
