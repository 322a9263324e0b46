"""The image quality of a clip, by whichever network of the model set grades it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.analysis.adapters import as_probabilities
from models.analysis.loaded_model import LoadedModel
from models.catalogue import View
from models.clip import Clip
from models.errors import ReadingError
from models.inputs.clip_input import network_input
from models.library.recipe import Answer
from models.library.roles import views_graded
from models.results import QualityGrade

_KEY = "image_quality"  # what a model that reads clips says of it, 0 to 100


@dataclass(frozen=True)
class Graded:
    """A grade and the model that gave it."""

    grade: QualityGrade
    by: LoadedModel


def grade_quality(graders: Sequence[LoadedModel], clip: Clip, view: View, chosen: Sequence[int]) -> Graded | None:
    """By the first of `graders` that grades images of this view; None where there is none, or it cannot grade this clip."""
    loaded = next((one for one in graders if view in views_graded(one.manifest)), None)
    if loaded is None:
        return None
    score = _expected_grade(loaded, clip, chosen) if loaded.model.recipe.answers is Answer.CLASSES else _read(loaded, clip)
    if score is None:
        return None
    return Graded(QualityGrade(score, adequate=score >= loaded.manifest.threshold("adequate_quality")), loaded)


def _expected_grade(loaded: LoadedModel, clip: Clip, chosen: Sequence[int]) -> float:
    """The mean grade by its probabilities, the lowest 0, the highest 100."""
    grades = as_probabilities(loaded.run(network_input(clip, loaded.manifest, chosen))[0])
    return float(grades @ np.linspace(0, 100, len(grades)))


def _read(loaded: LoadedModel, clip: Clip) -> float | None:
    try:
        values = loaded.model.reader.read(clip).values
    except ReadingError:
        return None
    return next((value.value for value in values if value.key == _KEY), None)
