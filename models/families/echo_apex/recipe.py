"""What EchoApex' networks say of themselves."""

from models.catalogue import View
from models.library.model_set import Role
from models.library.recipe import FITS, PLAX, Answer, EngineStep, Form, HeatMap, Layer, Recipe

_FAMILY, _NETWORKS, _IMPORTER = "echo_apex", "models.families.echo_apex.networks", "models.families.echo_apex.weights"
_ROLES = {Role.VIEW: FITS, Role.MEASUREMENTS: FITS}

_LAST_ATTENTION = "encoder.backbone.blocks.-1.norm1"
_OF_CLIPS = HeatMap(Layer(_LAST_ATTENTION, Form.FRAME_TOKENS, 14, 1), "echo_apex_clip")

RECIPES = (
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.CLASSES,
        "views",
        roles=_ROLES,
        evaluation=("classification", "embedding"),
        heat_map=_OF_CLIPS,
        importer=_IMPORTER,
        classifier_input="models.families.echo_apex.sequences:view_input",
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.VALUES,
        "ef",
        roles=_ROLES,
        views=(View.A4C,),
        quantities=("ef_video_regression",),
        evaluation=("ef",),
        engine=EngineStep("apex_clip"),
        heat_map=_OF_CLIPS,
        importer=_IMPORTER,
        classifier_input="models.families.echo_apex.sequences:view_input",
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.POINTS,
        "lvh",
        roles=_ROLES,
        views=PLAX,
        quantities=("ivsd_2d", "lvidd_2d", "lvpwd_2d"),
        evaluation=("linear", "values", "landmarks"),
        engine=EngineStep("apex_frames"),
        heat_map=HeatMap(Layer(_LAST_ATTENTION, Form.TOKENS, 14, 1), "echo_apex_frames"),
        lines=("ivs", "lvid", "lvpw"),
        importer=_IMPORTER,
        classifier_input="models.families.echo_apex.sequences:view_input",
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.MASK,
        "segmentation",
        roles=_ROLES,
        importer=_IMPORTER,
        classifier_input="models.families.echo_apex.sequences:view_input",
        heat_map=HeatMap(Layer("reduce"), "echo_apex_frames"),  # asked without points and boxes
    ),
)
