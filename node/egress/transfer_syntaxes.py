"""Which transfer syntaxes an object is offered in.

PS3.5 10.1: every class is offered in the default, Implicit VR Little Endian, too, unless all we have is compressed: there are
receivers that know nothing else. Pictures of ours have plain forms of compression, and are offered without, too.
"""

from pydicom.uid import (
    UID,
    JPEGBaseline8Bit,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
COMPRESSED = (JPEGBaseline8Bit, RLELossless)  # what copies without compression are made of
_CAPTURES = (SecondaryCaptureImageStorage, MultiFrameTrueColorSecondaryCaptureImageStorage)


def offered(own: str, sop_class_uid: str = "", *, deflated: bool = True) -> tuple[str, ...]:
    """What an object kept in the syntax `own` may be sent in, the best first; a deflated one deflated only where wanted.

    >>> offered(IMPLICIT) == (IMPLICIT, EXPLICIT)
    True
    >>> offered("1.2.840.10008.1.2.4.50")  # compressed pixels go as they are
    ('1.2.840.10008.1.2.4.50',)
    """
    if own in COMPRESSED and sop_class_uid in _CAPTURES:
        return (own, EXPLICIT, IMPLICIT)
    if own not in (IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN):
        return (own,)
    as_it_is = () if own == DEFLATED and not deflated else (own,)
    return tuple(dict.fromkeys((*as_it_is, EXPLICIT, IMPLICIT)))


def name(transfer_syntax_uid: str) -> str:
    """The words of the standard; the UID where it has none."""
    return str(UID(transfer_syntax_uid).name)
