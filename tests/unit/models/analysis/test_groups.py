"""Models that read several clips together: who is asked, and what becomes of the answer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models.analysis.groups import read_group
from models.analysis.loaded_model import LoadedModel, prepare_for_role
from models.analysis.measured_values import ClipReadings, read_clip_values
from models.catalogue import View
from models.clip import Clip
from models.errors import ReadingError
from models.families.echo_motion.biplane import EchoMotionBiplane
from models.library.model_set import Role
from models.library.reading import Reading
from models.library.registry import find_manifest
from models.networks.reading_network import as_if_trained
from models.results import FrameReference, ReadValue, Reason
from tests.loaded import Reads, as_model
from tests.unit.models.analysis.test_mixed_sets import FixedReader

KEY = "ef_video_regression_biplane"
PAIR = replace(find_manifest("EchoMotionNet_A4C_A2C"), trained=True, weights_file="x", weights_sha256="e" * 64)


def clip(uid: str, frames: int) -> Clip:
    pixels = np.random.default_rng(frames).integers(0, 255, (frames, 48, 64, 3)).astype(np.uint8)
    return Clip(uid, pixels, np.arange(frames) * 400.0)  # so that a whole beat goes into three frames


A4C, A2C = clip("1.4", 4), clip("1.2", 3)
VIEWS = (View.A4C, View.A2C)


class FixedPair(Reads, nn.Module):
    def __init__(self, *values: ReadValue, error: str = "") -> None:
        super().__init__()
        self.manifest, self.values, self.error = PAIR, values, error

    def read_group(self, clips: Sequence[Clip]) -> Reading:
        if self.error:
            raise ReadingError(self.error)
        return Reading(self.values)


def loaded(network: nn.Module) -> LoadedModel:
    return prepare_for_role(Role.MEASUREMENTS, as_model(network.eval()))


@pytest.mark.slow
def test_a_miniature_network_reads_both_clips() -> None:
    torch.manual_seed(0)
    architecture = {**PAIR.architecture, "width": 16, "heads": 2}
    network = as_if_trained(EchoMotionBiplane(replace(PAIR, input_shape=(3, -1, 64, 64), architecture=architecture)))
    readings = read_group(VIEWS, [A4C, A2C], [loaded(network)])
    (value,) = readings.values
    assert (value.key, value.unit, value.model) == (KEY, "%", "EchoMotionNet_A4C_A2C")
    assert value.value == pytest.approx(55, abs=5), "where training starts from"
    assert value.sources == (
        *(FrameReference("1.4", number) for number in (1, 2, 3, 4)),
        *(FrameReference("1.2", number) for number in (1, 2, 3)),
    )
    (use,) = readings.models
    assert (use.weights_sha256, use.engine) == ("e" * 64, f"torch {torch.__version__} fp32")
    (swapped,) = read_group(VIEWS, [A2C, A4C], [loaded(network)]).values
    assert swapped.value != value.value, "which clip shows which view matters"
    (single,) = read_group(VIEWS, [A4C, clip("1.2", 1)], [loaded(network)]).values
    assert (single.value, single.reasons, single.detail) == (None, (Reason.NO_CARDIAC_CYCLE,), "a single frame does not move")


def test_who_reads_pairs_is_not_asked_of_one_clip_and_the_other_way_round() -> None:
    both = [loaded(FixedPair(ReadValue(KEY, "%", 61.0))), loaded(FixedReader(ReadValue("rv_basal", "cm", 3.0)))]
    assert [value.key for value in read_clip_values(A4C, View.A4C, both).values] == ["rv_basal"]
    assert read_clip_values(A2C, View.A2C, both[:1]) == ClipReadings()
    assert [value.key for value in read_group(VIEWS, [A4C, A2C], both).values] == [KEY]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (ReadValue("ef_a4c", "%", 61.0), "it is not measured in a4c and a2c"),
        (ReadValue(KEY, "1", 0.61), "it is in 1, not in %"),
        (ReadValue("lv_mood", "%", 61.0), "no quantity of this node"),
    ],
)
def test_what_is_no_quantity_of_both_views_is_left_out_and_said(value: ReadValue, why: str) -> None:
    readings = read_group(VIEWS, [A4C, A2C], [loaded(FixedPair(value))])
    assert readings.values == ()
    assert readings.notes == (f"EchoMotionNet_A4C_A2C: {value.key} is left out: {why}",)


def test_clips_of_the_wrong_form_leave_a_reason() -> None:
    readings = read_group(VIEWS, [A4C, A2C], [loaded(FixedPair(error="no colour"))])
    (value,) = readings.values
    assert (value.key, value.value, value.reasons) == (KEY, None, (Reason.OUT_OF_DISTRIBUTION,))
    assert readings.notes == ("EchoMotionNet_A4C_A2C cannot read these clips: no colour",)
