"""Whether a model set can be used: each model is there, fits its role and has its own weights; so is the device."""

import hashlib
import importlib.util

from models.errors import ModelError
from models.library.model_set import ModelSettings
from models.library.registry import embedder_of, find_manifest, load_model
from models.library.roles import unfit_for
from node.errors import ConfigError


def require_models(models: ModelSettings) -> None:
    """Every network is there, fits its role, and has the weights its manifest names. ConfigError otherwise, before anything is
    received: else every study would fail, one by one.
    """
    if models.engine == "openvino" and importlib.util.find_spec("openvino") is None:
        raise ConfigError("models.engine: OpenVINO is not installed (pip install 'echonode[openvino]')")
    if models.device == "cuda":
        chosen_device(models)
    for role, name in models.named_models():
        try:
            manifest = find_manifest(name)
            if why := unfit_for(role, manifest):
                raise ConfigError(f"models.{role.value}: {name} {why}")
            if not manifest.weights_file:
                load_model(name, pretrained=True)  # says how to bring them
            embedder = embedder_of(manifest)
            needed = (manifest, embedder) if embedder else (manifest,)
            found = [hashlib.sha256(one.weights_path.read_bytes()).hexdigest() for one in needed]
        except (ModelError, OSError) as error:
            raise ConfigError(f"models.{role.value}: {error}") from error
        if altered := [one.name for one, sha256 in zip(needed, found, strict=True) if sha256 != one.weights_sha256]:
            raise ConfigError(f"models.{role.value}: the weights of {altered[0]} are not those its manifest names")


def chosen_device(models: ModelSettings) -> str:
    """ "cpu" or "cuda". Raises ConfigError for one that is not there."""
    if models.device == "cpu":  # the node's own process does without torch
        return models.device
    from models.engines.devices import device_for
    from models.errors import BackendError

    try:
        return device_for(models.device, models.engine)
    except BackendError as error:
        raise ConfigError(f"models.device: {error}") from error
