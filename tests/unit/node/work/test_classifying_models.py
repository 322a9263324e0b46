"""EchoPDNet, EchoSDNet and a distribution reference in the node's own path: imported weights, from the file to the findings.

Their last layers are made to give what is wanted whatever is seen; all else is as it is when real weights run.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydicom.uid import JPEGBaseline8Bit
from safetensors.torch import save_file

from models.catalogue import View
from models.derive.study.quantities import derive_study
from models.library.manifest import write_manifest
from models.library.model_set import ModelSet
from models.library.registry import find_manifest, load_model
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from models.results import ClipFindings, Reason
from node.egress.building import build_templates, read_evidence
from node.objects.findings_json import dump_findings, load_findings
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.settings import ModelSettings, Settings
from node.work.clip_analysis import analyse_clip
from node.work.model_check import require_models
from tests.factories import identity
from tests.rows import NOW

pytestmark = pytest.mark.slow

PHASE, SCREEN = "EchoPDNet", "EchoSDNet"
FRAMES = 30  # the window of EchoPDNet
ED, ES = 16, 23  # of the second beat: 16 frames apart, 50 ms each


def stored(folder: Path, name: str, network: torch.nn.Module, labels: tuple[str, ...] = (), side: int = 0) -> str:
    """As an import leaves it; `side` makes the input smaller, which a network without a flattened map allows."""
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    file = folder / "weights" / f"{name}.safetensors"
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, file)
    manifest = find_manifest(name)
    shape = (*manifest.input_shape[:-2], side, side) if side else manifest.input_shape
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest = replace(
        manifest,
        trained=True,
        weights_file=file.name,
        weights_sha256=sha256,
        labels=labels or manifest.labels,
        input_shape=shape,
    )
    write_manifest(manifest, folder / "manifests" / f"{name}.toml")
    return sha256


def last_layer(network: torch.nn.Module, outputs: Sequence[float]) -> None:
    linear = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
    torch.nn.init.zeros_(linear.weight)
    linear.bias.data = torch.tensor(outputs, dtype=torch.float32)


def phase_scores() -> list[float]:
    known = [0, ED, ES, FRAMES - 1]
    scores: list[float] = np.interp(range(FRAMES), known, [0.0, 1.0, -1.0, 0.0]).tolist()
    return scores


def store_screen(folder: Path, outputs: Sequence[float]) -> None:
    screen = load_model(SCREEN).network
    last_layer(screen, outputs)
    stored(folder, SCREEN, screen, ("Single", "Dual"), side=64)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One that sees single images in `single`, one that sees split screens in `dual`."""
    folder = tmp_path_factory.mktemp("models")
    phase = load_model(PHASE).network
    last_layer(phase, phase_scores())
    stored(folder / "single", PHASE, phase, side=32)
    store_screen(folder / "single", [5.0, -5.0])
    store_screen(folder / "dual", [0.0, 3.0])
    yield folder
    shutil.rmtree(folder)  # 0.4 GB that pytest would keep


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    heart = replace(sample_heart(3), heart_rate_bpm=75.0)
    truth = render_clip(
        heart, View.A4C, seed=3, quality=3, frames=FRAMES, frame_rate_hz=20, rows=200, columns=260, polar=(192, 96)
    )
    path = tmp_path_factory.mktemp("clips") / "clip.dcm"
    uid = write_clip(
        truth, path, patient=PhantomPatient("PHANTOM-3"), study=PhantomStudy("1.2", "1.2.3", NOW), instance_number=1,
        transfer_syntax_uid=JPEGBaseline8Bit,
    )  # fmt: skip
    return uid, path


def the_plan(**models: str) -> ModelSet:
    return Settings(models=ModelSettings(engine="torch", **models)).model_set  # type: ignore[arg-type]


def found_by(plan: ModelSet, clip: tuple[str, Path]) -> ClipFindings:
    require_models(plan)
    return analyse_clip(*clip, plan.but(research_override=True))


def test_all_parts_take_part_and_are_named_with_their_weights(
    models: Path, clip: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHONODE_MODELS", str(models / "single"))
    found = found_by(the_plan(distribution="phantom_view", phase=PHASE, split_screen=SCREEN), clip)
    assert (found.gates, found.notes) == ((), ())
    weights = {use.name: use.weights_sha256 for use in found.models}
    assert weights == {name: find_manifest(name).weights_sha256 for name in weights}
    assert weights.keys() == {"phantom_view", "phantom_quality", SCREEN, PHASE, "phantom_lv"}
    assert {contour.frame_index for contour in found.contours} == {*range(ED - 3, ED + 4), *range(ES - 3, ES + 4)}
    (beat,) = found.beats
    assert abs(beat.ed_frame_index - ED) <= 2
    assert abs(beat.es_frame_index - ES) <= 2


def test_the_study_its_file_and_its_documents_do_with_few_outlines(
    models: Path, clip: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHONODE_MODELS", str(models / "single"))
    few, every = (found_by(the_plan(phase=phase), clip) for phase in (PHASE, ""))
    assert len(every.contours) == FRAMES > len(few.contours)
    study, whole = (derive_study("1.2", [found], research_override=True) for found in (few, every))
    ef, ef_whole = (next(m.value for m in one.measurements if m.key == "ef_a4c") for one in (study, whole))
    assert ef == pytest.approx(ef_whole, abs=3), "one beat of the two"
    assert load_findings(dump_findings(study)) == study
    documents = {
        document.template: document.dataset for document in build_templates(study, read_evidence([clip[1]]), identity())
    }
    assert int(documents["seg"].NumberOfFrames) == len(few.contours)
    assert documents.keys() >= {"tid1500", "seg"}


def test_a_split_screen_gives_no_number(models: Path, clip: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHONODE_MODELS", str(models / "dual"))
    found = found_by(the_plan(split_screen=SCREEN), clip)
    assert (found.gates, found.contours) == ((Reason.SPLIT_SCREEN,), ())
    assert found.flags[0].message == "Nothing can be measured: two images on one screen (probability 0.95 by EchoSDNet)."
    study = derive_study("1.2", [found], research_override=True)
    assert study.measurements == ()
    assert all(Reason.SPLIT_SCREEN in missing.reasons for missing in study.not_measured if missing.key.endswith("a4c"))
    documents = {
        document.template: document.dataset for document in build_templates(study, read_evidence([clip[1]]), identity())
    }
    assert "seg" not in documents
    assert "two images on one screen" in documents["kos"].to_json()
