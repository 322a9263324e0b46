"""What EchoPrime's networks say of themselves."""

from models.library.model_set import Role
from models.library.recipe import EMBEDDING, FITS, Answer, Encodes, HeatMap, Layer, Recipe

_FAMILY, _NETWORKS, _IMPORTER = "echo_prime", "models.families.echo_prime.networks", "models.importers.torch.layout"

RECIPES = (
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.FEATURES,
        "mvit_v2_s",
        roles={Role.VIEW: "is an encoder: its features name no views"},
        evaluation=("embedding",),
        encodes=Encodes.CLIPS,
        no_heat_map=EMBEDDING,
        importer=_IMPORTER,
        sees="models.families.echo_prime.inputs:SectorFrames",
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.CLASSES,
        "convnext_base",
        roles={Role.VIEW: FITS},
        evaluation=("classification",),
        clips_read=1,
        taught=("classification",),
        backbone=("network.features",),
        head="network.classifier",
        heat_map=HeatMap(Layer("network.features")),
        importer=_IMPORTER,
        sees="models.families.echo_prime.inputs:FirstFrame",
    ),
)
