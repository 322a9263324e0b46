"""Beats by the model of the set that finds end-diastole and end-systole in the images themselves."""

import time
from dataclasses import dataclass, field

from models.analysis.loaded_model import LoadedModel
from models.clip import Clip
from models.derive.beats.phase_beats import beats_of_phases
from models.derive.beats.phase_score import PhaseEvents
from models.errors import ReadingError
from models.results import Beat, ModelUse, ReadValue

_ED_KEY, _ES_KEY = "ed_time", "es_time"  # what such a model calls its values; each names its frame


@dataclass(frozen=True)
class PhaseBeats:
    """No beats where the model was not asked or found none; then `notes` say why, unless the clip states no frame times."""

    beats: tuple[Beat, ...] = ()
    notes: tuple[str, ...] = ()
    models: tuple[ModelUse, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)


def find_phase_beats(clip: Clip, loaded: LoadedModel | None) -> PhaseBeats:
    """Without frame times nothing is asked: no beat can be told from a wrong one then."""
    times = clip.frame_times_ms
    if loaded is None or times is None:
        return PhaseBeats()
    started = time.perf_counter()
    beats: tuple[Beat, ...] = ()
    name = loaded.manifest.name
    try:
        beats = beats_of_phases(_events(loaded.model.reader.read(clip).values), times.tolist(), clip.heart_rate_bpm)
        why = "finds no whole regular beat, or one that contradicts the stated heart rate"
    except ReadingError as error:
        why = f"cannot read this clip: {error}"
    notes = () if beats else (by_area_curve(f"{name} {why}"),)
    return PhaseBeats(beats, notes, (loaded.use,), {"phase": time.perf_counter() - started})


def by_area_curve(why: str) -> str:
    """The note on a clip whose beats are sought in the area curve although a model is there to find them."""
    return f"{why}; the beats are sought in the area curve"


def _events(values: tuple[ReadValue, ...]) -> PhaseEvents:
    ed, es = (
        tuple(sorted(value.frame_index for value in values if value.key == key and value.frame_index is not None))
        for key in (_ED_KEY, _ES_KEY)
    )
    return PhaseEvents(ed, es)
