"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", envvar="ECHONODE_CONFIG", help="The configuration file (see `echonode init`).")
]
DEFAULT_CONFIG = Path("echonode.toml")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ModelName = Annotated[str, typer.Argument(help="As `models list` shows it, an alias, or the path of a manifest.")]
StudyUID = Annotated[str, typer.Argument(help="As `studies list` shows it.")]
Peer = Annotated[str, typer.Argument(metavar="AET@HOST:PORT", help="The node to talk to, e.g. ORTHANC@127.0.0.1:4242.")]
CallingAET = Annotated[str, typer.Option("--aet", help="Our own AE title.")]


class EngineName(StrEnum):
    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


def parse_peer(peer: str) -> tuple[str, str, int]:
    """AE title, host and port. Raises BadParameter."""
    aet, _, address = peer.partition("@")
    host, _, port = address.rpartition(":")
    if not (aet and host and port.isdecimal() and 1 <= int(port[:6]) <= 65535):
        raise typer.BadParameter(f"{peer!r} is not AET@HOST:PORT, with a port from 1 to 65535")
    return aet, host, int(port)
