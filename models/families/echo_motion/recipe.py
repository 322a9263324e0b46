"""What Echo-Motion's networks say of themselves."""

from typing import Any

from models.catalogue import View
from models.library.model_set import Role
from models.library.recipe import FITS, Answer, EngineStep, Form, HeatMap, Layer, Recipe

_FAMILY, _NETWORKS = "echo_motion", "models.families.echo_motion.networks"
_FRAMES, _CLIP = "models.families.echo_motion.inputs:SmoothedFrames", "models.families.echo_motion.inputs:SmoothedClip"
_NO_OUTLINES = "is no segmenter: it does not outline a ventricle frame by frame"


def _answers(answer: Any) -> Any:
    """Tensor (n, 3): ejection fraction, and the likeliest end-diastole and end-systole."""
    import torch

    return torch.cat([answer.ef_percent[:, None], answer.phase_logits.amax(dim=1)], dim=1)


_OF_CLIP = HeatMap(Layer("encoder.network.norm4", Form.FRAMES), _answers, lambda network: ("ef", "ed", "es"), "ef")


def _of_clips(
    task: str,
    views: tuple[View, ...],
    quantity: str,
    encoders: tuple[str, ...] = ("encoder",),
    heat_map: HeatMap | None = None,
    no_heat_map: str = "",
) -> Recipe:
    return Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.VALUES,
        task,
        roles={Role.LV_SEGMENTATION: _NO_OUTLINES, Role.MEASUREMENTS: FITS},
        views=views,
        quantities=(quantity,),
        evaluation=("ef",),
        clips_read=len(views),
        taught=("values",) if len(views) == 1 else (),
        backbone=encoders,
        sees=_CLIP,
        engine=EngineStep("describe", encoders, frame_by_frame=True),
        heat_map=heat_map,
        no_heat_map=no_heat_map,
    )


RECIPES = (
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.MASK,
        "segmenter",
        roles={Role.LV_SEGMENTATION: FITS, Role.MEASUREMENTS: FITS},
        outlines=(View.A4C,),
        evaluation=("segmentation", "ef", "values", "landmarks"),
        clips_read=1,
        taught=("segmentation",),
        backbone=("encoder",),
        sees=_FRAMES,
        engine=EngineStep(),
        head="head",
        heat_map=HeatMap(Layer("attention")),
    ),
    _of_clips("bilstm", (View.A4C,), "ef_video_regression", heat_map=_OF_CLIP),
    _of_clips("transformer", (View.A4C,), "ef_video_regression", heat_map=_OF_CLIP),
    _of_clips(
        "biplane",
        (View.A4C, View.A2C),
        "ef_video_regression_biplane",
        ("a4c_encoder", "a2c_encoder"),
        no_heat_map="it looks at two clips at once",
    ),
)
