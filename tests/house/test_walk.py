"""The way of a study through the rooms goes down: a room calls those that stand below it, and comes back."""

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from pydicom.uid import JPEGBaseline8Bit

from models.analysis import open_model_set
from models.catalogue import View
from models.library.model_set import ModelSet
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from node.db.session import Database
from node.db.tables import Document
from node.objects.phantom_writer import PhantomPatient, PhantomStudy, write_clip
from node.study.archive import Archive
from node.work import clip_analysis
from tests.arrivals import settings
from tests.migrated_database import migrated_database
from tests.rows import NOW
from tests.unit.node.test_garbled_studies import Bench

ROOT = Path(__file__).resolve().parents[2]
MOST_CLIMBS = 3  # of each contract; the seams that are left: a network behind an engine, a transaction, frames decoded late
Climb = tuple[str, str]  # the function that calls, and the one above it that is called


def _heights() -> dict[str, int]:
    """How high each room stands in its contract of import-linter: "models.clip" -> 2. The floors are rooms of "": "models"."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    heights: dict[str, int] = {}
    for contract in contracts:
        if contract["type"] != "layers":
            continue
        for container in contract.get("containers", [""]):
            for height, layer in enumerate(reversed(contract["layers"])):
                heights |= {f"{container}.{room}".lstrip("."): height for room in re.findall(r"\w+", layer)}
    return heights


def _room(frame: FrameType) -> tuple[str, ...]:
    name = str(frame.f_globals.get("__name__", "")).split(".")
    return tuple(name[:2]) if name[0] in ("models", "node", "sr_templates") else ()


def _named(frame: FrameType) -> str:
    return f"{frame.f_globals['__name__']}:{frame.f_code.co_qualname}"


@contextmanager
def climbs_counted() -> Iterator[dict[str, set[Climb]]]:
    """The climbs of what is called within, by contract: "" the floors, "models", "node".

    What lies between two rooms of ours, such as torch, is looked through. A generator that is asked for its next value is data,
    and the body of a module is no call.
    """
    heights, climbs = _heights(), {"": set[Climb](), "models": set[Climb](), "node": set[Climb]()}

    def called(frame: FrameType, event: str, argument: object) -> None:
        above = _room(frame)
        if event != "call" or not above or frame.f_code.co_flags & inspect.CO_GENERATOR or frame.f_code.co_name == "<module>":
            return
        caller = frame.f_back
        while caller is not None and not _room(caller):
            caller = caller.f_back
        if caller is None or (below := _room(caller)) == above:
            return
        same_floor = below[0] == above[0]
        contract, lower, higher = (above[0], ".".join(below), ".".join(above)) if same_floor else ("", below[0], above[0])
        if heights.get(higher, 0) > heights.get(lower, 0):
            climbs[contract].add((_named(caller), _named(frame)))

    sys.setprofile(called)
    try:
        yield climbs
    finally:
        sys.setprofile(None)


def test_a_study_climbs_at_most_three_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: rooms that hand functions down to one another, so that nobody can follow a clip through the house."""
    predictor = open_model_set(ModelSet(engine="torch"))
    monkeypatch.setattr(clip_analysis, "predictor_for", lambda models: predictor)
    truth = render_clip(sample_heart(300_001), View.A4C, seed=300_001, quality=3, rows=300, columns=400)
    file, study = tmp_path / "clip.dcm", PhantomStudy("2.25.1", "2.25.1.1", NOW)
    patient = PhantomPatient("PHANTOM-3")
    uid = write_clip(truth, file, patient=patient, study=study, instance_number=1, transfer_syntax_uid=JPEGBaseline8Bit)
    with migrated_database(tmp_path / "walk.sqlite") as database:
        bench = Bench(database, Archive(tmp_path / "archive"), settings(tmp_path))
        bench.take(file.read_bytes(), uid)
        with climbs_counted() as climbs:
            bench.run()
        assert _documents(database), "the whole way"
    for contract, found in climbs.items():
        assert len(found) <= MOST_CLIMBS, f"{contract}: {sorted(found)}"
    assert climbs["models"], "a network behind its engine stands above it: nothing was counted"


def _documents(database: Database) -> int:
    with database.reading() as session:
        return session.query(Document).count()
