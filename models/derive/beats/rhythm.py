"""What a heart's rhythm can be: how long its beats last, and how long their systoles, in ms."""

SHORTEST_BEAT_MS, LONGEST_BEAT_MS = 60_000 / 220, 60_000 / 25  # heart rates outside 25-220 bpm are refused as impossible
# From the QRS to aortic closure healthy hearts of 25 bpm take 490 ms (QS2 = 540 ms - 2.0 ms * bpm in women, 541 - 2.2 in men,
# DOI 10.1378/chest.80.5.613); the cavity stays small for about 100 ms more, until the mitral valve opens. The sum: our choice.
LONGEST_SYSTOLE_MS = 600.0
RATE_TOLERANCE = 0.4  # a heart's rate changes from beat to beat, the unit of its clock does not
# Share of the median length by which a regular beat may differ. A shorter or longer beat is ectopic or cut by an ectopic one;
# the beat after a pause is not like the others.
IRREGULAR = 0.2

_FASTEST_MEASURED_BPM = 180  # beyond, the straight line would leave no systole
# Failure, stenosis and block of a bundle branch move systole by some tens of ms. A cavity is smallest up to 100 ms later, and
# end-diastole is found up to 80 ms before the R wave. Together that is less than half. The factors are our choice.
_LEAST_OF_SYSTOLE, _MOST_OF_SYSTOLE = 0.5, 1.5


def expected_beat_ms(heart_rate_bpm: float | None) -> float | None:
    """How long a beat lasts at this heart rate; None where the rate is not known or impossible."""
    if heart_rate_bpm and SHORTEST_BEAT_MS <= 60_000 / heart_rate_bpm <= LONGEST_BEAT_MS:
        return 60_000 / heart_rate_bpm
    return None


def fits_rate(beat_ms: float, expected_ms: float | None) -> bool:
    """Whether a beat may be one of a heart whose beats last `expected_ms`; without it, of any heart."""
    if expected_ms is None:
        return SHORTEST_BEAT_MS <= beat_ms <= LONGEST_BEAT_MS
    return abs(beat_ms - expected_ms) <= RATE_TOLERANCE * expected_ms


def systole_range_ms(beat_ms: float, frame_ms: float = 0.0) -> tuple[float, float]:
    """The least and the most time from end-diastole to end-systole in a beat of this length, seen in frames this far apart.

    Around electromechanical systole, 546 ms - 2.1 ms * bpm (Weissler et al., Circulation 1968;37:149-159, men).

    >>> systole_range_ms(1000)
    (210.0, 600.0)
    """
    systole_ms = 546 - 2.1 * min(60_000 / beat_ms, _FASTEST_MEASURED_BPM)
    return _LEAST_OF_SYSTOLE * systole_ms - frame_ms, min(_MOST_OF_SYSTOLE * systole_ms + frame_ms, LONGEST_SYSTOLE_MS)
