"""A configuration is checked as a whole, and every complaint names file and key."""

from pathlib import Path

import pytest

from node.errors import ConfigError
from node.settings import Settings, load_settings

RULE = '[[ae_rule]]\nname = "a"\naddress = "127.0.0.0/8"\n'
DESTINATION = '[[destination]]\nname = "pacs"\nae_title = "PACS"\nhost = "h"\nport = 104\n'


def _written(folder: Path, text: str) -> Path:
    path = folder / "echonode.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[node]\nae_titel = 'X'", "node.ae_titel"),
        ("[node]\nae_title = 'SEVENTEEN_LETTERS'", "node.ae_title"),
        ("[node]\nae_title = 'BACK\\SLASH'", "node.ae_title"),
        ("[node]\nport = 70000", "node.port"),
        ("[study]\nquiet_pacs_s = 0", "study.quiet_pacs_s"),
        ('[[ae_rule]]\nname = "a"\naddress = "somewhere"', "ae_rule.0.address"),
        (DESTINATION.replace("port", 'documents = ["pdf"]\nport'), "destination.0.documents"),
        (DESTINATION + DESTINATION, "same name"),
        (DESTINATION + '[[route]]\nname = "r"\ndestinations = ["nowhere"]', "'nowhere'"),
        ("not toml at all", "echonode.toml"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"echonode\.toml") as caught:
        load_settings(_written(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="echonode init"):
        load_settings(tmp_path / "absent.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(_written(tmp_path, "[node]\ndata_dir = 'data'"))
    assert settings.archive_dir == tmp_path / "data" / "archive"
    assert settings.database_url == f"sqlite:///{tmp_path}/data/echonode.sqlite"


def test_nobody_may_send_by_default() -> None:
    assert Settings().ae_rule == ()


@pytest.mark.parametrize(
    ("extra", "quiet_s"), [("", 60), ('kind = "modality"', 900), ("quiet_s = 7.5", 7.5), ('kind = "modality"\nquiet_s = 3', 3)]
)
def test_the_quiet_period_is_the_source_s_own_or_its_kind_s(tmp_path: Path, extra: str, quiet_s: float) -> None:
    settings = load_settings(_written(tmp_path, RULE + extra))
    assert settings.quiet_s("a") == quiet_s
