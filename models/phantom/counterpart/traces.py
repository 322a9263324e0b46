"""Every trace that this generator draws: spectra, tissue Doppler and M-modes."""

from models.catalogue import View
from models.phantom.counterpart.population import Heart, sample_heart
from models.phantom.counterpart.spectra import render_spectrum
from models.phantom.counterpart.strips import STRIPS, render_strip
from models.phantom.counterpart.velocities import SPECTRA
from models.phantom.rendered import Trace

TRACES: tuple[View, ...] = (*SPECTRA, *STRIPS)


def render_trace(
    heart: Heart | int,
    view: View,
    *,
    seed: int = 0,
    quality: int = 3,
    seconds: float | None = None,
    shape: tuple[int, int] = (256, 512),
) -> Trace:
    """A trace of a heart, or of the heart of a seed, in a view of `TRACES`.

    `seed` draws scale, sweep, machine and noise, `quality` is 0 (worst) to 3, `shape` is (rows, columns). Where `seconds` is
    not given, the sweep is one that carts offer.
    """
    one = sample_heart(heart) if isinstance(heart, int) else heart
    render = render_strip if view in STRIPS else render_spectrum
    return render(one, view, seed=seed, quality=quality, seconds=seconds, shape=shape)
