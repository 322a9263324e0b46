"""A small storage SCP in its own process: where the demo's documents arrive.

`python -m node.demo.receiving_pacs --port 0 --out DIR` prints the port it listens on, and ends on SIGTERM.
"""

import argparse
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pydicom.uid import AllTransferSyntaxes
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.presentation import VerificationPresentationContexts

from node.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_UID = re.compile(r"[0-9.]{1,64}")  # what the peer says becomes a file name only in this form: PS3.5 9.1


def store(event: Event, out: Path) -> int:
    """Write what arrived as DIR/<SOP Instance UID>.dcm, whole or not at all; a second arrival replaces the first."""
    uid = str(cast(C_STORE, event.request).AffectedSOPInstanceUID)
    if not _UID.fullmatch(uid):
        return 0xC000
    arriving = out / f".{uid}.{threading.get_ident()}.part"
    try:
        arriving.write_bytes(event.encoded_dataset())
        arriving.replace(out / f"{uid}.dcm")
    except OSError:
        return 0xA700
    return 0x0000


def serve(out: Path, port: int, ae_title: str, stop: threading.Event) -> None:
    """Receive until `stop` is set; the first line on stdout is the port."""
    out.mkdir(parents=True, exist_ok=True)
    entity = AE(ae_title=ae_title)
    entity.require_called_aet = True
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.maximum_pdu_size = 1 << 20
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax), list(AllTransferSyntaxes))
    for context in VerificationPresentationContexts:
        entity.add_supported_context(str(context.abstract_syntax))
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, store, [out])])
    if server is None:
        raise RuntimeError("the storage SCP did not start")
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m node.demo.receiving_pacs", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for what arrives")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ae-title", default="DEMOPACS")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(options.out, options.port, options.ae_title, stop)


if __name__ == "__main__":
    main()
