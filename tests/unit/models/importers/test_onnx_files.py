"""A model as ONNX computes what it computes here, for any number of frames."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from models.errors import BackendError
from models.importers import onnx_files
from models.importers.exports import Format, export_model
from models.library.registry import find_manifest, load_model

pytestmark = pytest.mark.slow  # the exporter traces the network


@pytest.mark.parametrize("name", ["phantom_view", pytest.param("phantom_lv", marks=pytest.mark.further)])
def test_another_runtime_computes_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    manifest = find_manifest(name)
    export_model(manifest, path, Format.ONNX)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    model = load_model(name, pretrained=True)
    for frames in (1, 3):
        images = np.random.default_rng(frames).integers(0, 256, (frames, 90, 120), dtype=np.uint8)
        batch = model.preprocess(images)
        (found,) = session.run(None, {onnx_files.INPUT: batch.numpy()})
        with torch.inference_mode():
            expected = model(batch)
        torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-4, atol=1e-4)
    said = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert (said["model"], said["licence"]) == (name, manifest.licence)
    assert "trained_on_phantoms = true" in said["echonode_manifest"]


def test_without_its_libraries_it_is_said_before_a_network_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_files, "_NEEDED", ("onnx", "no_such_library"))
    with pytest.raises(BackendError, match=r"no_such_library cannot be imported: pip install 'echonode\[onnx\]'"):
        export_model(find_manifest("phantom_view"), tmp_path / "model.onnx", Format.ONNX)
    assert not list(tmp_path.iterdir())
