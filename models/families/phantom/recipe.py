"""What the phantom's networks say of themselves."""

from models.catalogue import LINE_OF, LINES, QUANTITIES, READ
from models.families.phantom import m_modes, spectra
from models.library.model_set import Role
from models.library.recipe import FITS, Answer, Encodes, EngineStep, HeatMap, Layer, Recipe

_CHAMBERS = ("la_area_a4c", "la_area_a2c", "la_vol_mod_a4c", "la_vol_mod_a2c", "ra_area", "ra_vol", "rv_fac")
_SEES = "models.inputs.letterboxed_region:letterboxed"

RECIPES = (
    Recipe(
        "phantom_classifier",
        "models.families.phantom.classifier",
        Answer.CLASSES,
        roles={Role.VIEW: FITS, Role.QUALITY: FITS, Role.DISTRIBUTION: FITS},
        limits={Role.VIEW: "view_probability"},
        evaluation=("classification",),
        encodes=Encodes.FRAMES,
        taught=("classification", "quality"),
        backbone=("stages",),
        sees=_SEES,
        head="head",
        heat_map=HeatMap(Layer("stages.-1")),
    ),
    Recipe(
        "phantom_classifier",
        "models.families.phantom.classifier",
        Answer.CLASSES,
        "screens",
        roles={Role.VIEW: FITS, Role.DISTRIBUTION: FITS},
        limits={Role.VIEW: "view_probability"},
        evaluation=("classification",),
        encodes=Encodes.FRAMES,
        taught=("classification",),
        backbone=("stages",),
        sees="models.inputs.letterboxed_region:letterboxed_screen",
        head="head",
        heat_map=HeatMap(Layer("stages.-1")),
    ),
    Recipe(
        "phantom_segmenter",
        "models.families.phantom.segmenter",
        Answer.MASK,
        roles={Role.LV_SEGMENTATION: FITS, Role.MEASUREMENTS: FITS},
        needs={key: (QUANTITIES[key].structure,) for key in _CHAMBERS},
        evaluation=("segmentation", "landmarks", "values"),
        clips_read=1,
        engine=EngineStep(),
        taught=("segmentation",),
        backbone=("entry", "down"),
        sees=_SEES,
        head="exit",
        heat_map=HeatMap(Layer("down.-1")),
    ),
    Recipe(
        "phantom_points",
        "models.families.phantom.points",
        Answer.POINTS,
        roles={Role.MEASUREMENTS: FITS},
        needs={key: (f"{line}_1", f"{line}_2") for key, line in LINE_OF.items() if key in READ},
        evaluation=("linear", "values", "landmarks"),
        lines=LINES,
        clips_read=1,
        engine=EngineStep(),
        taught=("keypoints",),
        backbone=("entry", "down"),
        sees=_SEES,
        head="exit",
        heat_map=HeatMap(Layer("down.-1")),
    ),
    *(
        Recipe(
            "phantom_traces",
            f"models.families.phantom.{reader}",
            Answer.MASK,
            task,
            roles={Role.MEASUREMENTS: FITS, Role.QUALITY: FITS},
            needs=of_module.NEEDS,
            grades=tuple(of_module.ROWS),
            clips_read=1,
            engine=EngineStep(),
            taught=("segmentation",),
            backbone=("entry", "down"),
            sees="models.inputs.display_windows:display_windows",
            head="exit",
            heat_map=HeatMap(Layer("down.-1")),
        )
        for task, reader, of_module in (("spectra", "spectrum_reader", spectra), ("m_modes", "m_mode_reader", m_modes))
    ),
)
