"""Images of somebody's own as the network of a model takes them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.clip_input import network_input
from models.inputs.image_arrays import clip_of_array
from models.library.manifest import Manifest


def prepared(manifest: Manifest, images: "Clip | NDArray[np.uint8]", frames: Sequence[int] | None = None) -> Tensor:
    """`registry.preprocess`: (n, channels, rows, columns) or (1, channels, n, rows, columns), float32.

    The values are those that the manifest states.

    `images` is a clip, or uint8 of any shape that `clip_of_array` takes, 0 to 255.
    """
    clip = images if isinstance(images, Clip) else clip_of_array(images)
    wanted = range(clip.number_of_frames) if frames is None else frames
    if outside := [index for index in wanted if not 0 <= index < clip.number_of_frames]:
        raise ReadingError(f"there is no frame {outside[0]}: there are {clip.number_of_frames}, counted from 0")
    return network_input(clip, manifest, wanted)
