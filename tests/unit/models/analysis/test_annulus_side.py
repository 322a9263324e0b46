"""The node's outlines: the annulus away from the probe, and no frame whose axis turns against the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import models.analysis.outlines as ventricle
from models.clip import Clip
from models.inputs.clip_input import on_map
from models.library.registry import find_manifest
from tests.foreign_ventricles import foreign_ventricle, sector_mask
from tests.unit.models.families.drawn_maps import SECTOR

FRAMES = 9


@dataclass
class Placed:
    """A map of the size of the image, a part of it further on."""

    scale: float = 1.0
    offset: float = 0.0

    def batch(self, indices: Sequence[int]) -> torch.Tensor:
        return torch.tensor(indices).float()[:, None, None, None]

    def to_image(self, points_px: np.ndarray) -> np.ndarray:
        return self.scale * points_px + self.offset


class Drawn:
    """A part whose network draws the same ventricle on every frame, on `turned` ones upside down."""

    manifest = find_manifest("phantom_lv")
    use = None

    def __init__(self, probability: np.ndarray, turned: Sequence[int]) -> None:
        self._logits, self._turned = torch.logit(torch.from_numpy(probability).clamp(1e-4, 1 - 1e-4)), turned

    def run(self, batch: torch.Tensor) -> list[torch.Tensor]:
        maps = [self._logits.rot90(1) if int(index) in self._turned else self._logits for index in batch.flatten()]
        return [torch.stack(maps)[:, None]]


def outlined(monkeypatch: pytest.MonkeyPatch, *, mirrored: bool = False, turned: Sequence[int] = ()) -> Any:
    mask, _ = sector_mask(160, 75, mirrored=mirrored)
    heart = foreign_ventricle(3, turn_deg=180.0 if mirrored else 0.0)
    pixels = np.repeat(np.repeat(mask[None, ..., None], FRAMES, 0), 3, 3).astype(np.uint8) * 90
    clip = Clip("1.2", pixels, np.arange(FRAMES) * 40.0)  # type: ignore[arg-type]
    monkeypatch.setattr(ventricle, "placed_frames", lambda *_: Placed())
    part: Any = Drawn(heart.probability, turned)
    outlines = ventricle._Outlines(clip, part, (SECTOR.cm_per_px[0], SECTOR.cm_per_px[1]))
    outlines.seek(range(FRAMES))
    return heart, outlines


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_annulus_lies_away_from_the_probe_that_the_sector_shows(monkeypatch: pytest.MonkeyPatch, mirrored: bool) -> None:
    heart, outlines = outlined(monkeypatch, mirrored=mirrored)
    for contour in outlines.contours.values():
        middle = (np.array(contour.points_px[0]) + contour.points_px[-1]) / 2
        assert np.linalg.norm(middle - heart.base) < 8
        assert np.linalg.norm(middle - heart.base) < np.linalg.norm(middle - heart.apex)


def test_a_frame_whose_axis_turns_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _, outlines = outlined(monkeypatch, turned=[4])
    assert sorted(outlines.contours) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert [area is None for area in outlines.areas_cm2] == [index == 4 for index in range(FRAMES)]


def test_a_point_of_the_image_is_found_on_the_map() -> None:
    np.testing.assert_allclose(on_map(Placed(2.5, 30.0), np.array([55.0, -20.0])), [10.0, -20.0])
