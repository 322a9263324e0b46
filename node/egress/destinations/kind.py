"""What every kind of destination has: settings of its own, a way to send, and a way to be tried."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from pydantic import ConfigDict

from node.db.tables import DeliveryState
from node.settings import Destination, Settings


@dataclass(frozen=True)
class StoredDocument:
    """A document as the archive keeps it; `uid` names it for ever, also where it is no DICOM object."""

    path: Path
    template: str
    uid: str


@dataclass(frozen=True)
class SendOutcome:
    """What one attempt came to: the sender decides. PENDING is another attempt later, by the pauses of `[delivery]`.

    `detail` is plain words without patient data. `status` is the answer as its protocol writes it ("0xA700", "507", "AE").
    `counts` marks a failure that may be passing or lasting: the next attempt is told how many there were. `class_refused`
    says that nothing of this SOP class is taken. `wait_s` is how long the receiver asks not to be troubled again.
    """

    state: DeliveryState
    detail: str
    status: str | None = None
    transfer_syntax_uid: str = ""
    counts: bool = False
    class_refused: bool = False
    wait_s: float = 0

    @property
    def retry(self) -> bool:
        return self.state is DeliveryState.PENDING


@dataclass(frozen=True)
class ProbeAnswer:
    ok: bool
    message: str  # plain words for a person


class DestinationKind(Destination, ABC):
    """One kind of destination: its fields are its settings, and `kind` is narrowed to its own name. It `takes` documents whose
    files end so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    takes: ClassVar[frozenset[str]] = frozenset({".dcm"})

    def below(self, folder: Path) -> Self:
        """The same with its paths below the configuration's `folder`, those apart that are absolute."""
        return self.model_copy(update={name: folder / value for name, value in self if isinstance(value, Path)})

    @abstractmethod
    def send(self, document: StoredDocument, settings: Settings, earlier_failures: int) -> SendOutcome:
        """Deliver the document's file as it is, once; `earlier_failures` of this delivery counted. Never raises for what a
        destination does.
        """

    @abstractmethod
    def probe(self, settings: Settings) -> ProbeAnswer:
        """For `echonode check`: would it take something now? Leaves nothing there."""
