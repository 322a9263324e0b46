"""Spectral Doppler displays of a heart: what flows, how it is shown, and what is true of it."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.catalogue import Mode, View
from models.phantom.heart import Heart
from models.phantom.rendered import Trace, TraceMark
from models.phantom.traces.beats import Beat, beats_of
from models.phantom.traces.display import SpectralDisplay, scale, sweep_seconds
from models.phantom.traces.flow import flow
from models.phantom.traces.haemodynamics import FlowOptions, Haemodynamics
from models.phantom.traces.readings import read
from models.phantom.traces.spectrum import Component, Fill, draw_spectrum
from models.phantom.traces.spectrum_style import CAUSES, SpectrumStyle, sample_spectrum_style
from models.phantom.traces.streams import STREAMS, Waves, beside
from models.phantom.traces.waves import Wave, envelope_of

_SHAPE = (350, 800)
_BESIDE_SHOWN = 0.6  # share of the displays that pick up what flows beside the sample
_INVERTED, _LATEST_START_BEATS = 0.12, 6.0
_LEAST_SHOWN_CM_S = {Fill.WHOLE: 60.0, Fill.BAND: 30.0, Fill.TISSUE: 6.0}
_ALIASED = 1.35


class SpectralView(NamedTuple):
    """The EchoView47 class of a view, empty where it has none, its mode, and what velocities its sample holds."""

    echoview47: str
    mode: Mode
    fill: Fill


def _pw(echoview47: str) -> SpectralView:
    return SpectralView(echoview47, Mode.PW, Fill.BAND)


def _cw(echoview47: str) -> SpectralView:
    return SpectralView(echoview47, Mode.CW, Fill.WHOLE)


def _tissue(echoview47: str) -> SpectralView:
    return SpectralView(echoview47, Mode.TDI, Fill.TISSUE)


SPECTRAL_VIEWS: dict[View, SpectralView] = {
    View.DOPPLER_AV_CW: _cw("doppler-av"),
    View.DOPPLER_AV_PW: _pw("doppler-av"),
    View.DOPPLER_MV_PW: _pw("doppler-mv"),
    View.DOPPLER_MV_CW: _cw("doppler-mv"),
    View.DOPPLER_TV_CW: _cw("doppler-tv"),
    View.DOPPLER_TV_PW: _pw("doppler-tv"),
    View.DOPPLER_PV_PW: _pw("doppler-pv"),
    View.DOPPLER_PV_CW: _cw("doppler-pv"),
    View.DOPPLER_PULMONARY_VEIN_PW: _pw(""),
    View.DOPPLER_AO_DESCENDING: _pw("doppler-ao-descending"),
    View.DOPPLER_TISSUE_SEPTAL: _tissue("doppler-tissue-septal"),
    View.DOPPLER_TISSUE_LATERAL: _tissue("doppler-tissue-lateral"),
    View.DOPPLER_TISSUE_RV: _tissue("doppler-tissue-rv"),
}


@dataclass(frozen=True)
class SpectralOptions:
    """What is to be so; None leaves it to the seed.

    `aliased`: the display is too small for the flow, which of pulsed Doppler wraps. `base_line` is the share of the height
    above it. `cause` is why the quality is not 3, one of `CAUSES`.
    """

    aliased: bool = False
    inverted: bool | None = None
    base_line: float | None = None
    cause: str | None = None
    flow: FlowOptions | None = None
    shape: tuple[int, int] = _SHAPE


def render_spectrum(
    heart: Heart,
    view: View,
    *,
    seed: int,
    quality: int = 3,
    seconds: float | None = None,
    options: SpectralOptions | None = None,
) -> Trace:
    """The spectral display of `view` of this heart over `seconds`, or as long as a usual sweep takes.

    Each kind of chance has numbers of its own, so a worse quality changes nothing but what lowers it. Raises LookupError for a
    view that is no spectrum, a quality beyond 0 to 3, or an unknown cause.
    """
    if view not in SPECTRAL_VIEWS:
        raise LookupError(f"no spectrum is drawn of {view}")
    options, row = options or SpectralOptions(), SPECTRAL_VIEWS[view]
    cause = _cause(quality, options, np.random.default_rng([seed, 0xCA05E]))
    style = sample_spectrum_style(quality, cause, np.random.default_rng([seed, 0x57E1E]))
    if options.aliased:
        style = replace(style, exceeds=max(style.exceeds, _ALIASED))
    of = flow(heart, options.flow)
    setting = np.random.default_rng([seed, 0x5CA1E])
    start_s, length_s = _time_shown(heart, seconds, setting)
    beats = beats_of(heart, start_s + length_s + heart.rr_interval_ms / 1000, np.random.default_rng([seed, 0xBEA7]))
    cosine = float(np.cos(np.radians(style.angle_deg)))
    streams = [(beat, _slowed(STREAMS[view](of, beat), cosine)) for beat in beats]
    display = _display(row.fill, streams, start_s, length_s, style, options, setting)
    envelope, parts, clicks_s = _parts(view, of, streams, display, cosine, setting)
    whole = [pair for pair in streams if _is_whole(pair[1], display)]
    values, marks = read(view, whole)
    panel = draw_spectrum(parts, clicks_s, row.fill, display, style, np.random.default_rng([seed, 0x9A17]))
    return Trace(
        view=view,
        echoview47=row.echoview47,
        mode=row.mode,
        panel=panel,
        seconds_per_column=display.seconds_per_column,
        top_value=display.top_value,
        per_row=display.per_row,
        r_wave_times_ms=_r_waves_ms(beats, display),
        heart_rate_bpm=heart.heart_rate_bpm,
        quality=quality,
        quality_cause=cause,
        envelope_cm_s=envelope,
        marks=_from_the_left_edge(marks, start_s),
        values=values,
    )


def _cause(quality: int, options: SpectralOptions, rng: np.random.Generator) -> str:
    drawn = str(rng.choice(CAUSES))
    return "" if quality == 3 else options.cause or drawn


def _time_shown(heart: Heart, seconds: float | None, rng: np.random.Generator) -> tuple[float, float]:
    """Where the display begins, anywhere in a beat, and how long it is."""
    longest_s = max(beat.rr_ms for beat in heart.beats(20_000.0)) / 1000
    start_s = rng.uniform(1.0, _LATEST_START_BEATS) * heart.rr_interval_ms / 1000
    usual_s = sweep_seconds(longest_s, rng)
    return start_s, seconds if seconds is not None else usual_s


def _slowed(waves: Waves, cosine: float) -> Waves:
    """As a beam at an angle sees them."""
    return {name: wave.scaled(cosine) for name, wave in waves.items()}


def _display(
    fill: Fill,
    streams: list[tuple[Beat, Waves]],
    start_s: float,
    length_s: float,
    style: SpectrumStyle,
    options: SpectralOptions,
    rng: np.random.Generator,
) -> SpectralDisplay:
    peaks = [wave.peak_cm_s for _, waves in streams for wave in waves.values() if start_s < wave.peak_s < start_s + length_s]
    least = _LEAST_SHOWN_CM_S[fill]
    up, down = max([0.0, *peaks]), -min([0.0, *peaks])
    if max(up, down) < least:
        up, down = (least, down) if up >= down else (up, least)
    up_cm_s, down_cm_s = scale(up, down, style.exceeds, options.base_line, rng)
    drawn = bool(rng.random() < _INVERTED)
    inverted = drawn if options.inverted is None else options.inverted
    return SpectralDisplay(options.shape, start_s, length_s, up_cm_s, down_cm_s, inverted)


def _parts(
    view: View,
    of: Haemodynamics,
    streams: list[tuple[Beat, Waves]],
    display: SpectralDisplay,
    cosine: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], list[Component], list[float]]:
    """The envelope, what is drawn, and when valves click.

    Tissue is one stream: between its waves it twitches. Of blood the envelope comes first, what flows beside it by strength.
    """
    times_s = display.times_s()
    envelope = envelope_of((wave for _, waves in streams for wave in waves.values()), times_s)
    is_shown = rng.random() < _BESIDE_SHOWN
    by_strength: dict[float, list[Wave]] = {}
    for beat, _ in streams:
        for wave, strength_db in beside(view, of, beat):
            by_strength.setdefault(strength_db, []).append(wave.scaled(cosine))
    if SPECTRAL_VIEWS[view].fill is Fill.TISSUE:
        twitches = [wave for waves in by_strength.values() for wave in waves] if is_shown else []
        return envelope, [Component(np.where(envelope == 0, envelope_of(twitches, times_s), envelope))], []
    parts = [Component(envelope)]
    if is_shown:
        parts += [Component(envelope_of(waves, times_s), strength_db) for strength_db, waves in by_strength.items()]
    clicks_s = [moment for beat, _ in streams for moment in _clicks_s(view, beat)]
    return envelope, parts, clicks_s


def _clicks_s(view: View, beat: Beat) -> tuple[float, float]:
    """The valve in the beam opens and closes. What is taken of the mitral inflow also hears the aortic valve close."""
    if view in (View.DOPPLER_AV_CW, View.DOPPLER_AV_PW, View.DOPPLER_PV_CW, View.DOPPLER_PV_PW):
        return beat.aortic_opening_s, beat.aortic_closure_s
    if view is View.DOPPLER_MV_PW:
        return beat.aortic_closure_s, beat.mitral_opening_s
    return beat.r_s, beat.mitral_opening_s


def _is_whole(waves: Waves, display: SpectralDisplay) -> bool:
    end_s = display.start_s + display.seconds
    return all(display.start_s <= wave.onset_s and wave.end_s <= end_s for wave in waves.values())


def _r_waves_ms(beats: tuple[Beat, ...], display: SpectralDisplay) -> tuple[float, ...]:
    """From the left edge on."""
    shown = (beat.r_s - display.start_s for beat in beats)
    return tuple(1000 * r_s for r_s in shown if 0 <= r_s <= display.seconds)


def _from_the_left_edge(marks: tuple[TraceMark, ...], start_s: float) -> tuple[TraceMark, ...]:
    return tuple(TraceMark(mark.key, tuple((time_s - start_s, value) for time_s, value in mark.places)) for mark in marks)
