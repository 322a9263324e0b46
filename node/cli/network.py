"""echo, send: another node asked, files sent as they are."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.output import AsJson, console, print_json, show_rows

Peer = Annotated[str, typer.Argument(metavar="AET@HOST:PORT", help="The node to talk to, e.g. ORTHANC@127.0.0.1:4242.")]
CallingAET = Annotated[str, typer.Option("--aet", help="Our own AE title.")]


def add_to(app: typer.Typer) -> None:
    app.command()(echo)
    app.command()(send)


def _parse(peer: str) -> tuple[str, str, int]:
    aet, _, address = peer.partition("@")
    host, _, port = address.rpartition(":")
    if not (aet and host and port.isdigit()):
        raise typer.BadParameter(f"{peer!r} is not AET@HOST:PORT")
    return aet, host, int(port)


def echo(peer: Peer, calling_aet: CallingAET = "ECHONODE", as_json: AsJson = False) -> None:
    """C-ECHO: does the node answer, and does it know us?"""
    from node.egress.dicom_store import echo as c_echo

    aet, host, port = _parse(peer)
    answer = c_echo(host, port, called_aet=aet, calling_aet=calling_aet)
    if as_json:
        print_json({"ok": answer.ok, "message": answer.message})
    else:
        console.print(answer.message)
    if not answer.ok:
        raise typer.Exit(1)


def send(
    peer: Peer,
    paths: Annotated[list[Path], typer.Argument(help="DICOM files or folders.", exists=True)],
    calling_aet: CallingAET = "ECHONODE",
    as_json: AsJson = False,
) -> None:
    """C-STORE files byte for byte as they are, also those that other tools cannot parse.

    Where the receiver takes only another uncompressed transfer syntax, a converted copy of the same instance goes out.
    """
    from node.cli.found_files import looks_like_dicom
    from node.egress.dicom_store import send_files

    aet, host, port = _parse(peer)
    inside = {file for path in paths if path.is_dir() for file in path.rglob("*") if file.is_file() and looks_like_dicom(file)}
    files = sorted(inside | {path for path in paths if not path.is_dir()})
    answers = send_files(files, host=host, port=port, called_aet=aet, calling_aet=calling_aet)
    rows = [{"file": str(answer.path), "ok": answer.ok, "answer": answer.message} for answer in answers]
    show_rows(rows, ("file", "ok", "answer"), as_json=as_json, empty="no DICOM file found")
    if not rows or not all(row["ok"] for row in rows):
        raise typer.Exit(1)
