"""`echonode check` on the model set."""

from pathlib import Path

import pytest

from node.checks import run_checks
from node.settings import Destination, ModelSettings, NodeSettings, Settings


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
