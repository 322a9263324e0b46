"""Displays of Doppler and M-mode: what one shows, by its class and its region, and whether its scale can be used."""

from models.calibration import DisplayChoice, RegionDataType, RegionSpatialFormat
from models.catalogue import DISPLAYS, M_MODES, TISSUE_DOPPLER, Mode, View
from models.clip import Clip
from models.derive.displays.doppler import is_scaled_for_tissue
from models.library.manifest import Manifest
from models.library.reading import display_reason
from models.library.roles import image_of
from models.results import Reason

_ENDINGS = {RegionDataType.PW_SPECTRAL: "_pw", RegionDataType.CW_SPECTRAL: "_cw"}
_MODES = {RegionDataType.PW_SPECTRAL: Mode.PW, RegionDataType.CW_SPECTRAL: Mode.CW}


def told_by_region(view: View, clip: Clip) -> View:
    """Of blood flow, whether it is PW or CW, by the region's data type alone, whatever the class says; all else is `view`."""
    if view not in DISPLAYS - M_MODES - TISSUE_DOPPLER:
        return view
    flow, kinds = view.removesuffix("_pw").removesuffix("_cw"), _spectral_kinds(clip)
    named = flow + _ENDINGS[kinds.pop()] if len(kinds) == 1 else flow
    return View(named) if named in set(View) else View(flow)


def _spectral_kinds(clip: Clip) -> set[RegionDataType]:
    spectral = [region for region in clip.regions if region.spatial_format == RegionSpatialFormat.SPECTRAL]
    return {kind for kind in _ENDINGS for region in spectral if region.data_type == kind}


def display_choice(view: View, clip: Clip) -> DisplayChoice:
    """The region of a display."""
    return clip.m_mode_region() if view in M_MODES else clip.spectral_region()


def objection(view: View, clip: Clip) -> tuple[Reason, str] | None:
    """Why a display cannot be measured in, whatever it shows: reason and words."""
    if problem := display_choice(view, clip).problem:
        return display_reason(problem), problem.value
    if view in TISSUE_DOPPLER and RegionDataType.CW_SPECTRAL in _spectral_kinds(clip):
        return Reason.CALIBRATION_INCONSISTENT, "tissue Doppler by its view, continuous wave Doppler by its region"
    region = clip.spectral_region().region if view is View.DOPPLER_MV_PW else None
    if region is not None and is_scaled_for_tissue(region):
        return Reason.CALIBRATION_INCONSISTENT, "mitral inflow by its view, tissue Doppler by the scale of its display"
    return None


def mode_of(view: View) -> Mode | None:
    """How an image of `view` is taken; None for a spectrum of which nobody has said it."""
    if view not in DISPLAYS:
        return Mode.B_MODE
    if view in M_MODES:
        return Mode.M_MODE
    if view in TISSUE_DOPPLER:
        return Mode.PW
    return next((_MODES[kind] for kind, ending in _ENDINGS.items() if view.endswith(ending)), None)


def mode_shown(clip: Clip) -> Mode | None:
    """As `mode_of`, but by the regions alone. None where spectra of both kinds are on the screen."""
    if kinds := _spectral_kinds(clip):
        return _MODES[kinds.pop()] if len(kinds) == 1 else None
    m_mode = any(region.spatial_format == RegionSpatialFormat.M_MODE for region in clip.regions)
    return Mode.M_MODE if m_mode else Mode.B_MODE


def is_known_to(manifest: Manifest, view: View) -> bool:
    """Whether a network taught on these classes can say how like its training an image of `view` is: of a display only where it
    was taught on such displays. Classes may be modes instead of views.
    """
    if manifest.labels and set(manifest.labels) <= set(Mode):
        return mode_of(view) in manifest.labels
    taught = {image_of(label) for label in manifest.labels}
    unsaid = {f"{image}{ending}" for image in taught for ending in _ENDINGS.values()}
    return view not in DISPLAYS or view in taught or view in unsaid
