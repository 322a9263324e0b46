"""Which SOP classes and transfer syntaxes are accepted, answered to what a sender proposes."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pynetdicom import build_context
from pynetdicom.service_class import ServiceClass, StorageServiceClass
from pynetdicom.sop_class import register_uid, uid_to_service_class

VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT_LE, IMPLICIT_LE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
DEFLATED, EXPLICIT_BE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"

# PS3.6 table A-1; without those whose pixels are elsewhere (JPIP .94 .95 .204 .205, SMPTE ST 2110).
COMPRESSED = frozenset(
    f"1.2.840.10008.1.2.{suffix}"
    for suffix in (
        "4.50", "4.51", "4.57", "4.70",  # JPEG
        "4.80", "4.81",  # JPEG-LS
        "4.90", "4.91", "4.92", "4.93",  # JPEG 2000
        "4.201", "4.202", "4.203",  # High-Throughput JPEG 2000
        "4.110", "4.111", "4.112",  # JPEG XL
        "4.100", "4.100.1", "4.101", "4.101.1",  # MPEG-2
        "4.102", "4.102.1", "4.103", "4.103.1", "4.104", "4.104.1", "4.105", "4.105.1", "4.106", "4.106.1",  # H.264
        "4.107", "4.108",  # HEVC
        "1.98",  # encapsulated uncompressed
        "5",  # RLE
    )
)  # fmt: skip
_UNCOMPRESSED = (EXPLICIT_LE, IMPLICIT_LE, DEFLATED, EXPLICIT_BE)

_DICOM_ROOT, _STORAGE_ROOT = "1.2.840.10008.", "1.2.840.10008.5.1.4.1.1."
_UID = re.compile(r"[0-9]+(\.[0-9]+){1,31}")  # PS3.5 9.1, but for leading zeros, which some senders make
_NOT_COMPOSITE_STORAGE = ("1.2.840.10008.5.1.4.1.1.200.", "1.2.840.10008.5.1.4.1.1.201.")  # non-patient objects, inventory


def is_storage_class(sop_class_uid: str, private: Literal["store", "reject"]) -> bool:
    """Every composite storage class of the standard, retired and future ones too; private ones by policy."""
    if not _UID.fullmatch(sop_class_uid):
        return False
    if sop_class_uid.startswith(_DICOM_ROOT):
        return sop_class_uid.startswith(_STORAGE_ROOT) and not sop_class_uid.startswith(_NOT_COMPOSITE_STORAGE)
    return private == "store"


def contexts_for(proposed: Iterable[Any], private: Literal["store", "reject"]) -> list[Any]:
    """Our side of the negotiation: of each proposed class the syntaxes in our order of preference.

    The acceptor's order decides which one is taken: compressed as sent (in the sender's order), then explicit, then implicit
    little endian. If implicit led, senders would decompress.
    """
    syntaxes: dict[str, list[str]] = {}
    for context in proposed:
        syntaxes.setdefault(str(context.abstract_syntax), []).extend(str(syntax) for syntax in context.transfer_syntax)
    accepted = [build_context(VERIFICATION, list(_UNCOMPRESSED))]
    for sop_class_uid, offered in syntaxes.items():
        if is_storage_class(sop_class_uid, private):
            compressed = [syntax for syntax in dict.fromkeys(offered) if syntax in COMPRESSED]
            accepted.append(build_context(sop_class_uid, [*compressed, *_UNCOMPRESSED]))
    return accepted


def make_known(contexts: Iterable[Any]) -> None:
    """pynetdicom serves only classes it knows: retired and private ones are registered when they first come, and stay, so this
    is not for a layer that serves them itself: each request may name a hundred others.
    """
    for context in contexts:
        sop_class_uid = str(context.abstract_syntax)
        if uid_to_service_class(sop_class_uid) is ServiceClass:
            register_uid(sop_class_uid, "Storage_" + sop_class_uid.replace(".", "_"), StorageServiceClass)
