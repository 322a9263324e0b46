"""What Echo-Motion's networks say of themselves."""

from models.catalogue import View
from models.recipe import FITS, Answer, Recipe, Role

FAMILY = "echo_motion"
_NETWORKS = "models.families.echo_motion.networks"
_NO_OUTLINES = "is no segmenter: it does not outline a ventricle frame by frame"


def _of_clips(task: str, views: tuple[View, ...], quantity: str) -> Recipe:
    return Recipe(
        FAMILY,
        _NETWORKS,
        Answer.VALUES,
        task,
        roles={Role.LV_SEGMENTATION: _NO_OUTLINES, Role.MEASUREMENTS: FITS},
        views=views,
        quantities=(quantity,),
        evaluation=("ef",),
    )


RECIPES = (
    Recipe(
        FAMILY,
        _NETWORKS,
        Answer.MASK,
        "segmenter",
        roles={Role.LV_SEGMENTATION: FITS, Role.MEASUREMENTS: FITS},
        outlines=(View.A4C,),
        evaluation=("segmentation", "ef", "values", "landmarks"),
    ),
    _of_clips("bilstm", (View.A4C,), "ef_video_regression"),
    _of_clips("transformer", (View.A4C,), "ef_video_regression"),
    _of_clips("biplane", (View.A4C, View.A2C), "ef_video_regression_biplane"),
)
