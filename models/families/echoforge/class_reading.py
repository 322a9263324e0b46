"""The class of every frame, as EchoForge's classifiers tell it."""

import torch
from torch import nn

from models.clip import Clip
from models.errors import ReadingError
from models.inputs.clip_input import input_of
from models.library.manifest import Manifest
from models.library.reading import ONE_DECODING, Reading
from models.networks.frame_answers import frame_answers

BATCH = 16
CLASS_COLUMNS = ("frame_index", "class", "probability")


def read_classes(network: nn.Module, clip: Clip, manifest: Manifest) -> Reading:
    """The most probable class of every frame; that of most frames is a note. Both decodings are the same.

    Classes whose order nobody has stated are numbered from 1. Raises ReadingError for a network without classes.
    """
    count = int(str(manifest.architecture["outputs"]))
    if not count:
        raise ReadingError(f"{manifest.name} is an encoder and has no classes: `echonode models embed` gives its features")
    names = manifest.labels or tuple(f"class {number}" for number in range(1, count + 1))
    answers = frame_answers(network, input_of(clip, manifest), range(clip.number_of_frames), BATCH)
    by_frame = torch.stack([logits.softmax(dim=0) for logits in answers])
    best = by_frame.argmax(dim=1)
    rows = tuple(
        {"frame_index": index, "class": names[which], "probability": float(by_frame[index, which])}
        for index, which in enumerate(best.tolist())
    )
    votes, means = best.bincount(minlength=count), by_frame.mean(dim=0)
    most = max(range(count), key=lambda which: (int(votes[which]), float(means[which])))
    majority = f"class: {names[most]}, on {int(votes[most])} of {len(rows)} frames, mean probability {float(means[most]):.3f}"
    return Reading((), columns=CLASS_COLUMNS, rows=rows, notes=(majority, ONE_DECODING))
