"""Which models a node computes with: one value from the configuration to the analysis. Torch-free.

A new role is a row of `Role` and a row of `ModelSettings`; its models are used in `models.analysis`.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    """A slot of a model set."""

    VIEW = "view"
    QUALITY = "quality"
    LV_SEGMENTATION = "lv_segmentation"
    MEASUREMENTS = "measurements"
    DISTRIBUTION = "distribution"
    PHASE = "phase"
    SPLIT_SCREEN = "split_screen"


NEEDED = (Role.VIEW, Role.LV_SEGMENTATION)  # without them nothing can be analysed


class ModelSettings(BaseModel):
    """The table [models] of a configuration: a model's name, or the path of its manifest, for each role; "" for none.

    `engine`: "torch", the reference, "openvino", or "auto", the quicker one that agrees with torch; `device`: where.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    view: str = "phantom_view"
    quality: str = "phantom_quality"
    lv_segmentation: str = "phantom_lv"
    measurements: tuple[str, ...] = ()
    distribution: str = ""
    phase: str = ""
    split_screen: str = ""
    engine: Literal["auto", "torch", "openvino"] = "auto"
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    def names(self, role: Role) -> tuple[str, ...]:
        """The models of a role; empty where there is none."""
        named: str | tuple[str, ...] = getattr(self, role.value)
        if isinstance(named, tuple):
            return named
        return (named,) if named or role in NEEDED else ()

    def named_models(self) -> Iterator[tuple[Role, str]]:
        """Every model with its role, in the order of `Role`."""
        return ((role, name) for role in Role for name in self.names(role))


class ModelSet(ModelSettings):
    """The models and how strict to be. It is sent to the worker processes with every clip, so it holds plain values only.

    With `research_override` the reasons of quality and distribution mark instead of stop. `heat_maps`: what the networks looked
    at is kept as well.
    """

    research_override: bool = False
    heat_maps: bool = False

    def but(self, **changes: object) -> "ModelSet":
        """The same with other models, engine, device or strictness."""
        return ModelSet.model_validate({**self.model_dump(), **changes})
