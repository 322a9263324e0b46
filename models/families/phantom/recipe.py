"""What the phantom's networks say of themselves."""

from models.recipe import FITS, Answer, Recipe, Role

CLASSIFIER, SEGMENTER = "phantom_classifier", "phantom_segmenter"

RECIPES = (
    Recipe(
        CLASSIFIER,
        "models.families.phantom.classifier",
        Answer.CLASSES,
        roles={Role.VIEW: FITS, Role.QUALITY: FITS, Role.DISTRIBUTION: FITS},
        limits={Role.VIEW: "view_probability"},
        evaluation=("classification",),
    ),
    Recipe(
        SEGMENTER,
        "models.families.phantom.segmenter",
        Answer.MASK,
        roles={Role.LV_SEGMENTATION: FITS},
        evaluation=("segmentation", "landmarks"),
    ),
)
