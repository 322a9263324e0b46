"""The bundled network on displays that it has not seen, from the generator over the cart's screen to the number."""

import pytest

from models import load_model
from models.catalogue import View
from models.clip import Clip
from models.evaluation.datasets.generated import as_clip
from models.phantom.screens import compose, screen_of
from models.training.trace_samples import render

pytestmark = pytest.mark.slow


def display(seed: int, view: View) -> tuple[Clip, dict[str, float]]:
    trace = render(seed, view, 3, seed)
    return as_clip(compose(trace, screen_of(seed), seed)), dict(trace.values)


@pytest.mark.parametrize("seed", [2500000, 2500001])
def test_an_outflow_tract_and_an_aortic_jet_are_measured(seed: int) -> None:
    reader = load_model("phantom_spectra", pretrained=True).reader
    for view, keys in ((View.DOPPLER_AV_PW, ("lvot_vmax", "lvot_vti")), (View.DOPPLER_AV_CW, ("av_vmax",))):
        clip, true = display(seed, view)
        found = {value.key: value.value for value in reader.read_values(clip, (), view)}
        assert {key: found[key] for key in keys} == pytest.approx({key: true[key] for key in keys}, rel=0.15)
