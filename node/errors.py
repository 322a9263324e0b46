"""What can go wrong, and what each peer is told: the one table from error to DIMSE status.

EchoNodeError
 +- ConfigError              the configuration cannot be used; says the key and what would be right
 +- IntakeError              an instance cannot be taken
 |   +- Unparseable          0xC000  kept in quarantine
 |   +- DatasetMismatch      0xA900  command and dataset disagree, or no Study Instance UID
 |   +- OutOfResources       0xA700  disk or database: the sender should try again
 +- DatabaseUnusable         the database does not open, or is of a later version
 +- UnreadableClip           the pixels cannot be decoded; the study goes on without this clip
 +- DeliveryError            a destination did not take a document
 +- InvalidTransition        a state machine was asked for a move it does not have
 +- LeaseLost                the job belongs to another worker now; its effects are dropped

DocumentError               a document cannot be built: of `sr_templates`, which builds them

Messages hold no patient data: UIDs of ours, pseudonyms, attribute names and counts only.
"""

import errno
import os
from traceback import walk_tb


class EchoNodeError(Exception):
    """EchoNode cannot go on."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class ConfigError(EchoNodeError):
    """The configuration cannot be used."""


class IntakeError(EchoNodeError):
    """An instance cannot be taken."""


class Unparseable(IntakeError):
    """The data set cannot be parsed."""


class DatasetMismatch(IntakeError):
    """The data set does not match the C-STORE command."""


class OutOfResources(IntakeError):
    """No space or no database: try again later."""


class DatabaseUnusable(EchoNodeError):
    """The database cannot be used."""


class UnreadableClip(EchoNodeError):
    """The pixels cannot be decoded."""


class DeliveryError(EchoNodeError):
    """A destination did not take a document."""


class InvalidTransition(EchoNodeError):
    """The state machine has no such move."""


class LeaseLost(EchoNodeError):
    """The job belongs to another worker now."""


# What code raises over input that it did not foresee. What the machine lacks (memory, disk) is none: it is tried again.
FAULTS_OF_INPUT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, AssertionError)

# What it lacks: no attempt of another kind would be better off, and all are once it is there again.
_SHORTAGES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def is_shortage(error: BaseException) -> bool:
    """Whether the machine lacks something: disk, memory, files."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SHORTAGES)


_OURS = ("node.", "sr_templates.")  # whose errors
_OUR_CODE = ("node.", "models.", "sr_templates.")


def words_of(error: BaseException) -> str:
    """For records and logs. The message of an error of ours holds no patient data; of any other its type is told, what the
    system says of it, and where in our code it came up.

    >>> words_of(LeaseLost("job 3")), words_of(ValueError("PatientName DOE^JANE"))
    ('LeaseLost: job 3', 'ValueError')
    >>> words_of(OSError(errno.ENOSPC, "No space left on device", "DOE.dcm"))
    'OSError: No space left on device'
    """
    name = type(error).__name__
    if type(error).__module__.startswith(_OURS):
        return f"{name}: {error}"
    number = (error.errno if isinstance(error, OSError) else None) or 0
    return name + (f": {os.strerror(number)}" if number else "") + _place(error)


def _place(error: BaseException) -> str:
    """The innermost line of ours; empty where none was on the way."""
    lines = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    ours = [f" ({module}, line {line})" for module, line in lines if module.startswith(_OUR_CODE)]
    return ours[-1] if ours else ""


SUCCESS = 0x0000

# PS3.4 B.2.3 (C-STORE statuses). First match along the class's ancestry.
DIMSE_STATUS: dict[type[EchoNodeError], int] = {
    Unparseable: 0xC000,
    DatasetMismatch: 0xA900,
    OutOfResources: 0xA700,
    IntakeError: 0xC000,
    EchoNodeError: 0xA700,
}


def status_for(error: BaseException) -> int:
    """The DIMSE status a peer gets for this error; anything unforeseen is 0xA700, so that the peer keeps its copy.

    >>> hex(status_for(Unparseable())), hex(status_for(OSError("disk")))
    ('0xc000', '0xa700')
    """
    for cls in type(error).__mro__:
        if cls in DIMSE_STATUS:
            return DIMSE_STATUS[cls]
    return 0xA700
