"""What each kind of network is shown of a clip, and where that lies in the image: the inverse of its own preprocessing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import TraceChoice
from models.clip import Clip
from models.derive.beats.beat_to_beat import clip_indices, timed_clip
from models.derive.displays.spectral_image import without_green_trace
from models.errors import ReadingError
from models.families.echo_apex import sequences as echo_apex_sequences
from models.families.echo_motion.frames import Preparation as EchoMotionPreparation
from models.families.echo_prime import networks as echo_prime
from models.families.echonet.clips import NOT_NORMALISABLE, gathered_clip, normalisation, squares
from models.families.echonet.frames import Screen
from models.families.echonet.quality import clip_squares
from models.families.echonet.trace import place_of
from models.families.echonet.trace_reader import whole_sweep
from models.families.pan_echo import networks as pan_echo
from models.inputs.clip_frames import ClipFrames, Fit, Preparation
from models.inputs.clip_squares import Window, centre_square, evenly, image_window, resized
from models.library.manifest import Manifest
from models.library.reading import Decoding
from models.wording import counted

Points = NDArray[np.float64]

_MOST_FRAMES = 32  # of a clip whose network takes any number
_PADDING = -1


@dataclass(frozen=True, eq=False)
class Shown:
    """`values` are frames (n, c, h, w), or one clip (1, c, n, h, w); `frames` their n indices in the clip, -1 for padding.

    `to_image` (2, 3) takes (x, y, 1) px of the network's input to px of the whole image, (0, 0) the centre of the first pixel.
    """

    values: Tensor
    frames: tuple[int, ...]
    to_image: Points

    def in_image(self, heat: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
        """A map (h, w) of the network's input as one of the image (rows, columns), 0 where the network saw nothing."""
        whole = np.vstack([self.to_image, [0.0, 0.0, 1.0]])
        turned = cv2.warpAffine(heat, np.linalg.inv(whole)[:2], (columns, rows), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return np.asarray(turned, dtype=np.float32)


# What is shown of a clip: its wanted frames to a network of frames; a network of clips chooses its own.
Show = Callable[[Any, Clip, Sequence[int]], Shown]


def letterboxed(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The region in proportion, grey, 0 to 1: the phantom's networks."""
    size = network.manifest.input_size_px
    frames = ClipFrames(clip)
    values = frames.batch(Preparation(Fit.LETTERBOX, size, size), wanted)
    return Shown(values, tuple(wanted), _affine(frames.letterbox(size).to_image))


def stretched(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The whole image, 0 to 255, its proportions not kept: EchoForge's."""
    channels, height, width = network.manifest.input_shape
    values = ClipFrames(clip).batch(Preparation(Fit.STRETCH, height, width, channels, 255), wanted)
    return Shown(values, tuple(wanted), _rectangle((0, 0, clip.columns, clip.rows), width, height))


def region_stretched(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The region, 0 to 255, as a square, its proportions not kept."""
    window, size = image_window(clip, Decoding.CORRECTED)[0], network.manifest.input_shape[-1]
    frames = resized(clip.take(wanted), window, size, cv2.INTER_AREA)
    return Shown(255 * _unit(frames), tuple(wanted), _rectangle(window, size, size))


def region_stretched_clip(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The first frames so. Raises ReadingError for a clip that has fewer than the network takes."""
    needed = network.manifest.input_shape[1]
    if clip.number_of_frames < needed:
        raise ReadingError(
            f"the clip has {counted(clip.number_of_frames, 'frame')}; {network.manifest.name} needs at least {needed}"
        )
    frames = region_stretched(network, clip, range(needed))
    return Shown(_as_clip(frames.values), frames.frames, frames.to_image)


def region_letterboxed(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The region in proportion, grey, 0 to 255."""
    size = network.manifest.input_shape[-1]
    frames = ClipFrames(clip)
    values = frames.batch(Preparation(Fit.LETTERBOX, size, size, largest=255), wanted)
    return Shown(values, tuple(wanted), _affine(frames.letterbox(size).to_image))


def echonet_squares(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    cut, video = _echonet_video(network.manifest, clip)
    return Shown(video[:, list(wanted)].transpose(0, 1), tuple(wanted), _affine(cut))


def echonet_clip(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """32 frames, 40 ms apart from the first on; every second one where no times are known."""
    cut, video = _echonet_video(network.manifest, clip)
    indices = clip_indices(0) if clip.frame_times_ms is None else timed_clip(float(clip.frame_times_ms[0]), clip.frame_times_ms)
    indices = np.where(indices < clip.number_of_frames, indices, _PADDING)
    return Shown(gathered_clip(video, indices)[None], tuple(int(index) for index in indices), _affine(cut))


def _echonet_video(manifest: Manifest, clip: Clip) -> tuple[Callable[[Points], Any], Tensor]:
    rule = normalisation(manifest)
    if rule is None:
        raise ReadingError(f"model {manifest.name}: {NOT_NORMALISABLE}")
    cut = squares(clip, Decoding.CORRECTED)
    return cut.placement.to_image, rule.apply(cut.frames)


def screen(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """640 x 480, in proportion: EchoNet-Measurements' B-mode networks."""
    fitted = Screen(clip.rows, clip.columns)
    values = np.stack([fitted.fit(frame) for frame in clip.take(wanted)])
    return Shown(_unit(values), tuple(wanted), _affine(fitted.to_image))


def trace(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The frame that is read, from the upper edge of its spectral or M-mode region down, not resized."""
    is_m_mode = network.manifest.architecture["task"] == "tapse"
    choice = clip.m_mode_region() if is_m_mode else clip.spectral_region()
    place, index = place_of(choice, clip), _frame_read(clip, choice)
    values = without_green_trace(clip.take([index])[0])[place.first_row :]
    return Shown(_unit(values[None]), (index,), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, place.first_row]]))


def spectral_beat(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The columns of the first beat that the network's own reader finds on the frame it reads."""
    index = _frame_read(clip, clip.spectral_region())
    seen: list[Tensor] = []
    hook = network.register_forward_pre_hook(lambda module, entered: seen.append(entered[0]))
    try:
        rows = network.read(clip).rows
    finally:
        hook.remove()
    if not rows:
        raise ReadingError("no whole beat on the display")
    window = (rows[0]["x_left"], place_of(clip.spectral_region(), clip).first_row, rows[0]["x_right"], clip.rows)
    values = seen[0][:1].clone()
    return Shown(values, (index,), _rectangle(window, values.shape[3], values.shape[2]))


def _frame_read(clip: Clip, choice: TraceChoice) -> int:
    sweep = whole_sweep(clip, choice)
    if sweep.frame_index is None:
        raise ReadingError(sweep.words)
    return sweep.frame_index


def quality_squares(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """32 frames spread over the clip: EchoNet-Measurements' PLAX quality."""
    values = clip_squares(clip)
    side = values.shape[1]
    x0, y0, x1, y1 = image_window(clip, Decoding.CORRECTED)[0]
    scale = side / max(x1 - x0, y1 - y0)
    width, height = max(round((x1 - x0) * scale), 1), max(round((y1 - y0) * scale), 1)
    inside = _rectangle((x0, y0, x1, y1), width, height)
    inside[:, 2] -= np.diag(inside[:, :2]) * ((side - width) // 2, (side - height) // 2)
    indices = [round(number) for number in np.linspace(0, clip.number_of_frames - 1, len(values))]
    return Shown(_as_clip(_unit(values)), tuple(indices), inside)


def echo_motion_frames(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    preparation = EchoMotionPreparation.of(network.manifest)
    return Shown(preparation.squares(clip, list(wanted)), tuple(wanted), _affine(preparation.letterbox(clip).to_image))


def echo_motion_clip(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    taken = evenly(clip.number_of_frames, _MOST_FRAMES)
    frames = echo_motion_frames(network, clip, taken)
    return Shown(_as_clip(frames.values), tuple(taken), frames.to_image)


def echo_prime_first_frame(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    values = echo_prime.shown(clip, Decoding.CORRECTED)[:, 0][None]
    square = centre_square(image_window(clip, Decoding.CORRECTED)[0], echo_prime.ZOOM)
    return Shown(values, (0,), _rectangle(square, echo_prime.SIZE_PX, echo_prime.SIZE_PX))


def pan_echo_clip(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    """The first of the runs of frames whose values are averaged."""
    taken = pan_echo.frame_runs(clip.number_of_frames)[0]
    values = pan_echo.shown(clip, taken, Decoding.CORRECTED)[None]
    square = centre_square(image_window(clip, Decoding.CORRECTED)[0])
    whole = _rectangle(square, pan_echo.RESIZED_PX, pan_echo.RESIZED_PX)
    whole[:, 2] += np.diag(whole[:, :2]) * ((pan_echo.RESIZED_PX - pan_echo.SHOWN_PX) // 2)
    return Shown(values, tuple(taken), whole)


def echo_apex_frames(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    video, box = echo_apex_sequences.shown(clip, network.manifest, list(wanted))
    return Shown(video.transpose(0, 1), tuple(wanted), _affine(box.to_image))


def echo_apex_clip(network: Any, clip: Clip, wanted: Sequence[int]) -> Shown:
    taken = evenly(clip.number_of_frames, echo_apex_sequences.FRAMES)
    frames = echo_apex_frames(network, clip, taken)
    return Shown(_as_clip(frames.values), tuple(taken), frames.to_image)


def _affine(to_image: Callable[[Points], Any]) -> Points:
    """The matrix of a mapping that moves and scales."""
    origin, right, below = np.asarray(to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), dtype=np.float64)
    return np.stack([right - origin, below - origin, origin], axis=1)


def _rectangle(window: Window, width: int, height: int) -> Points:
    """`window` of the image (last exclusive) as `width` x `height` px."""
    x0, y0, x1, y1 = window
    scale_x, scale_y = (x1 - x0) / width, (y1 - y0) / height
    return np.array([[scale_x, 0.0, x0 + scale_x / 2 - 0.5], [0.0, scale_y, y0 + scale_y / 2 - 0.5]])


def _unit(frames: NDArray[np.uint8]) -> Tensor:
    """(n, rows, columns, 3) -> (n, 3, rows, columns), 0 to 1."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


def _as_clip(frames: Tensor) -> Tensor:
    """(n, c, h, w) -> (1, c, n, h, w)."""
    return frames.transpose(0, 1)[None]
