"""Broken and mislabelled objects give the picture that DCMTK's dcmj2pnm shows, where it shows one."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid

from node.objects.clip_reader import read_clip
from tests.unit.node.objects.test_lenient_reading import BARE, READ_ON, WHOLE
from tests.unit.node.objects.test_pixels_by_bytes import ECHO, ENCODED, jpeg_frames, lossless, packbits, ycbcr
from tests.unit.node.objects.ultrasound_object import as_file, fragments, ultrasound_object
from tests.unit.node.objects.written_by_hand import part_10
from tests.waiting import patience

pytestmark = pytest.mark.dcmtk


def shown(data: bytes, folder: Path, frame: int = 1) -> NDArray[np.uint8] | None:
    """The frame as dcmj2pnm writes it, (rows, columns, 3); None where it writes none."""
    source, target = folder / "object.dcm", folder / "frame.pnm"
    source.write_bytes(data)
    command = ["/usr/bin/dcmj2pnm", "+F", str(frame), "+Wm", "--write-raw-pnm", str(source), str(target)]
    subprocess.run(command, capture_output=True, timeout=patience(60), check=False)
    if not target.exists():
        return None
    picture = np.asarray(Image.open(target))
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)


BROKEN = {name: part_10(content) for name, content in READ_ON.items()} | WHOLE | BARE


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_dcmtk_reads_on_we_read_on(data: bytes, tmp_path: Path) -> None:
    """Its window stretches grey, so that only the size and the order of the values are compared."""
    theirs = shown(data, tmp_path)
    ours = read_clip(data).frames[0]
    if theirs is not None:
        assert theirs.shape == ours.shape
        np.testing.assert_array_equal(np.argsort(ours[..., 0], axis=None), np.argsort(theirs[..., 0], axis=None, kind="stable"))


@pytest.mark.parametrize("syntax", [uid.JPEGBaseline8Bit, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.RLELossless])
@pytest.mark.parametrize("stated", [1, 2, 3])
def test_frames_are_those_of_dcmtk(syntax: str, stated: int, tmp_path: Path) -> None:
    photometric = "YBR_FULL_422" if syntax == uid.JPEGBaseline8Bit else "RGB"
    dataset = ultrasound_object(
        fragments(ENCODED[syntax]()), syntax, frames=stated, Rows=48, Columns=64, PhotometricInterpretation=photometric
    )
    data = as_file(dataset)
    ours = read_clip(data).frames
    for number in range(1, stated + 1 if stated == 3 else 2):  # where fragments and frames differ it knows the first alone
        theirs = shown(data, tmp_path, number)
        if syntax == uid.JPEGLSLossless and theirs is None:
            pytest.skip("dcmj2pnm decodes no JPEG-LS")
        assert theirs is not None
        assert int(np.abs(theirs.astype(int) - ours[number - 1]).max()) <= (60 if syntax == uid.JPEGBaseline8Bit else 0)


COLOURS = {
    "RGB": (lambda: jpeg_frames(ECHO, colorspace="RGB", outcolorspace="RGB", subsampling="444"), uid.JPEGBaseline8Bit, "RGB"),
    "YCbCr": (lambda: jpeg_frames(ECHO, subsampling="444"), uid.JPEGBaseline8Bit, "YBR_FULL"),
    "lossless": (lambda: lossless(ECHO), uid.JPEGLosslessSV1, "RGB"),
    "RLE in YBR_FULL": (lambda: [packbits(frame) for frame in ycbcr(ECHO)], uid.RLELossless, "YBR_FULL"),
}


@pytest.mark.parametrize(("make", "syntax", "photometric"), COLOURS.values(), ids=COLOURS)
def test_colours_are_those_of_dcmtk(make: object, syntax: str, photometric: str, tmp_path: Path) -> None:
    parts = make()  # type: ignore[operator]
    dataset = ultrasound_object(fragments(parts), syntax, frames=3, Rows=48, Columns=64, PhotometricInterpretation=photometric)
    data = as_file(dataset)
    theirs = shown(data, tmp_path)
    assert theirs is not None
    assert int(np.abs(theirs.astype(int) - read_clip(data).frames[0]).max()) <= 3
