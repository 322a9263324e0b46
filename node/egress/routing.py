"""Where a study's documents go: the route tables of the configuration, first match wins."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from pydicom.dataset import Dataset

from node.db.tables import Study
from node.settings import Destination, Settings


def destinations_for(settings: Settings, study: Study, header: Dataset, *, now: datetime) -> tuple[Destination, ...]:
    """By the first route that matches; all destinations where there are no routes, none where none of them matches.

    A study of a source declared as a migration, older than its limit, goes nowhere: an archive is not to be flooded.
    """
    if _is_migration(settings, study, header, now):
        return ()
    if not settings.route:
        return settings.destination
    description = str(header.get("StudyDescription", "") or "")
    for route in settings.route:
        if fnmatchcase(study.calling_aet, route.calling_aet) and fnmatchcase(description, route.description):
            named = (d for d in settings.destination if not route.destinations or d.name in route.destinations)
            return () if route.ignore else tuple(named)
    return ()


def _is_migration(settings: Settings, study: Study, header: Dataset, now: datetime) -> bool:
    limits = [rule.report_studies_older_than_days for rule in settings.ae_rule if rule.name == study.source_rule]
    study_date = str(header.get("StudyDate", "") or "")
    if not limits or limits[0] is None or not study_date:
        return False
    return study_date < (now - timedelta(days=limits[0])).strftime("%Y%m%d")
