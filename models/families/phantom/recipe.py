"""What the phantom's networks say of themselves."""

from models.library.model_set import Role
from models.library.recipe import FITS, Answer, HeatMap, Layer, Recipe

CLASSIFIER, SEGMENTER = "phantom_classifier", "phantom_segmenter"
_SEES = "models.inputs.letterboxed_region:letterboxed"

RECIPES = (
    Recipe(
        CLASSIFIER,
        "models.families.phantom.classifier",
        Answer.CLASSES,
        roles={Role.VIEW: FITS, Role.QUALITY: FITS, Role.DISTRIBUTION: FITS},
        limits={Role.VIEW: "view_probability"},
        evaluation=("classification",),
        sees=_SEES,
        heat_map=HeatMap(Layer("stages.-1")),
    ),
    Recipe(
        SEGMENTER,
        "models.families.phantom.segmenter",
        Answer.MASK,
        roles={Role.LV_SEGMENTATION: FITS},
        evaluation=("segmentation", "landmarks"),
        sees=_SEES,
        heat_map=HeatMap(Layer("down.-1")),
    ),
)
