"""What an association needs of those it is for."""

from dataclasses import dataclass
from typing import Protocol

from node.ingress.upper_layer.command import Command
from node.ingress.upper_layer.request import AssociationRequest, ProposedContext


class DataSet(Protocol):
    """Where the bytes of one data set go. Neither method raises: what goes wrong is answered when the message is complete."""

    def write(self, piece: memoryview) -> None: ...

    def discard(self) -> None: ...


@dataclass(frozen=True)
class Answer:
    status: int
    comment: str = ""


class Services(Protocol):
    """What an association is for. Called in the association's thread alone."""

    def decide(self, request: AssociationRequest) -> tuple[int, int, int] | None:
        """The code of an A-ASSOCIATE-RJ, or None: accepted."""
        ...

    def negotiate(self, contexts: tuple[ProposedContext, ...]) -> list[tuple[int, int, str, str]]:
        """(context id, result, abstract syntax, transfer syntax) for each."""
        ...

    def refused(self, reason: str, request: AssociationRequest | None) -> None:
        """The request was refused by the upper layer itself."""
        ...

    def new_data_set(self, command: Command, transfer_syntax: str) -> DataSet: ...

    def store(self, command: Command, transfer_syntax: str, data_set: DataSet | None) -> Answer: ...

    def ended(self) -> None: ...


class DroppedDataSet:
    """The data set of a request that is refused whatever it holds."""

    def write(self, piece: memoryview) -> None:
        pass

    def discard(self) -> None:
        pass
