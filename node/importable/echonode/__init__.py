"""The library by a name that is its own: `from echonode import load_model, list_models, preprocess`.

It works also beside a file or folder of yours that is called `models` (or `node`): then the library's packages are loaded once
more, privately, below this name (`own_packages`), and your `models` stays yours.
"""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from echonode.own_packages import own_module

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from models.clip import Clip
    from models.library.manifest import Manifest
    from models.library.model import Model
    from models.library.registry import list_models, load_model
else:
    _library = own_module("models")
    Model, list_models, load_model = _library.Model, _library.list_models, _library.load_model

__all__ = ["Model", "list_models", "load_model", "preprocess", "read_clip"]


def preprocess(
    model: "Model | Manifest | str",
    images: "Clip | NDArray[np.uint8] | str | PathLike[str]",
    frames: Sequence[int] | None = None,
) -> "Tensor":
    """What the network of `model` (or of a name) is shown of `images`: the tensor that the node feeds it.

    `images` is a Clip, uint8 (rows, columns), (rows, columns, 3), (frames, rows, columns) or (frames, rows, columns, 3), 0 to
    255, or the path of a DICOM object, a video (AVI, MP4) or an image (PNG, JPEG, TIFF, BMP, NumPy's .npy). Gives float32
    (n, channels, rows, columns), of a network of clips (1, channels, n, rows, columns). `frames` are those that are wanted,
    0-based, by default all.
    """
    clip = read_clip(images) if isinstance(images, str | PathLike) else images
    batch: Tensor = own_module("models").preprocess(model, clip, frames)
    return batch


def read_clip(path: "str | PathLike[str]") -> "Clip":
    """The clip in a DICOM object, a video or an image. Raises UnreadableClip, and OSError for a file that is not there."""
    from pathlib import Path

    reader: Any = own_module("node.objects.clip_file")
    clip: Clip = reader.clip_of_file(Path(path))
    return clip
