"""Compressed frames that break off: each is refused, or read as far as it goes, in a moment."""

import time

import imagecodecs
import numpy as np
import pytest
from pydicom import uid

from node.errors import UnreadableClip
from node.objects.clip_reader import read_clip
from tests.unit.node.objects.ultrasound_object import as_file, encapsulated, moving_picture, ultrasound_object


@pytest.mark.parametrize("kept", [100, 150, 200])
def test_a_cut_jpeg_ls_frame_takes_no_ten_seconds(kept: int) -> None:
    """Bug prevented: found by fuzzing: CharLS computes for ten seconds on 284 bytes that have no end."""
    stream = imagecodecs.jpegls_encode(np.ascontiguousarray(moving_picture(1, 16, 16)[0]))[:kept]
    started = time.process_time()
    with pytest.raises(UnreadableClip):
        read_clip(as_file(ultrasound_object(encapsulated([stream]), uid.JPEGLSLossless, frames=1, Rows=16, Columns=16)))
    assert time.process_time() - started < 2
