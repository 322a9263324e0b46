"""What EchoForge's networks see of a clip, each whole frame stretched to their input, and what its classifiers read off it."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.clip import Clip
from models.errors import ReadingError
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Reading

_BATCH = 16
CLASS_COLUMNS = ("frame_index", "class", "probability")


def stretched(frames: NDArray[np.uint8], manifest: Manifest) -> Tensor:
    """RGB `frames` (n, rows, columns, 3) as the network's input (n, channels, h, w), float32, 0 to 255.

    Proportions are not kept; interpolated linearly and without smoothing, as TensorFlow's `resize` does. Grey is the mean of
    the colours, as in the node's analysis.
    """
    channels, height, width = manifest.input_shape
    images = torch.from_numpy(frames.astype(np.float32)).permute(0, 3, 1, 2)
    if channels == 1:
        images = images.mean(dim=1, keepdim=True)
    return functional.interpolate(images, (height, width), mode="bilinear", align_corners=False)


def outputs_by_frame(network: nn.Module, clip: Clip, manifest: Manifest) -> Iterator[Tensor]:
    """What the network gives of each frame, logits or values (outputs, ...), float32 in main memory.

    Several frames are computed at a time.
    """
    place = next(network.parameters())
    for first in range(0, clip.number_of_frames, _BATCH):
        frames = stretched(clip.take(range(first, min(first + _BATCH, clip.number_of_frames))), manifest)
        with torch.inference_mode():
            outputs = network(frames.to(place.device, place.dtype)).float().cpu()
        yield from outputs


def read_classes(network: nn.Module, clip: Clip, manifest: Manifest) -> Reading:
    """The most probable class of every frame; that of most frames is a note. Both decodings are the same.

    Classes whose order nobody has stated are numbered from 1. Raises ReadingError for a network without classes.
    """
    count = int(str(manifest.architecture["outputs"]))
    if not count:
        raise ReadingError(f"{manifest.name} is an encoder and has no classes: `echonode models embed` gives its features")
    names = manifest.labels or tuple(f"class {number}" for number in range(1, count + 1))
    by_frame = torch.stack([logits.softmax(dim=0) for logits in outputs_by_frame(network, clip, manifest)])
    best = by_frame.argmax(dim=1)
    rows = tuple(
        {"frame_index": index, "class": names[which], "probability": float(by_frame[index, which])}
        for index, which in enumerate(best.tolist())
    )
    votes, means = best.bincount(minlength=count), by_frame.mean(dim=0)
    most = max(range(count), key=lambda which: (int(votes[which]), float(means[which])))
    majority = f"class: {names[most]}, on {int(votes[most])} of {len(rows)} frames, mean probability {float(means[most]):.3f}"
    return Reading((), columns=CLASS_COLUMNS, rows=rows, notes=(majority, ONE_DECODING))
