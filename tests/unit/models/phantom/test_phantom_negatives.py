"""Images of no heart."""

import numpy as np
import pytest

from models.phantom.truth import HELD_OUT_KINDS, NEGATIVE_KINDS, render_negative


@pytest.mark.parametrize("kind", NEGATIVE_KINDS)
def test_every_kind_renders_what_was_asked_for_and_repeats(kind: str) -> None:
    frames = render_negative(kind, 3, 96, 128, 2)
    assert frames.shape == (2, 96, 128)
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, render_negative(kind, 3, 96, 128, 2))
    assert frames.max() > 0


@pytest.mark.parametrize("kind", [k for k in NEGATIVE_KINDS if k != "gradient"])
def test_another_seed_gives_another_image(kind: str) -> None:
    assert not np.array_equal(render_negative(kind, 3, 96, 128, 1), render_negative(kind, 4, 96, 128, 1))


def test_held_out_kinds_are_some_of_the_kinds() -> None:
    assert set(HELD_OUT_KINDS) < set(NEGATIVE_KINDS)
    assert HELD_OUT_KINDS


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(LookupError, match="no such negative"):
        render_negative("heart", 0, 64, 64, 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_cyst_is_dark_and_a_vessel_has_bright_walls(seed: int) -> None:
    plain = render_negative("speckle_sector", seed, 128, 128, 1)[0].astype(float)
    cyst = render_negative("cyst", seed, 128, 128, 1)[0].astype(float)
    vessel = render_negative("vessel", seed, 128, 128, 1)[0].astype(float)
    inside = plain > 20
    assert (cyst[inside] < 8).mean() > (plain[inside] < 8).mean() + 0.005
    assert vessel[inside].max() >= plain[inside].max()
    assert (vessel[inside] < 8).mean() > 0.03


def test_the_upside_down_heart_has_its_narrow_end_at_the_bottom() -> None:
    image = render_negative("upside_down_heart", 1, 128, 128, 1)[0] > 10
    rows = np.flatnonzero(image.any(axis=1))
    widths = image.sum(axis=1)
    assert widths[rows[0] : rows[0] + 20].mean() > 2 * widths[rows[-1] - 20 : rows[-1]].mean()
