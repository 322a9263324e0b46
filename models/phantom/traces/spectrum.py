"""The picture of a spectrum: power by velocity and time, speckle, noise, and the curve of grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.traces.display import SpectralDisplay
from models.phantom.traces.spectrum_style import SpectrumStyle

_Power = NDArray[np.float32]
_WHITE_DB = 5.0  # above the power of dense flow: speckle reaches that far
_FAINTEST = 1e-9


class Fill(Enum):
    """What velocities a sample holds: all below the envelope (CW), a band of them (PW), or those of moving tissue."""

    WHOLE = "whole"
    BAND = "band"
    TISSUE = "tissue"


@dataclass(frozen=True, eq=False)
class Component:
    """One stream in the picture: `envelope_cm_s` (columns,), float64, holds its highest velocities; its strength is in dB."""

    envelope_cm_s: NDArray[np.float64]
    strength_db: float = 0.0


def draw_spectrum(
    components: Sequence[Component],
    clicks_s: Sequence[float],
    fill: Fill,
    display: SpectralDisplay,
    style: SpectrumStyle,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Grey levels (rows, columns), float32, 0 to 1, of these streams and of valves that click at `clicks_s`."""
    velocities = display.velocities_cm_s()[:, None]
    power = np.zeros(display.shape, np.float32)
    for component in components:
        _add_flow(power, component, velocities, fill, display, style, rng)
    if fill is not Fill.TISSUE:
        _add_clicks(power, clicks_s, velocities, display, style, rng)
    width = style.window_s / display.seconds_per_column
    if width > 0.3:
        power = np.asarray(cv2.GaussianBlur(power, (0, 0), sigmaX=width, sigmaY=0.01), np.float32)
    if style.mirror_db > -50:
        power += 10 ** (style.mirror_db / 10) * _mirrored(power, display)
    if fill is not Fill.TISSUE:
        _add_clutter(power, velocities, display, style, rng)
    power += 10 ** (style.noise_db / 10)
    power *= _speckle(display.shape, style, rng)
    level = np.float32(10 / np.log(10)) * np.log(np.maximum(power, _FAINTEST))
    grey = (level + np.float32(style.gain_db + style.dynamic_range_db - _WHITE_DB)) / np.float32(style.dynamic_range_db)
    np.clip(grey, 0, 1, out=grey)
    return np.asarray(grey**style.gamma, np.float32)


def _add_flow(
    power: _Power,
    component: Component,
    velocities: _Power,
    fill: Fill,
    display: SpectralDisplay,
    style: SpectrumStyle,
    rng: np.random.Generator,
) -> None:
    """Pulsed Doppler shows what exceeds the display at its other end; continuous wave does not show it."""
    envelope = component.envelope_cm_s.astype(np.float32)
    flowing = np.flatnonzero(envelope) if fill is not Fill.TISSUE else np.arange(len(envelope))
    if not flowing.size:
        return
    part = slice(int(flowing[0]), int(flowing[-1]) + 1)
    envelope = envelope[part]
    reach = float(np.abs(envelope).max())
    strength = _strength(len(envelope), display, rng) * np.float32(10 ** (component.strength_db / 10))
    if fill is not Fill.TISSUE:
        strength = strength * (envelope != 0)
    profile = {Fill.WHOLE: _whole, Fill.BAND: _band, Fill.TISSUE: _tissue}[fill]
    turns = (0,) if fill is Fill.WHOLE else _turns(envelope, display)
    for turn in turns:
        shifted = velocities + np.float32(turn * display.span_cm_s)
        of_turn = profile(shifted, envelope, reach, display, style) * strength
        if style.missing:
            of_turn *= _seen(shifted, envelope, style, rng)
        power[:, part] += of_turn


def _turns(envelope: _Power, display: SpectralDisplay) -> tuple[int, ...]:
    turns = [0]
    if float(envelope.max()) > display.up_cm_s:
        turns.append(1)
    if -float(envelope.min()) > display.down_cm_s:
        turns.append(-1)
    return tuple(turns)


def _strength(columns: int, display: SpectralDisplay, rng: np.random.Generator) -> _Power:
    """Slow waxing and waning of the echo with the beat and with breathing, (columns,), about 3 dB."""
    coarse = rng.normal(0, 1.6, max(4, round(columns * display.seconds_per_column / 0.15))).astype(np.float32)
    level = cv2.resize(coarse[None], (columns, 1), interpolation=cv2.INTER_CUBIC)[0]
    return np.asarray(10 ** (np.clip(level, -4, 3) / 10), np.float32)


def _below(excess: _Power) -> _Power:
    """1 well below the edge, 0 well above it: the logistic of `excess` in widths of the edge."""
    return np.asarray(1 / (1 + np.exp(np.clip(excess, -30, 30))), np.float32)


def _edge(along: _Power, speed: _Power, reach: float, display: SpectralDisplay, style: SpectrumStyle) -> _Power:
    """Dense up to the envelope; beyond it a faint feathering that is no part of it."""
    width = np.float32(max(style.feather * reach, 0.45 * abs(display.per_row)))
    dense = _below((along - speed) / width + 2)
    feathering = _below((along - speed) / np.float32(style.tail * reach))
    return dense + np.float32(10 ** (style.tail_db / 10)) * feathering


def _whole(velocities: _Power, envelope: _Power, reach: float, display: SpectralDisplay, style: SpectrumStyle) -> _Power:
    """All velocities from the base line on, densest near the envelope."""
    along, speed = velocities * np.sign(envelope), np.abs(envelope)
    share = np.clip(along / np.maximum(speed, 1e-3), 0, 1)
    body = (0.25 + 0.75 * share * share) * (along > 0)
    return np.asarray(body * _edge(along, speed, reach, display, style), np.float32)


def _band(velocities: _Power, envelope: _Power, reach: float, display: SpectralDisplay, style: SpectrumStyle) -> _Power:
    """A band below the envelope, broader as flow slows down, with a fainter window to the base line."""
    along, speed = velocities * np.sign(envelope), np.abs(envelope)
    slows = np.concatenate([np.diff(speed) < 0, [False]])
    inner = speed * (1 - style.broadening * np.where(slows, 1.6, 1.0)).astype(np.float32) - np.float32(0.03 * reach)
    width = np.float32(max(0.03 * reach, abs(display.per_row)))
    body = _below((inner - along) / width) + np.float32(10 ** (style.fill_db / 10))
    return np.asarray(body * (along > 0) * _edge(along, speed, reach, display, style), np.float32)


def _tissue(velocities: _Power, envelope: _Power, reach: float, display: SpectralDisplay, style: SpectrumStyle) -> _Power:
    """A narrow band about the velocity of the ring, whose outer edge is the envelope; at rest it lies on the base line."""
    half = np.float32((0.08 + 0.4 * style.broadening) * 0.5 * reach)
    centre = envelope - half * np.tanh(1.5 * envelope / half)
    width = np.float32(max(style.feather * reach, 0.45 * abs(display.per_row)))
    # While velocity changes fast, the moment that a column stands for holds several velocities.
    smeared = np.maximum(half, np.float32(0.6) * np.abs(np.gradient(centre)))
    distance = np.abs(velocities - centre)
    faint = np.float32(10 ** (style.tail_db / 10)) * np.exp(-distance / np.float32(style.tail * reach * 2))
    return np.asarray(_below((distance - smeared) / width + 2) + faint, np.float32)


def _seen(velocities: _Power, envelope: _Power, style: SpectrumStyle, rng: np.random.Generator) -> _Power:
    """Of an incomplete envelope the fastest part is faint, and for moments nothing is seen of the flow."""
    share = np.clip(velocities / np.where(envelope == 0, 1, envelope), 0, 1.5)
    seen = 1 - 0.45 * style.missing
    faint = np.exp(np.clip(-(share - seen) * np.float32(22 * style.missing), -12, 0))
    coarse = rng.random(max(6, envelope.size // 24)).astype(np.float32)
    open_moments = cv2.resize(coarse[None], (envelope.size, 1), interpolation=cv2.INTER_LINEAR)[0]
    lost = _below((np.float32(0.55 * style.missing) - open_moments) / np.float32(0.05))
    return np.asarray(faint * (0.02 + lost), np.float32)


def _add_clicks(
    power: _Power,
    clicks_s: Sequence[float],
    velocities: _Power,
    display: SpectralDisplay,
    style: SpectrumStyle,
    rng: np.random.Generator,
) -> None:
    """A leaflet that stops is seen for a moment at all velocities, most at the low ones, on both sides."""
    times = display.times_s()
    for click_s in clicks_s:
        width_s, height = rng.uniform(0.003, 0.006), rng.uniform(0.05, 0.16) * display.span_cm_s
        first, last = np.searchsorted(times, (click_s - 4 * width_s, click_s + 4 * width_s))
        if first == last:
            continue
        moment = np.exp(-0.5 * ((times[first:last] - click_s) / width_s) ** 2).astype(np.float32)
        strength = np.float32(10 ** ((style.click_db + rng.normal(0, 3)) / 10))
        power[:, first:last] += strength * np.exp(-np.abs(velocities) / np.float32(height)) * moment


def _mirrored(power: _Power, display: SpectralDisplay) -> _Power:
    """The same flow on the other side of the base line, as where the two channels of the receiver leak into each other."""
    zero = -display.top_value / display.per_row
    rows = np.round(2 * zero - np.arange(display.shape[0])).astype(int)
    inside = (rows >= 0) & (rows < display.shape[0])
    mirrored = np.zeros_like(power)
    mirrored[inside] = power[rows[inside]]
    return mirrored


def _add_clutter(
    power: _Power, velocities: _Power, display: SpectralDisplay, style: SpectrumStyle, rng: np.random.Generator
) -> None:
    """Slow and strong echoes of walls, of which the wall filter leaves what lies beyond it: a dark line along the base line."""
    corner = np.float32(style.wall_filter_share * 0.5 * display.span_cm_s)
    slow = np.exp(-np.abs(velocities) / (np.float32(0.6) * corner))
    strength = np.float32(10 ** (style.clutter_db / 10)) * _strength(display.shape[1], display, rng) ** 2
    power += slow * strength
    power *= 1 - np.exp(-((velocities / corner) ** 4))


def _speckle(shape: tuple[int, int], style: SpectrumStyle, rng: np.random.Generator) -> _Power:
    """Power of speckle with mean 1, (rows, columns): the periodogram of noise is exponentially distributed."""
    size = tuple(max(2, round(side / grain)) for side, grain in zip(shape, style.grain, strict=True))
    speckle = rng.standard_exponential(size, np.float32)
    for _ in range(style.looks - 1):
        speckle += rng.standard_exponential(size, np.float32)
    speckle *= np.float32(1 / style.looks)
    if size == shape:
        return speckle
    way = cv2.INTER_LINEAR if style.smooth_grain else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(speckle, (shape[1], shape[0]), interpolation=way))
