"""`echonode echo`: another node asked whether it answers."""

import typer

from node.cli.options import AsJson, CallingAET, Peer, parse_peer
from node.cli.output import console, print_json
from node.egress import dicom_store


def echo(peer: Peer, calling_aet: CallingAET = "ECHONODE", as_json: AsJson = False) -> None:
    """C-ECHO: does the node answer, and does it know us?"""
    aet, host, port = parse_peer(peer)
    answer = dicom_store.echo(host, port, called_aet=aet, calling_aet=calling_aet)
    if as_json:
        print_json({"ok": answer.ok, "message": answer.message})
    else:
        console.print(answer.message)
    if not answer.ok:
        raise typer.Exit(1)
