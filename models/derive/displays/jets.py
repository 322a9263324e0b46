"""Which of several readings of one jet counts: a beam that crosses it shows too little, never too much."""

from collections.abc import Sequence

from models.catalogue import QUANTITIES, Direction
from models.results import ClipFindings, ReadValue

Given = tuple[ClipFindings, ReadValue]


def is_possible(value: ReadValue) -> bool:
    low, high = QUANTITIES[value.key].limits
    return value.value is not None and low <= value.value <= high


def one_way(given: Sequence[Given]) -> list[Given]:
    """Those of `given` that count beside each other, of flow that may run either way.

    Flow towards the transducer may be a leak, so it counts only where none away from it was found. A jet that exceeds its
    display stays: the display cannot tell its side.
    """
    if not any(value.direction is Direction.AWAY for _, value in given):
        return list(given)
    return [(clip, value) for clip, value in given if value.value is None or value.direction is not Direction.TOWARDS]


def highest(given: Sequence[Given]) -> tuple[Given | None, str]:
    """The highest possible value of the first model that gives one; or None, and words, where a jet that exceeded its display
    may have been higher. `given` in the order of preference, the models of each clip in that of the set.
    """
    possible = [pair for pair in given if is_possible(pair[1])]
    for model in dict.fromkeys(value.model for _, value in given):
        if of_model := [(value.value or 0, -place) for place, (_, value) in enumerate(possible) if value.model == model]:
            reached, place = max(of_model)
            shown = max((value.at_least for _, value in given if value.at_least is not None), default=0.0)
            if reached > shown:
                return possible[-place], ""
            return None, f"{model}: {reached:.3g} m/s, but a jet exceeds a display that shows up to {shown:.3g} m/s"
    return next((pair for pair in given if pair[1].value is not None), None), ""
