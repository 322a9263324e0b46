"""Whether stated frame times can be true, by all that the header states of the clip's rate and length.

A wrong unit is never put right in silence: times that cannot be true count as none, and the words state both figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Adult imaging has some 10 to 200 frames a second; colour at its slowest about 5, and beyond 1,000 lie plane wave research
# systems alone (Cikes et al., JACC Cardiovasc Imaging 2014;7:812-823). Outside these limits the unit is another.
_LEAST_MS, _MOST_MS = 1.0, 250.0
# Clips are shown slower, rarely quicker, than they were taken: at a quarter of the speed at most in the players we know of, so
# that a display rate may differ by this factor. The factor is our choice; a wrong unit makes 10 or more.
_DISPLAY_FACTOR = 5.0
_LENGTH_FACTOR = 2.0  # between two lengths of one acquisition: trimmed clips keep the length that was recorded


@dataclass(frozen=True)
class Statement:
    """What another attribute says in its own unit (`words`), and how far apart the frames then are."""

    words: str
    frame_ms: float
    is_length: bool = False


def why_not_true(times_ms: NDArray[np.float64], others: Sequence[Statement] = ()) -> str:
    """Why `times_ms` (frames,) cannot be true, in words; "" for times that may be true, and for a single frame.

    >>> why_not_true(np.arange(30) * 0.04, [Statement("Cine Rate says 25 frames/s", 40.0)])
    'the frame times say 0.04 ms a frame, Cine Rate says 25 frames/s'
    """
    if len(times_ms) < 2:
        return ""
    frame_ms = float(times_ms[-1] - times_ms[0]) / (len(times_ms) - 1)
    for other in others:
        factor = _LENGTH_FACTOR if other.is_length else _DISPLAY_FACTOR
        if other.frame_ms > 0 and not 1 / factor <= frame_ms / other.frame_ms <= factor:
            return f"the frame times say {frame_ms:.4g} ms a frame, {other.words}"
    if not _LEAST_MS <= frame_ms <= _MOST_MS:
        return f"the frame times say {frame_ms:.4g} ms a frame, where echo clips have {_LEAST_MS:g} to {_MOST_MS:g} ms"
    return ""
