"""Images of no heart, of kinds that no training has seen: what they do to a model set shows what it does with the unforeseen.

They stand here, not beside `models.phantom.negatives`, because nothing that teaches may draw them.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from models.phantom import heart, planes
from models.phantom.screens import compose, screen_of

Picture = NDArray[np.float64]
Frames = NDArray[np.uint8]

_HEART_FRAME_RATE_HZ = 12.0


def render_non_heart(kind: str, seed: int, rows: int, columns: int, frames: int) -> Frames:
    """RGB (frames, rows, columns, 3), 0 to 255, of one of `NON_HEARTS`; the same seed gives the same bytes.

    Raises LookupError for any other kind.
    """
    if kind not in _DRAWN:
        raise LookupError(f"no such image of no heart: {kind}")
    rng = np.random.default_rng([seed, 0x0DD5, list(_DRAWN).index(kind)])
    drawn = _DRAWN[kind](rng, rows, columns, frames)
    whole = np.clip(drawn, 0, 1) if drawn.ndim == 4 else np.repeat(np.clip(drawn, 0, 1)[..., None], 3, axis=3)
    return np.asarray(np.rint(255 * whole), np.uint8)


def _places(rows: int, columns: int) -> tuple[Picture, Picture]:
    """x from -1 to 1 across the middle, y from 0 at the top to 1, in proportion: (rows, columns) each."""
    y, x = np.mgrid[:rows, :columns] / rows
    return 2 * (x - columns / rows / 2), y


def _echo(level_db: Picture, rng: np.random.Generator, grain_px: float = 1.3) -> Picture:
    """Speckle of this level in dB, (rows, columns), displayed over 60 dB, 0 to 1."""
    real, imaginary = (gaussian_filter(rng.normal(size=level_db.shape), (0.6 * grain_px, grain_px)) for _ in range(2))
    envelope = np.hypot(real, imaginary)
    return np.asarray(1 + (level_db + 20 * np.log10(envelope / envelope.mean() + 1e-6)) / 60)


def _film(level_db: list[Picture], shown: NDArray[np.bool_], rng: np.random.Generator, grain_px: float = 1.3) -> Picture:
    """A frame of each level, black outside `shown` (rows, columns)."""
    return np.stack([np.where(shown, _echo(level, rng, grain_px), 0.0) for level in level_db])


def _curved(x: Picture, y: Picture, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The field of a curved array: a wide fan with a broad round top."""
    top, opening = rng.uniform(0.3, 0.6), rng.uniform(0.5, 0.65)
    radius, angle = np.hypot(x, y + top), np.abs(np.arctan2(x, y + top))
    return np.asarray((radius > top + 0.02) & (radius < top + 0.97) & (angle < opening))


def _ellipse(x: Picture, y: Picture, centre: tuple[float, float], radii: tuple[float, float], turn: float = 0.0) -> Picture:
    """1 on the border of the ellipse, less inside."""
    across, along = x - centre[0], y - centre[1]
    right, down = across * np.cos(turn) + along * np.sin(turn), along * np.cos(turn) - across * np.sin(turn)
    return np.asarray(np.hypot(right / radii[0], down / radii[1]))


def _kidney(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """Liver above, a bean with a dark cortex and a bright sinus, moving with the breath."""
    x, y = _places(rows, columns)
    shown, turn = _curved(x, y, rng), rng.uniform(-0.3, 0.3)
    centre, size = (rng.uniform(-0.2, 0.2), rng.uniform(0.5, 0.62)), rng.uniform(0.34, 0.46)
    levels = []
    for index in range(frames):
        here = (centre[0] + 0.03 * np.sin(index / 4), centre[1])
        bean = _ellipse(x, y, here, (size, 0.45 * size), turn)
        sinus = _ellipse(x, y, here, (0.6 * size, 0.2 * size), turn)
        level = np.where(bean < 1, -34.0, -26.0) + 14 * np.exp(-(((bean - 1) / 0.05) ** 2))
        levels.append(np.where(sinus < 1, -14.0, level))
    return _film(levels, shown, rng)


def _foetal_head(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A bright skull with its midline, in dark fluid."""
    x, y = _places(rows, columns)
    shown, turn = _curved(x, y, rng), rng.uniform(-0.6, 0.6)
    centre, size = (rng.uniform(-0.15, 0.15), rng.uniform(0.5, 0.6)), rng.uniform(0.3, 0.4)
    levels = []
    for _ in range(frames):
        skull = _ellipse(x, y, centre, (size, 0.78 * size), turn)
        middle = _ellipse(x, y, centre, (0.9 * size, 0.02), turn)
        level = np.where(skull < 1, -36.0, np.where(y < 0.25, -24.0, -58.0))
        levels.append(level + 34 * np.exp(-(((skull - 1) / 0.05) ** 2)) + np.where(middle < 1, 14.0, 0.0))
    return _film(levels, shown, rng)


def _gallbladder(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A dark pear with a stone and its shadow."""
    x, y = _places(rows, columns)
    shown, turn = _curved(x, y, rng), rng.uniform(0.3, 1.2)
    centre, size = (rng.uniform(-0.2, 0.2), rng.uniform(0.4, 0.5)), rng.uniform(0.2, 0.3)
    pear = _ellipse(x, y, centre, (size, 0.45 * size), turn)
    stone = _ellipse(x, y, (centre[0] + 0.05, centre[1] + 0.1), (0.06, 0.04))
    shadow = (np.abs(x - centre[0] - 0.05) < 0.06) & (y > centre[1] + 0.1)
    level = np.where(stone < 1, -5.0, np.where(shadow, -60.0, np.where(pear < 1, -62.0, -25.0)))
    return _film([level] * frames, shown, rng)


def _vessel_with_flow(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A linear array on an artery that pulsates, with colour inside."""
    x, y = _places(rows, columns)
    shown, slope = (np.abs(x) < 0.75) & (y > 0.05) & (y < 0.95), rng.uniform(-0.2, 0.2)
    depth, half, hue = rng.uniform(0.4, 0.6), rng.uniform(0.07, 0.12), int(rng.integers(0, 3, endpoint=True) == 0)
    painted = []
    for index in range(frames):
        off = np.abs(y - depth - slope * x) / (half * (1 + 0.1 * np.sin(index / 2)))
        grey = np.where(shown, _echo(np.where(off < 1, -62.0, np.where(off < 1.3, -12.0, -28.0)), rng), 0.0)
        rgb = np.repeat(grey[..., None], 3, axis=2)
        flows = shown & (off < 0.9) & (np.abs(x) < 0.5)
        rgb[flows] = 0
        rgb[flows, 2 * hue] = (0.4 + 0.6 * (1 - off[flows] ** 2)) * (0.6 + 0.4 * np.sin(index / 2))
        painted.append(rgb)
    return np.stack(painted)


def _lung(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A bright sliding pleura, its echoes below (A-lines) or rays down to the end (B-lines)."""
    x, y = _places(rows, columns)
    shown, pleura = _curved(x, y, rng), rng.uniform(0.18, 0.28)
    rays = rng.uniform(-0.6, 0.6, int(rng.integers(0, 5)))
    levels = []
    for index in range(frames):
        level = np.where(y < pleura, -24.0, -50.0 - 12 * y)
        for echo in range(1, 4):
            level = level + (42 - 9 * echo) * np.exp(-(((y - echo * pleura) / 0.012) ** 2))
        for ray in rays:
            level = level + 26 * np.exp(-(((x - ray * y * 2 - 0.02 * np.sin(index / 3)) / 0.04) ** 2)) * (y > pleura)
        levels.append(level)
    return _film(levels, shown, rng, 2.0)


def _ribs(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """Bright arcs with black shadows below."""
    x, y = _places(rows, columns)
    shown, level = _curved(x, y, rng), np.full_like(x, -27.0)
    for middle in np.arange(-0.8, 0.9, rng.uniform(0.35, 0.5)) + rng.uniform(-0.1, 0.1):
        arc, wide = 0.25 + 1.5 * (x - middle) ** 2, rng.uniform(0.09, 0.14)
        below = np.abs(x - middle) < wide
        level = np.where(below & (y > arc), -66.0, level) + np.where(below, 30 * np.exp(-(((y - arc) / 0.015) ** 2)), 0.0)
    return _film([level] * frames, shown, rng)


def _phantom_grid(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A test phantom: even speckle, wires in rows, round cysts."""
    x, y = _places(rows, columns)
    shown, level = _curved(x, y, rng), np.full_like(x, rng.uniform(-30, -24))
    step = rng.uniform(0.12, 0.18)
    for depth in np.arange(0.12, 0.95, step):
        for across in (0.0, rng.uniform(0.3, 0.45)):
            level = level + 26 * np.exp(-(_ellipse(x, y, (across, depth), (0.016, 0.008)) ** 2))
        level = np.where(_ellipse(x, y, (-0.35, depth), (0.04, 0.04)) < 1, -64.0, level)
    return _film([level] * frames, shown, rng)


def _ct_slice(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A round body with organs and bone, grey without speckle."""
    x, y = _places(rows, columns)
    body, wide = rng.uniform(0.7, 0.85), rng.uniform(0.36, 0.44)
    grey = np.where(_ellipse(x, y, (0, 0.5), (body, wide)) < 1, 0.35, 0.0)
    for _ in range(int(rng.integers(5, 9))):
        place = (rng.uniform(-0.45, 0.45), rng.uniform(0.3, 0.7))
        organ = _ellipse(x, y, place, (rng.uniform(0.06, 0.22), rng.uniform(0.05, 0.14)), rng.uniform(0, 3))
        grey = np.where(organ < 1, rng.uniform(0.1, 0.6), grey)
    grey = np.where(_ellipse(x, y, (0, 0.8), (0.07, 0.06)) < 1, 0.95, grey)
    return np.stack([gaussian_filter(grey, 1.0) + rng.normal(0, 0.02, grey.shape) for _ in range(frames)])


def _text_screen(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A worksheet of an examination: lines of letters and numbers."""
    page = np.zeros((rows, columns), np.uint8)
    letters = np.array(list("ABCDEFGHIKLMNOPRSTUV0123456789.:%/ "))
    for line in range(int(rng.integers(8, 18))):
        words = "".join(rng.choice(letters, int(rng.integers(8, 34))))
        place = (int(rng.integers(5, 40)), 20 + line * rows // 18)
        cv2.putText(page, words, place, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.35, 0.6)), int(rng.integers(140, 255)), 1)
    return np.repeat(page[None] / 255.0, frames, axis=0)


def _ecg_paper(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """Dark traces that run over a light grid."""
    x, y = _places(rows, columns)
    step, beat = rng.uniform(0.03, 0.05), rng.uniform(0.4, 0.7)
    paper = 0.95 - 0.25 * ((x % step < 0.006) | (y % step < 0.006))
    shown = []
    for index in range(frames):
        page = paper.copy()
        for lead in (0.2, 0.45, 0.7, 0.9):
            since = (x + 0.05 * index + lead) % beat
            trace = lead - 0.12 * np.exp(-(((since - 0.2) / 0.012) ** 2)) - 0.03 * np.exp(-(((since - 0.35) / 0.04) ** 2))
            page[np.abs(y - trace) < 0.008] = 0.1
        shown.append(page)
    return np.stack(shown)


def _colour_bars(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A test pattern that shifts."""
    bars = np.array([(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]) * rng.uniform(0.5, 1)
    start, speed = int(rng.integers(columns)), int(rng.integers(1, 12))
    which = (np.arange(columns)[None, :] + start + speed * np.arange(frames)[:, None]) * 7 // columns % 7
    return np.repeat(bars[which][:, None], rows, axis=1)


def _landscape(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """Texture whose power falls with the square of the frequency, as in photographs, over which the view moves."""
    wide = columns + 4 * frames
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(wide)[None, :])
    frequency[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.normal(size=(rows, wide))) / frequency ** rng.uniform(0.9, 1.3)
    texture = np.fft.ifft2(spectrum).real
    texture = np.clip(0.5 + (texture - texture.mean()) / (5 * texture.std()), 0, 1)
    return np.stack([texture[:, 4 * index : 4 * index + columns] for index in range(frames)])


def _apical(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    seed = int(rng.integers(2**31))
    clip = planes.render_plane(
        heart.sample_heart(seed), "a4ch-full", seed=seed, quality=int(rng.integers(1, 4)), frames=frames,
        frame_rate_hz=_HEART_FRAME_RATE_HZ, polar=(160, 96),
    )  # fmt: skip
    shown = compose(clip, screen_of(seed), seed).frames
    grey = shown if shown.ndim == 3 else shown[..., 0]
    return np.stack([cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA) for frame in grey]) / 255.0


def _turned_heart(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A heart on its side: rows and columns exchanged."""
    return np.ascontiguousarray(_apical(rng, columns, rows, frames).transpose(0, 2, 1))


def _negative_heart(rng: np.random.Generator, rows: int, columns: int, frames: int) -> Picture:
    """A heart as a photographic negative."""
    return 1 - _apical(rng, rows, columns, frames)


_DRAWN: dict[str, Callable[[np.random.Generator, int, int, int], Picture]] = {
    "kidney": _kidney, "foetal_head": _foetal_head, "gallbladder": _gallbladder, "vessel_with_flow": _vessel_with_flow,
    "lung": _lung, "ribs": _ribs, "phantom_grid": _phantom_grid, "ct_slice": _ct_slice, "text_screen": _text_screen,
    "ecg_paper": _ecg_paper, "colour_bars": _colour_bars, "landscape": _landscape, "turned_heart": _turned_heart,
    "negative_heart": _negative_heart,
}  # fmt: skip
NON_HEARTS = tuple(_DRAWN)
