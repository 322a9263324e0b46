"""What must be true before a node can work: configuration, database, disk, device, networks, destinations."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from models.errors import ModelError
from models.library.model_set import ModelSettings, Role
from models.library.registry import find_manifest, load_model
from models.library.roles import unfit_for
from node.db.session import open_database
from node.db.tables import Delivery, DeliveryState
from node.egress.destinations import configured
from node.errors import ConfigError, EchoNodeError
from node.settings import Settings
from node.work.model_check import chosen_device
from sr_templates.study_page.pdf import why_no_pdf


@dataclass(frozen=True)
class CheckResult:
    name: str
    ok: bool
    message: str


def run_checks(settings: Settings) -> list[CheckResult]:
    return list(_checks(settings))


def _checks(settings: Settings) -> Iterator[CheckResult]:
    yield _config(settings)
    yield _database(settings)
    yield _disk(settings)
    yield _device(settings.models)
    for role, name in settings.models.named_models():
        yield _model(role, name)
    if any("pdf" in destination.documents for destination in settings.destination):
        why_not = why_no_pdf()
        yield CheckResult("pages as PDF", not why_not, why_not or "can be made")
    if not settings.destination:
        yield CheckResult("destinations", True, "none configured: documents stay in the archive")
    try:
        destinations = configured(settings)
    except ConfigError as error:
        yield CheckResult("destinations", False, str(error))
        return
    for destination in destinations:
        answer = destination.probe(settings)
        yield CheckResult(f"destination {destination.name}", answer.ok, answer.message)


def _config(settings: Settings) -> CheckResult:
    if not settings.ae_rule:
        return CheckResult("configuration", False, "no [[ae_rule]]: nobody may send to this node")
    return CheckResult("configuration", True, f"{settings.node.ae_title}, {len(settings.ae_rule)} AE rule(s)")


def _database(settings: Settings) -> CheckResult:
    try:
        database = open_database(settings)
    except EchoNodeError as error:
        return CheckResult("database", False, str(error))
    with database, database.reading() as session:
        waiting = set(session.scalars(select(Delivery.destination).where(Delivery.state == DeliveryState.PENDING.value)))
    if gone := sorted(waiting - {destination.name for destination in settings.destination}):
        names = ", ".join(map(repr, gone))
        return CheckResult("database", False, f"deliveries wait for {names}, which is no [[destination]]: they will be refused")
    return CheckResult("database", True, "opens, newest schema")


def _disk(settings: Settings) -> CheckResult:
    folder = settings.node.data_dir
    try:
        free_mb = shutil.disk_usage(folder).free >> 20
    except OSError as error:
        return CheckResult("disk", False, f"node.data_dir {folder}: {error.strerror or type(error).__name__}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return CheckResult("disk", False, f"node.data_dir {folder} cannot be written")
    needed_mb = settings.node.min_free_disk_mb
    if free_mb < needed_mb:
        return CheckResult("disk", False, f"{free_mb} MB free, {needed_mb} MB are the limit: every C-STORE would be refused")
    return CheckResult("disk", True, f"{free_mb} MB free")


def _device(models: ModelSettings) -> CheckResult:
    try:
        return CheckResult("device", True, f"the networks are computed on: {chosen_device(models)}")
    except ConfigError as error:
        return CheckResult("device", False, str(error))


def _model(role: Role, name: str) -> CheckResult:
    try:
        if why := unfit_for(role, find_manifest(name)):
            return CheckResult(f"model {name}", False, f"models.{role.value}: it {why}")
        model = load_model(name, pretrained=True)
    except (ModelError, LookupError, OSError, ValueError) as error:
        return CheckResult(f"model {name}", False, _first_line(error))
    return CheckResult(f"model {name}", True, f"version {model.manifest.version}, weights match their hash")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
