"""Whatever a network gives, nothing impossible and nothing of untrained weights is read off a clip."""

import importlib
import inspect
import math
import pkgutil
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import models.families
from models.catalogue import View
from models.clip import Clip
from models.errors import ReadingError
from models.library.manifest import Manifest
from models.library.reading import Decoding, Mark, Reading
from models.library.registry import find_manifest, load_model
from models.networks.reading_network import ReadingNetwork, as_if_trained
from models.networks.stored_weights import prepare
from models.results import Beat, CaliperKind, ReadValue, Reason, of_frames

CLIP = Clip("1.2", np.zeros((2, 8, 8, 3), np.uint8), None)
EF = "ef_video_regression"


class Says(ReadingNetwork):
    """A network that reads these values off every clip."""

    own_limits = {"dose": (0.0, 5.0)}  # noqa: RUF012

    def __init__(self, *values: ReadValue, manifest: Manifest | None = None) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.values = values
        self.manifest = manifest or find_manifest("PanEcho")

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        marks = (Mark(0, CaliperKind.POINT, ((1.0, 1.0),)),)
        return Reading(self.values, columns=("EF",), rows=({"EF": 1.0},), marks=marks)

    def read_values(self, clip: Clip, beats: Sequence[Beat] = (), view: View | None = None) -> tuple[ReadValue, ...]:
        return self.values

    def read_group(self, clips: Sequence[Clip]) -> Reading:
        return Reading(self.values)


def said(key: str, unit: str, value: float) -> Says:
    return as_if_trained(Says(ReadValue(key, unit, value, sd=1.0, beats=2)))


IMPOSSIBLE = [
    (EF, "%", -12.0), (EF, "%", 85.1), ("ef_of_another_family", "%", 2.0), ("lvidd_2d", "cm", 20.0), ("av_vmax", "m/s", 12.0),
    ("view_confidence", "%", 100.5), ("image_quality", "{0:100}", -1.0), ("lvidd_2d", "px", -3.0), ("dose", "mL", 5.5),
    ("ed_time", "ms", -1.0), ("nobody_knows", "cm", 3.0), (EF, "1", 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("key", "unit", "value"), IMPOSSIBLE)
def test_what_cannot_be_true_is_refused(key: str, unit: str, value: float) -> None:
    reader = said(key, unit, value)
    for (read,) in (reader.read(CLIP).values, reader.read_values(CLIP), reader.read_group([CLIP, CLIP]).values):
        assert (read.value, read.sd, read.beats, read.reasons) == (None, None, 1, (Reason.OUTSIDE_LIMITS,))
        assert read.detail


@pytest.mark.parametrize(("key", "unit", "value"), IMPOSSIBLE)
def test_the_published_way_refuses_nothing_and_says_so(key: str, unit: str, value: float) -> None:
    (read,) = said(key, unit, value).read(CLIP, Decoding.PUBLISHED).values
    assert (read.value, read.sd) == (value, 1.0)
    assert read.detail.endswith("the published way refuses nothing")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("decoding", list(Decoding))
@pytest.mark.parametrize(("key", "unit"), [(EF, "%"), ("lvidd_2d", "px"), ("nobody_knows", "cm")])
def test_no_number_is_read_in_no_way(key: str, unit: str, value: float, decoding: Decoding) -> None:
    (read,) = said(key, unit, value).read(CLIP, decoding).values
    assert (read.value, read.reasons) == (None, (Reason.OUTSIDE_LIMITS,))


@pytest.mark.parametrize(
    ("key", "unit", "value"),
    [(EF, "%", 5.0), (EF, "%", 85.0), ("lvidd_2d", "cm", 9.5), ("lvidd_2d", "px", 900.0), ("dose", "mL", 5.0)],
)
def test_what_may_be_abnormal_passes(key: str, unit: str, value: float) -> None:
    reader = said(key, unit, value)
    assert reader.read(CLIP).values == reader.values


def test_a_network_as_it_is_first_set_up_reads_nothing() -> None:
    """Bug prevented: random weights give 52 %, and somebody takes it for a measurement."""
    reader = Says(ReadValue(EF, "%", 52.0), ReadValue("dose", "px", 3.0), ReadValue("dose", "mL", 3.0))
    for decoding in Decoding:
        reading = reader.read(CLIP, decoding)
        assert [(value.key, value.unit) for value in reading.values] == [(EF, "%"), ("dose", "mL")]
        assert all(value.value is None and value.reasons == (Reason.UNTRAINED_WEIGHTS,) for value in reading.values)
        assert (reading.rows, reading.marks) == ((), ())
        assert "never trained" in reading.notes[0]
    assert [value.value for value in reader.read_values(CLIP)] == [None, None]
    assert as_if_trained(reader).read(CLIP).values[0].value == 52.0


def test_a_refused_value_keeps_no_mark() -> None:
    mark = Mark(0, CaliperKind.LINE, ((1.0, 1.0), (1.0, 4.0)), keys=("lvidd_2d",))

    class Marks(Says):
        def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
            return Reading(self.values, marks=(mark,))

    for value_cm, marked in ((5.0, 1), (20.0, 0)):
        reader = as_if_trained(Marks(ReadValue("lvidd_2d", "cm", value_cm, of_frames(0))))
        assert len(reader.read(CLIP).values[0].calipers) == marked


def test_weights_brought_by_hand_count() -> None:
    reader = Says(ReadValue(EF, "%", 52.0))
    reader.load_state_dict(Says().state_dict())
    assert reader.read(CLIP).values[0].value == 52.0


def test_preparing_says_whether_weights_were_given(tmp_path: object) -> None:
    network = as_if_trained(Says(ReadValue(EF, "%", 52.0)))
    assert prepare(network, replace(network.manifest, trained=True), None, "cpu").trained is False


@pytest.mark.slow
def test_every_architecture_without_weights_reads_nothing() -> None:
    for name in ("PanEcho", "phantom_lv", "EchoApex_ViT-S_segmentation"):
        model = load_model(name, device="meta")
        assert model.trained is False
    with pytest.raises(ReadingError, match=r"never trained|untrained"):
        load_model("EchoApex_ViT-S_segmentation").network.segment(CLIP, 0)
    assert load_model("phantom_lv", pretrained=True).trained is True


def test_raw_outputs_stay_for_whoever_looks_at_tensors() -> None:
    with torch.inference_mode():
        assert load_model("phantom_lv")(torch.zeros(1, 1, 32, 32)).shape[0] == 1


def test_every_family_s_reader_is_checked() -> None:
    """Bug prevented: a new family whose `read` nobody checks. DisplayReader's and others' subclasses inherit it."""
    readers = []
    for module in pkgutil.walk_packages(models.families.__path__, "models.families."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(kind) and kind.__module__ == module.name and hasattr(kind, "read") and name != "Reader":
                readers.append(name)
                assert hasattr(kind.read, "__wrapped__"), f"{module.name}.{name}"
    assert len(readers) > 20
