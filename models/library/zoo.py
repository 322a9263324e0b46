"""Every model of the library on one page, made from the manifests: docs/pages/reference/models.md."""

from collections import defaultdict
from collections.abc import Iterable

from models.library.manifest import Manifest, read_manifests
from models.library.stored_manifests import MANIFESTS

_HEAD = """# Model zoo

Made from the manifests by `echonode models zoo`; do not edit. [Bring weights in](../how-to/import-weights.md),
[add a model](../how-to/add-a-model.md).

No published weights are shipped: their licences do not allow it, or say nothing. The figures of published models are those
published of the authors' own weights: by the authors, or as others report them, as each row says ("not found": we found none).
Nothing here repeats them. "Assumed" is what nobody has published of a network, and this library takes in its place. Only the
bundled networks come with weights, and those are trained on synthetic hearts: research, not patients.
"""


def zoo_page() -> str:
    """The page as Markdown: a section for each paper, a row for each model."""
    by_source: dict[str, list[Manifest]] = defaultdict(list)
    for path in sorted(MANIFESTS.glob("*.toml")):
        for manifest in read_manifests(path):
            by_source[_source(manifest)].append(manifest)
    return "\n".join([_HEAD, *(line for source in sorted(by_source) for line in _section(source, by_source[source]))]) + "\n"


def _source(manifest: Manifest) -> str:
    return manifest.publication.paper if manifest.publication else "Bundled: trained on synthetic hearts"


def _section(source: str, manifests: list[Manifest]) -> Iterable[str]:
    yield f"## {source}\n"
    for manifest in manifests[:1]:
        if manifest.publication:
            yield f"Licence of the code: {manifest.publication.code_licence}.\n"
    yield "| name | takes | gives | trained on | licence of the weights | weights | trained here | assumed | figures |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    yield from (_row(manifest) for manifest in manifests)
    yield ""


def _row(manifest: Manifest) -> str:
    names = ", ".join(f"`{name}`" for name in (manifest.name, *manifest.aliases))
    shape = " x ".join("free" if side == -1 else str(side) for side in manifest.input_shape)
    takes = f"{shape}: {manifest.input_values}" if shape else f"grey, {manifest.input_size_px} px square, 0 to 1"
    gives = manifest.output_values or ", ".join(manifest.labels)
    assumed = manifest.publication.assumed if manifest.publication else ""
    trained = "yes" if manifest.trained else "no: reads nothing until weights are brought"
    cells = (
        names, takes, gives, manifest.training_data, manifest.licence, _weights(manifest), trained, assumed, _figures(manifest),
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _weights(manifest: Manifest) -> str:
    if manifest.weights_file:
        return "bundled"
    source = manifest.publication
    if source is None or not source.weights_file:
        return "none published"
    return f"{source.weights_file}, {source.weights_origin}" + ("" if source.weights_sha256 else "; no hash stated")


def _figures(manifest: Manifest) -> str:
    """Single numbers, and what they were measured on; intervals stay in the manifest."""
    numbers = [f"{key} {value:.4g}" for key, value in manifest.metrics.items() if isinstance(value, (int, float))]
    if not numbers and manifest.publication:
        return "not found"
    measured_on = manifest.metrics.get("measured_on")
    return "; ".join(numbers) + (f" ({measured_on})" if numbers and measured_on else "")
