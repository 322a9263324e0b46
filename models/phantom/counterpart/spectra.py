"""Spectral and tissue Doppler: the echo of many small targets as a signal in time, and the analyser of a cart."""

import numpy as np
from numpy.typing import NDArray

from models.catalogue import ECHOVIEW47, TISSUE_DOPPLER, Mode, View
from models.phantom.counterpart.population import Heart
from models.phantom.counterpart.velocities import Beat, beat_of
from models.phantom.rendered import Trace, TraceMark

_CLASS = {
    View.DOPPLER_AV_CW: "doppler-av", View.DOPPLER_AV_PW: "doppler-av", View.DOPPLER_PV_PW: "doppler-pv",
    View.DOPPLER_PV_CW: "doppler-pv", View.DOPPLER_AO_DESCENDING: "doppler-ao-descending", View.DOPPLER_TV_CW: "doppler-tv",
    View.DOPPLER_TV_PW: "doppler-tv", View.DOPPLER_MV_CW: "doppler-mv", View.DOPPLER_MV_PW: "doppler-mv",
    View.DOPPLER_TISSUE_SEPTAL: "doppler-tissue-septal", View.DOPPLER_TISSUE_LATERAL: "doppler-tissue-lateral",
    View.DOPPLER_TISSUE_RV: "doppler-tissue-rv",
}  # fmt: skip
assert set(_CLASS.values()) <= {row.name for row in ECHOVIEW47}
_TARGETS = 22
_WINDOW = 192  # samples that one column is analysed from
_QUALITY_CAUSES = ("noise", "weak signal", "clutter", "broad spectrum")


def mode_of(view: View) -> Mode:
    """How a spectrum of `view` is taken."""
    if view in TISSUE_DOPPLER:
        return Mode.TDI
    return Mode.CW if view.value.endswith("_cw") else Mode.PW


def render_spectrum(
    heart: Heart, view: View, *, seed: int, quality: int, seconds: float | None, shape: tuple[int, int]
) -> Trace:
    """A spectrum of the heart; `shape` is (rows, columns). `seed` draws scale, sweep, gain and noise."""
    rng = np.random.default_rng([seed, heart.seed, list(View).index(view), 8117])
    rows, columns = shape
    beat, mode = beat_of(heart, view), mode_of(view)
    lasts = seconds or float(rng.uniform(2.2, 4.6))
    waves, time, speed, scale = _timed(heart, beat, lasts, rng)
    top, bottom = _range(speed, mode, rng)
    per_row = (bottom - top) / rows
    step = lasts / columns
    cause = "" if quality == 3 else str(rng.choice(_QUALITY_CAUSES))
    bad = 1 - quality / 3
    power = _analysed(time, speed, top, bottom, shape, mode, bad, cause, waves, rng)
    at = (np.arange(columns) + 0.5) * step
    marks, values = _read(beat, waves, scale, lasts, heart)
    return Trace(
        view=view,
        echoview47=_CLASS[view],
        mode=mode,
        panel=_grey(power, bad, cause, rng),
        seconds_per_column=step,
        top_value=top + per_row / 2,
        per_row=per_row,
        r_wave_times_ms=tuple(float(wave) for wave in waves if 0 <= wave <= 1000 * lasts),
        heart_rate_bpm=heart.rhythm.heart_rate_bpm,
        quality=quality,
        quality_cause=cause,
        envelope_cm_s=np.interp(at, time, speed),
        marks=marks,
        values=values,
    )


def _timed(
    heart: Heart, beat: Beat, seconds: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """R waves in ms from the left edge, times in s, velocity at them in cm/s, and how strong each beat is."""
    begin = float(rng.uniform(0, 60000 / heart.rhythm.heart_rate_bpm))
    waves = np.array(heart.rhythm.r_wave_times_ms(begin + 1000 * seconds + 3000)) - begin
    scale = np.clip(1 + 0.02 * rng.normal(size=len(waves)), 0.94, 1.06)
    time = np.arange(0, seconds, 0.0005)
    index = np.clip(np.searchsorted(waves, 1000 * time, side="right") - 1, 0, len(waves) - 2)
    since, length = 1000 * time - waves[index], waves[index + 1] - waves[index]
    speed = np.empty_like(time)
    for number in np.unique(index):
        here = index == number
        speed[here] = scale[number] * beat.velocity(since[here], float(length[here][0]))
    return waves, time, speed, scale


def _range(speed: NDArray[np.float64], mode: Mode, rng: np.random.Generator) -> tuple[float, float]:
    """Velocities at the upper and the lower edge, so that nothing wraps."""
    room = rng.uniform(1.2, 1.7)
    least = 12.0 if mode is Mode.TDI else 50.0
    up, down = max(float(speed.max()) * room, 0.0), max(float(-speed.min()) * room, 0.0)
    spare = 0.25 * max(up, down, least)
    return max(up, spare), -max(down, spare)


def _analysed(
    time: NDArray[np.float64], speed: NDArray[np.float64], top: float, bottom: float, shape: tuple[int, int],
    mode: Mode, bad: float, cause: str, waves: NDArray[np.float64], rng: np.random.Generator,
) -> NDArray[np.float64]:  # fmt: skip
    """Power of every row and column: targets that come and go, each a tone at its own share of the velocity."""
    rows, columns = shape
    span = top - bottom
    count = max(columns * 24, 6000)
    clock = np.linspace(0, time[-1], count)
    rate = count / time[-1]
    flow = np.interp(clock, time, speed)
    turns = np.cumsum(flow) / span  # one turn a sample is the whole span
    wide = 0.05 + (0.12 * bad if cause == "broad spectrum" else 0.03 * bad)
    if mode is Mode.CW:
        shares = rng.beta(2.6, 1.1, _TARGETS)
        shares[: _TARGETS // 3] = rng.uniform(0.93, 1.0, _TARGETS // 3)
    else:
        shares = np.clip(1 - np.abs(rng.normal(0.03, wide, _TARGETS)), 0.3, 1.0)
    # Phase is the integral of velocity; strength a slow random walk, which is what makes a spectrum grainy.
    slow = max(8, int(time[-1] * 260))
    signal = np.zeros(count, np.complex128)
    for share in shares:
        noise = rng.normal(size=slow) + 1j * rng.normal(size=slow)
        at = np.linspace(0, slow - 1, count)
        strength = np.interp(at, np.arange(slow), noise.real) + 1j * np.interp(at, np.arange(slow), noise.imag)
        signal += strength * np.exp(2j * np.pi * share * turns)
    moving = np.abs(flow) > 0.02 * span
    fade = np.convolve(moving, np.ones(25) / 25, "same")
    weak = 1 - (0.75 * bad if cause == "weak signal" else 0.25 * bad)
    signal *= weak * fade / np.sqrt(_TARGETS)
    floor = 10 ** ((-26 + (20 * bad if cause == "noise" else 7 * bad)) / 20)
    signal += floor * (rng.normal(size=count) + 1j * rng.normal(size=count))
    walls = np.cumsum(rng.normal(size=count)) * 0.002
    signal += (3.0 * bad if cause == "clutter" else 0.6) * np.exp(2j * np.pi * 0.012 * walls) * rng.uniform(0.3, 1)
    for wave in waves:  # valves click
        for click in (45.0, 330.0):
            place = int((wave + click + rng.normal(0, 6)) / 1000 * rate)
            if 0 <= place < count - 12 and rng.random() < 0.5:
                signal[place : place + 12] += rng.uniform(0.5, 2.0) * rng.normal(size=12)
    signal = np.pad(signal, _WINDOW // 2, mode="reflect")
    starts = ((np.arange(columns) + 0.5) * count / columns).astype(int)  # the window's middle is the column's
    pieces = signal[starts[:, None] + np.arange(_WINDOW)] * np.hanning(_WINDOW)
    size = 512
    spectrum = np.abs(np.fft.fft(pieces, size, axis=1)) ** 2
    value = top + (np.arange(rows) + 0.5) * (bottom - top) / rows
    line = np.round(value / span * size).astype(int) % size
    power = spectrum[:, line].T
    filtered = 0.02 * span * rng.uniform(0.4, 1.6) * (0.6 if mode is Mode.TDI else 1.0)
    return np.asarray(power * (1 - 0.985 * np.exp(-((value / filtered) ** 4)))[:, None])


def _grey(power: NDArray[np.float64], bad: float, cause: str, rng: np.random.Generator) -> NDArray[np.float32]:
    span = rng.uniform(26, 40)
    reference = np.quantile(power, 0.995) + 1e-12
    gain = rng.uniform(-2, 4) - (6 * bad if cause == "weak signal" else 0)
    level = 1 + (10 * np.log10(power / reference + 1e-9) + gain) / span
    smooth = np.apply_along_axis(np.convolve, 1, np.clip(level, 0, 1), np.ones(2) / 2, "same")
    return np.asarray(np.clip(smooth, 0, 1) ** rng.uniform(0.9, 1.4), dtype=np.float32)


def _read(
    beat: Beat, waves: NDArray[np.float64], scale: NDArray[np.float64], seconds: float, heart: Heart
) -> tuple[tuple[TraceMark, ...], dict[str, float]]:
    """Marks of every beat that the display shows whole, and the means over those beats."""
    marks, shown = [], []
    for number in range(len(waves) - 1):
        if waves[number] < 0 or waves[number + 1] > 1000 * seconds:
            continue
        shown.append(scale[number])
        length = waves[number + 1] - waves[number]
        late = length - float(
            np.mean(heart.rhythm.rr_ms)
        )  # the atrium contracts before the next beat, however long this one is
        for key, at, value in beat.marks:
            if key:
                when = at + (late if key in ("mv_a", "a_septal", "a_lateral") else 0.0)
                marks.append(TraceMark(key, (((waves[number] + when) / 1000, scale[number] * value),)))
    mean = float(np.mean(shown)) if shown else 1.0
    kept = {"mv_dt", "mv_ea"}
    values = {
        key: value * (1 if key in kept else mean**2 if key.endswith("_pg") else mean)
        for key, value in beat.values.items()
        if key
    }
    return tuple(marks), values | {"hr": heart.rhythm.heart_rate_bpm} if shown else {"hr": heart.rhythm.heart_rate_bpm}
