"""`echonode models register`: a finished training becomes a model."""

from pathlib import Path
from typing import Annotated

import typer

from models.library.own_models import dependents_of, stored_model
from models.training import registration
from models.training.run import read_run
from node.cli.models.replacement import replacement, tell_replacement
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.errors import EchoNodeError


def register(
    run: Annotated[Path, typer.Argument(help="The folder of a finished `echonode train`.", exists=True, file_okay=False)],
    name: Annotated[str, typer.Option(help="How the model is called: letters, digits, - _ and .")],
    intended_use: Annotated[str, typer.Option(help="What it is for; default: research, no medical device.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Where to store it; default $ECHONODE_MODELS or the user's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a finished training a model that every command and the node take by its name.

    What phantoms had a part in, itself or in the weights it started from, stays phantom: see `models clear-phantom`.
    """
    finished = read_run(run)
    before = stored_model(name, folder)
    users = dependents_of(before.weights_sha256) if before else ()
    try:
        manifest = registration.register(finished, name, intended_use=intended_use, folder=folder)
    except OSError as error:  # the model folder: the run has been read
        raise EchoNodeError(f"cannot store the weights: {error}") from error
    replaces = replacement(before, manifest, users)
    if as_json:
        print_json({
            "name": manifest.name, "version": manifest.version, "weights": manifest.weights_path, "manifest": manifest.path,
            "weights_sha256": manifest.weights_sha256, "started_from": manifest.started_from,
            "trained_on_phantoms": manifest.trained_on_phantoms, "intended_use": manifest.intended_use, "replaces": replaces,
        })  # fmt: skip
        return
    console.print(f"{manifest.name} {manifest.version}: {manifest.weights_path}, manifest {manifest.path}", highlight=False)
    console.print(f"intended use: {manifest.intended_use}", highlight=False)
    tell_replacement(replaces)
    if manifest.trained_on_phantoms:
        console.print(
            f"phantoms had a part in these weights: no number of theirs goes to a patient until `echonode models clear-phantom "
            f"{manifest.name}` registers an evaluation on data of your site",
            highlight=False,
        )
