"""What EchoForge's networks say of themselves."""

from models.recipe import FITS, PLAX, Answer, Recipe, Role


def _classifier(architecture: str) -> Recipe:
    """It sees the whole screen, so it may tell a split one, too."""
    return Recipe(
        f"echoforge_{architecture}",
        f"models.families.echoforge.{architecture}",
        Answer.CLASSES,
        roles={Role.VIEW: FITS, Role.SPLIT_SCREEN: FITS},
        evaluation=("classification", "embedding"),
        importer=f"models.families.echoforge.weights.{architecture}",
    )


RECIPES = (
    *map(_classifier, ("xception", "resnet", "densenet", "efficientnet", "convnext", "transformer", "swin")),
    Recipe(
        "echoforge_unet",
        "models.families.echoforge.unet",
        Answer.MASK,
        roles={Role.LV_SEGMENTATION: FITS},
        evaluation=("segmentation", "landmarks"),
        importer="models.families.echoforge.weights.unet",
    ),
    Recipe(
        "echoforge_phase",
        "models.families.echoforge.phase",
        Answer.VALUES,
        roles={Role.PHASE: FITS},
        evaluation=("phase",),
        importer="models.families.echoforge.weights.phase",
    ),
    Recipe(
        "echoforge_keypoints",
        "models.families.echoforge.keypoints",
        Answer.POINTS,
        roles={Role.MEASUREMENTS: FITS},
        views=PLAX,
        quantities=("ivsd_2d", "lvidd_2d", "lvids_2d", "lvpwd_2d"),
        evaluation=("linear", "values", "landmarks"),
        lines=("ivs", "lvid", "lvpw"),
    ),
    Recipe("echoforge_quality", "models.families.echoforge.quality", Answer.VALUES, roles={Role.QUALITY: FITS}),
)
