"""Adding a thing touches the places that CONTRIBUTING names, and no others: each is walked in a temporary copy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.test_model_docs import written_file
from tests.waiting import patience

ROOT = Path(__file__).resolve().parents[2]

_ROW = '        Quantity("rvot_vmax", "RVOT Vmax", "m/s", _PEAK, (View.DOPPLER_PV_PW,), (0.2, 3.5), "rvot", direction=_AWAY),\n'
_CODE = '    "rvot_vmax": _Written(_PEAK_VELOCITY, 2, flow=_ANTEGRADE),\n'
_USE = """
from dataclasses import replace

from models.catalogue import Direction, View
from models.derive.study.readings import read_quantities
from models.results import ReadValue
from sr_templates import measurement_report
from tests.factories import PHANTOM_WEIGHTS, clip_findings, evidence, identity, study_findings

value = ReadValue("rvot_vmax", "m/s", 0.9, model=PHANTOM_WEIGHTS.name, direction=Direction.AWAY)
clip = replace(clip_findings(view=View.DOPPLER_PV_PW), values=(value,))
found, refused = read_quantities([clip])
findings = replace(study_findings(), clips=(clip,), measurements=tuple(found.values()), not_measured=())
(document,) = measurement_report.build(findings, evidence(), identity())

def numbers(parent):
    for item in parent.get("ContentSequence", []):
        if item.ValueType == "NUM":
            yield item.MeasuredValueSequence[0].NumericValue, item.ConceptNameCodeSequence[0].CodeValue
        yield from numbers(item)


print(*next(numbers(document.dataset)))
impossible = replace(clip, values=(replace(value, value=9.0),))
print(*read_quantities([impossible])[1]["rvot_vmax"][0])
"""


def _insert(path: Path, line: str, *, before: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path.name} has no single line {before!r}"
    path.write_text(text.replace(before, line + before), encoding="utf-8")


def _copy(folder: Path, *packages: str) -> None:
    for package in packages:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("weights", "__pycache__"))


def _printed(folder: Path, use: str) -> list[str]:
    """The words that `use` prints in a process that imports the copies."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    run = subprocess.run(
        [sys.executable, "-c", use],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience(280),
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.split()


def test_a_measurement_is_a_row_and_a_code(tmp_path: Path) -> None:
    """A quantity's facts once stood in eight tables, three of which no test asked for."""
    _copy(tmp_path, "models", "sr_templates")
    _insert(tmp_path / "models/catalogue/quantities.py", _ROW, before='        Quantity("rvot_vti"')
    _insert(tmp_path / "sr_templates/quantity_codes.py", _CODE, before='    "rvot_vti":')
    assert _printed(tmp_path, _USE) == ["0.9", "11726-7", "outside_limits"]


_SHARE = """
import shutil
from pathlib import Path
from typing import Literal

from node.db.tables import DeliveryState
from node.egress.destinations.kind import DestinationKind, ProbeAnswer, SendOutcome


class ShareDestination(DestinationKind):
    kind: Literal["share"] = "share"
    path: Path

    def send(self, document, settings, earlier_failures):
        shutil.copy(document.path, self.path)
        return SendOutcome(DeliveryState.ACCEPTED, "written", status="OK")

    def probe(self, settings):
        return ProbeAnswer(self.path.is_dir(), "a folder")
"""
_SEND = """
from pathlib import Path

from node.settings import DeliverySettings, load_settings
from tests.outbox import Outbox

Path("share").mkdir()
Path("node.toml").write_text("[[destination]]\\nname = 'share'\\nkind = 'share'\\npath = 'share'\\n")
with Outbox(Path("data"), load_settings(Path("node.toml")).destination, DeliverySettings()) as outbox:
    number = outbox.add("share")
    outbox.run()
    print(outbox.delivery(number).state, outbox.delivery(number).status, len(list(Path("share").iterdir())))
"""


def test_a_kind_of_destination_is_a_file_and_a_line_in_the_table(tmp_path: Path) -> None:
    """Every kind once had to state AE title, host and port, and its answer had to be a DIMSE status."""
    _copy(tmp_path, "node")
    table = tmp_path / "node/egress/destinations/__init__.py"
    (table.parent / "share.py").write_text(_SHARE, encoding="utf-8")
    imported = "from node.egress.destinations.share import ShareDestination\n"
    _insert(table, imported, before="from node.egress.destinations.kind import")
    _insert(table, '    "share": ShareDestination,\n', before='    "dicom": DicomDestination,\n')
    assert _printed(tmp_path, _SEND) == ["accepted", "OK", "1"]


_JOB_ROW = """        JobDefinition(
            JobKind.TELL, _NETWORK, lambda job: egress.database.write(lambda session: queue.finish(session, job, now=utc_now()))
        ),
"""
_RUN_JOB = """
from pathlib import Path
from types import SimpleNamespace

from node.app import job_definitions
from node.db.clocks import utc_now
from node.db import queue
from node.db.session import Database
from node.db.tables import Job, JobKind
from node.settings import Settings
from node.work.worker import Worker
from tests.rows import add_study

with Database("sqlite:///jobs.sqlite") as database:
    database.upgrade()
    database.write(lambda session: add_study(session))
    database.write(lambda session: queue.enqueue(session, JobKind.TELL, 1, study_id=1, revision=1, now=utc_now()))
    jobs = job_definitions(None, SimpleNamespace(settings=Settings(), database=database))
    worker = Worker(database, jobs, owner="me", lease_s=30, poll_s=1, clock=utc_now)
    ran = worker.run_one((JobKind.TELL,))
    with database.reading() as session:
        job = session.get_one(Job, 1)
    print(ran, job.state, *job.subject.split())
"""


def test_a_kind_of_job_is_a_name_and_a_row(tmp_path: Path) -> None:
    """The queue once knew what each kind is about, and what becomes of a study when it is given up."""
    _copy(tmp_path, "node")
    _insert(tmp_path / "node/db/tables.py", '    TELL = "tell", "study"\n', before='    ANALYSE_STUDY = "analyse_study"')
    _insert(tmp_path / "node/app.py", _JOB_ROW, before="        JobDefinition(\n            JobKind.DELIVER,")
    assert _printed(tmp_path, _RUN_JOB) == ["True", "done", "study", "1"]


_TEMPLATE = """
from sr_templates.document import BuiltDocument, DocumentKind, start_document

_KIND = DocumentKind("card", "1.2.840.10008.5.1.4.1.1.88.33", "SR", 9900, "card")


def build(findings, evidence, identity):
    return (BuiltDocument("card", "", start_document(_KIND, evidence, identity)),)
"""
_BUILD = """
from node.egress.building import build_templates
from node.egress.destinations import configured
from node.egress.routing import templates_wanted
from node.settings import Destination, Settings
from tests.factories import evidence, identity, study_findings

pacs = Destination(name="pacs", ae_title="A", host="h", port=104, documents=("card",))
wanted = templates_wanted(configured(Settings(destination=(pacs,))))
print(*(document.template for document in build_templates(study_findings(), evidence(), identity(), wanted)))
"""


def test_a_document_template_is_a_file_and_a_line_in_the_table(tmp_path: Path) -> None:
    """The configuration once had the names of templates a second time."""
    _copy(tmp_path, "node", "sr_templates")
    (tmp_path / "sr_templates/card.py").write_text(_TEMPLATE, encoding="utf-8")
    table = tmp_path / "node/egress/building.py"
    _insert(table, "from sr_templates import card\n", before="from sr_templates.copied_values import")
    _insert(table, '    "card": Template(card.build),\n', before='    "seg": Template(segmentation.build),\n')
    assert _printed(tmp_path, _BUILD) == ["card"]


_LOAD = """
import numpy as np
import torch

from models import list_models, load_model

(manifest,) = [one for one in list_models() if one.name == "phantom_view_of_ours"]
network = load_model("phantom_view_of_ours", pretrained=True).network
print(manifest.family, tuple(network(torch.zeros(1, 1, 128, 128)).shape))
"""


def test_new_weights_of_a_known_family_are_a_manifest(tmp_path: Path) -> None:
    """A model was once also a line in a table of names."""
    _copy(tmp_path, "models")
    manifest = (tmp_path / "models/manifests/phantom_view.toml").read_text(encoding="utf-8")
    renamed = manifest.replace('name = "phantom_view"', 'name = "phantom_view_of_ours"', 1)
    (tmp_path / "models/manifests/phantom_view_of_ours.toml").write_text(renamed, encoding="utf-8")
    (tmp_path / "models/weights").mkdir()
    shutil.copy(ROOT / "models/weights/phantom_view.safetensors", tmp_path / "models/weights")
    assert _printed(tmp_path, _LOAD) == ["phantom_classifier", "(1,", "3)"]


_SET = """
from pathlib import Path

from node.settings import load_settings

Path("node.toml").write_text("[node]\\nfull_moon = true\\n")
print(load_settings(Path("node.toml")).node.full_moon)
"""
_DOCUMENTED = """
from node.settings import Settings
from tests.house.test_configuration_docs import test_every_setting_stands_in_the_default_file_with_its_default as test

try:
    test("node")
except AssertionError:
    print("missing")
"""


def test_a_setting_is_a_field_whose_line_is_demanded(tmp_path: Path) -> None:
    """A setting that nobody can find does not exist."""
    _copy(tmp_path, "node")
    settings = tmp_path / "node/settings.py"
    _insert(settings, "    full_moon: bool = False\n", before='    upper_layer: Literal["echonode", "pynetdicom"]')
    assert _printed(tmp_path, _SET) == ["True"]
    assert _printed(tmp_path, _DOCUMENTED) == ["missing"]
    _insert(tmp_path / "node/echonode.toml", "full_moon = false\n", before='upper_layer = "echonode"')
    assert _printed(tmp_path, _DOCUMENTED) == []


_ROLE_IN_USE = """
        if of_rhythm := self.of(Role.RHYTHM):
            classified = replace(classified, notes=(*classified.notes, f"the rhythm is judged by {of_rhythm.manifest.name}"))
"""
_OPEN = """
from pathlib import Path

import pytest

from models.library.model_set import Role
from models.library.registry import find_manifest
from node.errors import ConfigError
from node.settings import load_settings
from node.work.model_check import require_models
from tests.unit.models.analysis.test_mixed_sets import GoodQuality, a_clip, model_set, taking
from models.analysis.loaded_model import prepare_for_role
from tests.loaded import as_model

settings = load_settings(Path("node/echonode.toml"))
print(list(settings.model_set.names(Role.RHYTHM)))
with pytest.raises(ConfigError, match="models.rhythm: phantom_lv is of the family phantom_segmenter, which cannot do this"):
    require_models(settings.model_set.but(rhythm="phantom_lv"))
predictor = taking(model_set(), Role.RHYTHM, prepare_for_role(Role.QUALITY, as_model(GoodQuality())))
print(*predictor.analyse(a_clip(phantom=True)).notes)
"""


def test_a_role_of_the_model_set_is_a_row_its_use_and_a_line_in_the_default_file(tmp_path: Path) -> None:
    """A role once stood in the settings, the plan, the worker's arguments, the predictor and its loader: nine files."""
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__"))
    _copy(tmp_path, "node")
    table = tmp_path / "models/library/model_set.py"
    _insert(table, '    RHYTHM = "rhythm"\n', before='    SPLIT_SCREEN = "split_screen"\n')
    _insert(table, '    rhythm: str = ""\n', before='    split_screen: str = ""\n')
    predictor = tmp_path / "models/analysis/predictor.py"
    _insert(predictor, _ROLE_IN_USE.lstrip("\n"), before='        timings_s = {"view_quality"')
    _insert(predictor, "from dataclasses import replace\n", before="from models.analysis.displays import")
    _insert(tmp_path / "node/echonode.toml", 'rhythm = ""\n', before='split_screen = ""')
    assert " ".join(_printed(tmp_path, _OPEN)) == "[] the rhythm is judged by phantom_quality"


_EVERY_VERB = """
from pathlib import Path

import numpy as np
import torch
from typer.testing import CliRunner

from models import load_model
from models.analysis import open_model_set
from models.bench.timing import time_network
from models.catalogue import View
from models.evaluation.datasets.items import DataSet, Item, Truth
from models.evaluation.held_out_phantoms import clip_of
from models.evaluation.tasks import run_task
from models.evaluation.tasks.evaluation_result import Options
from models.importers import import_weights
from models.phantom.anatomy import sample_heart
from models.phantom.truth import render_clip
from node.cli import app
from node.objects.video_file import write_video
from node.settings import load_settings
from node.work.model_check import require_models

torch.save(load_model("tiny_view").network.state_dict(), "tiny_view.pt")
import_weights("tiny_view", Path("tiny_view.pt"))
model = load_model("tiny_view", pretrained=True)
shown = clip_of(render_clip(sample_heart(1), View.A4C, seed=1, quality=3, rows=120, columns=160, frames=4), "1.2")
print(len(model.reader.read(shown).rows), model(torch.zeros(1, 1, 64, 64)).shape[1])
print(time_network("tiny_view", rounds=2, engine="torch", half=False).equal)
data = DataSet("mine", [Item("a", "a", "test", lambda: shown, Truth(label="a4c"))])
print(run_task(model, data, Options()).figures["n"])

write_video(Path("a.avi"), shown.frames, 25.0)
for command in (
    ["models", "embed", "tiny_view", "a.avi", "--out", "a.npz"],
    ["models", "explain", "tiny_view", "a.avi", "--out", "a.png"],
    ["measure", "--model", "tiny_view", "--csv", "a.csv", "a.avi", "--engine", "torch"],
):
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, (command, result.output, result.exception)
print(np.load("a.npz")["features"].shape[1], Path("a.png").exists(), len(Path("a.csv").read_text().splitlines()))

Path("node.toml").write_text("[models]\\nview = 'tiny_view'\\nengine = 'torch'\\n")
models = load_settings(Path("node.toml")).model_set
require_models(models)
print(open_model_set(models).analyse(shown).models[0].name)
"""


def test_a_model_family_is_a_folder_a_line_and_a_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A family once stood in seven to eleven files beside its own; the guide's example loaded and was refused by all else."""
    monkeypatch.setenv("ECHONODE_MODELS", str(tmp_path / "imported"))
    monkeypatch.setenv("ECHONODE_CACHE", str(tmp_path / "cache"))
    copied = tmp_path / "models"
    shutil.copytree(ROOT / "models", copied, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "families/tiny").mkdir()
    for name in ("families/tiny/networks.py", "families/tiny/recipe.py", "manifests/tiny_view.toml"):
        (copied / name).write_text(written_file(name), encoding="utf-8")
    line = '    "tiny_view": "models.families.tiny.recipe",\n'
    _insert(copied / "library/registry.py", line, before='    "image_distribution": ')
    printed = _printed(tmp_path, _EVERY_VERB)
    assert printed == ["4", "3", "True", "1", "8", "True", "5", "tiny_view"]
