from pathlib import Path

import pytest

from models.errors import TrainingConfigError
from models.training.config import read_config

CONFIGS = sorted((Path(__file__).parents[4] / "config").glob("train_*.toml"))
VIEW = next(path for path in CONFIGS if path.stem == "train_phantom_view")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_can_be_read(path: Path) -> None:
    config = read_config(path)
    assert f"train_{config.model.name}" == path.stem
    assert config.command == f"echonode train {path}"


def test_overrides_change_values_and_stand_in_the_command() -> None:
    config = read_config(VIEW, ["optimiser.iterations=7", "output.folder=else/where", "data.test_seeds=[5, 9]"])
    assert config.optimiser.iterations == 7
    assert config.output.folder == "else/where"
    assert config.data.test_seeds == [5, 9]
    assert config.command.endswith("optimiser.iterations=7 output.folder=else/where data.test_seeds=[5, 9]")


def test_a_whole_number_may_stand_for_a_fraction() -> None:
    assert read_config(VIEW, ["optimiser.learning_rate=1"]).optimiser.learning_rate == 1.0


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("iterations=7", "not of the form"),
        ("optimiser.iterations", "not of the form"),
        ("optimiser.speed=7", r"unknown \[optimiser\] speed"),
        ("optimiser.iteration=7", r"unknown \[optimiser\] iteration, did you mean iterations\?"),
        ("rocket.speed=7", "unknown table rocket"),
        ("optimiser.iterations=many", r"\[optimiser\] iterations should be a valid integer"),
        ("model.task=mood", r"\[model\] task should be 'view', 'quality', 'lv' or"),
        ("data.train_seeds=[1]", "a seed range is"),
        ("data.train_seeds=[9, 3]", "a seed range is"),
        ("data.test_seeds=[100500, 100600]", "overlap"),
        ("data.validation_seeds=[300199, 300300]", "overlap"),
    ],
)
def test_what_cannot_be_used_is_said(override: str, message: str) -> None:
    with pytest.raises(TrainingConfigError, match=message):
        read_config(VIEW, [override])


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingConfigError, match=r"none\.toml"):
        read_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("train_seeds = ", "train_seeds = 5\n# ", r"\[data\] train_seeds should be a valid list"),
        ("train_seeds = ", 'train_seeds = ["a", "b"]\n# ', r"\[data\] train_seeds.0 should be a valid integer"),
        ("iterations = ", "iterations = true\n# ", r"\[optimiser\] iterations should be a valid integer"),
        ("learning_rate = ", "learning_rate = nan\n# ", r"\[optimiser\] learning_rate should be a finite number"),
        ("[optimiser]", "[[optimiser]]", "optimiser should be a table"),
        ("[optimiser]", "[other]", "optimiser is missing; unknown table other"),
    ],
)
def test_values_of_another_type_are_refused_by_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Bug prevented: a traceback out of the comparison of seed ranges, hours after the command was given."""
    text = VIEW.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "train.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TrainingConfigError, match=message):
        read_config(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TrainingConfigError, match=r"train\.toml"):
        read_config(path)
