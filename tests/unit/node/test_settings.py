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
        ("[node]\nae_titel = 'X'", "unknown node.ae_titel, did you mean ae_title?"),
        ("[stduy]\nquiet_pacs_s = 9", "unknown table stduy, did you mean study?"),
        ('[[ae_rule]]\nname = "a"\nadress = "127.0.0.0/8"', "ae_rule.0.address is missing; unknown ae_rule.0.adress, did you"),
        ("[node]\nport = 'a'", "node.port should be a valid integer"),
        ("[models]\nmeasurements = [3]", "models.measurements.0 should be a valid string"),
        ("[node]\nae_title = 'SEVENTEEN_LETTERS'", "node.ae_title"),
        ("[node]\nae_title = 'BACK\\SLASH'", "node.ae_title"),
        ("[node]\nport = 70000", "node.port"),
        ("[study]\nquiet_pacs_s = 0", "study.quiet_pacs_s"),
        ('[[ae_rule]]\nname = "a"\naddress = "somewhere"', "ae_rule.0.address"),
        ("[node]\nhost = ''", "node.host: '' is no host name and no address"),
        (DESTINATION.replace("pacs", ""), "destination.0.name"),
        (DESTINATION + "documents = []", "destination.0.documents"),
        (DESTINATION + DESTINATION, "destination: two of them are named 'pacs'"),
        (RULE + RULE, "ae_rule: two of them are named 'a'"),
        ('[[route]]\nname = "r"\n[[route]]\nname = "r"', "route: two of them are named 'r'"),
        (DESTINATION + '[[route]]\nname = "r"\ndestinations = ["nowhere"]', "'nowhere'; there are pacs"),
        ('[[route]]\nname = "r"\ndestinations = ["nowhere"]', "'nowhere'; there is none at all"),
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


def _open_rule(host: str, calling_aet: str, address: str) -> str:
    return f'[node]\nhost = "{host}"\n[[ae_rule]]\nname = "all"\ncalling_aet = "{calling_aet}"\naddress = "{address}"\n'


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "echo.example"])
@pytest.mark.parametrize("calling_aet", ["*", "**", "?*", ""])
@pytest.mark.parametrize("address", ["0.0.0.0/0", "::/0"])
def test_nobody_is_open_to_the_network_by_accident(tmp_path: Path, host: str, calling_aet: str, address: str) -> None:
    with pytest.raises(ConfigError, match="admits every AE title from every address"):
        load_settings(_written(tmp_path, _open_rule(host, calling_aet, address)))


@pytest.mark.parametrize(
    ("host", "calling_aet", "address"),
    [
        ("127.0.0.1", "*", "0.0.0.0/0"),
        ("::1", "*", "::/0"),
        ("localhost", "*", "0.0.0.0/0"),
        ("0.0.0.0", "VIVID*", "0.0.0.0/0"),
        ("0.0.0.0", "*", "192.0.2.0/24"),
    ],
)
def test_a_rule_that_names_somebody_is_taken(tmp_path: Path, host: str, calling_aet: str, address: str) -> None:
    assert len(load_settings(_written(tmp_path, _open_rule(host, calling_aet, address))).ae_rule) == 1
