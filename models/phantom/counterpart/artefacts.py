"""What stands in a picture without being there: noise, shadows, haze, reverberation, bands of gain."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.counterpart.machine import Style
from models.phantom.counterpart.windows import Window


class Artefacts:
    """Those of one clip. They stay with the probe, except for what breath and heart move."""

    def __init__(self, window: Window, style: Style, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self._style, self._shape, self._rng = style, shape, rng
        samples, lines = shape
        sector = window.sector
        self._depth = np.linspace(0, sector.far_mm - sector.near_mm, samples, dtype=np.float32)[:, None]
        self._share = self._depth / self._depth[-1]
        self._across = np.linspace(-1, 1, lines, dtype=np.float32)[None]
        self._ribs = self._shadows()
        self._breath = float(rng.uniform(2400, 5200))
        self._clutter = self._near_field()
        self._haze = self._fog()
        bands = np.interp(self._share[:, 0], np.linspace(0, 1, 8), rng.normal(0, 1.4, 8))  # sliders of gain by depth
        loss = style.depth_loss_db * self._share[:, 0] ** 2
        self._gain = (10 ** ((bands - loss) / 20)).astype(np.float32)[:, None]
        edge = 1 - 0.55 * style.edge_loss * np.abs(self._across) ** 4
        self._edge = edge.astype(np.float32)
        self._floor_db = -60 + 27 * style.severity("noise") + rng.uniform(-6, 4)
        self._floor_slope = float(rng.uniform(4, 22))
        self._echo_mm = float(rng.uniform(14, 34))
        self._echo_gain = 0.02 + 0.75 * style.severity("reverberation") ** 1.3

    def applied(self, envelope: NDArray[np.float32], time_ms: float) -> NDArray[np.float32]:
        """The envelope with everything that spoils it.

        `envelope` is float32 (samples, lines) in the unit of the brightest muscle, and so is the result, (samples, lines).
        """
        result = envelope * self._edge
        result = result + self._repeated(result, time_ms)
        result *= self._ribs_at(time_ms)
        result = result + self._clutter + self._haze_at(time_ms)
        noise = np.abs(self._rng.standard_normal(self._shape, dtype=np.float32))
        noise *= np.float32(10 ** (self._floor_db / 20)) * 10 ** (self._share * np.float32(self._floor_slope / 20))
        return np.asarray((result + cv2.blur(noise, (2, 1))) * self._gain, dtype=np.float32)

    def _shadows(self) -> list[tuple[float, float, float, float]]:
        """(where, half width, penumbra, transmission) of each rib or fold of lung."""
        bad = self._style.severity("shadow")
        count = int(self._rng.integers(0, 2)) if bad < 0.25 else int(self._rng.integers(1, 3 + round(2 * bad)))
        drop = min(0.15 + 0.85 * bad, 0.99)
        found = []
        for _ in range(count):
            side = self._rng.uniform(-1.05, 1.05) if bad > 0.5 else self._rng.choice([-1, 1]) * self._rng.uniform(0.75, 1.1)
            found.append(
                (
                    float(side),
                    float(self._rng.uniform(0.04, 0.1 + 0.2 * bad)),
                    float(self._rng.uniform(0.02, 0.12)),
                    float(1 - drop * self._rng.uniform(0.7, 1)),
                )
            )
        return found

    def _ribs_at(self, time_ms: float) -> NDArray[np.float32]:
        shift = 0.05 * np.sin(2 * np.pi * time_ms / self._breath)
        passed = np.ones_like(self._across)
        for where, half, soft, left in self._ribs:
            inside = 1 / (1 + np.exp((np.abs(self._across.astype(np.float64) - where - shift) - half) / soft * 3))
            passed *= 1 - (1 - left) * inside
        # A shadow begins at what throws it.
        start = np.clip((self._depth - 4) / 8, 0, 1)
        return np.asarray(1 - start * (1 - passed), dtype=np.float32)

    def _near_field(self) -> NDArray[np.float32]:
        """Ringing of the probe's face: bands that stay, and fade within two or three centimetres."""
        bad = 0.25 + 0.75 * self._style.severity("reverberation")
        rough = np.abs(self._rng.normal(0, 1, self._shape)).astype(np.float32)
        smooth = cv2.GaussianBlur(rough, (0, 0), sigmaX=5, sigmaY=1.2)
        period = self._rng.uniform(3.5, 8)
        bands = 0.55 + 0.45 * np.cos(2 * np.pi * self._depth / period)
        fade = np.exp(-self._depth / (4 + 14 * bad * self._rng.uniform(0.4, 1)))
        return np.asarray(bad * 0.75 * smooth * bands * fade, dtype=np.float32)

    def _fog(self) -> NDArray[np.float32]:
        """Multiple scatter in fat: a veil without grain, (2, samples, lines), that drifts between two states."""
        bad = self._style.severity("haze")
        veils = []
        for _ in range(2):
            coarse = self._rng.uniform(0, 1, (5, 6)).astype(np.float32) ** 2
            veils.append(cv2.resize(coarse, self._shape[::-1], interpolation=cv2.INTER_CUBIC))
        veil = np.clip(np.stack(veils), 0, None) * (0.006 + 0.2 * bad**1.5) * np.exp(-self._share * 1.4)
        return np.asarray(veil, dtype=np.float32)

    def _haze_at(self, time_ms: float) -> NDArray[np.float32]:
        share = np.float32(0.5 + 0.5 * np.sin(2 * np.pi * time_ms / 900.0))
        veil = (1 - share) * self._haze[0] + share * self._haze[1]
        if self._style.severity("haze") < 0.15:
            return np.asarray(veil)
        grain = cv2.blur(self._rng.random(self._shape, dtype=np.float32), (5, 2))
        return np.asarray(veil * (0.6 + 0.8 * grain))

    def _repeated(self, envelope: NDArray[np.float32], time_ms: float) -> NDArray[np.float32]:
        """Echoes that ran to and fro between the probe and a layer: a weaker, deeper, smeared copy that moves with breath."""
        step = int((self._echo_mm + 2.5 * np.sin(2 * np.pi * time_ms / self._breath)) / self._depth[1, 0])
        copy = np.zeros_like(envelope)
        if 0 < step < len(envelope):
            copy[step:] = cv2.blur(envelope[:-step], (7, 2)) * np.float32(self._echo_gain)
        return copy
