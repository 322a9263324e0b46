"""What made security advisories of other DICOM products in 2026, against ours: a test for each class (SECURITY.md)."""

import gc
import logging
import mmap
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import uid

from node.ingress.ae_rules import decide_association
from node.settings import AERule
from sr_templates import measurement_report
from tests.arrivals import settings
from tests.factories import A2C_UID, A4C_UID, POOR_UID, evidence, identity, source_header, study_findings
from tests.fuzz import conversations as talk
from tests.receiving_node import ReceivingNode, receiving_node
from tests.unit.node.objects.written_by_hand import UID, data_set, element, header, item, sequence
from tests.waiting import wait_for

_REQUEST, _STORE, _ECHO = talk.association_request(), talk.values(1, 3, talk.STORE_RQ), talk.values(3, 3, talk.ECHO_RQ)
_ACCEPTED, _REJECTED, _ABORTED = b"\x02", b"\x03", b"\x07"
_PRIVATE_CLASS = b"1.2.826.0.1.3680043.9."
# Where an association is left, with or without a word, and how the first answer begins.
STATES = {
    "nothing said": (b"", b""),
    "half a request": (_REQUEST[:70], b""),
    "no request": (_ECHO, _ABORTED),
    "associated": (_REQUEST, _ACCEPTED),
    "aborted": (_REQUEST + talk.ABORT, _ACCEPTED),
    "half a command": (_REQUEST + talk.values(1, 1, talk.STORE_RQ[:20]), _ACCEPTED),
    "half a data set": (_REQUEST + _STORE + talk.values(1, 0, bytes(2000)), _ACCEPTED),
    "aborted in a data set": (_REQUEST + _STORE + talk.values(1, 0, bytes(2000)) + talk.ABORT, _ACCEPTED),
    "called by another name": (_REQUEST.replace(b"ECHONODE", b"SOMEBODY"), _REJECTED),
    "other classes each time": (_REQUEST.replace(b"1.2.840.10008.5.1.4.1.1.3.1", _PRIVATE_CLASS + b"#####"), _ACCEPTED),
}
_MOST_GROWTH_MB, _MOST_AT_A_BOMB_MB = 16, 128


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ReceivingNode]:
    rule = AERule(name="lab", address="127.0.0.0/8", called_aet="ECHONODE")
    with receiving_node(tmp_path / "node", settings(tmp_path / "node", rules=(rule,))) as node:
        yield node


def _memory_mb() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE / 2**20


def _files_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def _leave(node: ReceivingNode, times: int) -> None:
    for number in range(times):
        for state, (said, answer) in STATES.items():
            heard = talk.say(node.port, said.replace(b"#####", b"%d" % (10_000 + number)))
            assert heard[:1] == answer, state
    assert talk.echoed(node.port)
    wait_for(lambda: not node.receiver.layer.open_associations)


@pytest.fixture
def unlogged() -> Iterator[None]:
    """pytest keeps every line: 2.6 GB of 100,000 associations."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("unlogged")
@pytest.mark.parametrize("rounds", [15, pytest.param(10_000, marks=[pytest.mark.further, pytest.mark.timeout(3600)])])
def test_associations_left_in_any_state_cost_nothing(node: ReceivingNode, rounds: int) -> None:
    """DCMTK CVE-2026-50254 and -35505: repeated association requests leak until the receiver dies."""
    _leave(node, 10)
    memory_mb, threads, files = _memory_mb(), threading.active_count(), _files_open()
    _leave(node, rounds)
    assert _memory_mb() - memory_mb < _MOST_GROWTH_MB
    assert threading.active_count() <= threads + 1
    assert _files_open() <= files + 2
    assert not list(node.archive.incoming.iterdir())


@pytest.mark.parametrize(
    "name", ["../../../evil", "/evil", "..\\..\\evil", "evil\0.dcm", "1.2/../../evil", "2.25." + "9" * 80, "%s%n{0}", "evil;ls"]
)
def test_no_uid_becomes_a_path(node: ReceivingNode, tmp_path: Path, name: str) -> None:
    """DCMTK CVE-2026-50003: a UID or file name of the peer leads out of the folder."""
    raw = name.encode() + b" " * (len(name) % 2)
    before = b"".join(element(tag, b"UI", raw) for tag in (0x00080016, 0x00080018, 0x0020000D, 0x0020000E))
    for content in (data_set(), before + element(0x00100020, b"LO", raw)):
        talk.say(node.port, talk.stored(name, content))
    assert talk.echoed(node.port)
    paths = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert {path.parts[0] for path in paths} == {"node"}
    assert not [path for path in paths if "evil" in str(path) or "999999" in str(path)]
    assert not Path("/evil").exists()


HOSTILE = [
    "; touch evil",
    "$(touch evil)",
    "`touch evil`",
    "| touch evil",
    "%s%n%x",
    "{0.__class__}",
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_header_is_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DCMTK CVE-2026-5663, mercure: the content of a tag reaches a shell. Ours stays text, and no process is started."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.chdir(tmp_path)
    for name in ("subprocess.Popen.__init__", "os.system", "os.popen"):
        monkeypatch.setattr(name, forbidden)
    keywords = ("PatientName", "PatientID", "AccessionNumber", "StudyID", "ReferringPhysicianName")
    said = dict.fromkeys(keywords, text[:16])
    sources = [source_header(name, **said) for name in (A4C_UID, A2C_UID, POOR_UID)]
    (document,) = measurement_report.build(study_findings(), evidence(*sources), identity())
    assert str(document.dataset.PatientID) == text[:16].strip()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["{0.__class__}", "__import__('os').system('touch evil')", "%(name)s", "[!a]*", "(?:.*)"])
def test_a_rule_is_a_pattern_and_never_run(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mercure: rules were evaluated as Python. Ours know `*` and `?`, and all else is itself."""
    monkeypatch.chdir(tmp_path)
    rule = AERule(name=text, calling_aet=text, address="127.0.0.0/8")
    assert not decide_association("CART", "ECHONODE", "127.0.0.1", [rule]).accepted
    plain = AERule(name="cart", calling_aet="CART", address="127.0.0.0/8")
    assert not decide_association(text, "ECHONODE", "127.0.0.1", [plain]).accepted
    assert not list(tmp_path.iterdir())


def _bomb() -> bytes:
    """A thousand bytes for each one sent."""
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return deflater.compress(header() + bytes(64 << 20)) + deflater.flush()


def _nested(depth: int) -> bytes:
    head = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return head * depth


FALSE: dict[str, Callable[[], bytes]] = {
    "four gigabytes in ten bytes": lambda: header(element(0x00189999, b"UN", b"0123456789", length=0xFFFFFFF0)),
    "an overflow of rows, columns and frames": lambda: data_set(
        element(0x00280010, b"US", b"\xff\xff")
        + element(0x00280011, b"US", b"\xff\xff")
        + element(0x00280008, b"IS", b"2147483647")
    ),
    "a data set that inflates a thousand times": _bomb,
    "ten thousand sequences in each other": lambda: header() + _nested(10_000),
    "an item longer than its sequence": lambda: data_set(sequence=sequence([item(b"")])[:-4]),
}


@pytest.mark.parametrize("make", FALSE.values(), ids=FALSE)
def test_false_lengths_bombs_and_nesting_are_answered(node: ReceivingNode, make: Callable[[], bytes]) -> None:
    """Orthanc CVE-2026-5437 to -5445 and -10528: memory and stack of the receiver at the sender's will."""
    sent = make()  # before the measuring: what it takes to make is the test's own
    memory_mb = _memory_mb()
    for syntax in (uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian):
        status = talk.status_in(talk.say(node.port, talk.stored(UID, sent, syntax)))
        assert status in (0x0000, 0xC000, 0xA900), "0xA700 would be an error that nobody foresaw"
    assert talk.echoed(node.port)
    assert _memory_mb() - memory_mb < _MOST_AT_A_BOMB_MB
