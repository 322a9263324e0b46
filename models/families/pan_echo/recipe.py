"""What PanEcho says of itself."""

from models.catalogue import View
from models.recipe import FITS, Answer, Recipe, Role

RECIPES = (
    Recipe(
        "pan_echo",
        "models.families.pan_echo.networks",
        Answer.VALUES,
        roles={Role.MEASUREMENTS: FITS},
        views=(View.A4C,),
        quantities=("ef_video_regression",),
        evaluation=("ef", "embedding"),
        importer="models.families.pan_echo.weights",
    ),
)
