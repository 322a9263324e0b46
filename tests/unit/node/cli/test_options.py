"""What several commands take: a peer as AET@HOST:PORT."""

import pytest
import typer

from node.cli.options import parse_peer


def test_a_peer_is_title_host_and_port() -> None:
    assert parse_peer("PACS@pacs.example:11112") == ("PACS", "pacs.example", 11112)
    assert parse_peer("PACS@::1:104") == ("PACS", "::1", 104)


@pytest.mark.parametrize(
    "text", ["PACS", "PACS@host", "@host:104", "PACS@:104", "PACS@host:²", "PACS@host:0", "PACS@host:65536"]
)
def test_what_is_no_peer_says_what_would_be_one(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="AET@HOST:PORT"):
        parse_peer(text)


def test_a_port_of_many_digits_is_none() -> None:
    with pytest.raises(typer.BadParameter):
        parse_peer(f"PACS@host:{'1' * 5000}")
