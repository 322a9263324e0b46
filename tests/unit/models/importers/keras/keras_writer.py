"""Keras files written by hand with h5py: the layouts as Keras leaves them, without Keras."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]
Layer = tuple[str, str, Mapping[str, Any], Weights]  # name, class, config, weights in Keras' order


def description(layers: Sequence[Layer]) -> dict[str, Any]:
    """A Sequential of these layers."""
    described = [{"class_name": kind, "config": {"name": name, **config}} for name, kind, config, _ in layers]
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": described}}


def write_hdf5(path: Path, layers: Sequence[Layer], *, config: Mapping[str, Any] | None = None) -> Path:
    """Keras 2: weights by name below `model_weights`, with the description as an attribute."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config or description(layers))
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name, *_ in layers]
        for name, _, _, weights in layers:
            own = group.create_group(name)
            own.attrs["weight_names"] = [f"{name}/{weight}:0".encode() for weight in weights]
            for weight, array in weights.items():
                own[f"{name}/{weight}:0"] = array
    return path


def write_zip(path: Path, places: Mapping[str, Weights], config: Mapping[str, Any]) -> Path:
    """`.keras`: weights by place ("dense_1" -> its arrays in order), the description beside them."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for place, weights in places.items():
            group = file.create_group(f"layers/{place}/vars")
            for number, array in enumerate(weights.values()):
                group[str(number)] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", content.getvalue())
    return path


def dense(name: str, entering: int, leaving: int, **config: Any) -> Layer:
    random = np.random.default_rng(len(name))
    weights = {"kernel": random.normal(size=(entering, leaving)), "bias": random.normal(size=leaving)}
    return name, "Dense", config, {key: array.astype(np.float32) for key, array in weights.items()}
