"""Which model may take which part in the node's model set, told from its manifest alone: no network is loaded to answer."""

from enum import StrEnum

from models.asked import PLAX, quantities_read
from models.catalogue import ECHOVIEW47, TRACES, Mode, View
from models.manifest import Manifest, ManifestError
from models.registry import embedder_of


class Role(StrEnum):
    VIEW = "view"
    QUALITY = "quality"
    LV_SEGMENTATION = "lv_segmentation"
    MEASUREMENTS = "measurements"
    DISTRIBUTION = "distribution"
    PHASE = "phase"
    SPLIT_SCREEN = "split_screen"


_KERAS_CLASSIFIERS = (
    "echoforge_xception", "echoforge_resnet", "echoforge_densenet", "echoforge_efficientnet", "echoforge_convnext",
    "echoforge_transformer", "echoforge_swin",
)  # fmt: skip

_MEASURING = (
    "echonet_measurements", "echonet_dynamic", "echo_motion", "echo_apex", "pan_echo", "echoforge_keypoints",
)  # fmt: skip

# The families the predictor has an adapter for (`models.predictor.adapters`), or whose networks read clips themselves.
FAMILIES_OF: dict[Role, tuple[str, ...]] = {
    Role.VIEW: ("phantom_classifier", *_KERAS_CLASSIFIERS, "echo_prime", "echo_apex"),
    Role.QUALITY: ("phantom_classifier", "echoforge_quality", "echonet_measurements"),
    Role.LV_SEGMENTATION: ("phantom_segmenter", "echonet_dynamic", "echoforge_unet", "echo_motion"),
    Role.MEASUREMENTS: _MEASURING,
    Role.DISTRIBUTION: ("phantom_classifier", "image_distribution"),
    Role.PHASE: ("echoforge_phase",),
    Role.SPLIT_SCREEN: _KERAS_CLASSIFIERS,  # these see the whole screen, a phantom_classifier the region alone
}

DUAL = "dual"
_SCREENS = [DUAL, "single"]  # the classes of a network that tells a split screen, in any case and order
_NO_ORDER = "has classes in an order that nobody has stated: give it when importing the weights (--labels)"

_LV_NETWORKS = {
    "echonet_dynamic": "deeplabv3_resnet50",
    "echo_motion": "segmenter",
}  # the others of a family answer other questions

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
    """Why this model cannot take the part, and which it can, in words that follow its name; "" where it can."""
    if not (why := _unfit(role, manifest)):
        return ""
    others = [other.value for other in Role if not _unfit(other, manifest)]
    return f"{why}; it fits [models] {', '.join(others)}" if others else why


def _unfit(role: Role, manifest: Manifest) -> str:
    if manifest.architecture.get("decoder") == "untrained":
        return "has an untrained decoder: only its backbone has been imported"
    if manifest.weights_file and not manifest.trained:
        return "has weights that nobody has trained ([weights] trained = false)"
    if manifest.family not in FAMILIES_OF[role]:
        others = ", ".join(FAMILIES_OF[role])
        return f"is of the family {manifest.family}, which cannot do this; those that can: {others}"
    if role is Role.VIEW:
        return _unfit_view(manifest)
    if role is Role.QUALITY:
        if manifest.family == "echonet_measurements" and not views_judged(manifest):
            return "judges no image quality"
        return "" if "adequate_quality" in manifest.thresholds else "states no limit adequate_quality under [thresholds]"
    if role is Role.DISTRIBUTION:
        return _unfit_distribution(manifest)
    if role is Role.SPLIT_SCREEN:
        return _unfit_split_screen(manifest)
    if role is Role.PHASE:
        return ""
    network = manifest.architecture.get("network", "")
    if role is Role.LV_SEGMENTATION:
        needed = _LV_NETWORKS.get(manifest.family, network)
        return "" if network == needed else f"is no {needed}: it does not outline a ventricle frame by frame"
    return "" if quantities_read(manifest) else "reads nothing that the node has a quantity for"


def _unfit_distribution(manifest: Manifest) -> str:
    if not manifest.architecture.get("reference_classes"):
        return "keeps nothing of its training data to compare an image with (reference_classes under [architecture])"
    try:
        embedder_of(manifest)
    except ManifestError as error:
        return f"cannot be used: {error}"
    return "" if "out_of_distribution" in manifest.thresholds else "states no limit out_of_distribution under [thresholds]"


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
    if manifest.family == "phantom_classifier" and "view_probability" not in manifest.thresholds:
        return "states no limit view_probability under [thresholds]"
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


def views_judged(manifest: Manifest) -> tuple[View, ...]:
    """The views whose image quality this model grades; that of a spectrum or an M-mode display none does yet."""
    if manifest.family == "echonet_measurements":
        return PLAX if manifest.architecture.get("task") == "plax_quality" else ()
    return tuple(view for view in View if view not in TRACES)
