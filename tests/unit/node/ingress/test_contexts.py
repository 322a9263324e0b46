"""What is accepted of a proposal, and in which transfer syntax."""

import pytest
from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext, negotiate_as_acceptor
from pynetdicom.service_class import StorageServiceClass, VerificationServiceClass
from pynetdicom.sop_class import uid_to_service_class

from node.ingress.contexts import (
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    VERIFICATION,
    contexts_for,
    is_storage_class,
    make_known,
)

CLIP = "1.2.840.10008.5.1.4.1.1.3.1"
JPEG, JPEG_LOSSLESS, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.5"
PRIVATE = "1.2.826.0.1.3680043.9.7777.1"


def _negotiate(*proposed: tuple[str, list[str]], private: str = "store") -> list[str]:
    """The accepted transfer syntax of each proposed context, or empty."""
    contexts: list[PresentationContext] = []
    for number, (sop_class_uid, syntaxes) in enumerate(proposed):
        context = build_context(sop_class_uid, syntaxes)
        context.context_id = 2 * number + 1
        contexts.append(context)
    results, _ = negotiate_as_acceptor(contexts, contexts_for(contexts, private))  # type: ignore[arg-type]
    return [str(context.transfer_syntax[0]) if context.result == 0 else "" for context in results]


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ([IMPLICIT_LE, EXPLICIT_LE, JPEG], JPEG),
        ([IMPLICIT_LE, JPEG_LOSSLESS, JPEG], JPEG_LOSSLESS),
        ([IMPLICIT_LE, JPEG, JPEG_LOSSLESS], JPEG),
        ([IMPLICIT_LE, EXPLICIT_LE], EXPLICIT_LE),
        ([EXPLICIT_BE, IMPLICIT_LE], IMPLICIT_LE),
        ([EXPLICIT_BE], EXPLICIT_BE),
        (["1.2.840.10008.1.2.4.202"], "1.2.840.10008.1.2.4.202"),
        (["1.2.840.10008.1.2.4.110"], "1.2.840.10008.1.2.4.110"),
        (["1.2.840.10008.1.2.4.108"], "1.2.840.10008.1.2.4.108"),
        (["1.2.840.10008.1.2.1.99"], "1.2.840.10008.1.2.1.99"),
        (["1.2.840.10008.1.2.4.94"], ""),
        (["1.2.840.10008.1.2.4.205", "1.2.840.10008.1.2.7.1"], ""),
    ],
)
def test_compressed_pixels_are_taken_as_sent(offered: list[str], taken: str) -> None:
    assert _negotiate((CLIP, offered)) == [taken]


def test_contexts_of_one_class_are_answered_each() -> None:
    assert _negotiate((CLIP, [JPEG]), (CLIP, [RLE]), (CLIP, [IMPLICIT_LE])) == [JPEG, RLE, IMPLICIT_LE]


@pytest.mark.parametrize(
    "sop_class_uid",
    [
        CLIP,
        "1.2.840.10008.5.1.4.1.1.6",  # retired ultrasound image
        "1.2.840.10008.5.1.4.1.1.3",  # retired ultrasound multi-frame
        "1.2.840.10008.5.1.4.1.1.88.33",  # comprehensive SR
        "1.2.840.10008.5.1.4.1.1.88.59",  # key object selection
        "1.2.840.10008.5.1.4.1.1.66.4",  # segmentation
        "1.2.840.10008.5.1.4.1.1.67",  # real world value mapping
        "1.2.840.10008.5.1.4.1.1.7.4",  # true colour secondary capture
        "1.2.840.10008.5.1.4.1.1.9999",  # one that the standard may still get
        PRIVATE,
    ],
)
def test_storage_classes_are_accepted_and_served(sop_class_uid: str) -> None:
    assert _negotiate((sop_class_uid, [EXPLICIT_LE])) == [EXPLICIT_LE]
    make_known([build_context(sop_class_uid)])
    assert uid_to_service_class(sop_class_uid) is StorageServiceClass


@pytest.mark.parametrize(
    "sop_class_uid",
    [
        "1.2.840.10008.5.1.4.1.2.2.1",  # study root find
        "1.2.840.10008.1.20.1",  # storage commitment
        "1.2.840.10008.5.1.4.1.1.200.1",  # defined procedure protocol: not a patient's object
        "1.2.840.10008.5.1.4.31",  # worklist
    ],
)
def test_other_services_are_not(sop_class_uid: str) -> None:
    assert _negotiate((sop_class_uid, [EXPLICIT_LE])) == [""]


@pytest.mark.parametrize(
    "name", ["1.2.8\0\0\xff008.5", "import os", "1.2..3", "", ".1", "1", "1.2\n", "2.25." + "1." * 40 + "1"]
)
def test_what_is_no_uid_is_no_class_of_ours(name: str) -> None:
    """Bug prevented: found by fuzzing: an association that ended in an unforeseen error instead of a result for its context."""
    assert not is_storage_class(name, "store")


def test_negotiating_leaves_nothing_behind() -> None:
    """Bug prevented: a peer that proposes other private classes each time makes the registry grow for ever."""
    before = uid_to_service_class(f"{PRIVATE}.77")
    assert _negotiate((f"{PRIVATE}.77", [EXPLICIT_LE])) == [EXPLICIT_LE]
    assert uid_to_service_class(f"{PRIVATE}.77") is before


def test_private_classes_may_be_rejected() -> None:
    assert _negotiate((PRIVATE, [EXPLICIT_LE]), (CLIP, [EXPLICIT_LE]), private="reject") == ["", EXPLICIT_LE]
    assert not is_storage_class(PRIVATE, "reject")


def test_verification_is_always_accepted() -> None:
    assert _negotiate((VERIFICATION, [IMPLICIT_LE])) == [IMPLICIT_LE]
    assert uid_to_service_class(VERIFICATION) is VerificationServiceClass
