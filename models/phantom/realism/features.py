"""What is measured in the frames of a clip, as `real_reference.json` defines it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.phantom.realism.reference import Statistics

FEATURES = ("mean", "std", "frac<15/255", "p95", "grad_x", "grad_y", "gx/gy", "local_sd_tissue", "local_sd_dark")
BINS = 64
_BLACK = 0.03
_DARK = 0.06
_BAND_EDGES = np.linspace(0.01, 0.45, 12)  # cycles per px

Frames = NDArray[np.float64]
Mask = NDArray[np.bool_]


def sector_mask(frames: Frames) -> Mask:
    """Where the sector is in `frames` (frames, rows, columns), 0 to 1: bool (rows, columns), two px within its border.

    All of a black clip, which shows none.
    """
    lit = np.pad(frames.max(axis=0) > _BLACK, 4)
    if not lit.any():
        return np.ones(frames.shape[1:], dtype=bool)
    filled = ndimage.binary_fill_holes(ndimage.binary_closing(lit, iterations=3))
    return np.asarray(ndimage.binary_erosion(filled, iterations=2)[4:-4, 4:-4], dtype=bool)


def frame_features(frame: Frames, sector: Mask) -> NDArray[np.float64]:
    """The numbers of `FEATURES`, (features,) float64, of a `frame` (rows, columns), 0 to 1, within `sector` (rows, columns)."""
    inside = frame[sector]
    grad_x = np.abs(np.diff(frame, axis=1))[sector[:, 1:] & sector[:, :-1]].mean()
    grad_y = np.abs(np.diff(frame, axis=0))[sector[1:] & sector[:-1]].mean()
    local_mean = ndimage.uniform_filter(frame, 7)
    local_sd = np.sqrt(np.maximum(ndimage.uniform_filter(frame * frame, 7) - local_mean**2, 0))
    deep = ndimage.binary_erosion(sector, iterations=5)
    tissue, dark = (local_sd[deep & where] for where in (local_mean > 0.2, local_mean < 0.1))
    return np.array(
        [
            inside.mean(),
            inside.std(),
            (inside < _DARK).mean(),
            np.percentile(inside, 95),
            grad_x,
            grad_y,
            grad_x / max(grad_y, 1e-9),
            np.median(tissue) if tissue.size else 0.0,
            np.median(dark) if dark.size else 0.0,
        ]
    )


def log_power(frame: Frames, sector: Mask) -> NDArray[np.float64]:
    """Natural logarithm of the mean power of a `frame` (rows, columns), 0 to 1, in bands of spatial frequency: (bands,).

    Of what differs from the mean of `sector` (rows, columns), relative to the first band; float64, no unit.
    """
    power = np.abs(np.fft.fft2((frame - frame[sector].mean()) * sector)) ** 2
    rows, columns = (np.fft.fftfreq(size) for size in frame.shape)
    band = np.digitize(np.hypot(rows[:, None], columns), _BAND_EDGES) - 1
    means = np.array([power[band == index].mean() for index in range(len(_BAND_EDGES) - 1)])
    logs = np.log(means + 1e-12)
    return np.asarray(logs - logs[0], dtype=np.float64)


def statistics(clips: list[Frames]) -> Statistics:
    """Of `clips`, each (frames, rows, columns), any float dtype, 0 to 1, all of the same number of frames."""
    features, histograms, powers = [], [], []
    for frames in clips:
        sector = sector_mask(frames)
        features.append([frame_features(frame, sector) for frame in frames])
        powers.append([log_power(frame, sector) for frame in frames])
        counts, _ = np.histogram(frames[:, sector], bins=BINS, range=(0, 1))
        histograms.append(counts / counts.sum())
    return Statistics(np.array(features), np.array(histograms), np.array(powers))
