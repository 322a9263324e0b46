"""On which images a model that measures is asked, and for which quantities: told from its manifest alone."""

from collections.abc import Mapping

from models.catalogue import GRADIENT_OF, QUANTITIES, READ, View
from models.manifest import Manifest

PLAX = (View.PLAX, View.PLAX_HIGH, View.PLAX_ZOOM)
_ECHONET: dict[str, tuple[View, ...]] = {
    **dict.fromkeys(("ivs", "lvid", "lvpw", "aorta", "aortic_root", "la"), PLAX),
    "rv_base": (View.A4C,),
    "pa": (View.PSAX_AV,),
    "ivc": (View.SUBCOSTAL_IVC,),
    "la_area": (View.A4C, View.A2C),
    "ra_area": (View.A4C,),
    "avvmax": (View.DOPPLER_AV_CW,),
    "lvotvmax": (View.DOPPLER_AV_PW,),
    "mvpeak_2c": (View.DOPPLER_MV_PW,),
    "mrvmax": (View.DOPPLER_MV_CW,),
    "trvmax": (View.DOPPLER_TV_CW,),
    "latevel": (View.DOPPLER_TISSUE_LATERAL,),
    "medevel": (View.DOPPLER_TISSUE_SEPTAL,),
    "tapse_2c": (View.MMODE_A4CH_RV,),
    "vti_av": (View.DOPPLER_AV_CW,),
    "vti_lvot": (View.DOPPLER_AV_PW,),
    "vti_mv": (View.DOPPLER_MV_PW,),
    "vti_pv": (View.DOPPLER_PV_CW,),
    "vti_rvot": (View.DOPPLER_PV_PW,),
}
_READS = {f"echonet_measurements/{name}": views for name, views in _ECHONET.items()}
_READS_BY_TASK: dict[tuple[str, str], tuple[View, ...]] = {  # family and `[architecture] network` or `task`
    ("echonet_dynamic", "r2plus1d_18"): (View.A4C,),
    ("echo_motion", "bilstm"): (View.A4C,),
    ("echo_motion", "transformer"): (View.A4C,),
    ("echo_motion", "biplane"): (View.A4C, View.A2C),
    ("echo_apex", "ef"): (View.A4C,),
    ("echo_apex", "lvh"): PLAX,
    ("pan_echo", ""): (View.A4C,),
    ("echoforge_keypoints", ""): PLAX,
}

_VIDEO_EF = ("ef_video_regression",)
_KEYS_BY_TASK: dict[tuple[str, str], tuple[str, ...]] = {
    ("echonet_dynamic", "r2plus1d_18"): _VIDEO_EF,
    ("echo_motion", "bilstm"): _VIDEO_EF,
    ("echo_motion", "transformer"): _VIDEO_EF,
    ("echo_motion", "biplane"): ("ef_video_regression_biplane",),
    ("echo_apex", "ef"): _VIDEO_EF,
    ("echo_apex", "lvh"): ("ivsd_2d", "lvidd_2d", "lvpwd_2d"),
    ("pan_echo", ""): _VIDEO_EF,
    ("echoforge_keypoints", ""): ("ivsd_2d", "lvidd_2d", "lvids_2d", "lvpwd_2d"),
    ("echonet_measurements", "mitral_inflow"): ("mv_e", "mv_a", "mv_ea"),
    ("echonet_measurements", "tapse"): ("tapse",),
}
_OF_DIAMETERS = ("fs_2d", "ef_teichholz_2d")
# What a reader calls without a view that our keys name with it.
_KEYS_BY_VIEW: dict[str, dict[View, str]] = {"la_area": {View.A4C: "la_area_a4c", View.A2C: "la_area_a2c"}}
AREAS = ("la_area_a4c", "la_area_a2c", "ra_area")  # at end-systole


def views_read(manifest: Manifest) -> tuple[View, ...]:
    """On which images a model that measures is asked; empty where the node never asks it."""
    stated = _READS.get(manifest.name) or _READS_BY_TASK.get(_kind(manifest), ())
    return stated or (_views_of_quantities(manifest.architecture) if manifest.family == "echonet_measurements" else ())


def quantities_read(manifest: Manifest) -> tuple[str, ...]:
    """The keys of `catalogue.READ` that the node may take from this model."""
    keys = _KEYS_BY_TASK.get(_kind(manifest)) or _named_keys(manifest)
    keys += _OF_DIAMETERS if {"lvidd_2d", "lvids_2d"} <= set(keys) else ()
    views = views_read(manifest)
    return tuple(key for key in keys if key in READ and set(READ[key].views) <= set(views))


def key_in_view(key: str, view: View) -> str:
    """Our key for what a reader calls `key`, of an image of this view."""
    return _KEYS_BY_VIEW.get(key, {}).get(view, key)


def reads_pairs(manifest: Manifest) -> bool:
    """Whether it reads clips of several views together, and none of them alone."""
    return any(len(READ[key].views) > 1 for key in quantities_read(manifest))


def _kind(manifest: Manifest) -> tuple[str, str]:
    return manifest.family, str(manifest.architecture.get("network") or manifest.architecture.get("task", ""))


def _named_keys(manifest: Manifest) -> tuple[str, ...]:
    """Those that the architecture names, and what is made of them."""
    stated = manifest.architecture
    keys = [str(stated[name]) for name in ("at_ed", "at_es", "largest", "key") if name in stated]
    keys += [GRADIENT_OF[key] for key in keys if key in GRADIENT_OF]
    if stated.get("task") == "area":
        name = manifest.aliases[0] if manifest.aliases else manifest.name.rsplit("/", 1)[-1]
        keys += [key_in_view(name, view) for view in views_read(manifest)]
    return tuple(keys)


def _views_of_quantities(architecture: Mapping[str, object]) -> tuple[View, ...]:
    """Of the catalogue's quantities whose keys the architecture names."""
    views = [view for value in architecture.values() if str(value) in QUANTITIES for view in QUANTITIES[str(value)].views]
    return tuple(dict.fromkeys(views))
