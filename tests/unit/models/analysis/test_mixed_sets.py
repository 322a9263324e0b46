"""Model sets of several families: which model answers for what, and what becomes of readings."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.analysis import Predictor
from models.analysis.loaded_model import LoadedModel, prepare_for_role
from models.calibration import RegionCalibration
from models.catalogue import Method, View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.errors import ReadingError
from models.families.phantom.classifier import PhantomClassifier
from models.families.phantom.segmenter import PhantomSegmenter
from models.library.manifest import Manifest
from models.library.model_set import Role
from models.library.reading import Decoding, Reading
from models.library.registry import find_manifest
from models.networks.engine_slots import EngineSlots
from models.results import Caliper, CaliperKind, QualityIssue, ReadValue, Reason, of_frames
from tests.loaded import Reads, as_model

REGION = RegionCalibration(0, 0, 79, 59, 1, 1, 3, 3, 0.2, 0.2)


class SaysA4C(nn.Module):
    """EchoView47 by its manifest; it cannot tell what is unlike its training."""

    def __init__(self, label: str = "a4ch-full") -> None:
        super().__init__()
        self.manifest = replace(find_manifest("EchoView47_classifier"), trained=True, weights_file="x", weights_sha256="a" * 64)
        self.label = self.manifest.labels.index(label)

    def forward(self, frames: Tensor) -> Tensor:
        return 20.0 * nn.functional.one_hot(torch.tensor(self.label), 47).float().expand(len(frames), 47)


class GoodQuality(PhantomClassifier):
    def __init__(self) -> None:
        manifest = replace(find_manifest("phantom_quality"), trained_on_phantoms=False, thresholds={"adequate_quality": 20.0})
        super().__init__(manifest)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.tensor([[0.0, 0.0, 0.0, 20.0]]).expand(len(frames), 4)


class Likeness(PhantomClassifier):
    """The phantoms' reference, with one opinion."""

    def __init__(self, distance: float) -> None:
        super().__init__(
            replace(find_manifest("phantom_view"), thresholds={"view_probability": 0.5, "out_of_distribution": 2.0})
        )
        self.fixed = distance

    def describe(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros(len(frames), 3), torch.zeros(len(frames), 1)

    def distance(self, features: Tensor) -> Tensor:
        return torch.full((len(features),), self.fixed)


class NoVentricle(PhantomSegmenter):
    def __init__(self) -> None:
        super().__init__(replace(find_manifest("phantom_lv"), trained_on_phantoms=False))

    def forward(self, frames: Tensor) -> Tensor:
        return torch.full_like(frames, -5.0)


class FixedReader(Reads, nn.Module):
    """Reads A4C, and says the same of every clip."""

    manifest: Manifest

    def __init__(self, *values: ReadValue, error: str = "") -> None:
        super().__init__()
        self.manifest = replace(
            find_manifest("echonet_measurements/rv_base"),
            trained=True,
            weights_file="x",
            weights_sha256="b" * 64,
            thresholds={},
        )
        self.values, self.error = values, error

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        assert decoding is Decoding.CORRECTED
        if self.error:
            raise ReadingError(self.error)
        return Reading(self.values)


def model_set(*readers: FixedReader, label: str = "a4ch-full", distance: float = 1.0, quality: bool = True) -> Predictor:
    networks = {
        Role.VIEW: (SaysA4C(label),),
        Role.QUALITY: (GoodQuality(),) if quality else (),
        Role.LV_SEGMENTATION: (NoVentricle(),),
        Role.MEASUREMENTS: readers,
    }
    loaded = {
        role: tuple(prepare_for_role(role, as_model(network.eval())) for network in some) for role, some in networks.items()
    }
    return Predictor(loaded, phantom_reference=prepare_for_role(Role.VIEW, as_model(Likeness(distance).eval())))


def taking(predictor: Predictor, role: Role, *loaded: LoadedModel) -> Predictor:
    """The same set with these models in one role."""
    return replace(predictor, models={**predictor.models, role: loaded})


def a_clip(*, phantom: bool, uid: str = "1.2") -> Clip:
    times = np.arange(3) * 40.0
    return Clip(uid, np.full((3, 60, 80, 3), 90, np.uint8), times, (REGION,), is_quality_control_subject=phantom)


def test_a_phantom_is_compared_by_the_phantoms_reference() -> None:
    found = model_set().analyse(a_clip(phantom=True))
    assert (found.gates, found.flags) == ((), ())
    assert found.distribution is not None
    assert found.distribution.distance == 1.0
    assert [use.name for use in found.models] == ["EchoView47_classifier", "phantom_view", "phantom_quality", "phantom_lv"]
    strange = model_set(distance=3.0).analyse(a_clip(phantom=True))
    assert strange.gates == (Reason.OUT_OF_DISTRIBUTION,)
    assert "Unlike the training images of phantom_view" in strange.flags[0].message
    assert strange.flags[0].judges == ("phantom_view",)


def test_a_patient_that_nobody_can_compare_is_not_measured() -> None:
    """The phantoms' reference knows nothing of patients, and its weights do not enter their findings."""
    found = model_set().analyse(a_clip(phantom=False))
    assert found.gates == (Reason.OUT_OF_DISTRIBUTION,)
    assert found.distribution is None
    assert [flag.issue for flag in found.flags] == [QualityIssue.OUT_OF_DISTRIBUTION]
    assert "EchoView47_classifier cannot tell" in found.flags[0].message
    assert found.flags[0].judges == ()
    assert "phantom_view" not in [use.name for use in found.models]
    lifted = replace(model_set(), research_override=True).analyse(a_clip(phantom=False))
    assert (lifted.gates, lifted.marked) == ((), (Reason.OUT_OF_DISTRIBUTION,))


def test_published_weights_are_no_research_weights() -> None:
    study = derive_study("1", [model_set().analyse(a_clip(phantom=False))])
    reasons = {reason for missing in study.not_measured for reason in missing.reasons}
    assert Reason.RESEARCH_WEIGHTS not in reasons
    assert Reason.OUT_OF_DISTRIBUTION in reasons
    assert study.measurements == ()


def test_a_set_that_grades_no_quality_measures_nothing() -> None:
    found = model_set(quality=False).analyse(a_clip(phantom=True))
    assert (found.gates, found.quality) == ((Reason.QUALITY,), None)
    assert found.flags[0].issue is QualityIssue.POOR_IMAGE_QUALITY
    lifted = replace(model_set(quality=False), research_override=True).analyse(a_clip(phantom=True))
    assert lifted.marked == (Reason.QUALITY,)


class ReadsQuality(Reads, nn.Module):
    """EchoNet-Measurements' by its manifest, with a limit of its own."""

    def __init__(self, score: float) -> None:
        super().__init__()
        self.manifest = replace(find_manifest("plax_quality"), thresholds={"adequate_quality": 50.0})
        self.score = score

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        return Reading((ReadValue("image_quality", "{0:100}", self.score),))


@pytest.mark.parametrize(("score", "gates"), [(50.0, ()), (49.0, (Reason.QUALITY,))])
def test_a_model_that_reads_clips_may_grade_quality(score: float, gates: tuple[Reason, ...]) -> None:
    predictor = taking(
        model_set(label="plax-full-lv"), Role.QUALITY, prepare_for_role(Role.QUALITY, as_model(ReadsQuality(score)))
    )
    found = predictor.analyse(a_clip(phantom=True))
    assert found.quality is not None
    assert (found.quality.score, found.gates) == (score, gates)


def test_a_view_whose_quality_is_not_graded_is_not_measured() -> None:
    predictor = taking(model_set(), Role.QUALITY, prepare_for_role(Role.QUALITY, as_model(ReadsQuality(90.0))))
    found = predictor.analyse(a_clip(phantom=True))
    assert (found.quality, found.gates) == (None, (Reason.QUALITY,))


LINE = Caliper(CaliperKind.LINE, "", 3, ((10.5, 20.0), (31.75, 20.0)))
LENGTH = ReadValue("rv_basal", "cm", 4.25, sources=of_frames(2), calipers=(LINE,))


def test_a_reading_of_the_catalogue_becomes_a_measurement() -> None:
    found = model_set(FixedReader(LENGTH)).analyse(a_clip(phantom=True))
    assert "measurements" in found.timings_s
    assert found.models[-1].name == "echonet_measurements/rv_base"
    assert found.models[-1].weights_sha256 == "b" * 64
    (measured,) = derive_study("1", [found]).measurements
    assert (measured.key, measured.value, measured.unit, measured.method) == ("rv_basal", 4.25, "cm", Method.CALIPERS)
    assert measured.view is View.A4C
    assert [(caliper.sop_instance_uid, caliper.frame_number) for caliper in measured.calipers] == [("1.2", 3)]
    assert measured.calipers[0].points_px == LINE.points_px
    assert [(source.sop_instance_uid, source.frame_number) for source in measured.sources] == [("1.2", 3)]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (replace(LENGTH, key="ra_area_a4c"), "ra_area_a4c is left out: no quantity of this node"),
        (replace(LENGTH, unit="px"), "it is in px, not in cm"),
        (replace(LENGTH, key="ef_bp", unit="%"), "it is not measured in a4c alone"),
        (replace(LENGTH, key="lvedv_a2c", unit="mL"), "it is not measured in a4c alone"),
        (replace(LENGTH, key="lv_len_d_a4c"), "the node takes it from outlines"),
    ],
)
def test_what_fits_no_quantity_is_left_out_and_said(value: ReadValue, why: str) -> None:
    found = model_set(FixedReader(value)).analyse(a_clip(phantom=True))
    assert found.values == ()
    assert why in found.notes[0]
    assert str(value.value) not in found.notes[0], "a note is no way around the reasons"
    assert derive_study("1", [found]).measurements == ()


def test_why_a_reader_has_no_value_is_among_the_reasons() -> None:
    refused = ReadValue("rv_basal", "cm", None, reasons=(Reason.NO_CALIBRATION,), detail="no region")
    study = derive_study("1", [model_set(FixedReader(refused)).analyse(a_clip(phantom=True))])
    (missing,) = [missing for missing in study.not_measured if missing.key == "rv_basal"]
    assert missing.reasons[0] is Reason.NO_CALIBRATION


def test_an_impossible_reading_is_refused() -> None:
    study = derive_study("1", [model_set(FixedReader(replace(LENGTH, value=82.5))).analyse(a_clip(phantom=True))])
    (missing,) = [missing for missing in study.not_measured if missing.key == "rv_basal"]
    assert Reason.OUTSIDE_LIMITS in missing.reasons
    assert study.measurements == ()


def test_a_reader_is_not_asked_on_other_views_or_stopped_clips() -> None:
    other_view = model_set(FixedReader(LENGTH), label="plax-full-lv").analyse(a_clip(phantom=True))
    stopped = model_set(FixedReader(LENGTH)).analyse(a_clip(phantom=False))
    for found in (other_view, stopped):
        assert found.values == ()
        assert "echonet_measurements/rv_base" not in [use.name for use in found.models]


def test_a_clip_of_the_wrong_form_is_a_note() -> None:
    found = model_set(FixedReader(error="two frames at least")).analyse(a_clip(phantom=True))
    assert found.notes == ("echonet_measurements/rv_base cannot read this clip: two frames at least",)
    (missing,) = [missing for missing in derive_study("1", [found]).not_measured if missing.key == "rv_basal"]
    assert missing.reasons == (Reason.OUT_OF_DISTRIBUTION,)
    assert missing.detail == "echonet_measurements/rv_base: two frames at least"


def test_of_several_clips_the_best_image_counts_and_phantom_weights_never_on_patients() -> None:
    predictor = model_set(FixedReader(LENGTH))
    one = predictor.analyse(a_clip(phantom=True))
    assert one.quality is not None
    worse = replace(
        one, sop_instance_uid="1.3", quality=replace(one.quality, score=40.0), values=(replace(one.values[0], value=7.0),)
    )
    (measured,) = derive_study("1", [worse, one]).measurements
    assert measured.value == 4.25
    patient = replace(one, is_quality_control_subject=False)  # phantom_view took part in it
    study = derive_study("1", [patient])
    assert study.measurements == ()
    assert all(Reason.RESEARCH_WEIGHTS in missing.reasons for missing in study.not_measured)


class Unasked(SaysA4C):
    """EchoPrime's classifier by its manifest."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = replace(
            find_manifest("EchoPrime_view_classifier"), trained=True, weights_file="x", weights_sha256="c" * 64
        )


def test_a_clip_its_view_s_network_cannot_take_is_of_no_view(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(seen: object, frames: object) -> Tensor:
        raise ReadingError("nothing is seen")

    monkeypatch.setattr("models.families.echo_prime.inputs.SectorFrames.batch", refuse)
    predictor = taking(model_set(), Role.VIEW, prepare_for_role(Role.VIEW, as_model(Unasked())))
    found = predictor.analyse(a_clip(phantom=True))
    assert found.view is not None
    assert found.view.view is View.OTHER
    assert found.notes == ("EchoPrime_view_classifier cannot read this clip: nothing is seen",)
    assert found.contours == ()


class Maps(Reads, EngineSlots):
    """A network with two maps that reads clips itself."""

    def __init__(self) -> None:
        super().__init__()
        manifest = find_manifest("lvid")  # without its bounds of half precision
        weights = {"weights_file": "x", "weights_sha256": "d" * 64}
        self.manifest = replace(manifest, thresholds={}, **weights)
        self.convolution = nn.Conv2d(3, 2, 3, padding=1)
        self.calls = 0

    def forward(self, frames: Tensor) -> Tensor:
        self.calls += 1
        maps: Tensor = self.convolution(frames)
        return maps

    def read(self, clip: Clip, decoding: Decoding = Decoding.CORRECTED) -> Reading:
        return Reading(())


@pytest.mark.slow
def test_a_reader_s_own_forward_step_goes_to_the_backend() -> None:
    pytest.importorskip("openvino")
    torch.manual_seed(0)
    reader = Maps().eval()
    frames, other_shape = torch.rand(2, 3, 480, 640), torch.rand(2, 3, 8, 8)
    with torch.inference_mode():
        expected, expected_other = reader(frames), reader(other_shape)
        loaded = prepare_for_role(Role.MEASUREMENTS, as_model(reader), engine="openvino")
        assert loaded.use.engine.startswith("OpenVINO")
        reader.calls = 0
        torch.testing.assert_close(reader(frames), expected, rtol=1e-4, atol=1e-5)
        assert reader.calls == 0, "torch is not asked any more"
        torch.testing.assert_close(reader(other_shape), expected_other)
        assert reader.calls == 1, "but for shapes that nobody has probed"
