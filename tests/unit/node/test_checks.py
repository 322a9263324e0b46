"""`echonode check`: what is wrong is a line of its table, whatever it is."""

from pathlib import Path

import pytest

from node.checks import run_checks
from node.db.session import open_database
from node.db.tables import DeliveryState
from node.settings import Destination, ModelSettings, NodeSettings, Settings
from tests.rows import add_deliveries, add_study


def test_each_part_of_the_model_set_is_checked(tmp_path: Path) -> None:
    models = ModelSettings(quality="", lv_segmentation="phantom_view", measurements=("lvid", "EchoView47_classifier"))
    settings = Settings(node=NodeSettings(data_dir=tmp_path, min_free_disk_mb=0), models=models)
    results = [(result.name, result.ok, result.message) for result in run_checks(settings) if result.name.startswith("model ")]
    assert [(name, ok) for name, ok, _ in results] == [
        ("model phantom_view", True),
        ("model phantom_view", False),
        ("model lvid", False),
        ("model EchoView47_classifier", False),
    ]
    messages = [message for _, _, message in results]
    assert "weights match their hash" in messages[0]
    assert "models.lv_segmentation: it is of the family phantom_classifier" in messages[1]
    assert "echonode models import" in messages[2]
    assert "it fits [models] view" in messages[3]


@pytest.mark.parametrize("missing", ["", "PDF needs WeasyPrint: pip install 'echonode[pdf]'"])
def test_pages_as_pdf_are_checked_where_a_destination_takes_them(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.checks.why_no_pdf", lambda: missing)
    node = NodeSettings(data_dir=tmp_path, min_free_disk_mb=0)
    folder = Destination(name="share", kind="folder", path=str(tmp_path), documents=("pdf",))
    (result,) = [one for one in run_checks(Settings(node=node, destination=(folder,))) if one.name == "pages as PDF"]
    assert (result.ok, result.message) == (not missing, missing or "can be made")
    assert not [one for one in run_checks(Settings(node=node)) if one.name == "pages as PDF"]


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "data"
    found = {result.name: result for result in run_checks(Settings(node=NodeSettings(data_dir=folder)))}
    assert not found["database"].ok
    assert (found["disk"].ok, found["disk"].message) == (False, f"node.data_dir {folder}: Not a directory")


def test_deliveries_that_wait_for_a_destination_of_before_are_said(tmp_path: Path) -> None:
    settings = Settings(node=NodeSettings(data_dir=tmp_path))
    with open_database(settings) as database, database.session() as session:
        add_deliveries(session, add_study(session).id, DeliveryState.PENDING, DeliveryState.REFUSED)
    found = {result.name: result for result in run_checks(settings)}
    assert not found["database"].ok
    assert "deliveries wait for 'pacs-0', which is no [[destination]]" in found["database"].message
