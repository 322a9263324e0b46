"""Which model may take which role in the node's model set, told from its manifest alone: no network is loaded to answer."""

from models.catalogue import ECHOVIEW47, Mode, View
from models.errors import ManifestError
from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.quantities import quantities_read
from models.library.recipe import LV
from models.library.registry import all_recipes, embedder_of, recipe_of

_LIMITS = {Role.QUALITY: "adequate_quality", Role.DISTRIBUTION: "out_of_distribution"}  # that every model of the role states
DUAL = "dual"
_SCREENS = [DUAL, "single"]  # the classes of a network that tells a split screen, in any case and order
_NO_ORDER = "has classes in an order that nobody has stated: give it when importing the weights (--labels)"

# The classes of networks that have neither our names nor EchoView47's: TMED-2's, then EchoPrime's. A Doppler image is OTHER, so
# is a subcostal one of which it is not said whether the heart or the vena cava is in it.
_OTHER_NAMES = {
    "a4cora2corother": View.OTHER,
    "parasternal_long": View.PLAX, "parasternal_short": View.PSAX, "ssn": View.SUPRASTERNAL, "subcostal": View.OTHER,
    "apical_doppler": View.OTHER, "doppler_parasternal_long": View.OTHER, "doppler_parasternal_short": View.OTHER,
}  # fmt: skip
_ECHOVIEW47 = {known.name: known for known in ECHOVIEW47}
_APICAL_CHAMBERS = (View.A4C, View.A2C, View.A3C, View.A5C)


def unfit_for(role: Role, manifest: Manifest) -> str:
    """Why this model cannot take the role, and which it can, in words that follow its name; "" where it can."""
    if not (why := _unfit(role, manifest)):
        return ""
    others = [other.value for other in Role if not _unfit(other, manifest)]
    return f"{why}; it fits [models] {', '.join(others)}" if others else why


def _unfit(role: Role, manifest: Manifest) -> str:
    if manifest.architecture.get("decoder") == "untrained":
        return "has an untrained decoder: only its backbone has been imported"
    if manifest.weights_file and not manifest.trained:
        return "has weights that nobody has trained ([weights] trained = false)"
    recipe = recipe_of(manifest)
    if not recipe.reads(manifest):
        return "has a head of somebody's own, and nothing says how its outputs are read"
    if (lacking := recipe.roles.get(role)) is None:
        if manifest.family in (able := families_for(role)):
            return f"has a network or a task that its family {manifest.family} does not know"
        return f"is of the family {manifest.family}, which cannot do this; those that can: {', '.join(able)}"
    if lacking:
        return lacking
    if role is Role.LV_SEGMENTATION and recipe.needs and LV not in manifest.labels:
        return f"does not mark the left ventricle (lv), but {', '.join(manifest.labels) or 'nothing that has a name'}"
    if role is Role.VIEW and (why := _unfit_view(manifest)):
        return why
    if role is Role.DISTRIBUTION and (why := _unfit_distribution(manifest)):
        return why
    if role is Role.SPLIT_SCREEN and (why := _unfit_split_screen(manifest)):
        return why
    if role is Role.MEASUREMENTS and not quantities_read(manifest):
        return "reads nothing that the node has a quantity for"
    limit = recipe.limits.get(role, _LIMITS.get(role, ""))
    return f"states no limit {limit} under [thresholds]" if limit and limit not in manifest.thresholds else ""


def families_for(role: Role) -> tuple[str, ...]:
    """Those of which some network takes the role."""
    return tuple(dict.fromkeys(recipe.family for recipe in all_recipes() if role in recipe.roles))


def _unfit_distribution(manifest: Manifest) -> str:
    if not manifest.architecture.get("reference_classes"):
        return "keeps nothing of its training data to compare an image with (reference_classes under [architecture])"
    try:
        embedder_of(manifest)
    except ManifestError as error:
        return f"cannot be used: {error}"
    return ""


def _unfit_split_screen(manifest: Manifest) -> str:
    if not manifest.labels:
        return _NO_ORDER
    classes = sorted(label.lower() for label in manifest.labels)
    return "" if classes == _SCREENS else f"has other classes than Single and Dual: {', '.join(manifest.labels)}"


def _unfit_view(manifest: Manifest) -> str:
    if not manifest.labels:
        return _NO_ORDER
    unknown = [label for label in manifest.labels if view_of(label) is None]
    if unknown:
        return f"has classes that are no views: {', '.join(unknown)}"
    return ""


def view_of(label: str) -> View | None:
    """What a network's class means to us: our own names, EchoView47's, TMED-2's; None for anything else.

    A Doppler or M-mode image is OTHER, since nothing is outlined in it. An apical image that centres anything but the left
    ventricle is APICAL_ZOOM: it does not show the whole of one.
    """
    known = _ECHOVIEW47.get(label)
    if known is None:
        name = label.lower()
        return View(name) if name in set(View) else _OTHER_NAMES.get(name)
    if known.mode is not Mode.B_MODE:
        return View.OTHER
    if known.view in _APICAL_CHAMBERS and known.focus not in ("whole", "lv"):
        return View.APICAL_ZOOM
    return known.view


def image_of(label: str) -> View | None:
    """As `view_of`, but of a class for Doppler or M-mode what it traces; whether PW or CW, the image's region says."""
    known = _ECHOVIEW47.get(label)
    return view_of(label) if known is None or known.mode is Mode.B_MODE else View(label.replace("-", "_"))


def views_graded(manifest: Manifest) -> tuple[View, ...]:
    """The views whose image quality this model grades."""
    return recipe_of(manifest).grades
