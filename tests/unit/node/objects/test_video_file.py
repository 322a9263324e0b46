"""Videos that are no DICOM objects: read with their times, written at theirs."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from models.library.reading import Mark
from models.results import CaliperKind
from node.errors import UnreadableClip
from node.objects.mark_drawing import annotated
from node.objects.video_file import frame_rate_hz, read_video, write_image, write_video


def _grey_levels(count: int, rows: int = 48, columns: int = 64) -> list[np.ndarray]:
    return [np.full((rows, columns, 3), 20 * number, np.uint8) for number in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_comes_back_with_its_frames_and_times(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"video{suffix}"
    assert write_video(path, _grey_levels(10), 40.0) == 10
    clip = read_video(path)
    assert clip.frames.shape == (10, 48, 64, 3)
    assert np.abs(clip.frames.mean(axis=(1, 2, 3)) - 20 * np.arange(10)).max() < 4
    assert clip.frame_times_ms == pytest.approx(np.arange(10) * 25.0, abs=0.1)
    assert (clip.from_video_file, clip.regions, clip.sop_instance_uid) == (True, (), "")


def test_colours_keep_their_order(tmp_path: Path) -> None:
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[..., 0] = 200
    write_video(tmp_path / "red.avi", [frame] * 2, 25.0)
    assert read_video(tmp_path / "red.avi").frames[0].mean(axis=(0, 1)) == pytest.approx([200, 0, 0], abs=6)


def test_odd_sides_are_filled_up(tmp_path: Path) -> None:
    write_video(tmp_path / "odd.mp4", _grey_levels(3, rows=47, columns=63), 25.0)
    assert read_video(tmp_path / "odd.mp4").frames.shape == (3, 48, 64, 3)


def test_uneven_times_are_those_of_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), mode="w") as container:
        stream = container.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for pixels, time_ms in zip(_grey_levels(4), (0, 40, 100, 130), strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert read_video(path).frame_times_ms == pytest.approx([0, 40, 100, 130], abs=1)


@pytest.mark.parametrize("content", [b"", b"no video at all", b"RIFF\x00\x00\x00\x00AVI "])
def test_what_is_no_video_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)
    with pytest.raises(UnreadableClip):
        read_video(path)


def test_a_missing_file_is_the_disk_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_video(tmp_path / "nowhere.mp4")


def test_only_mp4_and_avi_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.mp4 or \.avi"):
        write_video(tmp_path / "video.gif", _grey_levels(1), 25.0)


def test_the_frame_rate_is_the_clip_s_own() -> None:
    assert frame_rate_hz(np.array([0.0, 20.0, 40.0])) == pytest.approx(50)
    assert frame_rate_hz(None) == frame_rate_hz(np.zeros(1)) == 30


def test_marks_are_drawn_on_their_frame_and_nowhere_else(tmp_path: Path) -> None:
    frames = [np.zeros((100, 160, 3), np.uint8) for _ in range(3)]
    marks = [
        Mark(0, CaliperKind.LINE, ((20.0, 30.0), (20.0, 70.0))),
        Mark(1, CaliperKind.POINT, ((50.0, 40.0),)),
        Mark(2, CaliperKind.OUTLINE, ((60.0, 20.0), (100.0, 20.0), (100.0, 60.0), (60.0, 60.0))),
    ]
    line, point, outline = annotated(frames, marks)
    assert line[50, 20, 0] > 200
    assert line[50, 30].max() == 0
    assert point[40, 50, 0] > 200
    assert point[50, 20].max() == 0
    assert outline[40, 60, 0] > 200  # the closing side
    assert outline[40, 80].max() == 0
    assert all(frame.max() == 0 for frame in frames)
    write_image(tmp_path / "point.png", point)
    assert (tmp_path / "point.png").read_bytes().startswith(b"\x89PNG")


def test_labels_and_caption_stay_inside_the_image() -> None:
    mark = Mark(0, CaliperKind.POINT, ((158.0, 2.0),), "a label of some length")
    (drawn,) = annotated([np.zeros((100, 160, 3), np.uint8)], [mark], "research use only")
    rows, columns = np.nonzero(drawn.min(axis=2) > 200)
    assert (rows > 85).any()
    assert (rows < 20).any()
    assert columns.max() <= 159
