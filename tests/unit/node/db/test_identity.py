"""The node's identity is made once, and its pseudonyms tell nothing without it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from node.db.identity import node_identity, pseudonym
from node.db.session import Database
from node.db.tables import NodeIdentity
from tests.rows import NOW


def test_the_identity_is_made_once(database: Database) -> None:
    def uuid_of(_: int) -> str:
        return database.write(lambda session: node_identity(session, now=NOW)).node_uuid

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(uuid_of, range(8)))) == 1


def test_the_device_observer_uid_is_a_uuid_under_its_root(database: Database) -> None:
    identity = database.write(lambda session: node_identity(session, now=NOW))
    root, _, number = identity.device_observer_uid.rpartition(".")
    assert root == "2.25"
    assert str(int(number)) == number
    assert UUID(int=int(number)).version == 4
    assert len(identity.device_observer_uid) <= 64


def test_pseudonyms_are_stable_and_differ_between_nodes() -> None:
    ours, other = NodeIdentity(node_uuid="a"), NodeIdentity(node_uuid="b")
    assert pseudonym(ours, "2.25.1") == pseudonym(ours, "2.25.1")
    assert len({pseudonym(ours, "2.25.1"), pseudonym(ours, "2.25.2"), pseudonym(other, "2.25.1")}) == 3
    assert len(pseudonym(ours, "2.25.1")) == 32
