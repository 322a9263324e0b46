"""A small synthetic study, rendered once: two views, one short beat, little frames."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from models.catalogue import View
from node.objects.phantom_writer import ClipRequest, write_study


@dataclass(frozen=True)
class SmallStudy:
    study_instance_uid: str
    paths: tuple[Path, ...]


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    clips = [ClipRequest(view=view, quality=3, rows=240, columns=320, polar=(192, 112)) for view in (View.A4C, View.A2C)]
    written = write_study(tmp_path_factory.mktemp("small"), seed=11, clips=clips, processes=1)
    return SmallStudy(written.study_instance_uid, tuple(written.paths))
