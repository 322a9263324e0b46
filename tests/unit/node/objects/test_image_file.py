"""PNG and JPEG as clips of one frame: every kind of picture in its true colours, or refused with the reason."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from models.errors import DatasetError
from models.evaluation.datasets import pictures
from node.errors import UnreadableClip
from node.files.folder_contents import find_files
from node.files.input_files import input_files
from node.objects.clip_file import clip_of_file

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
GREY = RGB[..., 0]


def of(path: Path) -> np.ndarray:
    clip = clip_of_file(path)
    assert clip.from_video_file
    assert clip.regions == ()
    assert clip.frame_times_ms is None
    return clip.frames[0]


def test_colours_come_as_they_are(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "rgb.PNG")
    assert np.array_equal(of(tmp_path / "rgb.PNG"), RGB)
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    assert np.array_equal(of(tmp_path / "grey.png"), np.repeat(GREY[..., None], 3, axis=-1))
    Image.fromarray(GREY > 127).save(tmp_path / "bits.png")
    assert set(np.unique(of(tmp_path / "bits.png"))) == {0, 255}
    few = Image.fromarray(RGB // 128 * 255).convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    few.save(tmp_path / "palette.png")
    assert np.array_equal(of(tmp_path / "palette.png"), np.asarray(few.convert("RGB")))


def test_transparent_parts_are_laid_on_black_and_that_is_noted(tmp_path: Path) -> None:
    alpha = np.full((20, 30), 255, np.uint8)
    Image.fromarray(np.dstack([RGB, alpha])).save(tmp_path / "opaque.png")
    assert np.array_equal(of(tmp_path / "opaque.png"), RGB)
    assert clip_of_file(tmp_path / "opaque.png").notes == ()
    alpha[:, :15] = 0
    Image.fromarray(np.dstack([RGB, alpha])).save(tmp_path / "half.png")
    found = of(tmp_path / "half.png")
    assert not found[:, :15].any()
    assert np.array_equal(found[:, 15:], RGB[:, 15:])
    assert clip_of_file(tmp_path / "half.png").notes == ("transparent parts are laid on black",)


def test_a_jpeg_is_read_and_turned_as_it_says(tmp_path: Path) -> None:
    smooth = np.repeat(np.repeat(np.arange(0, 240, 12, dtype=np.uint8)[:, None], 30, axis=1)[..., None], 3, axis=-1)
    Image.fromarray(smooth).save(tmp_path / "a.jpeg", quality=95)
    assert np.abs(of(tmp_path / "a.jpeg").astype(int) - smooth).max() < 12
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(smooth).save(tmp_path / "b.jpg", exif=turned)
    assert of(tmp_path / "b.jpg").shape == (30, 20, 3)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_more_than_eight_bits_of_grey_are_refused(tmp_path: Path, suffix: str) -> None:
    """Scaled by the largest number a file can hold, an image of 12 bits would be black."""
    path = tmp_path / f"deep{suffix}"
    Image.fromarray(GREY.astype(np.uint16) * 16).save(path)
    with pytest.raises(UnreadableClip, match=r"more than 8 bits of grey .*: save it with 8"):
        clip_of_file(path)
    with pytest.raises(DatasetError, match=r"no readable image \(the image has more than 8 bits"):
        pictures.read_image(path)


def test_what_is_no_image_or_several_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    whole = tmp_path / "whole.png"
    Image.fromarray(RGB).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:600])
    for name in ("empty.png", "cut.png"):
        with pytest.raises(UnreadableClip, match="no image that can be decoded"):
            clip_of_file(tmp_path / name)
    frames = [Image.fromarray(RGB), Image.fromarray(RGB[::-1].copy())]
    frames[0].save(tmp_path / "two.tif", save_all=True, append_images=frames[1:])
    with pytest.raises(UnreadableClip, match="holds 2 pictures"):
        clip_of_file(tmp_path / "two.tif")
    with pytest.raises(FileNotFoundError):
        clip_of_file(tmp_path / "nowhere.png")


def test_half_an_image_is_none_whatever_another_library_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug prevented: WeasyPrint lets Pillow fill what is missing with grey, for the whole process, and that was measured."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for name in ("cut.png", "cut.jpg"):
        Image.fromarray(RGB).save(whole := tmp_path / f"whole_{name}")
        (tmp_path / name).write_bytes(whole.read_bytes()[:-200])
        with pytest.raises(UnreadableClip, match="no image that can be decoded"):
            clip_of_file(tmp_path / name)
        assert np.array_equal(of(whole).shape, RGB.shape)
    assert ImageFile.LOAD_TRUNCATED_IMAGES, "what others set is theirs"


def test_an_array_of_numpy_is_a_clip(tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", np.stack([GREY] * 4))
    assert clip_of_file(tmp_path / "clip.npy").number_of_frames == 4
    np.save(tmp_path / "deep.npy", GREY.astype(np.uint16))
    with pytest.raises(UnreadableClip, match="no array of images: images are uint8"):
        clip_of_file(tmp_path / "deep.npy")
    np.save(tmp_path / "code.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableClip, match="no array of images"):
        clip_of_file(tmp_path / "code.npy")


def test_a_folder_of_images_is_read_and_images_beside_clips_are_not(tmp_path: Path) -> None:
    """Bug prevented: the overlay of yesterday's measurement measured as today's image."""
    for name in ("b.png", "a.jpg"):
        Image.fromarray(RGB).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    assert [one.name for one in input_files([tmp_path])] == ["a.jpg", "b.png"]
    assert [path.name for path in find_files([tmp_path]).videos] == ["a.jpg", "b.png"]
    (tmp_path / "clip.avi").write_bytes(b"whatever it is")
    assert [one.name for one in input_files([tmp_path])] == ["clip.avi"]
    found = find_files([tmp_path])
    assert [path.name for path in found.videos] == ["clip.avi"]
    assert {one.path.name for one in found.passed_over} == {"a.jpg", "b.png", "notes.txt"}
    assert [one.name for one in input_files([tmp_path, tmp_path / "b.png"])] == ["clip.avi", "b.png"]
    assert len(find_files([tmp_path, tmp_path / "b.png"]).videos) == 2
