"""Where a network's last feature map is, and what its answers mean: its recipe says so, nothing is guessed.

Of a segmenter it is the deepest map, from which the decoder starts: the maps at full size show little but the answer itself. Of
a transformer that answers by its class token it is what enters the last attention, for behind that no other token counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from models.errors import NoHeatMap
from models.library.manifest import Manifest
from models.library.recipe import EMBEDDING, Layer
from models.library.registry import recipe_of


def as_answered(answer: Tensor) -> Tensor:
    """One number an item, `answer` (n,), as (n, 1); logits (n, k) and (n, k, h, w) as they are. All are float32."""
    return answer[:, None] if answer.dim() == 1 else answer


def manifest_labels(network: Any) -> Sequence[str]:
    labels: Sequence[str] = network.manifest.labels
    return labels


@dataclass(frozen=True)
class Place:
    """`outputs` makes logits or values (n, k) or (n, k, h, w), float32, of the network's answer.

    `labels` names the k, and is empty where nobody has. `default` is the output that is explained where none is asked for; "":
    the largest.
    """

    layer: Layer
    outputs: Callable[[Any], Tensor] = as_answered
    labels: Callable[[Any], Sequence[str]] = manifest_labels
    default: str = ""


def place_of(manifest: Manifest) -> Place:
    """Raises NoHeatMap for an embedding, an untrained decoder, and a network whose recipe knows no map."""
    recipe = recipe_of(manifest)
    reason = recipe.no_heat_map
    if manifest.architecture.get("outputs") == 0:
        reason = EMBEDDING
    if manifest.architecture.get("decoder") == "untrained":
        reason = "its decoder is untrained"
    found = recipe.heat_map
    if reason or found is None:
        raise NoHeatMap(
            f"model {manifest.name} has no heat map: {reason or f'nobody has said where {recipe.task} has its maps'}"
        )
    return Place(found.layer, found.outputs or as_answered, found.labels or manifest_labels, found.default)


def column_of(network: nn.Module, place: Place, label: str, outputs: int) -> int:
    """Which output is meant: by its label, or by its number from 0 on. Raises NoHeatMap."""
    labels = list(place.labels(network))
    if label in labels and len(labels) == outputs:
        return labels.index(label)
    if label.isdigit() and int(label) < outputs:
        return int(label)
    known = ", ".join(labels) if len(labels) == outputs else f"0 to {outputs - 1}"
    raise NoHeatMap(f"there is no output {label!r}; there are: {known}")


def name_of(network: nn.Module, place: Place, column: int, outputs: int) -> str:
    labels = list(place.labels(network))
    return labels[column] if len(labels) == outputs else str(column)
