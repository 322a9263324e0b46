"""What the distance from a reference of images says of itself."""

from models.library.model_set import Role
from models.library.recipe import FITS, Answer, Recipe

FAMILY = "image_distribution"

RECIPES = (
    Recipe(
        FAMILY,
        "models.families.distribution.networks",
        Answer.VALUES,
        sees="models.families.distribution.networks:seen_by_embedder",
        roles={Role.DISTRIBUTION: FITS},
        reference="models.families.distribution.networks:stored_reference",
        no_heat_map="it tells a distance in the features of another network, which can be explained itself",
    ),
)
