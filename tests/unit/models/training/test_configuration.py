"""What a user writes: shipped names, own files, changes by key; each fault is said with its key and what was meant."""

from pathlib import Path

import pytest

from models.errors import TrainingConfigError
from models.training import configuration
from models.training.configuration import command_of, read_configuration, shipped_configurations
from models.training.starting_model import start_of
from models.training.tasks import TASKS


@pytest.mark.parametrize("name", shipped_configurations())
def test_every_shipped_configuration_can_be_read_and_names_a_model_that_can_learn_it(name: str) -> None:
    settings, resolved = read_configuration(name)
    assert settings.run.folder == f"runs/{settings.model.name}"
    start_of(settings.model, settings.task["name"])
    assert resolved["run"]["folder"] == settings.run.folder


def test_every_task_has_a_group_with_all_its_settings() -> None:
    """Bug prevented: a setting that cannot be changed by its key, since no file of the group names it."""
    for name, task in TASKS.items():
        _, resolved = read_configuration("tte47", [f"task={name}", "~run.epochs", "+run.epochs=1"])
        assert resolved["task"].keys() == task.settings_type.model_fields.keys(), name


def test_changes_are_applied_and_stand_in_the_command() -> None:
    changes = ["optimiser=sgd", "run.steps=7", "data.phantom.test_seeds=[5,9]", "task.labels=[a, b]"]
    settings, _ = read_configuration("phantom_view", changes)
    assert (settings.optimiser.name, settings.run.steps, settings.data.phantom.test_seeds) == ("sgd", 7, (5, 9))
    assert command_of("phantom_view", changes).endswith("run.steps=7 'data.phantom.test_seeds=[5,9]' 'task.labels=[a, b]'")


def test_an_own_file_takes_its_groups_from_ours_and_from_beside_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/site.yaml").write_text("layout: dicom\npath: /site\n", encoding="utf-8")
    own = "defaults: [task: segmentation, data: site, model: fresh, optimiser: adamw, run: usual, _self_]\n"
    own += "model: {start: phantom_lv, name: mine}\nrun: {steps: 3}\n"
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    settings, _ = read_configuration(str(tmp_path / "own.yaml"), ["run.seed=9"])
    assert (settings.data.path, settings.model.weights, settings.run.seed) == ("/site", "none", 9)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("run.steps", "is not of the form key=value"),
        ("seed=3", r"unknown key seed, did you mean run\.seed\?"),
        ("optimiser.learning_rat=7", r"unknown key optimiser\.learning_rat, did you mean optimiser\.learning_rate\?"),
        ("data.augmentation.nose=1", r"did you mean data\.augmentation\.noise\?"),
        ("optimiser.momentum=0.5", r"optimiser\.momentum is not set in this configuration: write \+optimiser\.momentum="),
        ("+run.sped=2", r"unknown run\.sped, did you mean seed\?"),
        ("run.steps=many", r"run\.steps should be a valid integer"),
        ("run.steps=[1,", "no viable alternative"),
        ("task=mood", "Could not find 'task/mood'; Available options in 'task':; classification; keypoints"),
        ("data.fractions=[1,1,1]", r"data\.fractions: the shares of train, val and test"),
        ("data.phantom.train_seeds=[9,3]", r"data\.phantom\.train_seeds: a seed range is \[first, one past the last\]"),
        ("optimiser.learning_rate=nan", r"optimiser\.learning_rate should be a finite number"),
        ("data.augmentation.flip=often", r"data\.augmentation\.flip should be a valid number"),
        ("run.device=tpu", r"run\.device should be 'auto', 'cpu' or 'cuda'"),
    ],
)
def test_what_cannot_be_is_said_with_its_key(override: str, message: str) -> None:
    with pytest.raises(TrainingConfigError, match=message):
        read_configuration("phantom_view", [override])


def test_a_configuration_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(TrainingConfigError, match=r"no configuration 'phantom_vew': did you mean phantom_view"):
        read_configuration("phantom_vew")
    with pytest.raises(TrainingConfigError, match=r"no configuration .*none\.yaml"):
        read_configuration(str(tmp_path / "none.yaml"))


def test_what_an_own_file_leaves_open_is_said(tmp_path: Path) -> None:
    own = "defaults: [task: segmentation, data: folder, model: fresh, optimiser: adamw, run: usual, _self_]\n"
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    with pytest.raises(TrainingConfigError, match=r"own: model\.name is missing; model\.start is missing"):
        read_configuration(str(tmp_path / "own.yaml"))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"",
        b"a: [",
        b"5",
        b"defaults: 5",
        b"a: &x [*x]",
        b"{[]: 1}",
        b"\x00",
        b"task: ${nope}",
        b"a: !!python/object:os.x 1",
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    """Bug prevented: a traceback of the YAML reader's."""
    (tmp_path / "own.yaml").write_bytes(content)
    with pytest.raises(TrainingConfigError, match="own"):
        read_configuration(str(tmp_path / "own.yaml"))


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration.importlib.util, "find_spec", lambda name: None if name == "mlflow" else object())
    with pytest.raises(TrainingConfigError, match=r"pip install 'echonode\[train\]' \(mlflow is not installed\)"):
        read_configuration("phantom_view")
