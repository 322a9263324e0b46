"""How fast the node receives, as ratios to peers in the same run: `python -m tests.benchmarks.receive [rounds] [cell ...]`.

DCMTK's storescu sends the same objects to each receiver in turn, over one or eight associations at once, the order reversed
every round, each with a disk that has nothing left to write. Ours answers after sync and commit; Orthanc stores with
SyncStorageArea; DCMTK's and pynetdicom's storescp promise nothing. "disk" is the limit of one process that copies the same
bytes into synced files. Everything shares this machine and has TCP_NODELAY, so only the ratios mean anything. Peak memory is
summed over the processes that receive.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage
from rich.console import Console
from rich.table import Table

from tests.peers.dcmtk import storescu
from tests.peers.echonode import RunningNode, write_config
from tests.peers.orthanc import Orthanc
from tests.waiting import free_port, wait_for


@dataclass(frozen=True)
class Cell:
    """`objects` of `size_bytes` go over each of `associations`."""

    name: str
    size_bytes: int
    associations: int
    objects: int

    @property
    def megabytes(self) -> float:
        return self.size_bytes * self.associations * self.objects / 1e6


CELLS = (
    Cell("0.2MBx8", 200_000, 8, 100),
    Cell("5MBx1", 5_000_000, 1, 40),
    Cell("5MBx8", 5_000_000, 8, 8),
    Cell("40MBx8", 40_000_000, 8, 3),
)


@dataclass(frozen=True)
class Receiver:
    """`processes` finds the ids of those that receive."""

    port: int
    ae_title: str
    root: int
    children_only: bool = False

    def peak_mb(self) -> float:
        return sum(_peak_kb(pid) for pid in self._processes()) / 1000

    def _processes(self) -> list[int]:
        if not self.children_only:
            return [self.root]
        children = Path(f"/proc/{self.root}/task/{self.root}/children").read_text().split()
        return [int(pid) for pid in children if _is_receiver(Path(f"/proc/{pid}/cmdline").read_bytes())]

    def forget_peak(self) -> None:
        for pid in self._processes():
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def _is_receiver(command: bytes) -> bool:
    return b"node.ingress" in command or b"unaudited_receiver" in command


def _peak_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


class Objects:
    """Files to send; each round and receiver gets new UIDs, so that nobody meets a duplicate."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        self._cell = cell
        self.paths = [
            [folder / f"{association}-{number}.dcm" for number in range(cell.objects)]
            for association in range(cell.associations)
        ]
        pixels = np.random.default_rng(1).integers(0, 256, cell.size_bytes // 2500 * 2500, dtype=np.uint8).tobytes()
        for association, paths in enumerate(self.paths):
            for number, path in enumerate(paths):
                _clip(pixels, association, number).save_as(path, enforce_file_format=True)

    def renew(self, serial: int) -> None:
        """The round stands in ten digits of every UID, overwritten in place."""
        for path in (path for paths in self.paths for path in paths):
            with path.open("r+b") as file:
                head = file.read(4096)
                for at in _places(head):
                    file.seek(at)
                    file.write(b"%08d" % serial)


def _places(head: bytes) -> Iterator[int]:
    at = head.find(_SERIAL_PREFIX)
    while at >= 0:
        yield at + len(_SERIAL_PREFIX)
        at = head.find(_SERIAL_PREFIX, at + 1)


_SERIALS = count(1)
_SERIAL_PREFIX = b"2.25.77777.1"


def _clip(pixels: bytes, association: int, number: int) -> Dataset:
    clip = Dataset()
    serial = _SERIAL_PREFIX.decode() + "00000000"
    clip.SOPClassUID, clip.SOPInstanceUID = UltrasoundMultiFrameImageStorage, f"{serial}.1{association:02d}{number:03d}"
    clip.StudyInstanceUID, clip.SeriesInstanceUID = f"{serial}.2{association:02d}", f"{serial}.3{association:02d}"
    clip.PatientID, clip.PatientName, clip.Modality = "BENCH", "Bench", "US"
    clip.Rows = clip.Columns = 50
    clip.NumberOfFrames, clip.SamplesPerPixel, clip.PhotometricInterpretation = len(pixels) // 2500, 1, "MONOCHROME2"
    clip.BitsAllocated, clip.BitsStored, clip.HighBit, clip.PixelRepresentation = 8, 8, 7, 0
    clip.PixelData = pixels
    clip["PixelData"].VR = "OB"
    clip.file_meta = FileMetaDataset()
    clip.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return clip


@contextmanager
def _program(*command: str) -> Iterator[int]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "TCP_NODELAY": "1"}
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _node(folder: Path, *, audit: bool) -> Iterator[Receiver]:
    config = write_config(folder, port=free_port(), destinations={}, quiet_s=3600)
    node = RunningNode(config, module=None if audit else "tests.benchmarks.unaudited_node")
    try:
        node.wait_until_ready()
        yield Receiver(node.settings.node.port, "ECHONODE", node.process.pid, children_only=True)
    finally:
        node.stop()


@contextmanager
def receivers(folder: Path) -> Iterator[dict[str, Receiver]]:
    with ExitStack() as stack:
        running: dict[str, Receiver] = {}
        for name, command in (
            ("dcmtk", ["/usr/bin/storescp", "--fork", "+xa", "-od"]),
            ("pynetdicom", [sys.executable, "-m", "pynetdicom", "storescp", "-q", "-od"]),
        ):
            port, out = free_port(), folder / name
            out.mkdir()
            pid = stack.enter_context(_program(*command, str(out), str(port)))
            running[name] = Receiver(port, "ANY", pid)
        orthanc = stack.enter_context(Orthanc(folder / "orthanc", settings={"SyncStorageArea": True, "DicomThreadsCount": 8}))
        running["orthanc"] = Receiver(orthanc.dicom_port, orthanc.ae_title, orthanc._process.pid)
        running["echonode"] = stack.enter_context(_node(folder / "node", audit=True))
        running["echonode, no audit"] = stack.enter_context(_node(folder / "unaudited", audit=False))
        yield running


def _send(receiver: Receiver, objects: Objects) -> float:
    """Seconds until every object has its answer."""
    started = time.perf_counter()
    with ThreadPoolExecutor(len(objects.paths)) as pool:
        runs = list(pool.map(lambda paths: storescu(receiver.port, *paths, called_aet=receiver.ae_title), objects.paths))
    taken = time.perf_counter() - started
    assert all(run.returncode == 0 for run in runs), runs[0].stdout[-500:]
    return taken


def _copy(objects: Objects, folder: Path) -> float:
    """The disk's limit: the same bytes into files of one process, each synced."""
    started = time.perf_counter()
    for number, path in enumerate(path for paths in objects.paths for path in paths):
        with (folder / f"copy-{number}").open("wb", buffering=0) as out, path.open("rb") as source:
            os.sendfile(out.fileno(), source.fileno(), 0, path.stat().st_size)
            os.fsync(out.fileno())
    taken = time.perf_counter() - started
    for copy in folder.glob("copy-*"):
        copy.unlink()
    return taken


def measure(cell: Cell, running: dict[str, Receiver], folder: Path, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds, and peak memory in MB, by receiver."""
    with tempfile.TemporaryDirectory(dir=folder) as sending:
        objects = Objects(Path(sending), cell)
        seconds: dict[str, list[float]] = {name: [] for name in [*running, "disk"]}
        for receiver in running.values():
            receiver.forget_peak()
        for number in range(rounds + 1):  # the first one warms up
            for name in sorted(running, reverse=bool(number % 2)):
                objects.renew(next(_SERIALS))
                os.sync()  # what others left unwritten is not paid for by those who sync
                taken = _send(running[name], objects)
                if number:
                    seconds[name].append(taken)
            if number:
                seconds["disk"].append(_copy(objects, folder))
        peaks = {name: receiver.peak_mb() for name, receiver in running.items()}
    return {name: statistics.median(taken) for name, taken in seconds.items()}, peaks


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    cells = [cell for cell in CELLS if not sys.argv[2:] or cell.name in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as temporary, receivers(Path(temporary)) as running:
        for receiver in running.values():
            wait_for(lambda receiver=receiver: _answers(receiver), 30)  # type: ignore[misc]
        for cell in cells:
            seconds, peaks = measure(cell, running, Path(temporary), rounds)
            table = Table(title=f"{cell.name}: {cell.associations * cell.objects} objects a round, median of {rounds} rounds")
            for column in ("receiver", "objects/s", "MB/s", "echonode / it", "peak MB"):
                table.add_column(column, justify="left" if column == "receiver" else "right")
            for name, taken in seconds.items():
                peak = f"{peaks[name]:.0f}" if name in peaks else ""
                per_s = f"{cell.associations * cell.objects / taken:.0f}"
                table.add_row(name, per_s, f"{cell.megabytes / taken:.0f}", f"{taken / seconds['echonode']:.2f}", peak)
            Console(width=100).print(table)


def _answers(receiver: Receiver) -> bool:
    command = ["/usr/bin/echoscu", "-aec", receiver.ae_title, "127.0.0.1", str(receiver.port)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()
