"""What EchoApex' networks say of themselves."""

from models.catalogue import View
from models.library.model_set import Role
from models.library.recipe import FITS, PLAX, Answer, Encodes, EngineStep, Form, HeatMap, Layer, Recipe

_FAMILY, _NETWORKS, _IMPORTER = "echo_apex", "models.families.echo_apex.networks", "models.families.echo_apex.weights"
_FRAMES, _SPREAD = "models.families.echo_apex.inputs:frames", "models.families.echo_apex.inputs:spread_frames"
_NAMES_VIEWS = {Role.VIEW: FITS, Role.MEASUREMENTS: FITS}
_MEASURES = {Role.VIEW: "names no views: it measures", Role.MEASUREMENTS: FITS}
_OUTLINES = {Role.VIEW: "names no views: it outlines what points and boxes ask for", Role.MEASUREMENTS: FITS}

_BACKBONE = ("encoder.backbone",)  # adapters are no part of it
_LAST_ATTENTION = "encoder.backbone.blocks.-1.norm1"
_OF_CLIPS = HeatMap(Layer(_LAST_ATTENTION, Form.FRAME_TOKENS, 14, 1))

RECIPES = (
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.CLASSES,
        "views",
        taught=("classification",),
        backbone=_BACKBONE,
        sees=_SPREAD,
        roles=_NAMES_VIEWS,
        evaluation=("classification", "embedding"),
        clips_read=1,
        encodes=Encodes.CLIPS,
        head="head",
        heat_map=_OF_CLIPS,
        importer=_IMPORTER,
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.VALUES,
        "ef",
        taught=("values",),
        backbone=_BACKBONE,
        sees=_SPREAD,
        roles=_MEASURES,
        views=(View.A4C,),
        quantities=("ef_video_regression",),
        evaluation=("ef",),
        clips_read=1,
        engine=EngineStep(),
        heat_map=_OF_CLIPS,
        importer=_IMPORTER,
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.POINTS,
        "lvh",
        taught=("keypoints",),
        backbone=_BACKBONE,
        sees=_FRAMES,
        roles=_MEASURES,
        views=PLAX,
        quantities=("ivsd_2d", "lvidd_2d", "lvpwd_2d"),
        evaluation=("linear", "values", "landmarks"),
        clips_read=1,
        engine=EngineStep(),
        heat_map=HeatMap(Layer(_LAST_ATTENTION, Form.TOKENS, 14, 1)),
        lines=("ivs", "lvid", "lvpw"),
        importer=_IMPORTER,
        head="head",
    ),
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.MASK,
        "segmentation",
        taught=("segmentation",),
        backbone=_BACKBONE,
        sees=_FRAMES,
        roles=_OUTLINES,
        importer=_IMPORTER,
        heat_map=HeatMap(Layer("reduce")),  # asked without points and boxes
    ),
)
