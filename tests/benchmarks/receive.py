"""How fast the node receives, as ratios to peers in the same run: `python -m tests.benchmarks.receive [rounds]`.

DCMTK's storescu sends the same objects over one association to each receiver in turn, the order reversed every round. Ours
answers only after fsync and commit; Orthanc is set up as packaged (SyncStorageArea on); DCMTK's storescp and pynetdicom's
example handler promise nothing. Everything shares this machine, so only the ratios mean anything.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage
from rich.console import Console

from tests.peers.dcmtk import storescu
from tests.peers.echonode import running_node, write_config
from tests.peers.orthanc import Orthanc
from tests.waiting import free_port, wait_for

OBJECTS, SIZE_BYTES = 30, 5_000_000

_PLAIN_PYNETDICOM = """
import sys
from pathlib import Path
from pynetdicom import AE, evt, AllStoragePresentationContexts
def store(event):
    dataset = event.dataset
    dataset.file_meta = event.file_meta
    dataset.save_as(Path(sys.argv[2]) / f"{dataset.SOPInstanceUID}.dcm", enforce_file_format=True)
    return 0
ae = AE(); ae.supported_contexts = AllStoragePresentationContexts
ae.start_server(("127.0.0.1", int(sys.argv[1])), evt_handlers=[(evt.EVT_C_STORE, store)])
"""


def make_objects(folder: Path, round_number: int) -> list[Path]:
    """New UIDs each round, so that nobody meets a duplicate."""
    paths = []
    pixels = np.random.default_rng(1).integers(0, 256, SIZE_BYTES // 2500 * 2500, dtype=np.uint8).tobytes()
    for number in range(OBJECTS):
        clip = Dataset()
        clip.SOPClassUID, clip.SOPInstanceUID = UltrasoundMultiFrameImageStorage, f"2.25.9{round_number:03d}{number:04d}"
        clip.StudyInstanceUID, clip.SeriesInstanceUID = f"2.25.7{round_number:03d}", f"2.25.8{round_number:03d}"
        clip.PatientID, clip.PatientName, clip.Modality = "BENCH", "Bench", "US"
        clip.Rows = clip.Columns = 50
        clip.NumberOfFrames, clip.SamplesPerPixel, clip.PhotometricInterpretation = len(pixels) // 2500, 1, "MONOCHROME2"
        clip.BitsAllocated, clip.BitsStored, clip.HighBit, clip.PixelRepresentation = 8, 8, 7, 0
        clip.PixelData = pixels
        clip["PixelData"].VR = "OB"
        clip.file_meta = FileMetaDataset()
        clip.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{round_number}-{number}.dcm"
        clip.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


@contextmanager
def _program(*command: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "TCP_NODELAY": "1"}
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = {"dcmtk storescp": free_port(), "pynetdicom default": free_port()}
        for name in ports:
            (folder / name).mkdir()
        stack.enter_context(_program("/usr/bin/storescp", "-od", str(folder / "dcmtk storescp"), str(ports["dcmtk storescp"])))
        port = str(ports["pynetdicom default"])
        stack.enter_context(_program(sys.executable, "-c", _PLAIN_PYNETDICOM, port, str(folder / "pynetdicom default")))
        orthanc = stack.enter_context(Orthanc(folder / "orthanc"))
        ports["orthanc"] = orthanc.dicom_port
        config = write_config(folder / "node", port=free_port(), destinations={}, quiet_s=3600)
        ports["echonode"] = stack.enter_context(running_node(config)).settings.node.port
        titles = {"orthanc": orthanc.ae_title, "echonode": "ECHONODE"}
        for name in ("dcmtk storescp", "pynetdicom default"):
            probe = make_objects(folder, 999)[:1]
            wait_for(lambda name=name, probe=probe: storescu(ports[name], *probe).returncode == 0, 20)  # type: ignore[misc]
        speeds: dict[str, list[float]] = {name: [] for name in ports}
        for number in range(rounds):
            paths = make_objects(folder, number)
            for name in sorted(ports, reverse=bool(number % 2)):
                started = time.perf_counter()
                assert storescu(ports[name], *paths, called_aet=titles.get(name, "ANY")).returncode == 0, name
                speeds[name].append(OBJECTS * SIZE_BYTES / 1e6 / (time.perf_counter() - started))
            for path in paths:
                path.unlink()
    ours = statistics.median(speeds["echonode"])
    for name, measured in speeds.items():
        ratio = ours / statistics.median(measured)
        Console().print(f"{name:20} {statistics.median(measured):7.0f} MB/s   echonode / {name}: {ratio:.2f}")


if __name__ == "__main__":
    main()
