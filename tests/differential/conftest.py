"""One run of the original framework per model and layout, kept for the whole test run.

A family's tests stand in one file, so that one worker runs them all and starts TensorFlow once per layout.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.differential.reference import Reference, run_original

FOLDER = Path(__file__).parent
# Second sizes and heads of families that `make test-origins` compares already: `make test-further`.
FURTHER = frozenset({
    "resnet101_averaged", "densenet_averaged", "efficientnet_averaged", "convnext_averaged", "convnext_base_flattened",
    "vit_base", "swin_tiny",
})  # fmt: skip


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == FOLDER:
            item.add_marker(pytest.mark.origins)
        chosen = getattr(item, "callspec", None)
        if chosen is not None and chosen.params.get("builder") in FURTHER:
            item.add_marker(pytest.mark.further)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Beside other workers, more threads make small convolutions slower by an order of magnitude."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Reference]:
    """(builder as "module:function", layout) -> its Reference."""
    kept: dict[tuple[str, str], Reference] = {}

    def of(builder: str, layout: str) -> Reference:
        key = (builder, layout)
        if key not in kept:
            kept[key] = run_original(builder, layout, tmp_path_factory.mktemp("original") / "run")
        return kept[key]

    return of
