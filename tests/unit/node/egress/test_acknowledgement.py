"""Acknowledgements as engines write them: what is meant is read, and nothing else is taken for one."""

import pytest

from node.egress.acknowledgement import Acknowledgement, read_acknowledgement

HEAD = b"MSH|^~\\&|RIS|LAB|||20260304||ACK^R01^ACK|9|P|"
TAKEN = Acknowledgement("AA", "17")


@pytest.mark.parametrize(
    "block",
    [
        b"\x0b" + HEAD + b"2.5.1\rMSA|AA|17\r",
        HEAD + b"2.5.1\rMSA|AA|17\r",  # without the start of its block
        b"noise\x0b" + HEAD + b"2.5.1\rMSA|AA|17\r",
        *(b"\x0b" + HEAD + version + b"\rMSA|AA|17\r" for version in (b"2.1", b"2.2", b"2.9", b"2.5.1^DEU", b"", b"x")),
        b"\x0b" + HEAD + b"2.3\nMSA|AA|17\n",
        b"\x0b" + HEAD + b"2.3\r\nMSA|AA|17\r\n",
        b"\x0b" + HEAD + b"2.3\rMSA|aa| 17 |M\xfcller, taken\rZZZ|1",
        b"\x0bMSH|^~\\|RIS\rSFT|x\rMSA|AA|17",
        b"\x0bMSH#*~\\&#RIS\rMSA#AA#17\r",
    ],
)
def test_what_is_meant_is_read(block: bytes) -> None:
    assert read_acknowledgement(block) == TAKEN


@pytest.mark.parametrize(
    "block",
    [
        b"", b"\x0b", b"\x0b\x06", b"\x0b\x15", b"MSH", b"MSH\rMSA|AA|17", b"MSA|AA|17", HEAD, HEAD + b"2.5.1\rMSAX|AA|17",
        b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256)) * 9, HEAD + b"2.5.1\rPID|MSA|AA|17",
    ],
)  # fmt: skip
def test_what_is_none_is_none(block: bytes) -> None:
    assert read_acknowledgement(block) is None


@pytest.mark.parametrize(
    ("tail", "error"),
    [
        (b"MSA|AE|17\rERR||PID^1^5|101^Required field missing^HL70357|E|||DOE^JANE", "required field missing (PID-5)"),
        (b"MSA|AE|17\rERR|OBX^3^5^102&Data type error&HL70357", "data type error (OBX-5)"),  # before version 2.5
        (b"MSA|AE|17|DOE^JANE is not known|||204^Unknown key identifier", "unknown key identifier"),
        (b"MSA|AE|17\rERR||PV1^1^2|local", "PV1-2"),
        (b"MSA|AE|17|DOE^JANE is not known, 1010101\rERR|||DOE^JANE", ""),
        (b"MSA|AE", ""),
    ],
)
def test_the_reason_is_told_in_codes_alone(tail: bytes, error: str) -> None:
    found = read_acknowledgement(HEAD + b"2.5.1\r" + tail)
    assert found is not None
    assert (found.code, found.error) == ("AE", error)
    assert found.is_of("17")
