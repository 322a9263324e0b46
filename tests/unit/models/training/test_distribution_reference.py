"""A reference from the clips it learns from to the verdict in the node's predictor."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.analysis.loaded_model import LoadedModel, load_for_role, prepare_for_role
from models.catalogue import View
from models.clip import Clip
from models.derive.study.quantities import derive_study
from models.errors import ExcludedClip, IndistinctImages, ManifestError, TooFewImages, UnsuitableModel, WeightsError
from models.families.distribution.networks import ImageDistribution
from models.library.manifest import Manifest, write_manifest
from models.library.model_set import Role
from models.library.registry import find_manifest, load_model
from models.library.roles import unfit_for
from models.phantom.anatomy import sample_heart
from models.phantom.displays import drawn_display
from models.phantom.negatives import render_negative
from models.phantom.truth import render_clip
from models.results import Reason
from models.training.distribution_reference import Images, draft_of, reference_of, seen_clip, write_reference
from tests.loaded import as_model
from tests.unit.models.analysis.test_mixed_sets import LENGTH, FixedReader, model_set, taking

pytestmark = pytest.mark.slow  # learns, writes, loads and judges

PATIENTS = range(10)
NEW = 77
ROWS, COLUMNS = 150, 200


@lru_cache(maxsize=64)
def heart(seed: int, view: View = View.A4C) -> Clip:
    truth = render_clip(
        sample_heart(seed), view, seed=seed, quality=3, frames=2, frame_rate_hz=4, rows=ROWS, columns=COLUMNS, polar=(128, 64)
    )
    return Clip("1.2", np.repeat(truth.frames[..., None], 3, axis=3), truth.frame_times_ms, (truth.region,))


def in_place_of_the_heart(grey: NDArray[np.uint8]) -> Clip:
    return replace(heart(NEW), frames=np.repeat(grey[..., None], 3, axis=3))


def spectrum(seed: int) -> Clip:
    return drawn_display(View.DOPPLER_AV_CW, seed).clip()


@dataclass(frozen=True)
class Taught:
    path: Path
    manifest: Manifest
    again: Callable[[Clip], float]  # the distance by what was learnt, before it was written


def teach(
    folder: Path, embedder: str, *clips: Callable[[int], Clip], view_model: LoadedModel | None = None, name: str = "own"
) -> Taught:
    found = find_manifest(embedder)
    model = load_model(embedder, pretrained=True)
    seen = [seen_clip(model, clip(n), patient=str(n), study=f"s{n}", view_model=view_model) for n in PATIENTS for clip in clips]
    of_views = view_model.manifest if view_model else None
    draft = draft_of(name, found, named=embedder, version="1", licence="ours", of_phantoms=False, view_model=of_views)
    manifest, learnt = reference_of(Images(seen, Counter(), of_phantoms=False), model, draft, 0.9)
    written = write_reference(manifest, learnt, found, folder)
    return Taught(
        written.path,
        written,
        lambda clip: learnt.reference.distance(seen_clip(model, clip, patient="", study="", view_model=view_model)),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An imported encoder that no phantom has taught: by its manifest. In truth it is the bundled one."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "weights").mkdir()
    bundled = find_manifest("phantom_view")
    shutil.copy(bundled.weights_path, folder / "weights" / bundled.weights_file)
    encoder = replace(bundled, name="encoder", trained_on_phantoms=False)
    write_manifest(encoder, folder / "manifests" / "encoder.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHONODE_MODELS", str(folder))
        yield folder


@pytest.fixture(scope="module")
def own(home: Path) -> Taught:
    """Of apical images and aortic jets."""
    return teach(home, "encoder", heart, lambda seed: heart(seed, View.A2C), spectrum)


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHONODE_MODELS", str(home))


def analysed(own: Taught, clip: Clip, label: str = "a4ch-full", engine: str = "torch") -> Any:
    part = load_for_role(Role.DISTRIBUTION, str(own.path), engine=engine)
    return taking(model_set(FixedReader(LENGTH), label=label), Role.DISTRIBUTION, part).analyse(clip)


def test_a_patient_like_the_others_is_measured(own: Taught) -> None:
    found = analysed(own, heart(NEW))
    assert found.gates == ()
    assert found.distribution.inside
    assert found.distribution.distance == pytest.approx(own.again(heart(NEW)), rel=1e-5), "compared as it was learnt"
    (use,) = [use for use in found.models if use.name == "own"]
    assert (use.weights_sha256, use.trained_on_phantoms) == (own.manifest.weights_sha256, False)
    assert [value.key for value in derive_study("1", [found]).measurements] == ["rv_basal"]


@pytest.mark.parametrize("kind", ["noise", "cyst", "vessel", "upside_down_heart", "gradient"])
def test_another_kind_of_image_is_refused(own: Taught, kind: str) -> None:
    found = analysed(own, in_place_of_the_heart(render_negative(kind, 5, ROWS, COLUMNS, 2)))
    assert found.gates == (Reason.OUT_OF_DISTRIBUTION,)
    assert found.distribution.distance > 1.5 * found.distribution.threshold
    assert "Unlike the training images of own" in found.flags[0].message


def test_a_spectrum_is_compared_by_its_own_display(own: Taught) -> None:
    clip = spectrum(NEW)
    found = analysed(own, clip, "doppler-av")
    assert found.view.view is View.DOPPLER_AV_CW
    assert found.distribution.inside
    assert found.gates == (Reason.QUALITY,), "which nobody has graded"
    above = clip.frames.copy()
    above[:, :340] = 255
    assert analysed(own, replace(clip, frames=above), "doppler-av").distribution == found.distribution
    noise = clip.frames.copy()
    noise[:, 342:692] = np.random.default_rng(1).integers(0, 256, noise[:, 342:692].shape)
    assert not analysed(own, replace(clip, frames=noise), "doppler-av").distribution.inside


def test_only_what_was_learnt_is_compared(own: Taught, home: Path) -> None:
    assert own.manifest.labels == ("b_mode", "cw")
    assert analysed(own, drawn_display(View.MMODE_A4CH_RV, NEW).clip(), "mmode-a4ch-rv").distribution is None
    assert analysed(own, drawn_display(View.DOPPLER_MV_PW, NEW).clip(), "doppler-mv").distribution is None
    of_m_mode = teach(home, "encoder", lambda seed: drawn_display(View.MMODE_A4CH_RV, seed).clip(), name="m_mode")
    assert of_m_mode.manifest.labels == ("m_mode",)
    assert analysed(of_m_mode, drawn_display(View.MMODE_A4CH_RV, NEW).clip(), "mmode-a4ch-rv").distribution.inside
    assert analysed(of_m_mode, heart(NEW)).gates == (Reason.OUT_OF_DISTRIBUTION,), "nor is an image of two dimensions"


def test_classes_may_be_views(home: Path) -> None:
    views = load_for_role(Role.VIEW, "phantom_view")
    taught = teach(home, "encoder", heart, lambda seed: heart(seed, View.A2C), view_model=views, name="by_view")
    assert taught.manifest.labels == ("a2c", "a4c")
    assert taught.manifest.trained_on_phantoms, "by the view model"
    assert taught.manifest.architecture["classes_by_sha256"] == views.manifest.weights_sha256
    assert analysed(taught, heart(NEW)).distribution.inside


@pytest.mark.slow
def test_openvino_finds_the_same_distance(own: Taught) -> None:
    pytest.importorskip("openvino")
    found = analysed(own, heart(NEW), engine="openvino")
    (use,) = [use for use in found.models if use.name == "own"]
    assert use.engine.startswith("OpenVINO")
    assert found.distribution.distance == pytest.approx(own.again(heart(NEW)), rel=2e-3)


def test_the_manifest_says_what_counted_and_nothing_of_anybody(own: Taught) -> None:
    manifest = find_manifest(str(own.path))
    assert manifest.training_data == "30 clips of 10 studies of patients: b_mode 20, cw 10"
    assert {key: manifest.metrics[key] for key in ("studies", "clips", "rows_of_features", "quantile", "clips_held_out")} == {
        "studies": 10, "clips": 30, "rows_of_features": 50, "quantile": 0.9, "clips_held_out": 30,
    }  # fmt: skip
    assert (manifest.licence, len(manifest.weights_sha256)) == ("ours", 64)
    assert manifest.architecture["embedder_sha256"] == find_manifest("encoder").weights_sha256


def test_a_reference_of_a_phantom_trained_network_lets_no_patient_through(home: Path) -> None:
    taught = teach(home, "phantom_view", heart, name="of_phantoms")
    assert taught.manifest.trained_on_phantoms
    assert "NOT FOR CLINICAL USE" in taught.manifest.intended_use
    found = analysed(taught, heart(NEW))
    assert found.gates == ()
    study = derive_study("1", [found])
    assert study.measurements == ()
    assert all(Reason.RESEARCH_WEIGHTS in missing.reasons for missing in study.not_measured)


def altered(own: Taught, folder: Path, **changes: Any) -> Path:
    """The reference with another manifest, beside weights of its own."""
    path = folder / "manifests" / "own.toml"
    write_manifest(replace(own.manifest, **changes), path)
    (folder / "weights").mkdir()
    shutil.copy(own.manifest.weights_path, folder / "weights")
    return path


@pytest.mark.parametrize(
    ("embedder", "words"),
    [
        ("phantom_quality", "learn it again"),
        ("EchoView47_classifier", "here are none: learn it again"),
        ("nothing", "no model 'nothing'"),
        ("phantom_view", "phantom_view was trained on phantoms, so its reference is phantom-trained, too"),
    ],
)
def test_another_embedder_than_it_was_learnt_with_is_refused(own: Taught, tmp_path: Path, embedder: str, words: str) -> None:
    path = altered(own, tmp_path, architecture=dict(own.manifest.architecture) | {"embedder": embedder})
    assert words in unfit_for(Role.DISTRIBUTION, find_manifest(str(path)))
    with pytest.raises(ManifestError, match=r"\w"):
        load_model(str(path), pretrained=True)
    with pytest.raises(UnsuitableModel, match="cannot do this"):
        load_for_role(Role.DISTRIBUTION, str(path))


def test_other_settings_of_the_same_weights_are_refused(own: Taught, tmp_path: Path) -> None:
    """Bug prevented: the same file imported again with another mean, and every distance means something else."""
    resized = tmp_path / "manifests" / "encoder.toml"
    write_manifest(replace(find_manifest("encoder"), input_size_px=64), resized)
    path = altered(own, tmp_path, architecture=dict(own.manifest.architecture) | {"embedder": str(resized)})
    shutil.copy(find_manifest("encoder").weights_path, tmp_path / "weights")
    with pytest.raises(WeightsError, match="other settings of encoder"):
        load_model(str(path), pretrained=True)


def test_altered_weights_and_a_missing_limit_are_refused(own: Taught, tmp_path: Path) -> None:
    path = altered(own, tmp_path, thresholds={})
    assert "states no limit out_of_distribution" in unfit_for(Role.DISTRIBUTION, find_manifest(str(path)))
    with (tmp_path / "weights" / own.manifest.weights_file).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(WeightsError, match="is not what its manifest describes"):
        load_model(str(path), pretrained=True)


def test_what_the_node_would_not_measure_is_not_learnt() -> None:
    model = load_model("phantom_view", pretrained=True)

    def why(clip: Clip, view_model: LoadedModel | None = None) -> str:
        with pytest.raises(ExcludedClip) as error:
            seen_clip(model, clip, patient="1", study="1", view_model=view_model)
        return str(error.value)

    assert why(replace(heart(1), regions=())) == "no ultrasound region in the object"
    assert why(replace(heart(1), known_exclusions=("stress_stage",))) == "not to be measured by the header: stress_stage"
    assert why(replace(heart(1), known_exclusions=("colour_doppler",))) == "not to be measured by the header: colour_doppler"
    coloured = seen_clip(model, replace(spectrum(1), known_exclusions=("colour_doppler",)), patient="1", study="1")
    assert coloured.label == "cw"
    view_model = load_for_role(Role.VIEW, "phantom_view")
    noise = in_place_of_the_heart(np.random.default_rng(0).integers(0, 256, (2, ROWS, COLUMNS)).astype(np.uint8))
    assert why(noise, view_model) == "no view that phantom_view is sure of"


class Blind(nn.Module):
    """Sees the same in every image, but for noise of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = find_manifest("phantom_view")
        self.random = torch.Generator().manual_seed(0)
        self.unit = nn.Parameter(torch.ones(1))

    def embed(self, frames: Tensor) -> Tensor:
        return self.unit * torch.randn(len(frames), 4, generator=self.random)


def test_a_network_that_cannot_tell_noise_from_hearts_makes_no_reference() -> None:
    model = as_model(Blind())
    seen = [seen_clip(model, heart(n % 3), patient=str(n), study=str(n)) for n in range(20)]
    draft = draft_of("x", model.manifest, named="x", version="1", licence="", of_phantoms=True, view_model=None)
    with pytest.raises(IndistinctImages, match="cannot be told from"):
        reference_of(Images(seen, Counter(), of_phantoms=True), model, draft, 0.9)
    with pytest.raises(TooFewImages, match="images of 8 patients"):
        reference_of(Images(seen[:8], Counter(), of_phantoms=True), model, draft, 0.9)


class ClipEncoder(nn.Module):
    """Of whole clips: how many frames and how bright."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = replace(find_manifest("EchoPrime_video_encoder"), weights_sha256="c" * 64)

    def embed_clip(self, clip: Clip) -> NDArray[np.float32]:
        return np.array([clip.rows / 100, clip.frames.mean() / 50], np.float32)


def test_an_encoder_of_clips_compares_clips(own: Taught) -> None:
    model = as_model(ClipEncoder())
    seen = [seen_clip(model, heart(n), patient=str(n), study=str(n)) for n in PATIENTS]
    assert seen[0].features.shape == (1, 2)
    draft = draft_of("x", model.manifest, named="x", version="1", licence="", of_phantoms=False, view_model=None)
    manifest, learnt = reference_of(Images(seen, Counter(), of_phantoms=False), model, draft, 0.9)
    learnt_classes = load_model(str(own.path)).network.learnt.__class__(1, 2)
    learnt_classes.class_means.copy_(torch.from_numpy(learnt.reference.class_means))
    learnt_classes.precision.copy_(torch.from_numpy(learnt.reference.precision))
    reference = ImageDistribution(manifest, model, learnt_classes).eval()
    predictor = taking(
        model_set(FixedReader(LENGTH)),
        Role.DISTRIBUTION,
        prepare_for_role(Role.DISTRIBUTION, as_model(reference), engine="auto"),
    )
    found, dark = (predictor.analyse(clip) for clip in (heart(NEW), in_place_of_the_heart(heart(NEW).frames[..., 0] // 8)))
    assert found.distribution is not None
    assert dark.distribution is not None
    assert found.distribution.distance == pytest.approx(
        learnt.reference.distance(seen_clip(model, heart(NEW), patient="", study=""))
    )
    assert dark.distribution.distance > found.distribution.distance
