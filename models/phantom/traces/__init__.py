"""Traces of a heart over time: spectral and tissue Doppler and M-modes, and the flow that colour shows in a plane."""

from models.catalogue import View
from models.phantom.heart import Heart
from models.phantom.rendered import Trace
from models.phantom.traces.colour import flow_in_plane
from models.phantom.traces.flow import flow, flow_values
from models.phantom.traces.haemodynamics import FlowOptions, Haemodynamics
from models.phantom.traces.m_mode import render_m_mode
from models.phantom.traces.m_mode_views import M_MODE_VIEWS
from models.phantom.traces.spectral import SPECTRAL_VIEWS, SpectralOptions, render_spectrum

TRACES: tuple[View, ...] = (*SPECTRAL_VIEWS, *M_MODE_VIEWS)


def render_trace(heart: Heart, view: View, *, seed: int, quality: int = 3, seconds: float | None = None) -> Trace:
    """The display of `view`, one of `TRACES`, over `seconds`, or as long as a usual sweep takes; LookupError for another view.

    `quality` is 0 (worst) to 3, why it is not 3 is drawn from the seed. The same arguments give the same bytes.
    """
    render = render_m_mode if view in M_MODE_VIEWS else render_spectrum
    return render(heart, view, seed=seed, quality=quality, seconds=seconds)


__all__ = [
    "M_MODE_VIEWS",
    "SPECTRAL_VIEWS",
    "TRACES",
    "FlowOptions",
    "Haemodynamics",
    "SpectralOptions",
    "flow",
    "flow_in_plane",
    "flow_values",
    "render_m_mode",
    "render_spectrum",
    "render_trace",
]
