"""Networks made in a test, as the models that loading gives."""

from collections.abc import Sequence
from copy import copy
from functools import cache
from typing import Any

from models.catalogue import View
from models.clip import Clip
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.registry import load_model, recipe_of
from models.networks.reading_network import as_if_trained
from models.results import Beat, ReadValue


def as_model(network: Any) -> Model:
    """By the manifest that the network carries."""
    return Model(network, recipe_of(network.manifest), network.manifest)


def shell_of(name: str) -> Any:
    """The reader `name` on "meta", as if it were trained, built once a process: its parts may be replaced, never changed."""
    built = _built_on_meta(name)
    shell = copy(built)
    shell.__dict__["_modules"] = dict(built._modules)
    return as_if_trained(shell)


@cache
def _built_on_meta(name: str) -> Any:
    return load_model(name, device="meta").network


class Reads:
    """What a reader has beside its `read`, for one made in a test."""

    manifest: Manifest
    in_folder = kernel = has_published_phases = False

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return (self.manifest,)

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        values: tuple[ReadValue, ...] = self.read(clip).values  # type: ignore[attr-defined]
        return values
