"""What the phantom's networks say of themselves."""

from models.library.model_set import Role
from models.library.recipe import FITS, Answer, Encodes, HeatMap, Layer, Recipe

_SEES = "models.inputs.letterboxed_region:letterboxed"

RECIPES = (
    Recipe(
        "phantom_classifier",
        "models.families.phantom.classifier",
        Answer.CLASSES,
        roles={Role.VIEW: FITS, Role.QUALITY: FITS, Role.DISTRIBUTION: FITS},
        limits={Role.VIEW: "view_probability"},
        evaluation=("classification",),
        encodes=Encodes.FRAMES,
        taught=("classification", "quality"),
        backbone=("stages",),
        sees=_SEES,
        head="head",
        heat_map=HeatMap(Layer("stages.-1")),
    ),
    Recipe(
        "phantom_classifier",
        "models.families.phantom.classifier",
        Answer.CLASSES,
        "screens",
        roles={Role.VIEW: FITS, Role.DISTRIBUTION: FITS},
        limits={Role.VIEW: "view_probability"},
        evaluation=("classification",),
        encodes=Encodes.FRAMES,
        taught=("classification",),
        backbone=("stages",),
        sees="models.inputs.letterboxed_region:letterboxed_screen",
        head="head",
        heat_map=HeatMap(Layer("stages.-1")),
    ),
    Recipe(
        "phantom_segmenter",
        "models.families.phantom.segmenter",
        Answer.MASK,
        roles={Role.LV_SEGMENTATION: FITS},
        evaluation=("segmentation", "landmarks"),
        taught=("segmentation",),
        backbone=("entry", "down"),
        sees=_SEES,
        head="exit",
        heat_map=HeatMap(Layer("down.-1")),
    ),
    Recipe(
        "phantom_points",
        "models.families.phantom.points",
        Answer.POINTS,
        evaluation=("linear", "landmarks"),
        taught=("keypoints",),
        backbone=("entry", "down"),
        sees=_SEES,
        head="exit",
        heat_map=HeatMap(Layer("down.-1")),
    ),
)
