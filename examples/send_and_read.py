"""Send a study to a node, receive its report, and read it: python examples/send_and_read.py HOST PORT MY_PORT FILE...

This program is the PACS. The node must let it send, and must deliver to it:

    [[destination]]
    name = "example"
    ae_title = "EXAMPLE"
    host = "127.0.0.1"
    port = 11113             # MY_PORT
    documents = ["tid1500"]
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import ComprehensiveSRStorage, Verification

AE_TITLE = "EXAMPLE"
WAIT_S = 600  # for the node's quiet period and its analysis


def main(host: str, port: str, my_port: str, *files: str) -> None:
    reports: Queue[Dataset] = Queue()
    server = _listen(int(my_port), reports)
    try:
        _send(host, int(port), [Path(file) for file in files])
        report = reports.get(timeout=WAIT_S)
    finally:
        server.shutdown()
    print(f"{report.ConceptNameCodeSequence[0].CodeMeaning}, {report.CompletionFlag}, {report.VerificationFlag}")
    for name, value, unit in numbers(report):
        print(f"{name:50} {value:7.1f} {unit}")


def numbers(item: Dataset) -> Iterator[tuple[str, float, str]]:
    """Name, value and unit of every number in the report, wherever it stands in its tree."""
    if item.get("ValueType") == "NUM" and item.get("MeasuredValueSequence"):
        (measured,) = item.MeasuredValueSequence
        unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
        yield item.ConceptNameCodeSequence[0].CodeMeaning, float(measured.NumericValue), unit
    for inner in item.get("ContentSequence", []):
        yield from numbers(inner)


def _listen(port: int, reports: "Queue[Dataset]") -> AE:
    """Receives one SOP class, the report's, and answers the node's C-ECHO."""

    def take(event: evt.Event) -> int:
        report = event.dataset
        report.file_meta = event.file_meta
        reports.put(report)
        return 0x0000

    receiver = AE(ae_title=AE_TITLE)
    receiver.supported_contexts = [build_context(Verification), build_context(ComprehensiveSRStorage)]
    return receiver.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])


def _send(host: str, port: int, paths: list[Path]) -> None:
    datasets = [pydicom.dcmread(path) for path in paths]
    offered = {(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in datasets}
    sender = AE(ae_title=AE_TITLE)
    association = sender.associate(host, port, [build_context(*each) for each in offered], ae_title="ECHONODE")
    if not association.is_established:
        raise SystemExit(f"no association with {host}:{port}: is there an [[ae_rule]] for {AE_TITLE}?")
    for path, dataset in zip(paths, datasets, strict=True):
        status = association.send_c_store(dataset)
        print(f"{path.name}: 0x{status.Status:04X}")
    association.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
