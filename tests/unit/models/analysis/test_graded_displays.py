"""A model of the set that measures displays also judges them."""

import pytest

from models.analysis.loaded_model import prepare_for_role
from models.clip import Clip
from models.library.model_set import Role
from models.results import Reason
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import model_set, taking
from tests.unit.models.families.phantom.drawn_displays import Wave, reader_of_spectra, spectrum

FLOW = [Wave("", at, 0.3, -100.0) for at in (0.2, 1.1, 2.0)]


@pytest.mark.parametrize(("clip", "adequate"), [(spectrum(FLOW), True), (spectrum([]), False)], ids=["flow", "empty"])
def test_a_display_is_graded_by_who_measures_it(clip: Clip, adequate: bool) -> None:
    reader = prepare_for_role(Role.MEASUREMENTS, as_model(reader_of_spectra()))
    found = taking(model_set(label="doppler-av"), Role.MEASUREMENTS, reader).analyse(clip)
    assert found.quality is not None
    assert found.quality.adequate is adequate
    assert (Reason.QUALITY in found.gates) is not adequate


def test_without_such_a_model_no_display_is_graded() -> None:
    found = model_set(label="doppler-av").analyse(spectrum(FLOW))
    assert found.quality is None
    assert Reason.QUALITY in found.gates
