"""What a classifier learns of its training data where not every class has an image of a heart."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from models.catalogue import View
from models.families.phantom.classifier import PhantomClassifier
from models.library.registry import find_manifest
from models.training.reference_limit import learnt_reference
from tests.loaded import as_model

LABELS = ("a4c", "a2c", "plax", "other")
HEARTS = 12


def network() -> PhantomClassifier:
    torch.manual_seed(0)
    architecture = {"channels": [4, 8], "reference_classes": len(LABELS)}
    return PhantomClassifier(replace(find_manifest("phantom_view"), labels=LABELS, architecture=architecture)).eval()


def shown(classes: tuple[str, ...]) -> Any:
    """One image a heart of these classes in turn, brighter from class to class, and one of no heart with each."""
    random = torch.Generator().manual_seed(1)
    items, images = [], []
    for heart in range(HEARTS):
        for label in (classes[heart % len(classes)], "other"):
            truth = SimpleNamespace(label=label, view=None if label == "other" else View(label))
            items.append(SimpleNamespace(group=str(heart), truth=truth))
            images.append(0.1 * torch.rand(1, 32, 32, generator=random) + 0.3 * LABELS.index(label))
    return SimpleNamespace(
        items=items,
        task=SimpleNamespace(labels=LABELS, class_of=lambda item: item.truth.label),
        shown=lambda index: [SimpleNamespace(inputs=images[index])],
    )


def test_a_class_of_no_heart_does_not_keep_the_reference_from_being_learnt() -> None:
    """What is shown of a heart is near, what is not is far."""
    taught = network()
    data = shown(("a4c", "a2c"))
    limits = learnt_reference(as_model(taught), data, data)
    assert 0.5 < limits["out_of_distribution"] < 3
    alike = taught.distance(taught.embed(torch.full((1, 1, 32, 32), 0.35)))
    assert taught.distance(taught.embed(torch.full((1, 1, 32, 32), 5.0))) > 3 * alike
    assert torch.isfinite(taught.class_means).all()


def test_without_a_heart_nothing_is_learnt() -> None:
    data = shown(("other",))
    assert learnt_reference(as_model(network()), data, data) == {}


@pytest.mark.parametrize("empty", [0, 2])
def test_a_class_without_an_image_is_never_the_nearest(empty: int) -> None:
    taught, others = network(), [index for index in range(len(LABELS)) if index != empty]
    features = torch.randn(300, 12, generator=torch.Generator().manual_seed(2))
    classes = torch.tensor(others).repeat(100)
    taught.learn_reference(features + classes[:, None], classes)
    assert taught.distance(features + classes[:, None]).mean().item() == pytest.approx(1.0, abs=0.1)
