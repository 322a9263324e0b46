"""What PanEcho says of itself."""

from collections.abc import Sequence
from typing import Any

from models.catalogue import View
from models.library.model_set import Role
from models.library.recipe import FITS, Answer, Encodes, EngineStep, Form, HeatMap, Layer, Recipe


def _heads(network: Any) -> Sequence[str]:
    return [name if width == 1 else f"{name}/{index}" for name, width in network.widths.items() for index in range(width)]


RECIPES = (
    Recipe(
        "pan_echo",
        "models.families.pan_echo.networks",
        Answer.VALUES,
        roles={Role.MEASUREMENTS: FITS},
        views=(View.A4C,),
        quantities=("ef_video_regression",),
        evaluation=("ef", "embedding"),
        clips_read=1,
        encodes=Encodes.CLIPS,
        sees="models.families.pan_echo.inputs:FrameRuns",
        taught=("values",),
        backbone=("frames", "transformer"),
        engine=EngineStep(),
        heat_map=HeatMap(Layer("frames.features", Form.FRAMES), labels=_heads, default="EF"),
        importer="models.families.pan_echo.weights",
    ),
)
