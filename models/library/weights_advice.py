"""What to do where weights are asked for that nobody has brought."""

from pathlib import Path

from models.library.manifest import Manifest


def how_to_bring_weights(manifest: Manifest) -> str:
    source = manifest.publication
    if source is None:
        return f"model {manifest.name}: its manifest names no weights"
    if not source.weights_file:
        return f"model {manifest.name}: nobody has published weights for it; only a training of your own can make them"
    sha256 = f"SHA-256 {source.weights_sha256}" if source.weights_sha256 else "its publisher states no SHA-256"
    return (
        f"model {manifest.name}: its weights are not shipped (licence: {manifest.licence}). Fetch {source.weights_file} from "
        f"{source.weights_origin} ({sha256}), then run `echonode models import {manifest.name} FILE{_unpublished(manifest)}`"
    )


def how_to_import(manifest: Manifest, file: Path) -> str:
    if manifest.publication is None or not manifest.publication.weights_file:
        return how_to_bring_weights(manifest)
    return (
        f"model {manifest.name}: {file} is not opened, since its manifest knows no hash of it yet: import it first, "
        f"`echonode models import {manifest.name} {file}{_unpublished(manifest)}`, then load the model with pretrained=True"
    )


def _unpublished(manifest: Manifest) -> str:
    """The options by which an import is told what neither the publication nor the file says."""
    labels = " --labels NAME,..." if manifest.architecture.get("outputs") and not manifest.labels else ""
    needed = manifest.publication.needed_settings if manifest.publication else ()
    return labels + "".join(f" --set {key}=..." for key in needed if key not in manifest.architecture)
