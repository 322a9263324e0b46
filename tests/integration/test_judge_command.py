"""`echonode models judge`: from folders of DICOM objects to the node that refuses what is unlike them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from typer.testing import CliRunner, Result

from models.catalogue import View
from models.errors import ManifestError, NoEmbedding, WeightsError
from models.library.registry import find_manifest
from models.phantom.anatomy import sample_heart
from models.phantom.negatives import render_negative
from models.phantom.truth import PhantomClip, render_clip
from models.results import ClipFindings, Reason
from node.checks import run_checks
from node.cli import app
from node.errors import ConfigError, EchoNodeError
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.settings import ModelSettings, NodeSettings, Settings
from node.work.clip_analysis import analyse_clip
from node.work.model_check import require_models
from tests.rows import NOW

pytestmark = pytest.mark.slow

EMBEDDER, NAME = "phantom_view", "our_images"
PATIENTS, NEW = range(1, 17), range(500, 506)
ROWS, COLUMNS = 150, 200


def heart(seed: int) -> PhantomClip:
    size = {"rows": ROWS, "columns": COLUMNS, "polar": (128, 64)}
    return render_clip(sample_heart(seed), View.A4C, seed=seed, quality=3, frames=3, frame_rate_hz=4, **size)  # type: ignore[arg-type]


def written(clip: PhantomClip, path: Path, patient: str, study: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    of_patient, of_study = PhantomPatient("Doe^Jane", patient), PhantomStudy(study, f"{study}.1", NOW)
    write_clip(clip, path, patient=of_patient, study=of_study, instance_number=1, transfer_syntax_uid=ExplicitVRLittleEndian)
    return path


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each study, as archives export them; a note and a copy of an object among them."""
    folder = tmp_path_factory.mktemp("images")
    for number in PATIENTS:
        path = written(heart(number), folder / f"MRN-{number:04d}" / "clip.dcm", f"MRN-{number:04d}", f"1.2.3.{number}")
    shutil.copy(path, folder / "copy.dcm")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def run(*arguments: object, embedder: str = EMBEDDER, name: str = NAME, quantile: float = 0.9) -> Result:
    asked = ("models", "judge", embedder, *arguments, "--name", name, "--quantile", quantile)
    return CliRunner().invoke(app, [str(argument) for argument in asked])


def learnt(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def refused(*arguments: object, **options: Any) -> BaseException:
    error = run(*arguments, **options).exception
    assert error is not None
    return error


def settings(manifest: str, folder: Path) -> Settings:
    models = ModelSettings(distribution=manifest, engine="torch")
    return Settings(node=NodeSettings(data_dir=folder, min_free_disk_mb=0), models=models)


def analysed(path: Path, manifest: str, folder: Path) -> ClipFindings:
    plan = settings(manifest, folder).model_set
    require_models(plan)
    return analyse_clip("1.2", path, plan)


def test_from_folders_to_the_node(images: Path, tmp_path: Path) -> None:
    said = learnt(images, "--licence", "of the hospital")
    assert (said["classes"], said["clips"], said["studies"], said["rows_of_features"]) == (["b_mode"], 16, 16, 48)
    assert said["left_out"] == {"the same object again": 1, "no readable DICOM image": 1}
    assert said["trained_on_phantoms"]
    manifest = find_manifest(NAME)
    assert (manifest.version, manifest.licence) == ("1", "of the hospital")
    assert manifest.command == f"echonode models judge {EMBEDDER} IMAGES --name {NAME} --quantile 0.9 --hold-out patient"
    assert manifest.architecture["embedder_sha256"] == said["embedder_sha256"] == find_manifest(EMBEDDER).weights_sha256

    checks = {check.name: check for check in run_checks(settings(said["manifest"], tmp_path))}
    assert checks[f"model {said['manifest']}"].ok
    new = [written(heart(seed), tmp_path / f"{seed}.dcm", "NEW", "1.2.9") for seed in NEW]
    found = [analysed(path, said["manifest"], tmp_path) for path in new]
    inside = [one for one in found if one.gates == ()]
    assert len(inside) > len(new) / 2, "so few patients set a rough limit"
    assert {one.distribution.threshold for one in inside if one.distribution} == {said["limit"]}
    assert said["weights_sha256"] in [use.weights_sha256 for use in inside[0].models if use.name == NAME]
    for kind in ("vessel", "noise"):
        strange = replace(heart(NEW[0]), frames=render_negative(kind, 3, ROWS, COLUMNS, 3))
        outside = analysed(written(strange, tmp_path / f"{kind}.dcm", "NEW", "1.2.9"), said["manifest"], tmp_path)
        assert Reason.OUT_OF_DISTRIBUTION in outside.gates, kind


def test_nothing_of_a_patient_is_kept_or_said(images: Path, home: Path) -> None:
    result = run(images)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file()) + result.output.encode()
    assert b"16 clips of 16 studies" in kept
    for word in (b"MRN", b"Doe", b"1.2.3.", str(images).encode()):
        assert word not in kept
    too_few = str(refused(images / "MRN-0001"))
    assert "images of 1 patients or studies" in too_few
    assert "MRN" not in too_few


def test_a_second_one_is_a_new_version(images: Path) -> None:
    first, second = learnt(images), learnt(images)
    assert (first["version"], second["version"]) == ("1", "2")
    assert first["limit"] == second["limit"], "the same images, the same reference"
    listed = CliRunner().invoke(app, ["models", "list", "--json"])
    assert {row["name"]: row["weights"] for row in json.loads(listed.stdout)}[NAME] == "phantom-trained"
    assert CliRunner().invoke(app, ["models", "verify", NAME]).exit_code == 0


def test_a_patient_of_several_studies_is_held_out_whole(images: Path, tmp_path: Path) -> None:
    """Bug prevented: two studies of one patient on both sides of the split."""
    shutil.copytree(images, tmp_path / "two")
    for path in sorted((tmp_path / "two").rglob("clip.dcm"))[5:]:
        dataset = dcmread(path)
        dataset.PatientID = "MRN-0001"
        dataset.save_as(path)
    (tmp_path / "two" / "copy.dcm").unlink()
    assert "images of 5 patients or studies: a limit at the quantile 0.9 of those held out needs 9" in str(
        refused(tmp_path / "two")
    )
    assert learnt(tmp_path / "two", "--hold-out", "study")["patients_or_studies"] == 16


def test_patients_and_phantoms_are_not_learnt_together(images: Path, tmp_path: Path) -> None:
    dataset = dcmread(images / "MRN-0001" / "clip.dcm")
    dataset.QualityControlSubject, dataset.SOPInstanceUID = "NO", "1.2.77"
    dataset.save_as(tmp_path / "patient.dcm")
    assert "16 images of phantoms among 1 of patients" in str(refused(images, tmp_path / "patient.dcm"))


def test_images_without_a_scale_count_for_nothing(images: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(images.rglob("clip.dcm"))):
        dataset = dcmread(path)
        del dataset.SequenceOfUltrasoundRegions
        dataset.save_as(tmp_path / f"{number}.dcm")
    said = str(refused(tmp_path))
    assert "images of 0 patients" in said
    assert "16 left out: no ultrasound region in the object" in said


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"embedder": "phantom_lv"}, NoEmbedding, "phantom_lv gives no features"),
        ({"embedder": "EchoView47_classifier"}, WeightsError, "models import EchoView47_classifier FILE"),
        ({"embedder": "nothing"}, ManifestError, "no model 'nothing'"),
        ({"name": "phantom_view"}, ConfigError, "there is a model of this name"),
        ({"name": "lvid"}, ConfigError, "there is a model of this name"),
        ({"name": "../x"}, ConfigError, "letters, digits"),
        ({"quantile": 1}, ConfigError, "from 0.5 to below 1"),
        (
            {"quantile": 0.95},
            EchoNodeError,
            "images of 16 patients or studies: a limit at the quantile 0.95 of those held",
        ),
    ],
)
def test_misuse_and_refusals(images: Path, home: Path, options: dict[str, Any], error: type, words: str) -> None:
    found = refused(images, **options)
    assert type(found) is error
    assert words in str(found)
    assert not list(home.rglob("*.safetensors"))


def test_an_unknown_way_to_hold_out(images: Path) -> None:
    assert "--hold-out frame: patient or study" in str(refused(images, "--hold-out", "frame"))


def test_a_reference_stops_the_node_when_its_embedder_is_gone(images: Path, tmp_path: Path, home: Path) -> None:
    """Bug prevented: an embedder imported again, and distances that mean nothing."""
    shutil.copytree(Path("models/manifests"), home / "manifests")
    shutil.copytree(Path("models/weights"), home / "weights")
    own = home / "manifests" / "phantom_view.toml"
    own.write_text(own.read_text().replace('name = "phantom_view"', 'name = "encoder"'))
    result = run(images, "--json", embedder="encoder")
    manifest = json.loads(result.stdout)["manifest"]
    require_models(settings(manifest, tmp_path).model_set)
    weights = home / "weights" / "phantom_view.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ConfigError, match="the weights of encoder are not those its manifest names"):
        require_models(settings(manifest, tmp_path).model_set)
    own.unlink()
    with pytest.raises(ConfigError, match=r"models\.distribution: .*cannot be used: no model 'encoder'"):
        require_models(settings(manifest, tmp_path).model_set)
    checks = {check.name: check for check in run_checks(settings(manifest, tmp_path))}
    assert "no model 'encoder'" in checks[f"model {manifest}"].message
    assert np.isfinite(json.loads(result.stdout)["limit"])
