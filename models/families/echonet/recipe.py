"""What the EchoNet networks say of themselves: EchoNet-Dynamic's, and EchoNet-Measurements' by their task."""

from models.catalogue import View
from models.library.model_set import Role
from models.library.recipe import FITS, PLAX, Answer, EngineStep, Form, HeatMap, Layer, Recipe

_DYNAMIC, _MEASUREMENTS = "echonet_dynamic", "echonet_measurements"
_IMPORTER = "models.importers.torch.layout"

# Of the published networks, which of them is asked on which images: several of one task differ in nothing but their weights.
_VIEWS: dict[str, tuple[View, ...]] = {
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
_VIEWS_OF_MODEL = {f"{_MEASUREMENTS}/{name}": views for name, views in _VIEWS.items()}


_DEEP_LAB_BACKBONE = ("network.backbone",)
_VIDEO_BACKBONE = ("network.stem", *(f"network.layer{stage}" for stage in (1, 2, 3, 4)))
_TAUGHT = {Answer.POINTS: "keypoints", Answer.MASK: "segmentation", Answer.VALUES: "quality"}
_DEEP_LAB = Layer("network.backbone.layer4")
_VIDEO_RESNET = Layer("network.layer4", Form.CLIPS)
_OF_MAPS = HeatMap(_DEEP_LAB)
_QUALITY = HeatMap(_VIDEO_RESNET, labels=lambda network: ("quality",))


_STEP = EngineStep()
# Tried at the size of the drawn traces, which is that of the published scripts, and at a smaller one.
_OF_ANY_SIZE = EngineStep(other_sides=((300, 640),))
_SCREEN, _SPECTRAL = "whole_frames:WholeFrames", "display_frames:spectral"


def _measures(
    task: str,
    answers: Answer,
    sees: str,
    evaluation: tuple[str, ...],
    quantities: tuple[str, ...] = (),
    grades: tuple[View, ...] = (),
    heat_map: HeatMap = _OF_MAPS,
    engine: EngineStep = _STEP,
) -> Recipe:
    return Recipe(
        _MEASUREMENTS,
        "models.families.echonet.measurements",
        answers,
        task,
        roles={Role.QUALITY: FITS if grades else "grades no image quality", Role.MEASUREMENTS: FITS},
        views_of_model=_VIEWS_OF_MODEL,
        quantities=quantities,
        as_named=True,
        grades=grades,
        evaluation=evaluation,
        clips_read=1,
        taught=(_TAUGHT[answers],),
        backbone=_VIDEO_BACKBONE if grades else _DEEP_LAB_BACKBONE,
        importer=_IMPORTER,
        head="" if grades else "network.classifier.4",
        sees=f"models.families.echonet.{sees}",
        engine=engine,
        heat_map=heat_map,
    )


RECIPES = (
    Recipe(
        _DYNAMIC,
        "models.families.echonet.dynamic",
        Answer.VALUES,
        "r2plus1d_18",
        roles={
            Role.LV_SEGMENTATION: "is no deeplabv3_resnet50: it does not outline a ventricle frame by frame",
            Role.MEASUREMENTS: FITS,
        },
        views=(View.A4C,),
        quantities=("ef_video_regression",),
        evaluation=("ef",),
        ef_figures="all_clips_",
        clips_read=1,
        beats_by="models.families.echonet.dynamic:beat_to_beat",
        taught=("values",),
        backbone=_VIDEO_BACKBONE,
        importer=_IMPORTER,
        sees="models.families.echonet.square_frames:SquareClip",
        engine=_STEP,
        heat_map=HeatMap(_VIDEO_RESNET),
    ),
    Recipe(
        _DYNAMIC,
        "models.families.echonet.dynamic",
        Answer.MASK,
        "deeplabv3_resnet50",
        roles={Role.LV_SEGMENTATION: FITS, Role.MEASUREMENTS: FITS},
        evaluation=("segmentation", "landmarks"),
        clips_read=1,
        taught=("segmentation",),
        backbone=_DEEP_LAB_BACKBONE,
        importer=_IMPORTER,
        head="network.classifier.4",
        sees="models.families.echonet.square_frames:SquareFrames",
        engine=_STEP,
        heat_map=_OF_MAPS,
    ),
    _measures("linear", Answer.POINTS, _SCREEN, ("linear", "values", "landmarks")),
    _measures("area", Answer.MASK, _SCREEN, ("values",)),
    _measures("vti", Answer.MASK, "beat_squares:BeatSquares", ("values",)),
    _measures("doppler_peak", Answer.POINTS, _SPECTRAL, ("values",), engine=_OF_ANY_SIZE),
    _measures("mitral_inflow", Answer.POINTS, _SPECTRAL, ("values",), ("mv_e", "mv_a", "mv_ea"), engine=_OF_ANY_SIZE),
    _measures("tapse", Answer.POINTS, "display_frames:m_mode", ("values",), ("tapse",), engine=_OF_ANY_SIZE),
    _measures("plax_quality", Answer.VALUES, "quality:QualitySquares", (), grades=PLAX, heat_map=_QUALITY),
)
