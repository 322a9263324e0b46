"""What EchoApex' networks say of themselves."""

from models.catalogue import View
from models.recipe import FITS, PLAX, Answer, Recipe, Role

_FAMILY, _NETWORKS, _IMPORTER = "echo_apex", "models.families.echo_apex.networks", "models.families.echo_apex.weights"
_ROLES = {Role.VIEW: FITS, Role.MEASUREMENTS: FITS}

RECIPES = (
    Recipe(
        _FAMILY,
        _NETWORKS,
        Answer.CLASSES,
        "views",
        roles=_ROLES,
        evaluation=("classification", "embedding"),
        importer=_IMPORTER,
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
        importer=_IMPORTER,
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
        lines=("ivs", "lvid", "lvpw"),
        importer=_IMPORTER,
    ),
    Recipe(_FAMILY, _NETWORKS, Answer.MASK, "segmentation", roles=_ROLES, importer=_IMPORTER),
)
