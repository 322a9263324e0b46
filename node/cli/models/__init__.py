"""models: the library of networks: what there is, bringing weights in, proving them, taking them out, features of frames."""

from typing import ClassVar

import typer

from node.cli.lazy_group import CommandRow, LazyGroup


class ModelCommands(LazyGroup):
    table: ClassVar = {
        "list": CommandRow(
            "node.cli.models.list:list_models",
            "All networks by name and alias, and which of them have weights here; exit code 1 where a manifest cannot be read.",
        ),
        "show": CommandRow(
            "node.cli.models.show:show_model",
            "One network's manifest: input, output, weights and their hash, training, metrics, intended use.",
        ),
        "import": CommandRow(
            "node.cli.models.import_:import_model",
            "Bring published weights in: hash checked, every tensor placed, stored as safetensors with origin and licence.",
        ),
        "register": CommandRow(
            "node.cli.models.register:register",
            "Make a finished training a model that every command and the node take by its name.",
        ),
        "clear-phantom": CommandRow(
            "node.cli.models.clear_phantom:clear_phantom",
            "Register an evaluation on data of the site: a named person answers for weights that were trained on phantoms.",
        ),
        "verify": CommandRow(
            "node.cli.models.verify:verify",
            "Hash the weights again, load them, and look at what they make of a probe; exit code 1 where something is wrong.",
        ),
        "export": CommandRow(
            "node.cli.models.export:export", "Write a model for other programs, with its origin and licence inside."
        ),
        "embed": CommandRow(
            "node.cli.models.embed:embed",
            "The features an encoder sees: one row a frame, or a clip where it encodes clips; for search, "
            "clustering, or a probe.",
        ),
        "zoo": CommandRow(
            "node.cli.models.zoo:zoo",
            "All bundled manifests as one Markdown page; docs/pages/reference/models.md is this output.",
        ),
        "explain": CommandRow(
            "node.cli.models.explain:explain",
            "Grad-CAM: which places of the image speak for an answer of a network, as an overlay.",
        ),
        "calibrate": CommandRow(
            "node.cli.models.calibrate:calibrate",
            "Set how much each doubt about an outline adds to the expected error of EF, and from which error on nothing is "
            "measured.",
        ),
        "judge": CommandRow(
            "node.cli.models.judge:judge",
            "Learn which images are like your own: means and covariance of their features, and a limit on patients held out.",
        ),
    }


models = typer.Typer(
    cls=ModelCommands, no_args_is_help=True, help="The networks: what there is, where it comes from, your own weights."
)
