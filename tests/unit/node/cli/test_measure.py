"""`echonode measure`: what goes with which model."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from node.cli import app, measure
from node.errors import ConfigError
from node.objects.video_file import write_video
from tests.loaded import as_model
from tests.unit.models.families.drawn_maps import caliper_logits, drawn_reader


def test_the_kernel_is_of_published_phases_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "a.avi", [np.full((480, 640, 3), 90, np.uint8)] * 2, 25.0)
    line = caliper_logits([((320.0, 100.0), (320.0, 200.0))] * 2)
    for name, decoding, accepted in (
        ("lvid", "published", True), ("lvid", "corrected", False), ("ivs", "published", False)
    ):  # fmt: skip
        reader = drawn_reader(name, line)
        monkeypatch.setattr(measure, "open_reader", lambda *_, reader=reader: (as_model(reader), ("torch",)))
        arguments = ["measure", str(tmp_path / "a.avi"), "--model", name, "--decoding", decoding, "--kernel"]
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, ConfigError) is not accepted
        assert ("1-2-3-2-1" in result.stdout) is accepted
        assert reader.kernel is accepted
