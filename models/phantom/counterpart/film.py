"""A plane through a beating heart as this generator films it."""

import numpy as np
from numpy.typing import NDArray

from models.catalogue import View
from models.phantom.counterpart.body import body_at
from models.phantom.counterpart.machine import sample_style
from models.phantom.counterpart.picture import Picture
from models.phantom.counterpart.population import Heart, sample_heart
from models.phantom.counterpart.readings import Reader
from models.phantom.counterpart.windows import PLANES, place
from models.phantom.rendered import PlaneClip


def render_plane(
    heart: Heart | int,
    echoview47: str,
    *,
    seed: int = 0,
    quality: int = 3,
    frames: int | None = None,
    beats: float = 1.0,
    frame_rate_hz: float | None = None,
    polar: tuple[int, int] = (256, 128),
    cause: str | None = None,
) -> PlaneClip:
    """Films a heart, or the heart of a seed, in the plane of an EchoView47 class.

    `seed` draws the probe's place, the machine and the noise, `quality` is 0 (worst) to 3, `cause` one of `machine.CAUSES`.
    The clip has `frames` frames or lasts `beats` mean beats and a little more. `polar` is (samples, lines).
    """
    one = sample_heart(heart) if isinstance(heart, int) else heart
    rng = np.random.default_rng([seed, one.seed, sorted(PLANES).index(echoview47), 5501])
    style, why = sample_style(quality, rng, cause)
    rate = frame_rate_hz or float(rng.uniform(28, 62))
    start = body_at(one, 0.0)
    window = place(one, start, echoview47, rng)
    effusion = float(rng.uniform(4, 15)) if np.random.default_rng([one.seed, 66]).random() < 0.06 else 0.0
    picture = Picture(window, start, style, polar, rng, effusion)
    lap = 60000 / one.rhythm.heart_rate_bpm
    count = frames or round((beats * lap + 120) * rate / 1000)
    times = np.arange(count) * 1000 / rate
    # The clip begins shortly before an R wave or anywhere in the beat.
    begin = float(rng.uniform(0, lap)) if beats > 1.5 else float(-rng.uniform(0, 90) + lap)
    waves = np.array(one.rhythm.r_wave_times_ms(begin + times[-1] + 2 * lap)) - begin
    ed, es = _phases(times, waves, one.rhythm.systole_ms)
    view = PLANES[echoview47]
    reader = Reader(one, window.plane, view)
    shown: list[NDArray[np.float32]] = []
    for index, time in enumerate(times):
        body = body_at(one, begin + float(time))
        pixels, found = picture.frame(body, begin + float(time))
        shown.append(pixels)
        reader.take(body, found, index in ed, index in es)
    whole = view is not View.APICAL_ZOOM
    return PlaneClip(
        view=view,
        echoview47=echoview47,
        sector=window.sector,
        polar=np.stack(shown),
        frame_times_ms=times,
        r_wave_times_ms=tuple(float(wave) for wave in waves if 0 <= wave <= times[-1]),
        heart_rate_bpm=one.rhythm.heart_rate_bpm,
        quality=quality,
        quality_cause=why,
        contours_mm=reader.contours_mm() if whole else {},
        landmarks_mm=reader.landmarks_mm() if whole else {},
        values=reader.values(ed, es) if whole else {"hr": one.rhythm.heart_rate_bpm},
        ed_frames=ed,
        es_frames=es,
    )


def _phases(
    times_ms: NDArray[np.float64], waves_ms: NDArray[np.float64], systole_ms: float
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The frames next to the R wave and to the end of systole, of every beat of which the clip shows both."""
    ed, es = [], []
    step = times_ms[1] if len(times_ms) > 1 else 1.0
    for wave in waves_ms:
        if wave >= -step / 2 and wave + systole_ms <= times_ms[-1] + step / 2:
            ed.append(int(np.argmin(np.abs(times_ms - wave))))
            es.append(int(np.argmin(np.abs(times_ms - wave - systole_ms))))
    return tuple(ed), tuple(es)
