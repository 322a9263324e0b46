"""What makes this node this node: one row, made once."""

import hashlib
import hmac
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.db.session import insert_unless_there
from node.db.tables import NodeIdentity

_THE_ROW = 1


def node_identity(session: Session, *, now: datetime) -> NodeIdentity:
    """The identity, made on first use. The Device Observer UID is a UUID under the root 2.25 (PS3.5 B.2)."""
    query = select(NodeIdentity).where(NodeIdentity.id == _THE_ROW)
    identity = session.scalar(query)
    if identity is None:
        values = {
            "id": _THE_ROW,
            "node_uuid": str(uuid.uuid4()),
            "device_observer_uid": f"2.25.{uuid.uuid4().int}",
            "created_at": now,
        }
        insert_unless_there(session, NodeIdentity, values)
        identity = session.scalars(query).one()
    return identity


def pseudonym(identity: NodeIdentity, value: str) -> str:
    """A stable name for `value` (a UID, a patient identifier) that tells nothing without this node's key; 32 characters."""
    return hmac.new(identity.node_uuid.encode(), value.encode(), hashlib.sha256).hexdigest()[:32]
