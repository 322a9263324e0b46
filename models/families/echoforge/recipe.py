"""What EchoForge's networks say of themselves."""

from models.library.model_set import Role
from models.library.recipe import FITS, PLAX, Answer, EngineStep, Form, HeatMap, Layer, Recipe

_BACKBONE = HeatMap(Layer("backbone"), "stretched")
_TOKENS = HeatMap(Layer("backbone.blocks.-1.norm1", Form.TOKENS, 16, 1), "stretched")


def _classifier(architecture: str, task: str = "", heat_map: HeatMap = _BACKBONE) -> Recipe:
    """It sees the whole screen, so it may tell a split one, too."""
    return Recipe(
        f"echoforge_{architecture}",
        f"models.families.echoforge.{architecture}",
        Answer.CLASSES,
        task,
        roles={Role.VIEW: FITS, Role.SPLIT_SCREEN: FITS},
        evaluation=("classification", "embedding"),
        importer=f"models.families.echoforge.weights.{architecture}",
        heat_map=heat_map,
    )


RECIPES = (
    *map(_classifier, ("xception", "resnet", "densenet", "efficientnet", "convnext", "swin")),
    _classifier("transformer", "ViT", _TOKENS),
    Recipe(
        "echoforge_unet",
        "models.families.echoforge.unet",
        Answer.MASK,
        roles={Role.LV_SEGMENTATION: FITS},
        evaluation=("segmentation", "landmarks"),
        importer="models.families.echoforge.weights.unet",
        placed_frames="models.inputs.placed_frames:stretched",
        heat_map=HeatMap(Layer("network.bridge"), "stretched"),
    ),
    Recipe(
        "echoforge_phase",
        "models.families.echoforge.phase",
        Answer.VALUES,
        roles={Role.PHASE: FITS},
        evaluation=("phase",),
        engine=EngineStep("stretched_to_255", "embed"),
        importer="models.families.echoforge.weights.phase",
        heat_map=HeatMap(
            Layer("backbone", Form.FRAMES),
            "region_stretched_clip",
            labels=lambda network: [f"frame_{index}" for index in range(network.frames)],
        ),
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
        engine=EngineStep("grey_squares"),
        heat_map=HeatMap(Layer("network.bridge"), "region_letterboxed"),
    ),
    Recipe(
        "echoforge_quality",
        "models.families.echoforge.quality",
        Answer.VALUES,
        roles={Role.QUALITY: FITS},
        engine=EngineStep("stretched_to_255"),
        heat_map=HeatMap(Layer("backbone"), "region_stretched"),
    ),
)
