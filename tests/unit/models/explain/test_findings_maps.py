"""Heat maps as findings keep them: coarse, of one frame, with a note where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from models.explain.findings_maps import heat_maps
from models.library.model import Model
from models.library.registry import recipe_of
from tests.unit.models.explain.test_grad_cam import ColourDetector, coloured_clip


def _detector() -> Model:
    network = ColourDetector().eval()
    return Model(network, recipe_of(network.manifest), network.manifest)


def test_a_map_is_hot_where_the_network_looked() -> None:
    (found,), notes = heat_maps(coloured_clip(3), 1, [_detector()])
    cells = np.frombuffer(bytes.fromhex(found.levels), np.uint8).reshape(found.rows, found.columns)
    row, column = np.unravel_index(cells.argmax(), cells.shape)
    assert ((column + 0.5) * 300 / found.columns, (row + 0.5) * 200 / found.rows) == pytest.approx((75, 50), abs=12)
    assert (found.answer, found.frame_number, notes) == ("red", 2, ())
    assert max(cells.shape) == 48
    assert cells.max() > 150
    assert cells[:, -1].max() == 0


def test_a_network_without_maps_is_a_note_and_stops_no_other() -> None:
    embedding = _detector()
    embedding.network.manifest = replace(embedding.manifest, architecture={"outputs": 0})
    found, notes = heat_maps(coloured_clip(), 0, [embedding, _detector()])
    assert len(found) == 1
    assert len(notes) == 1
    assert notes[0].startswith("no heat map: ")


def test_a_small_image_has_no_more_cells_than_pixels() -> None:
    clip = coloured_clip()
    small = replace(clip, frames=clip.frames[:, 30:70, 60:90])
    (found,), _ = heat_maps(small, 0, [_detector()])
    assert (found.rows, found.columns) == (40, 30)
