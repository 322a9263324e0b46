"""Networks made in a test, as the models that loading gives."""

from collections.abc import Sequence
from typing import Any

from models.clip import Clip
from models.library.manifest import Manifest
from models.library.model import Model
from models.library.registry import recipe_of
from models.results import Beat, ReadValue


def as_model(network: Any) -> Model:
    """By the manifest that the network carries."""
    return Model(network, recipe_of(network.manifest), network.manifest)


class Reads:
    """What a reader has beside its `read`, for one made in a test."""

    manifest: Manifest
    in_folder = kernel = has_published_phases = False

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return (self.manifest,)

    def read_values(self, clip: Clip, beats: Sequence[Beat] = ()) -> tuple[ReadValue, ...]:
        values: tuple[ReadValue, ...] = self.read(clip).values  # type: ignore[attr-defined]
        return values
