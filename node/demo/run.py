"""The demo's story: make a heart, start node and PACS, send, wait for the documents, compare with the truth."""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from node.db import audit
from node.db.session import Database, open_database
from node.demo.page import write_page
from node.demo.processes import Program
from node.demo.progress import Stages, study_progress
from node.demo.study import write_demo_study
from node.demo.summary import Summary, print_summary, summarise
from node.egress.dicom_store import send_files
from node.errors import EchoNodeError
from node.objects.phantom_writer import WrittenStudy, write_study
from node.settings import Settings, load_settings

_CONFIG = """\
[node]
ae_title = "ECHONODE"
port = 0                 # any free port
data_dir = "node"
min_free_disk_mb = 100

[study]
quiet_pacs_s = 2         # short, because the demo knows that nothing more will come

[[ae_rule]]
name = "this machine"
address = "127.0.0.0/8"

[[destination]]
name = "demo PACS"
ae_title = "DEMOPACS"
host = "127.0.0.1"
port = {pacs_port}
documents = ["tid1500", "seg", "kos"]   # this PACS opts in to key object selections
"""
_MADE = {
    True: "a synthetic heart: 20 objects of an examination, of every kind",
    False: "a synthetic heart: two A4C, two A2C clips",
}
_PROCESSES = 4  # each has its own torch in memory
_MARK = "demo.toml"
_WAIT_S = 900.0  # a program that ends is noticed at once: this is for a machine that is busy


def run_demo(out: Path, *, seed: int, console: Console, whole: bool = False) -> bool:
    """True when every document arrived at the PACS byte for byte and the audit chain verifies.

    With `whole` the study is an examination with every kind of object, else four apical clips.
    """
    _clear(out)
    timings_s: dict[str, float] = {}
    with Stages(console) as stages:
        with Program("receiving PACS", _pacs_arguments(out), out / "pacs.log") as pacs:
            pacs_port = int(pacs.ready_line(_WAIT_S).rsplit(maxsplit=1)[-1])
            (out / _MARK).write_text(_CONFIG.format(pacs_port=pacs_port), encoding="utf-8")
            settings = load_settings(out / _MARK)
            with Program("node", ["node.cli", "serve", "--config", str(out / _MARK)], out / "node.log") as node:
                with _timed(timings_s, "make study"), stages.stage(_MADE[whole]):
                    # Beside the node, which starts.
                    written = (
                        write_demo_study(out / "study", seed=seed, processes=min(_PROCESSES, os.cpu_count() or 1))
                        if whole
                        else write_study(out / "study", seed=seed, processes=1)
                    )
                with stages.stage("node and PACS start"):
                    node_port = int(node.ready_line(_WAIT_S).rsplit(":", 1)[-1])
                with _timed(timings_s, "send"), stages.stage("send over one association, in several transfer syntaxes"):
                    _send(written, node_port)
                database = open_database(settings)
                _wait_for_documents(database, written.study_instance_uid, stages)
            with stages.stage("node stopped, audit chain sealed and verified"):
                audit.seal(database)
        summary = _summarise(database, settings, written, out, timings_s)
        (out / "summary.json").write_text(json.dumps(summary.as_dict(), indent=2), encoding="utf-8")
        if summary.findings is not None:
            write_page(summary, database, settings, out)
        database.close()
    print_summary(summary, console)
    console.print(f"\n{out / 'summary.html'}  {out / 'summary.json'}  {out / 'delivered'}")
    return summary.complete


def _clear(out: Path) -> None:
    """Remove an earlier demo's results; EchoNodeError when the folder holds anything else."""
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        raise EchoNodeError(f"{out} is not empty and not an earlier demo; choose another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


def _pacs_arguments(out: Path) -> list[str]:
    return ["node.demo.receiving_pacs", "--port", "0", "--out", str(out / "delivered"), "--ae-title", "DEMOPACS"]


@contextmanager
def _timed(timings_s: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings_s[name] = time.perf_counter() - started


def _send(written: WrittenStudy, port: int) -> None:
    """In the order of the examination, as a cart does. EchoNodeError when an object was not taken."""
    answers = send_files(written.paths, host="127.0.0.1", port=port, called_aet="ECHONODE", calling_aet="DEMOCART")
    if refused := [answer.message for answer in answers if not answer.ok]:
        raise EchoNodeError(f"{len(refused)} objects were not taken: {refused[0]}")


def _wait_for_documents(database: Database, study_instance_uid: str, stages: Stages) -> None:
    """Shows each step as the database tells of it; gives up after two minutes (the summary then says what is missing)."""
    pause, deadline = threading.Event(), time.monotonic() + _WAIT_S
    with stages.stage("waiting for the quiet period") as update:
        while time.monotonic() < deadline:
            with database.reading() as session:
                progress = study_progress(session, study_instance_uid)
            update(progress.text)
            if progress.settled:
                return
            pause.wait(0.1)


def _summarise(
    database: Database, settings: Settings, written: WrittenStudy, out: Path, timings_s: dict[str, float]
) -> Summary:
    with database.reading() as session:
        return summarise(session, settings, written.study_instance_uid, written.truth, out / "delivered", timings_s)
