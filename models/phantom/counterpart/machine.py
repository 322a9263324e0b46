"""How a cart forms its picture, as settings: resolution, grain, grey map, and what spoils an image of poor quality."""

from dataclasses import dataclass
from typing import Final

import numpy as np

CAUSES: Final = ("noise", "shadow", "haze", "dropout", "low gain", "high gain", "blur", "reverberation")


@dataclass(frozen=True)
class Style:
    """One machine, on one patient. `axial_mm`, `lateral_rad` are standard deviations of its point spread; `_db` are levels.

    `rise` is how far resolution falls off away from the focus; `law` one of log, power, arsinh; `span` what that law needs:
    the dynamic range in dB, the exponent, or the knee. `grain` is the shape of the scatterers' strength: small ones make few
    strong echoes. `causes` holds how badly each of `CAUSES` spoils the picture, from 0 on; 1 is bad.
    """

    wavelength_mm: float
    axial_mm: float
    lateral_rad: float
    focus: float
    rise: float
    side_lobe_db: float
    ringing: float
    grain: float
    density: float
    law: str
    span: float
    curve: float
    toe: float
    gain_db: float
    anisotropy_db: float
    specular: float
    blood_db: float
    compound: bool
    persistence: float
    edge_loss: float
    depth_loss_db: float
    causes: dict[str, float]

    def severity(self, cause: str) -> float:
        return self.causes.get(cause, 0.0)


def sample_style(quality: int, rng: np.random.Generator, cause: str | None = None) -> tuple[Style, str]:
    """A machine and patient that give a picture of `quality`, 0 (worst) to 3, and the main reason why it is not 3."""
    main = "" if quality == 3 else cause or str(rng.choice(CAUSES))
    bad = {3: 0.0, 2: rng.uniform(0.35, 0.5), 1: rng.uniform(0.68, 0.85), 0: rng.uniform(1.1, 1.3)}[quality]
    causes = {name: float(rng.uniform(0, 0.12 + 0.34 * bad)) for name in CAUSES}
    if main:
        causes[main] = float(bad)
    if quality <= 1:  # trouble seldom comes alone
        causes[str(rng.choice([name for name in CAUSES if name != main]))] = float(0.7 * bad)
    # Gain is one knob: it is too low or too high.
    causes["low gain" if main == "high gain" else "high gain"] *= 0.0 if main in ("low gain", "high gain") else 1.0
    law = str(rng.choice(["log", "power", "arsinh"]))
    span = {"log": rng.uniform(44, 62), "power": rng.uniform(0.3, 0.46), "arsinh": rng.uniform(0.015, 0.05)}[law]
    blur = 1 + 0.9 * causes["blur"]
    style = Style(
        wavelength_mm=float(rng.uniform(0.45, 0.85)),
        axial_mm=float(rng.uniform(0.34, 0.75) * (1 + 0.5 * causes["blur"])),
        lateral_rad=float(np.radians(rng.uniform(0.34, 0.74)) * blur),
        focus=float(rng.uniform(0.35, 0.7)),
        rise=float(rng.uniform(0.2, 1.1)),
        side_lobe_db=float(rng.uniform(-38, -27)),
        ringing=float(rng.uniform(0.0, 0.3)),
        grain=float(rng.choice([0.25, 0.5, 1.0, 4.0])),
        density=float(rng.uniform(0.45, 1.0)),
        law=law,
        span=float(span),
        curve=float(rng.uniform(0.95, 1.6)),
        toe=float(rng.uniform(0.02, 0.16)),
        gain_db=float(rng.normal(2.8, 1.8) - 9 * causes["low gain"] + 9 * causes["high gain"]),
        anisotropy_db=float(rng.uniform(3, 9) + 14 * causes["dropout"]),
        specular=float(rng.uniform(0.5, 1.6)),
        blood_db=float(rng.uniform(-58, -44) + 9 * causes["haze"]),
        compound=bool(rng.random() < 0.3),
        persistence=float(rng.uniform(0, 0.35)),
        edge_loss=float(min(rng.uniform(0.2, 1.0) + 0.8 * causes["dropout"], 1.7)),
        depth_loss_db=float(rng.uniform(0, 9) + 8 * causes["noise"]),
        causes=causes,
    )
    return style, main


def grey(
    envelope: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]", style: Style
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """The display's grey, float32 of the same shape (samples, lines), 0 to 1.

    `envelope` is float32 (samples, lines), in the unit of the brightest muscle.
    """
    if style.law == "log":
        value = 1 + 20 / style.span * np.log10(envelope + 1e-6)
    elif style.law == "power":
        value = envelope**style.span * 1.02 - 0.16
    else:
        value = np.arcsinh(envelope / style.span) / np.arcsinh(1 / style.span)
    value = np.clip((0.9 * value - style.toe) / (1 - style.toe), 0, 1)
    return np.asarray(value**style.curve, dtype=np.float32)
