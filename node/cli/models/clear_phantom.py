"""`echonode models clear-phantom`: a person answers for weights that phantoms had a part in."""

from pathlib import Path
from typing import Annotated

import typer

from models.library.manifest import write_manifest
from models.training.registration import lift_phantom_rule
from node.cli.operator import person
from node.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, ModelName
from node.cli.output import console, print_json
from node.db import audit
from node.db.audit import AuditEvent
from node.db.clocks import utc_now
from node.db.session import open_database
from node.settings import load_settings


def clear_phantom(
    name: ModelName,
    evaluation: Annotated[
        Path, typer.Option(help="metrics.json of `echonode evaluate NAME --data ... --out`.", exists=True, dir_okay=False)
    ],
    by: Annotated[str, typer.Option(help="First and last name of the person who answers for it.")],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Register an evaluation on data of the site: a named person answers for weights that were trained on phantoms.

    It is written into the audit trail of the node of --config; without a node there is no such registration. It holds for these
    weights alone: a training that starts from them is under the rule again.
    """
    settings = load_settings(config)
    at = utc_now()
    before, after = lift_phantom_rule(name, evaluation, by=by, at=at)
    judged = after.site_evaluation
    assert judged is not None
    with open_database(settings) as database, database.session() as session:
        audit.record(
            session, AuditEvent.PHANTOM_RULE_LIFTED, now=at, model=before.name, version=before.version,
            weights_sha256=before.weights_sha256, evaluation_sha256=judged.sha256, data=judged.data, by=by, command_by=person(),
        )  # fmt: skip
        write_manifest(after, after.path)  # last, so that nothing is lifted that no trail knows of
    if as_json:
        print_json({"name": after.name, "weights_sha256": after.weights_sha256, "by": by, "at": judged.at,
                    "evaluation_sha256": judged.sha256, "data": judged.data})  # fmt: skip
        return
    console.print(f"{after.name} {after.version}: {by} answers for it, by {judged.data}; audited", highlight=False)
