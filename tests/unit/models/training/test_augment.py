import torch

from models.training.augment import Augmentation, augment

NOTHING = Augmentation(
    rotation_degrees=0, zoom=0, aspect=0, shift=0, flip=0, gain=0, gamma=0, blur=0, noise=0, shading=0, haze=0, overlay=0
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def boxes(n: int = 8) -> torch.Tensor:
    images = torch.zeros(n, 1, 48, 48)
    images[:, :, 12:30, 8:20] = 0.8
    return images


def test_no_strength_changes_nothing() -> None:
    images, masks = augment(boxes(), boxes() / 0.8, NOTHING, seeded())
    torch.testing.assert_close(images, boxes().clamp(min=1e-4), atol=1e-5, rtol=0)
    torch.testing.assert_close(masks, boxes() / 0.8, atol=1e-5, rtol=0)


def test_image_and_mask_move_together() -> None:
    moved = Augmentation(gain=0, gamma=0, blur=0, noise=0, shading=0, haze=0, overlay=0)
    images, masks = augment(boxes(), boxes() / 0.8, moved, seeded())
    torch.testing.assert_close(images, 0.8 * masks, atol=2e-3, rtol=0)
    assert not torch.allclose(masks, boxes() / 0.8, atol=0.1)


def test_intensity_and_overlays_leave_the_mask_alone() -> None:
    changed = Augmentation(rotation_degrees=0, zoom=0, aspect=0, shift=0, flip=0, overlay=1.0)
    images, masks = augment(boxes(), boxes() / 0.8, changed, seeded())
    torch.testing.assert_close(masks, boxes() / 0.8, atol=1e-5, rtol=0)
    assert (images - boxes()).abs().amax(dim=(1, 2, 3)).min() > 0.05
    assert images.min() >= 0
    assert images.max() <= 1


def test_a_seed_gives_the_same_batch_again() -> None:
    first, _ = augment(boxes(), boxes(), Augmentation(), seeded(5))
    again, _ = augment(boxes(), boxes(), Augmentation(), seeded(5))
    other, _ = augment(boxes(), boxes(), Augmentation(), seeded(6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_given_images_are_not_touched() -> None:
    images = boxes()
    augment(images, boxes(), Augmentation(overlay=1.0), seeded())
    assert torch.equal(images, boxes())
