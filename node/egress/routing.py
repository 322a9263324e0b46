"""Where a study's documents go: the route tables of the configuration, first match wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from pydicom.dataset import Dataset

from node.db.tables import Study
from node.egress import building
from node.settings import Destination, Settings
from sr_templates.copied_values import text_of


@dataclass(frozen=True)
class Routing:
    """`kept_by` says which rule of the configuration keeps the documents here; empty where they go somewhere, or where there
    is nowhere to go.
    """

    destinations: tuple[Destination, ...] = ()
    kept_by: str = ""


def routing_of(settings: Settings, study: Study, header: Dataset, *, now: datetime) -> Routing:
    """By the first route that matches; all destinations where there are no routes, none where none of them matches.

    A study of a source declared as a migration, older than its limit, goes nowhere: an archive is not to be flooded.
    """
    if not settings.destination:
        return Routing()
    if _is_migration(settings, study, header, now):
        return Routing(kept_by=f"ae_rule {study.source_rule!r}: older than report_studies_older_than_days")
    if not settings.route:
        return Routing(settings.destination)
    description = text_of(header, "StudyDescription")
    for route in settings.route:
        if fnmatchcase(study.calling_aet, route.calling_aet) and fnmatchcase(description, route.description):
            if route.ignore:
                return Routing(kept_by=f"route {route.name!r} ignores the study")
            named = (one for one in settings.destination if not route.destinations or one.name in route.destinations)
            return Routing(tuple(named))
    return Routing(kept_by=f"none of {len(settings.route)} route(s) matches the study")


def templates_wanted(destinations: Sequence[Destination]) -> tuple[building.WantedDocument, ...]:
    """What these destinations may get, each once, in the table's order. For none at all what nobody need ask for: for the
    archive.
    """
    if not destinations:
        return tuple(map(building.WantedDocument, building.BY_DEFAULT))
    wanted = dict.fromkeys(one for destination in destinations for one in building.wanted_for(destination))
    order = list(building.TEMPLATES)
    return tuple(sorted(wanted, key=lambda one: order.index(one.template)))


def _is_migration(settings: Settings, study: Study, header: Dataset, now: datetime) -> bool:
    limits = [rule.report_studies_older_than_days for rule in settings.ae_rule if rule.name == study.source_rule]
    study_date = text_of(header, "StudyDate").replace(".", "")  # ACR-NEMA wrote 1994.06.08
    if not limits or limits[0] is None or not (len(study_date) == 8 and study_date.isdecimal()):
        return False
    return study_date < (now - timedelta(days=limits[0])).strftime("%Y%m%d")
