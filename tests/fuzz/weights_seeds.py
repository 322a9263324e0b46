"""Small files of weights, as Keras, torch and this library write them."""

import io
import json
import zipfile
from collections.abc import Sequence
from functools import cache

import h5py
import numpy as np


@cache
def safetensors() -> Sequence[bytes]:
    import torch
    from safetensors.torch import save

    tensors = {"layer.weight": torch.ones(2, 3), "layer.bias": torch.zeros(2, dtype=torch.float16)}
    return [save(tensors, metadata={"model": "tiny"})]


@cache
def torch_zip() -> Sequence[bytes]:
    import torch

    tensors = {"m.layer.weight": torch.ones(2, 3), "m.layer.bias": torch.zeros(2)}
    files = []
    for content, form in ((tensors, True), ({"epoch": 1, "state_dict": tensors}, True), (tensors, False)):
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=form)
        files.append(buffer.getvalue())
    return files


_CONFIG = {
    "class_name": "Sequential",
    "config": {
        "name": "tiny",
        "layers": [{"class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "linear", "use_bias": True}}],
    },
}


@cache
def keras_hdf5() -> Sequence[bytes]:
    """A whole model of Keras 2, weights alone by name, and weights alone by place."""
    return [_by_name(whole=True), _by_name(whole=False), _by_place()]


def _by_name(*, whole: bool) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("model_weights") if whole else file
        if whole:
            file.attrs["model_config"] = json.dumps(_CONFIG)
        group.attrs["layer_names"] = [b"dense"]
        layer = group.create_group("dense")
        layer.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        layer["dense/kernel:0"], layer["dense/bias:0"] = np.ones((3, 2), np.float32), np.zeros(2, np.float32)
    return buffer.getvalue()


def _by_place() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        variables = file.create_group("layers/dense/vars")
        variables.attrs["name"] = "dense"
        variables["0"], variables["1"] = np.ones((3, 2), np.float32), np.zeros(2, np.float32)
    return buffer.getvalue()


@cache
def keras_zip() -> Sequence[bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(_CONFIG))
        archive.writestr("model.weights.h5", _by_place())
    return [buffer.getvalue()]
