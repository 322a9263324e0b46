"""`echonode send`: files sent to another node as they are."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.options import AsJson, CallingAET, Peer, parse_peer
from node.cli.output import show_rows
from node.egress.dicom_store import send_files
from node.files.file_arguments import distinct_files
from node.files.folder_contents import looks_like_dicom


def send(
    peer: Peer,
    paths: Annotated[list[Path], typer.Argument(help="DICOM files or folders.", exists=True)],
    calling_aet: CallingAET = "ECHONODE",
    as_json: AsJson = False,
) -> None:
    """C-STORE files byte for byte as they are, also those that other tools cannot parse.

    Where the receiver takes only another uncompressed transfer syntax, a converted copy of the same instance goes out.
    """
    aet, host, port = parse_peer(peer)
    files = [path for path, named in distinct_files(paths) if named or looks_like_dicom(path)]
    answers = send_files(files, host=host, port=port, called_aet=aet, calling_aet=calling_aet)
    rows = [{"file": str(answer.path), "ok": answer.ok, "answer": answer.message} for answer in answers]
    show_rows(rows, ("file", "ok", "answer"), as_json=as_json, empty="no DICOM file found")
    if not rows or not all(row["ok"] for row in rows):
        raise typer.Exit(1)
