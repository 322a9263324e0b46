"""What EchoForge's networks say of themselves."""

from models.library.model_set import Role
from models.library.recipe import FITS, PLAX, Answer, Encodes, EngineStep, Form, HeatMap, Layer, Recipe

_STRETCHED = "models.inputs.stretched_frame:stretched"
_BACKBONE = HeatMap(Layer("backbone"))
_TOKENS = HeatMap(Layer("backbone.blocks.-1.norm1", Form.TOKENS, 16, 1))


def _classifier(architecture: str, task: str = "", heat_map: HeatMap = _BACKBONE) -> Recipe:
    """It sees the whole screen, so it may tell a split one, too."""
    return Recipe(
        f"echoforge_{architecture}",
        f"models.families.echoforge.{architecture}",
        Answer.CLASSES,
        task,
        sees=_STRETCHED,
        roles={Role.VIEW: FITS, Role.SPLIT_SCREEN: FITS},
        evaluation=("classification", "embedding"),
        clips_read=1,
        encodes=Encodes.FRAMES,
        taught=("classification", "quality"),
        backbone=("backbone",),
        importer=f"models.families.echoforge.weights.{architecture}",
        head="head",
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
        clips_read=1,
        taught=("segmentation",),
        backbone=("network.down", "network.bridge"),
        importer="models.families.echoforge.weights.unet",
        head="network.head",
        sees=_STRETCHED,
        heat_map=HeatMap(Layer("network.bridge")),
    ),
    Recipe(
        "echoforge_phase",
        "models.families.echoforge.phase",
        Answer.VALUES,
        roles={Role.PHASE: FITS},
        clips_read=1,
        evaluation=("phase",),
        sees="models.families.echoforge.inputs:phase_frames",
        engine=EngineStep("embed", frame_by_frame=True),
        taught=("phase",),
        backbone=("backbone",),
        importer="models.families.echoforge.weights.phase",
        heat_map=HeatMap(
            Layer("backbone", Form.FRAMES),
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
        taught=("keypoints",),
        backbone=("network.down", "network.bridge"),
        clips_read=1,
        sees="models.inputs.letterboxed_region:letterboxed_to_255",
        engine=EngineStep(),
        heat_map=HeatMap(Layer("network.bridge")),
    ),
    Recipe(
        "echoforge_quality",
        "models.families.echoforge.quality",
        Answer.VALUES,
        roles={Role.QUALITY: FITS},
        taught=("quality",),
        backbone=("backbone",),
        clips_read=1,
        sees="models.inputs.stretched_region:stretched_region",
        engine=EngineStep(),
        heat_map=HeatMap(Layer("backbone")),
    ),
)
