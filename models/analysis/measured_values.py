"""What models that measure by themselves say of a clip, and which of it may become a measurement of the study."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from models.analysis.loaded_model import LoadedModel
from models.catalogue import DERIVED, QUANTITIES, READ, Method, View
from models.clip import Clip
from models.errors import ReadingError
from models.library.model import Model
from models.library.quantities import AREAS, key_in_view, quantities_read, views_read, views_together
from models.results import Beat, ModelUse, ReadValue, Reason

_MOST_NAMED = 4  # PanEcho gives 57 probabilities that are no quantities


@dataclass(frozen=True)
class ClipReadings:
    """`notes` say what was left out, and why; it reaches no document."""

    values: tuple[ReadValue, ...] = ()
    notes: tuple[str, ...] = ()
    models: tuple[ModelUse, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)


def read_clip_values(
    clip: Clip, view: View, models: Sequence[LoadedModel], beats: Sequence[Beat] = (), why_no_beats: str = ""
) -> ClipReadings:
    """Each model that reads this view, in its corrected decoding, of frames that are prepared once for all.

    `beats` are those known of the clip, for a model that reads a value of each. `why_no_beats` says why none of an
    outlined ventricle is whole: then nothing that needs one is read off the clip either.
    """
    asked = [loaded for loaded in models if view in views_read(loaded.manifest) and not views_together(loaded.manifest)]
    if not asked:
        return ClipReadings()

    def ask(model: Model) -> tuple[ReadValue, ...]:
        read = (_in_view(value, view, clip) for value in model.reader.read_values(clip, beats, view))
        return tuple(_of_whole_beats(value, why_no_beats) for value in read)

    def of_clip(value: ReadValue) -> ReadValue:
        uid = clip.sop_instance_uid
        return replace(
            value,
            sources=tuple(replace(source, sop_instance_uid=uid) for source in value.sources),
            calipers=tuple(replace(caliper, sop_instance_uid=uid) for caliper in value.calipers),
        )

    with clip.cache.shared():
        return read_all((view,), asked, ask, of_clip)


def read_all(
    views: tuple[View, ...],
    asked: Sequence[LoadedModel],
    ask: Callable[[Model], tuple[ReadValue, ...]],
    placed: Callable[[ReadValue], ReadValue],
) -> ClipReadings:
    """What `ask` gives of each model where it is a quantity of exactly these `views`. `placed` adds whose frames are meant."""
    started = time.perf_counter()
    values: list[ReadValue] = []
    notes: list[str] = []
    for loaded in asked:
        name = loaded.manifest.name
        try:
            read = ask(loaded.model)
        except ReadingError as error:
            notes.append(f"{name} cannot read {'this clip' if len(views) == 1 else 'these clips'}: {error}")
            values += _unread(loaded, views, str(error))
            continue
        left: dict[str, list[str]] = {}
        for value in read:
            if why := _left_out(value, views):
                left.setdefault(why, []).append(value.key)
            else:
                values.append(replace(placed(value), model=name))
        notes += [f"{name}: {_counted(keys)} left out: {why}" for why, keys in left.items()]
    elapsed = {"measurements": time.perf_counter() - started}
    return ClipReadings(tuple(values), tuple(notes), tuple(loaded.use for loaded in asked), elapsed)


def _counted(keys: Sequence[str]) -> str:
    if len(keys) == 1:
        return f"{keys[0]} is"
    return f"{', '.join(keys)} are" if len(keys) <= _MOST_NAMED else f"{len(keys)} values are"


def _in_view(value: ReadValue, view: View, clip: Clip) -> ReadValue:
    """Under our key; what is taken at end-systole is not taken of a single frame, whose phase nobody knows."""
    value = replace(value, key=key_in_view(value.key, view))
    if value.key not in AREAS or value.value is None or clip.number_of_frames > 1:
        return value
    return ReadValue(value.key, value.unit, None, reasons=(Reason.NO_CARDIAC_CYCLE,), detail=value.detail)


def _of_whole_beats(value: ReadValue, why_none: str) -> ReadValue:
    """A regression over a clip sees the stroke that the clip shows, which part of a beat makes too small."""
    quantity = QUANTITIES.get(value.key)
    if not why_none or value.value is None or quantity is None or quantity.method is not Method.VIDEO_REGRESSION:
        return value
    return ReadValue(value.key, value.unit, None, reasons=(Reason.NO_CARDIAC_CYCLE,), detail=why_none)


def _unread(loaded: LoadedModel, views: tuple[View, ...], why: str) -> list[ReadValue]:
    """What the model would have given of clips of its form."""
    keys = [key for key in quantities_read(loaded.manifest) if READ[key].is_read_in(*views)]
    reasons = (Reason.OUT_OF_DISTRIBUTION,)
    return [ReadValue(key, READ[key].unit, None, model=loaded.manifest.name, reasons=reasons, detail=why) for key in keys]


def _left_out(value: ReadValue, views: tuple[View, ...]) -> str:
    quantity = QUANTITIES.get(value.key)
    if quantity is None:
        return "no quantity of this node"
    if value.unit != quantity.unit:
        return f"it is in {value.unit}, not in {quantity.unit}"
    if not quantity.is_read_in(*views):
        return f"it is not measured in {' and '.join(views)}{' alone' if len(views) == 1 else ''}"
    if quantity.key in DERIVED:
        return "the node makes it of other values"
    return "" if quantity.key in READ else "the node takes it from outlines, not from readings"
