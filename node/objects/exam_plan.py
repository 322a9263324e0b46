"""What a whole transthoracic examination consists of, object by object, in the order in which it is usually recorded.

The order is that of Mitchell C et al., J Am Soc Echocardiogr 2019;32:1-64 (comprehensive examination in adults): parasternal,
apical, subcostal, suprasternal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from models.catalogue import View
from models.phantom.screens import Annotation, Screen, screen_of
from node.objects import exam_pictures
from node.objects.exam_flaws import FITTING, Flaw

_LEAST, _MOST = 38, 54  # objects where nobody says how many
_WHOLE_BEAT = 1.15  # beats that show the next end-diastole too, however few frames there are
_TOLERANCE = 1.05  # over the size that is asked for
# Of the size without compression, about.
_SHARES: dict[str, float] = {JPEGBaseline8Bit: 0.045, RLELossless: 0.25, JPEGLSLossless: 0.12, JPEG2000Lossless: 0.12}


class Kind(StrEnum):
    LOOP = "loop"
    STILL = "still"
    COLOUR = "colour"
    DISPLAY = "display"


@dataclass(frozen=True)
class _Usual:
    """One object of the usual order. `rank` is 1 for what no examination is without, to 3. `view` is that of a display."""

    echoview47: str
    kind: Kind
    rank: int
    view: View | None = None
    above: str = ""  # the plane that a display was taken in


@dataclass(frozen=True)
class ExamObject:
    """One object to make. `quality` is 0 (worst) to 3; `flaw` is what is wrong with its header, if anything."""

    number: int
    echoview47: str
    kind: Kind
    view: View | None
    above: str
    quality: int
    beats: float
    series_number: int
    transfer_syntax_uid: str
    annotation: Annotation
    flaw: Flaw | None
    seed: int

    @property
    def file_name(self) -> str:
        return f"{self.number:02d}_{self.echoview47}_{self.kind.value}.dcm"


@dataclass(frozen=True)
class ExamDetail:
    """How finely an examination is drawn; a screen of `columns` px where that is not 0.

    With `frames` a loop has so many, over a little more than one beat. With `quality` all pictures are of that one.
    """

    polar: tuple[int, int] = (400, 176)
    frame_rate_hz: float = 30.0
    frames: int | None = None
    quality: int | None = None
    columns: int = 0
    seconds: float = 3.5  # of a display over time
    jpeg_quality: int = 90
    longest_beats: float = 9.0


@dataclass(frozen=True)
class ExamPlan:
    seed: int
    screen: Screen
    objects: tuple[ExamObject, ...]
    detail: ExamDetail = field(default_factory=ExamDetail)


def _d(echoview47: str, view: View, rank: int, above: str) -> _Usual:
    return _Usual(echoview47, Kind.DISPLAY, rank, view, above)


_L, _S, _C = Kind.LOOP, Kind.STILL, Kind.COLOUR
_USUAL: tuple[_Usual, ...] = (
    _Usual("plax-full-lv", _L, 1), _Usual("plax-full-la", _L, 3), _Usual("plax-full-lv", _S, 2),
    _Usual("plax-valves-av", _L, 1), _Usual("plax-full-mv", _C, 1), _Usual("plax-full-out", _C, 3),
    _Usual("plax-valves-mv", _L, 3), _Usual("plax-full-rv-ao", _L, 2),
    _d("mmode-plax-lv", View.MMODE_PLAX_LV, 2, "plax-full-lv"), _d("mmode-plax-av", View.MMODE_PLAX_AV, 2, "plax-full-out"),
    _d("mmode-plax-mitral", View.MMODE_PLAX_MITRAL, 3, "plax-full-mv"),
    _Usual("plax-tv", _L, 2), _Usual("plax-tv", _C, 3), _d("doppler-tv", View.DOPPLER_TV_CW, 3, "plax-tv"),
    _Usual("psax-av", _L, 1), _Usual("psax-av", _C, 3), _Usual("psax-tv", _L, 3), _Usual("psax-pv", _L, 2),
    _d("doppler-pv", View.DOPPLER_PV_PW, 2, "psax-pv"), _d("doppler-pv", View.DOPPLER_PV_CW, 3, "psax-pv"),
    _Usual("psax-lv-base", _L, 2), _Usual("psax-lv-mid", _L, 1), _Usual("psax-lv-apex", _L, 2), _Usual("psax-all", _L, 3),
    _Usual("a4ch-full", _L, 1), _Usual("a4ch-lv", _L, 1), _Usual("a4ch-full", _S, 2), _Usual("a4ch-la", _L, 3),
    _Usual("a4ch-full", _C, 2), _Usual("apex", _L, 3), _d("doppler-mv", View.DOPPLER_MV_PW, 1, "a4ch-full"),
    _d("doppler-mv", View.DOPPLER_MV_CW, 3, "a4ch-full"),
    _d("doppler-tissue-septal", View.DOPPLER_TISSUE_SEPTAL, 1, "a4ch-full"),
    _d("doppler-tissue-lateral", View.DOPPLER_TISSUE_LATERAL, 1, "a4ch-full"),
    _Usual("a4ch-rv", _L, 1), _Usual("a4ch-ra", _L, 3), _Usual("a4ch-ias", _L, 3), _Usual("a4ch-rv", _C, 3),
    _d("doppler-tv", View.DOPPLER_TV_CW, 1, "a4ch-rv"), _d("mmode-a4ch-rv", View.MMODE_A4CH_RV, 1, "a4ch-rv"),
    _d("doppler-tissue-rv", View.DOPPLER_TISSUE_RV, 2, "a4ch-rv"),
    _Usual("a5ch-full", _L, 1), _Usual("a5ch-outflow", _C, 2), _d("doppler-av", View.DOPPLER_AV_PW, 1, "a5ch-full"),
    _d("doppler-av", View.DOPPLER_AV_CW, 1, "a5ch-full"),
    _Usual("a2ch-full", _L, 1), _Usual("a2ch-lv", _L, 2), _Usual("a2ch-full", _C, 3), _Usual("a2ch-la", _L, 3),
    _Usual("a3ch-full", _L, 1), _Usual("a3ch-outflow", _C, 3), _Usual("a3ch-lv", _L, 3),
    _Usual("subcostal-heart", _L, 2), _Usual("subcostal-ivc", _L, 1), _d("mmode-ivc", View.MMODE_IVC, 2, "subcostal-ivc"),
    _Usual("suprasternal", _L, 2), _Usual("suprasternal", _S, 1),
    _d("doppler-ao-descending", View.DOPPLER_AO_DESCENDING, 2, "suprasternal"),
)  # fmt: skip
# Carts compress loops, mostly as JPEG; stills are sent in anything.
_SYNTAXES = {
    True: (*[JPEGBaseline8Bit] * 6, RLELossless, JPEGLSLossless, JPEG2000Lossless),
    False: (
        ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless,
    ),
}  # fmt: skip


def plan_exam(
    seed: int, *, objects: int | None = None, flawed: bool = False, megabytes: float = 0.0, detail: ExamDetail | None = None
) -> ExamPlan:
    """The examination of this seed, of 38 to 54 objects where nobody says how many. The same arguments give the same plan.

    Few `objects` are those no examination is without; more than the usual order has are repeats. With `megabytes` loops are
    stored uncompressed, and made longer, until the files are about as large.
    """
    random = np.random.default_rng([seed, 0xE8A4])
    detail = detail or ExamDetail()
    count = int(random.integers(_LEAST, _MOST + 1)) if objects is None else objects
    screen = screen_of(seed)
    if detail.columns:
        screen = _scaled(screen, detail.columns)
    rows = _chosen(count, random)
    by_series = bool(random.uniform() < 0.5)  # some carts open a series for each kind of object
    planned = [_object(number, row, by_series, seed, random) for number, row in enumerate(rows, start=1)]
    planned = [_detailed(one, detail) for one in planned]
    if flawed:
        planned = _with_flaws(planned, random)
    if megabytes:
        planned = _swollen(planned, screen, detail, exam_pictures.beat_s_of(seed), megabytes)
    return ExamPlan(seed, screen, tuple(planned), detail)


def _chosen(count: int, random: np.random.Generator) -> list[_Usual]:
    """In usual order; of one rank those that the seed draws; what is repeated follows at once."""
    draws = random.uniform(size=len(_USUAL))
    ranked = sorted(range(len(_USUAL)), key=lambda index: _USUAL[index].rank + draws[index])
    repeats = int(0.12 * count) if count > 25 else 0  # second takes, as of every examination
    times = dict.fromkeys(ranked[: count - repeats], 1)
    loops = [index for index in times if _USUAL[index].kind is Kind.LOOP] or list(times)
    missing = count - len(times)
    for turn in range(missing):
        times[loops[turn % len(loops)]] += 1
    return [_USUAL[index] for index in sorted(times) for _ in range(times[index])]


def _object(number: int, row: _Usual, by_series: bool, seed: int, random: np.random.Generator) -> ExamObject:
    moving = row.kind in (Kind.LOOP, Kind.COLOUR)
    syntaxes = _SYNTAXES[moving]
    series = 1 + list(Kind).index(row.kind) if by_series else 1
    quality = int(random.choice(4, p=(0.08, 0.17, 0.4, 0.35)))
    beats = float(random.choice((1.0, 2.0, 3.0), p=(0.4, 0.4, 0.2))) if moving else 0.0
    kinds = (Annotation.ABSENT, Annotation.ABSENT, Annotation.RIGHT, Annotation.ANY)
    return ExamObject(
        number, row.echoview47, row.kind, row.view, row.above, quality, beats, series,
        syntaxes[int(random.integers(len(syntaxes)))], kinds[int(random.integers(len(kinds)))], None,
        int(np.random.SeedSequence([seed, number]).generate_state(1)[0]),
    )  # fmt: skip


def _detailed(planned: ExamObject, detail: ExamDetail) -> ExamObject:
    beats = _WHOLE_BEAT if detail.frames and planned.beats else min(planned.beats, detail.longest_beats)
    return replace(planned, beats=beats, quality=planned.quality if detail.quality is None else detail.quality)


def _with_flaws(planned: Sequence[ExamObject], random: np.random.Generator) -> list[ExamObject]:
    """About two objects in five are wrong, each in one way; every way that fits comes up before one comes again."""
    wrong = set(random.permutation(len(planned))[: max(1, round(0.4 * len(planned)))].tolist())
    used = dict.fromkeys(Flaw, 0)
    found = list(planned)
    for index in sorted(wrong):
        fitting = [flaw for flaw in Flaw if planned[index].kind.value in FITTING[flaw] and _fits(flaw, planned[index])]
        draws = random.uniform(size=len(fitting))
        flaw = min(zip(fitting, draws, strict=True), key=lambda pair: (used[pair[0]], pair[1]))[0]
        used[flaw] += 1
        found[index] = replace(found[index], flaw=flaw)
    return found


def _fits(flaw: Flaw, planned: ExamObject) -> bool:
    spectral = planned.kind is Kind.DISPLAY and not (planned.view or "").startswith("mmode")
    return spectral or flaw not in (Flaw.HERTZ, Flaw.INVERTED_SIGN, Flaw.ANGLE_CORRECTED)


def _swollen(
    planned: Sequence[ExamObject], screen: Screen, detail: ExamDetail, beat_s: float, megabytes: float
) -> list[ExamObject]:
    """Loops are stored uncompressed, then made longer, each as long as the estimate stays within what is asked for."""
    found = list(planned)
    frame_mb = screen.rows * screen.columns * (1 if screen.monochrome else 3) / 1e6
    moving = sorted((index for index, one in enumerate(found) if one.beats), key=lambda index: (-found[index].beats, index))
    frames_of_beat = beat_s * detail.frame_rate_hz
    total_mb = sum(_size_mb(one, frames_of_beat, frame_mb) for one in found)

    def take(index: int, changed: ExamObject) -> bool:
        nonlocal total_mb
        larger_mb = total_mb + _size_mb(changed, frames_of_beat, frame_mb) - _size_mb(found[index], frames_of_beat, frame_mb)
        if larger_mb > _TOLERANCE * megabytes:
            return False
        found[index], total_mb = changed, larger_mb
        return True

    for index in moving:
        take(index, replace(found[index], transfer_syntax_uid=ExplicitVRLittleEndian))
    lengthened = True
    while lengthened:
        lengthened = False
        for index in moving:
            if found[index].beats < detail.longest_beats:
                lengthened |= take(index, replace(found[index], beats=found[index].beats + 1))
    return found


def _size_mb(planned: ExamObject, frames_of_beat: float, frame_mb: float) -> float:
    frames = planned.beats * frames_of_beat + 1
    return frames * frame_mb * _SHARES.get(planned.transfer_syntax_uid, 1.0)


def _scaled(screen: Screen, columns: int) -> Screen:
    rows = round(screen.rows * columns / screen.columns)
    return replace(screen, columns=columns, rows=rows)
