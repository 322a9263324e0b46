"""What an association is for: the caller is decided on, its data sets become files, files become instances, all is audited."""

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from pynetdicom.presentation import PresentationContext, build_context, negotiate_as_acceptor
from sqlalchemy.exc import SQLAlchemyError

from node.db import audit
from node.db.audit import AuditEvent
from node.db.session import Database
from node.db.tables import Receipt
from node.errors import SUCCESS, DatasetMismatch, IntakeError, Unparseable, status_for
from node.ingress.ae_rules import Refusal, decide_association
from node.ingress.arrival import Arrival
from node.ingress.contexts import contexts_for
from node.ingress.group_intake import GroupIntake
from node.ingress.incoming import IncomingFile, file_meta
from node.ingress.upper_layer.command import Command
from node.ingress.upper_layer.request import AssociationRequest, ProposedContext
from node.ingress.upper_layer.services import Answer, DataSet
from node.settings import AERule, Settings
from node.study import assembly
from node.study.archive import Archive

log = logging.getLogger(__name__)

# A-ASSOCIATE-RJ (PS3.8 table 9-21): permanent and by the user, which name was not recognised; transient, the local limit.
REJECTION = {
    Refusal.UNKNOWN_SENDER: (0x01, 0x01, 0x03),
    Refusal.UNKNOWN_CALLED_AET: (0x01, 0x01, 0x07),
    Refusal.TOO_MANY: (0x02, 0x03, 0x02),
}
_NOT_A_UID = 0x03  # PS3.8 table 9-18: abstract syntax not supported


@dataclass(frozen=True)
class Ingress:
    """What every association needs. `mark` begins the identity of each, so that those of a lost receiver can be told."""

    database: Database
    archive: Archive
    settings: Settings
    clock: Callable[[], datetime]
    intake: GroupIntake
    mark: str = ""

    def record(self, event: AuditEvent, **details: str) -> None:
        """An audit entry of its own; a database that is away holds nothing up."""
        try:
            self.database.write(lambda session: audit.record(session, event, now=self.clock(), **details))
        except SQLAlchemyError as error:
            log.error("%s not audited: %s", event.value, type(error).__name__)


class StorageServices:
    """C-ECHO and C-STORE for one association; called in its thread alone."""

    def __init__(self, ingress: Ingress, address: str, admitted: bool) -> None:
        self._ingress, self._address, self._admitted = ingress, address, admitted
        self._association_uuid = f"{ingress.mark}{uuid.uuid4()}"[:36]
        self._calling_aet = ""
        self._rule: AERule | None = None
        self._instances = 0

    def decide(self, request: AssociationRequest) -> tuple[int, int, int] | None:
        self._calling_aet = request.calling_aet
        verdict = decide_association(request.calling_aet, request.called_aet, self._address, self._ingress.settings.ae_rule)
        if verdict.accepted and self._admitted:
            self._rule = verdict.rule
            return None
        reason = verdict.reason or Refusal.TOO_MANY
        self.refused(reason.value, request)
        return REJECTION[reason]

    def refused(self, reason: str, request: AssociationRequest | None) -> None:
        calling_aet, called_aet = (request.calling_aet, request.called_aet) if request else ("", "")
        log.warning("association from %s refused: %s", self._address, reason)
        self._ingress.record(
            AuditEvent.ASSOCIATION_REFUSED,
            calling_aet=calling_aet,
            called_aet=called_aet,
            address=self._address,
            reason=reason,
        )

    def negotiate(self, contexts: tuple[ProposedContext, ...]) -> list[tuple[int, int, str, str]]:
        return list(_negotiated(contexts, self._ingress.settings.study.private_sop_classes))

    def new_data_set(self, command: Command, transfer_syntax: str) -> DataSet:
        ingress = self._ingress
        meta = file_meta(command.sop_class_uid, command.sop_instance_uid, transfer_syntax)
        file = IncomingFile(ingress.archive, ingress.settings.node.min_free_disk_mb, meta)
        for keyword, uid in (
            ("AffectedSOPClassUID", command.sop_class_uid),
            ("AffectedSOPInstanceUID", command.sop_instance_uid),
        ):
            if not uid:
                file.fail(DatasetMismatch(f"a C-STORE command without {keyword}"))
        return file

    def store(self, command: Command, transfer_syntax: str, data_set: DataSet | None) -> Answer:
        try:
            return Answer(*self._store(command, transfer_syntax, data_set))  # the temporary file is gone
        except IntakeError as error:
            self._ingress.record(AuditEvent.INSTANCE_REFUSED, calling_aet=self._calling_aet, reason=str(error))
            failure = _failure(error)
        except Exception as error:  # the association's boundary: the sender keeps its copy and is told so
            log.error("C-STORE failed: %s", type(error).__name__, exc_info=log.isEnabledFor(logging.DEBUG))
            failure = _failure(error)
        if data_set is not None:
            data_set.discard()
        return failure

    def _store(self, command: Command, transfer_syntax: str, data_set: DataSet | None) -> tuple[int, str]:
        file = data_set.complete() if isinstance(data_set, IncomingFile) else None
        if file is None or self._rule is None:
            raise Unparseable("a C-STORE without a data set")
        arrival = Arrival(
            file=file,
            sop_class_uid=command.sop_class_uid,
            sop_instance_uid=command.sop_instance_uid,
            transfer_syntax_uid=transfer_syntax,
            calling_aet=self._calling_aet,
            rule_name=self._rule.name,
            association_uuid=self._association_uuid,
        )
        self._instances += 1
        receipt = self._ingress.intake.take(arrival)
        if receipt is Receipt.QUARANTINED:
            error = Unparseable()
            return status_for(error), str(error)
        return SUCCESS, ""

    def ended(self) -> None:
        """The studies it sent to may fall quiet."""
        if not self._instances:
            return
        log.info("instances from %r: %d", self._calling_aet, self._instances)
        ingress = self._ingress
        try:
            ingress.database.write(
                lambda session: assembly.association_ended(session, self._association_uuid, now=ingress.clock())
            )
        except SQLAlchemyError as error:  # the study is then closed by force
            log.error("end of an association not recorded: %s", type(error).__name__)


@lru_cache(maxsize=16)  # a modality proposes the same each time, and a hundred contexts take milliseconds
def _negotiated(
    contexts: tuple[ProposedContext, ...], private: Literal["store", "reject"]
) -> tuple[tuple[int, int, str, str], ...]:
    proposed: list[PresentationContext] = []
    answers: list[tuple[int, int, str, str]] = []
    for context in contexts:
        built = _as_context(context)
        if built is None:
            syntax = context.transfer_syntaxes[0] if context.transfer_syntaxes else ""
            answers.append((context.context_id, _NOT_A_UID, context.abstract_syntax, syntax))
        else:
            proposed.append(built)
    for result in negotiate_as_acceptor(proposed, contexts_for(proposed, private))[0]:
        syntax = str(result.transfer_syntax[0])
        answers.append((int(result.context_id or 0), int(result.result or 0), str(result.abstract_syntax), syntax))
    return tuple(sorted(answers))


def _as_context(context: ProposedContext) -> PresentationContext | None:
    """None where a name is no UID that anybody could support."""
    with suppress(ValueError, TypeError):
        built = build_context(context.abstract_syntax, list(context.transfer_syntaxes))
        built.context_id = context.context_id
        if built.transfer_syntax:
            return built
    return None


def _failure(error: BaseException) -> Answer:
    return Answer(status_for(error), str(error) if isinstance(error, IntakeError) else "try again later")
