"""Styles of pictures: quality as stated, causes that do what they say, the same seed the same picture."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from models.phantom.image import CAUSES, Scanner, Style, frame_generator, persisted, polar_picture, prepare, sample_style
from models.phantom.image.artefacts import Gains
from models.phantom.image.style import SEVERITY
from models.phantom.rendered import SectorShape
from tests.shell_tissue import KINDS, Kind, beam_of, everywhere, four_chambers

SECTOR = SectorShape(0.75, 8.0, 150.0)
POLAR = (96, 48)


def scanner_of(style: Style, seed: int = 1) -> Scanner:
    return prepare(style, SECTOR, *POLAR, seed=seed, kinds=KINDS)


@cache
def picture(quality: int, cause: str, seed: int) -> Tensor:
    scanner = scanner_of(sample_style(quality, np.random.default_rng([seed, 5]), cause), seed)
    return polar_picture(scanner, four_chambers(scanner.grid), beam_of(scanner.grid), frame_generator(seed, 0))


def where(*kinds: Kind) -> Tensor:
    scanner = scanner_of(sample_style(3, np.random.default_rng(0)))
    return torch.isin(four_chambers(scanner.grid).kind, torch.tensor(kinds, dtype=torch.int8))


def mean(quality: int, cause: str, part: Tensor, seeds: range = range(8)) -> float:
    return float(np.mean([float(picture(quality, cause, seed)[part].mean()) for seed in seeds]))


def contrast_to_noise(image: Tensor, wall: Tensor, cavity: Tensor) -> float:
    bright, dark = image[wall], image[cavity]
    return float((bright.mean() - dark.mean()) / torch.sqrt(bright.var() + dark.var() + 1e-6))


def test_a_style_and_a_picture_are_those_of_their_seed() -> None:
    styles = [sample_style(1, np.random.default_rng(4)) for _ in range(2)]
    assert styles[0] == styles[1]
    scanners = [scanner_of(style) for style in styles]
    shots = [polar_picture(one, four_chambers(one.grid), beam_of(one.grid), frame_generator(9, 3)) for one in scanners]
    assert torch.equal(shots[0], shots[1])
    other = polar_picture(scanners[0], four_chambers(scanners[0].grid), beam_of(scanners[0].grid), frame_generator(9, 4))
    assert not torch.equal(shots[0], other)


def test_a_picture_is_grey_between_black_and_white() -> None:
    """Of every quality and grey map: no value beyond 0 to 1, none missing, something bright and something dark."""
    for seed in range(6):
        image = picture(seed % 4, CAUSES[seed % len(CAUSES)], seed)
        assert image.shape == POLAR
        assert bool(torch.isfinite(image).all())
        assert bool(((image >= 0) & (image <= 1)).all())
        assert image.max() - image.min() > 0.1, (seed, float(image.max()))


@pytest.mark.parametrize("cause", CAUSES)
def test_the_worst_fault_is_the_cause_and_grows_from_level_to_level(cause: str) -> None:
    """By construction: the severity of the cause lies in the level's own interval, all others far below it."""
    for quality in (0, 1, 2):
        for seed in range(20):
            style = sample_style(quality, np.random.default_rng([seed, quality]), cause)
            low, high = SEVERITY[quality]
            assert (style.quality, style.cause) == (quality, cause)
            assert low <= style.severity[cause] <= high
            assert max(rest for name, rest in style.severity.items() if name != cause) < 0.5 * style.severity[cause]
    assert sample_style(3, np.random.default_rng(1), cause).cause == ""


def test_levels_of_quality_do_not_touch() -> None:
    bounds = [SEVERITY[quality] for quality in (3, 2, 1, 0)]
    assert all(before[1] + 0.1 < after[0] for before, after in itertools.pairwise(bounds))


def test_every_cause_is_drawn() -> None:
    drawn = {sample_style(0, np.random.default_rng(seed)).cause for seed in range(80)}
    assert drawn == set(CAUSES)


@pytest.mark.parametrize(("quality", "cause"), [(4, None), (-1, None), (1, "rain")])
def test_unknown_levels_and_causes_are_refused(quality: int, cause: str | None) -> None:
    with pytest.raises(ValueError, match=r"quality|cause"):
        sample_style(quality, np.random.default_rng(0), cause)


@pytest.mark.slow
def test_contrast_to_noise_falls_with_quality() -> None:
    """Wall against cavities, over all causes that cover them: each level is worse than the one above."""
    wall, cavity = where(Kind.LV_WALL, Kind.LA_WALL, Kind.RA_WALL), where(Kind.LV_CAVITY, Kind.LA, Kind.RA)
    causes = ("noise", "haze", "dropout", "shadow")
    means = [
        np.mean([contrast_to_noise(picture(quality, cause, seed), wall, cavity) for cause in causes for seed in range(8)])
        for quality in (3, 2, 1, 0)
    ]
    assert all(better > worse + 0.1 for better, worse in itertools.pairwise(means)), means


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cause", "kinds", "brighter"),
    [("noise", (Kind.LA, Kind.RA), True), ("haze", (Kind.LV_CAVITY,), True), ("shadow", (Kind.LV_WALL,), False)],
)
def test_noise_haze_and_shadow_do_what_they_say(cause: str, kinds: tuple[Kind, ...], brighter: bool) -> None:
    """Noise fills the far chambers, haze the ventricle; shadows take the wall."""
    good, bad = mean(3, cause, where(*kinds)), mean(0, cause, where(*kinds))
    assert bad > good + 0.1 if brighter else bad < 0.8 * good


def faulty(cause: str, part: str, seed: int, polar: tuple[int, int] = POLAR) -> tuple[Tensor, Tensor]:
    """A good picture, and the same one with `part` of its style as bad as `cause` makes it; all else alike."""
    good, bad = (sample_style(quality, np.random.default_rng([seed, 5]), cause) for quality in (3, 0))
    scanners = [
        prepare(style, SECTOR, *polar, seed=seed, kinds=KINDS) for style in (good, replace(good, **{part: getattr(bad, part)}))
    ]
    first, second = (
        polar_picture(one, four_chambers(one.grid), beam_of(one.grid), frame_generator(seed, 0)) for one in scanners
    )
    return first, second


@pytest.mark.slow
def test_near_clutter_fills_the_near_field_alone() -> None:
    near = torch.zeros(POLAR, dtype=torch.bool)
    near[13:22] = True  # 20 to 34 mm from the origin: the apex of the cavity
    cavity, far = where(Kind.LV_CAVITY, Kind.RV_CAVITY), where(Kind.LA, Kind.RA)
    pictures = [faulty("near_field", "clutter", seed) for seed in range(8)]
    assert np.mean([float((bad - good)[near & cavity].mean()) for good, bad in pictures]) > 0.15
    assert abs(np.mean([float((bad - good)[far].mean()) for good, bad in pictures])) < 0.05


@pytest.mark.slow
def test_dropout_takes_walls_along_the_beam_first() -> None:
    """The side walls of the ventricle lose a good part of their grey; what faces the beam keeps nearly all of it."""
    scanner = scanner_of(sample_style(3, np.random.default_rng(0)))
    tissue, beam = four_chambers(scanner.grid), beam_of(scanner.grid)
    towards = (tissue.normal.x * beam.x + tissue.normal.z * beam.z).abs()
    wall = where(Kind.LV_WALL)
    pictures = [faulty("dropout", "levels", seed) for seed in range(8)]
    good, bad = torch.stack([one[0] for one in pictures]).mean(dim=0), torch.stack([one[1] for one in pictures]).mean(dim=0)
    kept = [float(bad[part].mean() / good[part].mean()) for part in (wall & (towards < 0.4), wall & (towards > 0.9))]
    assert kept[0] < 0.8, kept
    assert kept[1] > kept[0] + 0.15, kept


@pytest.mark.slow
def test_a_gain_fault_takes_the_muscle_out_of_the_middle_of_the_grey_scale() -> None:
    wall = where(Kind.LV_WALL)
    off = [[abs(float(picture(quality, "gain", seed)[wall].mean()) - 0.42) for seed in range(10)] for quality in (3, 0)]
    assert np.mean(off[1]) > np.mean(off[0]) + 0.1


@pytest.mark.slow
def test_blur_widens_borders() -> None:
    """On a grid fine enough to show it, less of the picture's variation lies between neighbouring lines."""
    pairs = [faulty("blur", "spread", seed, (240, 160)) for seed in range(6)]
    roughness = np.array([[float(image.diff(dim=1).abs().mean() / image.std()) for image in pair] for pair in pairs])
    assert (roughness[:, 1] < roughness[:, 0]).all(), roughness
    assert roughness[:, 1].mean() < 0.75 * roughness[:, 0].mean(), roughness


def test_blood_is_black_by_default_and_its_speckle_new_in_each_frame() -> None:
    style = sample_style(3, np.random.default_rng(11))
    scanner = scanner_of(replace(style, noise_db=-90.0, gains=Gains(), levels=replace(style.levels, blood_db=-30.0)))
    beam, blood = beam_of(scanner.grid), everywhere(scanner.grid, Kind.LV_CAVITY)
    frames = [polar_picture(scanner, blood, beam, frame_generator(3, index))[20:, 5:-5] for index in range(2)]
    assert abs(np.corrcoef(frames[0].reshape(-1), frames[1].reshape(-1))[0, 1]) < 0.35
    dark = [float(picture(3, "noise", seed)[where(Kind.LV_CAVITY)].median()) for seed in range(8)]
    assert float(np.median(dark)) < 0.05


def test_persistence_keeps_a_share_of_the_frame_before() -> None:
    style = sample_style(3, np.random.default_rng(0))
    polar = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    kept = persisted(polar, replace(style.display, persistence=0.3))
    assert torch.allclose(kept.reshape(-1), torch.tensor([1.0, 0.3, 0.09]))
    assert torch.equal(persisted(polar, replace(style.display, persistence=0.0)), polar)
