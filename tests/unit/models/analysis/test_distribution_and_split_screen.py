"""What models of a set say beside view and quality: unlike the training data, two images on one screen."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from models.analysis import open_model_set
from models.analysis.loaded_model import LoadedModel, prepare_for_role
from models.derive.study.quantities import derive_study
from models.errors import UnsuitableModel
from models.library.model_set import ModelSet, Role
from models.library.registry import find_manifest
from models.results import QualityIssue, Reason
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import LENGTH, FixedReader, Likeness, a_clip, model_set, taking


def of_distribution(network: nn.Module, role: Role = Role.DISTRIBUTION) -> LoadedModel:
    return prepare_for_role(role, as_model(network.eval()))


class OwnReference(Likeness):
    """Taught on a hospital's own images."""

    def __init__(self, distance: float) -> None:
        super().__init__(distance)
        self.manifest = replace(self.manifest, name="own_reference", trained_on_phantoms=False)


@pytest.mark.parametrize("phantom", [True, False])
def test_a_named_reference_compares_patients_too_and_lets_them_be_measured(phantom: bool) -> None:
    predictor = taking(
        model_set(FixedReader(LENGTH)),
        Role.DISTRIBUTION,
        prepare_for_role(Role.DISTRIBUTION, as_model(OwnReference(1.0).eval())),
    )
    found = predictor.analyse(a_clip(phantom=phantom))
    assert (found.gates, found.flags) == ((), ())
    assert found.distribution is not None
    assert found.distribution.inside
    assert [use.name for use in found.models][:2] == ["EchoView47_classifier", "own_reference"]
    assert "phantom_view" not in [use.name for use in found.models]


def test_a_named_reference_refuses_what_it_does_not_know() -> None:
    predictor = taking(
        model_set(FixedReader(LENGTH)),
        Role.DISTRIBUTION,
        prepare_for_role(Role.DISTRIBUTION, as_model(OwnReference(2.5).eval())),
    )
    found = predictor.analyse(a_clip(phantom=False))
    assert (found.gates, found.values) == ((Reason.OUT_OF_DISTRIBUTION,), ())
    assert "Unlike the training images of own_reference: distance 2.50, limit 2.00" in found.flags[0].message
    assert found.flags[0].judges == ("own_reference",)


@pytest.mark.parametrize(("reference", "measured"), [("own_reference", True), ("phantom_view", False)])
def test_phantom_weights_give_no_patient_a_number_as_references_either(reference: str, measured: bool) -> None:
    network = OwnReference(1.0) if reference == "own_reference" else Likeness(1.0)
    predictor = taking(
        model_set(FixedReader(LENGTH)), Role.DISTRIBUTION, prepare_for_role(Role.DISTRIBUTION, as_model(network.eval()))
    )
    found = predictor.analyse(a_clip(phantom=False))
    assert found.gates == ()
    study = derive_study("1", [found])
    assert [measurement.key for measurement in study.measurements] == (["rv_basal"] if measured else [])
    if not measured:
        assert all(Reason.RESEARCH_WEIGHTS in missing.reasons for missing in study.not_measured)


def test_the_view_s_own_network_may_be_named_and_is_run_once() -> None:
    named = open_model_set(ModelSet(distribution="phantom_view", engine="torch"))
    assert named.of(Role.DISTRIBUTION) is named.of(Role.VIEW)
    assert named.phantom_reference is None
    unnamed = taking(named, Role.DISTRIBUTION)
    clip = a_clip(phantom=False)
    assert replace(named.analyse(clip), timings_s={}) == replace(unnamed.analyse(clip), timings_s={})


@pytest.mark.parametrize(
    ("role", "name"), [("distribution", "phantom_quality"), ("phase", "phantom_lv"), ("split_screen", "lvid")]
)
def test_what_cannot_take_the_part_is_refused(role: str, name: str) -> None:
    with pytest.raises(UnsuitableModel, match=f"{name} cannot do this"):
        open_model_set(ModelSet(engine="torch").but(**{role: name}))


class Screen(nn.Module):
    """EchoSDNet by its manifest, with the order of its classes stated; sure of each frame in turn."""

    def __init__(self, dual: Sequence[bool], labels: tuple[str, str] = ("Single", "Dual")) -> None:
        super().__init__()
        weights = {"weights_file": "x", "weights_sha256": "f" * 64}
        self.manifest = replace(find_manifest("EchoSDNet"), labels=labels, **weights)  # type: ignore[arg-type]
        self.classes = torch.tensor([labels.index("Dual" if two else "Single") for two in dual])

    def forward(self, frames: Tensor) -> Tensor:
        assert frames.shape[1:] == (3, 224, 224)
        return 20.0 * nn.functional.one_hot(self.classes, 2).float()


@pytest.mark.parametrize("labels", [("Single", "Dual"), ("Dual", "Single")])
@pytest.mark.parametrize(("dual", "split"), [([True, True, False], True), ([True, False, False], False)])
def test_a_split_screen_is_told_by_the_vote_of_the_frames(dual: list[bool], split: bool, labels: tuple[str, str]) -> None:
    screen = prepare_for_role(Role.SPLIT_SCREEN, as_model(Screen(dual, labels).eval()))
    predictor = taking(model_set(FixedReader(LENGTH)), Role.SPLIT_SCREEN, screen)
    found = predictor.analyse(a_clip(phantom=True))
    assert found.gates == ((Reason.SPLIT_SCREEN,) if split else ())
    assert bool(found.values) is not split
    assert "EchoSDNet" in [use.name for use in found.models]
    said = "Nothing can be measured: two images on one screen (probability 0.67 by EchoSDNet)."
    assert [(flag.issue, flag.message) for flag in found.flags] == ([(QualityIssue.CALIBRATION, said)] if split else [])
    assert [flag.judges for flag in found.flags] == ([("EchoSDNet",)] if split else [])


def test_no_override_joins_two_images() -> None:
    predictor = taking(model_set(), Role.SPLIT_SCREEN, prepare_for_role(Role.SPLIT_SCREEN, as_model(Screen([True] * 3).eval())))
    assert replace(predictor, research_override=True).analyse(a_clip(phantom=True)).gates == (Reason.SPLIT_SCREEN,)
