"""Association requests of the field: passed over what may be, refused by name what must be."""

import pytest
from pynetdicom.pdu import A_ASSOCIATE_AC

from node.ingress.upper_layer import pdus
from node.ingress.upper_layer.request import Malformed, NotAcceptable, read_request
from tests.peers.raw_pdus import EXPLICIT_LE, US_MULTIFRAME, item, request_body


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"CART1", "CART1"),
        (b"  CART1  ", "CART1"),
        (b"CART1".ljust(16, b"\0"), "CART1"),
        (b"CART1\0 rest", "CART1"),
        (b"\0" * 16, ""),
        ("GERÄT".encode("latin-1"), "GERÄT"),
        (b"SIXTEEN_LETTERS_", "SIXTEEN_LETTERS_"),
    ],
)
def test_ae_titles_lose_their_padding_and_keep_their_letters(written: bytes, read: str) -> None:
    request = read_request(request_body(calling=written, called=written))
    assert (request.calling_aet, request.called_aet) == (read, read)
    assert request.ae_titles == written.ljust(16) * 2, "they go back as they came"


def test_contexts_and_limits_are_read() -> None:
    request = read_request(request_body(ids=(1, 3), user=item(0x55, b"A_LONG_VERSION_NAME_OF_24C")))
    assert [context.context_id for context in request.contexts] == [1, 3]
    assert request.contexts[0].abstract_syntax == US_MULTIFRAME
    assert request.contexts[0].transfer_syntaxes == (EXPLICIT_LE,)
    assert request.max_pdu_bytes == 16384
    assert request.implementation == "A_LONG_VERSION_NAME_OF_24C"


def test_padded_uids_are_the_same_uids() -> None:
    request = read_request(request_body(abstract=US_MULTIFRAME.encode() + b"\0", application=b"1.2.840.10008.3.1.1.1\0"))
    assert request.contexts[0].abstract_syntax == US_MULTIFRAME


@pytest.mark.parametrize("kind", [0x53, 0x54, 0x56, 0x57, 0x58, 0x59, 0x5F, 0x99, 0xFF])
def test_user_items_of_any_kind_and_content_are_passed_over(kind: int) -> None:
    assert read_request(request_body(user=item(kind, b"\x01\x02\x03"))).contexts


def test_items_of_an_unknown_kind_are_passed_over() -> None:
    assert read_request(request_body(extra=item(0x77, b"anything"))).contexts


def test_a_shorter_maximum_length_item_is_none() -> None:
    assert read_request(request_body(user=item(0x51, b"\0\1"))).max_pdu_bytes == 16384


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (request_body(ids=(2,)), (1, 2, 1)),
        (request_body(ids=(1, 4)), (1, 2, 1)),
        (request_body(ids=(0,)), (1, 2, 1)),
        (request_body(ids=(3, 3)), (1, 2, 1)),
        (request_body(version=2), (1, 2, 2)),
        (request_body(application=b"1.2.3"), (1, 1, 2)),
    ],
    ids=["even id", "one even id", "id 0", "id twice", "protocol version", "application context"],
)
def test_what_the_standard_forbids_has_its_code(body: bytes, code: tuple[int, int, int]) -> None:
    with pytest.raises(NotAcceptable) as caught:
        read_request(body)
    assert caught.value.code == code
    assert caught.value.request.calling_aet == "CART", "so that it can be audited"


@pytest.mark.parametrize(
    "body",
    [b"", request_body()[:67], request_body()[:-3], request_body() + b"\x20", request_body(extra=item(0x20, b"\x01"))],
    ids=["empty", "fixed part cut", "cut", "half an item", "context without id"],
)
def test_what_is_no_request_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(body)


def test_our_acceptance_is_read_by_pynetdicom() -> None:
    sent = pdus.accept(b"ECHONODE        CART            ", [(1, 0, EXPLICIT_LE), (3, 3, EXPLICIT_LE)], 1 << 20)
    answer = A_ASSOCIATE_AC()
    answer.decode(sent)
    assert answer.encode() == sent
    primitive = answer.to_primitive()
    assert [context.result for context in primitive.presentation_context_definition_results_list] == [0, 3]
    assert primitive.maximum_length_received == 1 << 20
