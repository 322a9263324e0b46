"""The one place through which every reading of a network passes: nothing impossible, and nothing of weights nobody trained."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar, cast

from models.catalogue import View
from models.clip import Clip
from models.derive.beats.beat_coverage import why_no_beat_shown
from models.derive.limits import Limits, impossible
from models.library.manifest import Manifest
from models.library.protocols import Reader
from models.library.reading import Decoding, Reading, with_calipers
from models.networks.engine_slots import EngineSlots
from models.results import Beat, ReadValue, Reason

UNTRAINED = "the weights were never trained: what the network gives means nothing"
_READS = ("read", "read_values", "read_group")


class ReadingNetwork(EngineSlots):
    """A network that reads clips. What its `read...` methods return is checked here, whatever the family.

    `trained`: weights were given, and their manifest calls them trained; `prepare` says so. Until then every value is
    None, reason `untrained_weights`, and there is no table and no mark. `as_if_trained` shows what the network gives all the
    same. `own_limits` are those of the values that are no quantity of the catalogue, by key, in the unit of the value.
    """

    manifest: Manifest
    trained: bool = False
    own_limits: Mapping[str, Limits] = MappingProxyType({})
    in_folder: bool = False  # this and what follows: `library.protocols.ScriptOptions`
    kernel: bool = False

    @property
    def has_published_phases(self) -> bool:
        return False

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Its own, then those of the networks that it asks."""
        return (self.manifest,)

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        """The values of `read`, whatever beats and view are known."""
        return cast(Reader, self).read(clip).values

    def __init_subclass__(cls, **further: Any) -> None:
        super().__init_subclass__(**further)
        for name in _READS:
            if inspect.isfunction(method := cls.__dict__.get(name)):
                setattr(cls, name, checked(method))

    def load_state_dict(self, *given: Any, **further: Any) -> Any:
        """Weights brought by hand count as trained: nobody can tell random ones from others."""
        keys = super().load_state_dict(*given, **further)
        self.trained = True
        return keys


Network = TypeVar("Network", bound=ReadingNetwork)


def as_if_trained(network: Network) -> Network:
    """The same network, whose readings are shown although nobody trained it: for tests, and for a look at raw outputs."""
    network.trained = True
    return network


def checked(read: Callable[..., Any]) -> Callable[..., Any]:
    """The method `read` of a network, giving a Reading or its values, with what it returns checked."""
    signature = inspect.signature(read)

    @functools.wraps(read)
    def reads(self: ReadingNetwork, *given: Any, **further: Any) -> Any:
        found = read(self, *given, **further)
        decoding = signature.bind(self, *given, **further).arguments.get("decoding", Decoding.CORRECTED)
        values = with_calipers(found.values, found.marks) if isinstance(found, Reading) else found
        if not self.trained:
            values = _untrained(values)
            return Reading(values, columns=found.columns, notes=(UNTRAINED,)) if isinstance(found, Reading) else values
        values = tuple(possible(value, decoding, self.own_limits) for value in values)
        return replace(found, values=values) if isinstance(found, Reading) else values

    return reads


def possible(value: ReadValue, decoding: Decoding, own_limits: Mapping[str, Limits]) -> ReadValue:
    """The value, or where it cannot be true none; the published way refuses nothing, so there it is marked instead."""
    if value.value is None or not (words := impossible(value.key, value.unit, value.value, own_limits)):
        return value
    if decoding is Decoding.PUBLISHED and value.value - value.value == 0:  # infinity and NaN are no number in any way
        said = f"{words}; the published way refuses nothing"
        return value if said in value.detail else replace(value, detail="; ".join(filter(None, (value.detail, said))))
    return replace(value, value=None, sd=None, beats=1, calipers=(), reasons=(Reason.OUTSIDE_LIMITS,), detail=words)


def _untrained(values: tuple[ReadValue, ...]) -> tuple[ReadValue, ...]:
    units = {value.key: value.unit for value in values if value.unit != "px"}  # a key may come in pixels, too
    reasons = (Reason.UNTRAINED_WEIGHTS,)
    return tuple(ReadValue(key, unit, None, reasons=reasons, detail=UNTRAINED) for key, unit in units.items())


def without_a_beat(clip: Clip, key: str, unit: str) -> ReadValue | None:
    """What a network that reads the whole clip says of one that cannot show a whole beat; None where it may be asked."""
    if clip.number_of_frames > 1 and clip.frame_times_ms is None:
        why = clip.why_no_times
    else:
        times_ms = [0.0] if clip.frame_times_ms is None else clip.frame_times_ms.tolist()
        why = why_no_beat_shown(times_ms, clip.r_wave_times_ms, clip.heart_rate_bpm)
    return ReadValue(key, unit, None, reasons=(Reason.NO_CARDIAC_CYCLE,), detail=why) if why else None
