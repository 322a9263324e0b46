import torch

from models.training.augment import Augmentation, Moved
from models.training.augment import augment as augment_batch

NOTHING = Augmentation(
    rotation_degrees=0, zoom=0, aspect=0, shift=0, flip=0, gain=0, gamma=0, blur=0, noise=0, shading=0, haze=0, overlay=0
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def boxes(n: int = 8) -> torch.Tensor:
    images = torch.zeros(n, 1, 48, 48)
    images[:, :, 12:30, 8:20] = 0.8
    return images


def augment(
    images: torch.Tensor, masks: torch.Tensor, strength: Augmentation, random: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    moved = augment_batch(Moved(images, masks), strength, random)
    assert moved.masks is not None
    return moved.images, moved.masks


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


def test_points_move_with_what_they_mark_on_oblong_images() -> None:
    """Bug prevented: points turned the wrong way round, or as if the image were square."""
    images, points = torch.zeros(16, 1, 60, 90), torch.empty(16, 1, 2)
    for index, (x, y) in enumerate([(20 + 3 * index, 15 + 2 * index) for index in range(16)]):
        images[index, 0, y - 1 : y + 2, x - 1 : x + 2] = 1
        points[index, 0] = torch.tensor([x, y])
    strength = Augmentation(gain=0, gamma=0, blur=0, noise=0, shading=0, haze=0, overlay=0)
    moved = augment_batch(Moved(images, points=points), strength, seeded())
    assert moved.points is not None
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(90.0), indexing="ij")
    seen = moved.images[:, 0].clamp(min=0.05) - 0.05
    weight = seen.sum(dim=(1, 2))
    inside = weight > 4
    assert inside.sum() > 8
    centre = torch.stack([(seen * x).sum(dim=(1, 2)) / weight, (seen * y).sum(dim=(1, 2)) / weight], dim=1)
    torch.testing.assert_close(centre[inside], moved.points[inside, 0], atol=0.3, rtol=0)
    assert (moved.points - points).abs().amax() > 5


def test_the_frames_of_a_clip_move_alike_and_colours_stay_grey() -> None:
    frames = boxes(2).repeat(1, 6, 1, 1)  # two frames of three colours
    images = augment_batch(Moved(frames), Augmentation(overlay=1.0, noise=0.2), seeded(), channels=3).images
    assert torch.equal(images[:, 0], images[:, 1])
    assert torch.equal(images[:, 3], images[:, 5])
    assert not torch.equal(images[:, 0], images[:, 3])  # by their noise alone
    still = augment_batch(Moved(frames), Augmentation(overlay=1.0, noise=0), seeded(), channels=3).images
    assert torch.equal(still[:, 0], still[:, 3])
