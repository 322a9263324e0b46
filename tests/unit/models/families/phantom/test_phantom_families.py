from dataclasses import replace

import pytest
import torch

from models.families.phantom.classifier import PhantomClassifier
from models.families.phantom.segmenter import PhantomSegmenter
from models.library.manifest import Manifest
from models.library.registry import find_manifest


@pytest.fixture
def manifest() -> Manifest:
    architecture = {"channels": [4, 8], "reference_classes": 2}
    return replace(find_manifest("phantom_view"), labels=("a4c", "a2c", "other"), architecture=architecture)


def test_the_classifier_gives_one_logit_per_label_and_one_feature_per_channel(manifest: Manifest) -> None:
    logits, features = PhantomClassifier(manifest).eval().describe(torch.rand(5, 1, 32, 32))
    assert logits.shape == (5, 3)
    assert features.shape == (5, 12)


def test_distance_is_about_one_on_the_reference_and_grows_away_from_it(manifest: Manifest) -> None:
    network = PhantomClassifier(manifest)
    random = torch.Generator().manual_seed(0)
    classes = torch.arange(2000) % 2
    features = torch.randn(2000, 12, generator=random) * torch.linspace(0.1, 3, 12) + classes[:, None] * 5
    network.learn_reference(features, classes)
    near = network.distance(features)
    assert near.mean().item() == pytest.approx(1.0, abs=0.05)
    between = network.distance(features + 2.5 * torch.linspace(0.1, 3, 12) * torch.tensor([1.0, -1.0]).repeat(6))
    assert between.mean() > 2
    assert network.distance(features.mean(dim=0, keepdim=True) + 40).item() > 10


def test_a_channel_that_never_varied_gives_no_infinite_distance(manifest: Manifest) -> None:
    network = PhantomClassifier(manifest)
    features = torch.randn(200, 12, generator=torch.Generator().manual_seed(1))
    features[:, 3] = 0
    network.learn_reference(features, torch.arange(200) % 2)
    assert torch.isfinite(network.distance(features)).all()


def test_distance_counts_the_nearest_class(manifest: Manifest) -> None:
    network = PhantomClassifier(manifest)
    features = torch.randn(400, 12, generator=torch.Generator().manual_seed(2))
    classes = torch.arange(400) % 2
    network.learn_reference(features + 100.0 * classes[:, None], classes)
    assert network.distance(features).mean().item() == pytest.approx(1.0, abs=0.1)


def test_a_classifier_without_reference_stores_no_statistics(manifest: Manifest) -> None:
    network = PhantomClassifier(replace(manifest, architecture={"channels": [4, 8]}))
    assert network.class_means.numel() == network.precision.numel() == 0


@pytest.mark.parametrize("labels", [("lv",), ("lv", "la")])
def test_the_segmenter_keeps_the_size(manifest: Manifest, labels: tuple[str, ...]) -> None:
    network = PhantomSegmenter(replace(manifest, labels=labels, architecture={"channels": [4, 6, 8]})).eval()
    assert network(torch.rand(2, 1, 64, 64)).shape == (2, len(labels), 64, 64)


def test_one_frame_does_not_change_another(manifest: Manifest) -> None:
    """Batched and single inference must agree, or a result would depend on the length of the clip."""
    network = PhantomSegmenter(replace(manifest, architecture={"channels": [4, 6, 8]})).eval()
    frames = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        torch.testing.assert_close(network(frames)[1:2], network(frames[1:2]), atol=1e-5, rtol=1e-4)
