"""What the handlers of this room work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from node.db.session import Database
from node.settings import Settings
from node.study.archive import Archive


@dataclass(frozen=True)
class EgressTools:
    database: Database
    archive: Archive
    settings: Settings
    clock: Callable[[], datetime]
