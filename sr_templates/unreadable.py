"""What pydicom raises over values that are none, in one place: whoever reads headers of any origin catches all of it."""

import struct

from pydicom.errors import BytesLengthException

UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, NotImplementedError,
    BytesLengthException,  # numbers whose bytes are not whole
    OSError, EOFError, struct.error,  # sequences that are cut off
)  # fmt: skip
