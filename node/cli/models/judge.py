"""`echonode models judge`: a distribution reference for the node's `[models] distribution`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from models.library.stored_manifests import model_folder
from node.cli.devices import check_device
from node.cli.options import AsJson
from node.cli.output import console, print_json
from node.errors import ConfigError
from node.files.distribution import learn_reference, next_version

_HOLD_OUT = {"patient": "patients", "study": "studies"}


def judge(
    embedder: Annotated[str, typer.Argument(help="Whose features: a model with weights that `models embed` takes.")],
    paths: Annotated[list[Path], typer.Argument(help="DICOM images of your own, or folders of them.", exists=True)],
    name: Annotated[str, typer.Option(help="How the reference is called: letters, digits, - _ and .")],
    view_model: Annotated[
        str, typer.Option(help="A view model: classes are its views. Default: B-mode, M-mode, PW and CW, by the regions.")
    ] = "",
    quantile: Annotated[float, typer.Option(help="Of the distances of clips held out; what lies beyond is refused.")] = 0.95,
    hold_out: Annotated[str, typer.Option(help="What is held out together: patient, or study.")] = "patient",
    licence: Annotated[str, typer.Option(help="Under which the reference may be used.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Where to store it; default $ECHONODE_MODELS or the user's own.")] = None,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Learn which images are like your own: means and covariance of their features, and a limit on patients held out.

    The manifest's path goes into the node's [models] distribution. It holds counts, and nothing of a patient.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ConfigError(f"--name {name}: letters, digits, - _ and . only")
    if not 0.5 <= quantile < 1:
        raise ConfigError(f"--quantile {quantile:g}: from 0.5 to below 1")
    if hold_out not in _HOLD_OUT:
        raise ConfigError(f"--hold-out {hold_out}: {' or '.join(_HOLD_OUT)}")
    check_device(device)
    store = folder or model_folder()
    version = next_version(name, store)
    manifest, images, limit = learn_reference(
        embedder, paths, view_model, device,
        draft={"name": name, "version": version, "licence": licence},
        quantile=quantile, hold_out=hold_out, folder=store,
    )  # fmt: skip
    summary = {
        "name": name, "version": version, "manifest": manifest.path, "weights_sha256": manifest.weights_sha256,
        "embedder_sha256": manifest.architecture["embedder_sha256"], "classes": list(manifest.labels),
        "limit": limit, **manifest.metrics, "trained_on_phantoms": manifest.trained_on_phantoms,
        "left_out": dict(images.left_out),
    }  # fmt: skip
    if as_json:
        print_json(summary)
        return
    console.print(f"{name} {version}: {manifest.training_data}", highlight=False, markup=False)
    console.print(
        f"limit {limit:.3f}: quantile {quantile:g} of the clips, a fifth of the {_HOLD_OUT[hold_out]} held out at a time",
        highlight=False,
    )
    for why, count in images.left_out.items():
        console.print(f"left out: {count}, {why}", highlight=False, markup=False)
    if manifest.trained_on_phantoms:
        console.print("trained on phantoms: it lets no patient be measured without the research override", highlight=False)
    console.print(f'[models] distribution = "{manifest.path.resolve()}"', highlight=False, markup=False)
