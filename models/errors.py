"""What can go wrong with a model: one tree.

ModelError                     a model cannot be used, or not on this
 +- SetupError                 what was asked or configured cannot be, whatever the data; exit code 2 of the command line
 |   +- ManifestError          a manifest is missing, unreadable or incomplete
 |   +- UnsuitableModel        the model cannot do what is asked of it
 |   |   +- NoHeatMap
 |   |   +- NoEmbedding
 |   +- EvaluationError        this model cannot be evaluated on these data
 |   +- ImportSettingError     an import must be told something, or was told something that cannot be
 |   +- TrainingConfigError
 |   +- TrainingRunError       the folder of a training is not what is needed
 +- WeightsError               weights are missing, altered, or do not fit their family
 |   +- WeightsFileError       somebody's file of weights is not the one that the manifest means, or is damaged
 |       +- KerasFileError
 |       +- TorchFileError
 |       +- ExportFileError
 |       +- WeightsMismatch    lists what is missing, unexpected and misshaped
 +- TrainingFailed             a loss that is no number
 +- TrainingStopped            somebody stopped it; it can go on
 +- BackendError               this backend cannot run this network here
 +- InputError                 a clip, a video or a data set is not what is needed
     +- ReadingError           a clip has not the form that the model takes
     |   +- NoPointPair
     +- VideoError
     +- DatasetError           says the file, and the line where there are lines
     +- ExcludedClip           nothing is learnt from this clip
     +- TooFewImages
     +- IndistinctImages

A message may name files, so the node's records tell the type alone (`node.errors.words_of`).
"""

from collections.abc import Iterable, Sequence


class ModelError(Exception):
    """A model cannot be used."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class SetupError(ModelError):
    """What was asked of a model cannot be, whatever the data."""


class ManifestError(SetupError):
    """A manifest is missing, unreadable or incomplete."""


class UnsuitableModel(SetupError):
    """The model cannot do what is asked of it."""


class NoHeatMap(UnsuitableModel):
    """This network has no heat map, or none for what was asked."""


class NoEmbedding(UnsuitableModel):
    """The network gives no features of frames or clips."""


class EvaluationError(SetupError):
    """This model cannot be evaluated on these data."""


class ImportSettingError(SetupError):
    """An import needs what neither the publication nor the file says, or was told what cannot be. Nothing is guessed."""


class TrainingConfigError(SetupError):
    """The training configuration cannot be used."""


class TrainingRunError(SetupError):
    """The folder of a training is not what is needed."""


class WeightsError(ModelError):
    """Weights are missing, altered, or do not fit their family."""


class WeightsFileError(WeightsError):
    """The weights are not taken: they are not those the manifest means, or the file is damaged."""


class KerasFileError(WeightsFileError):
    """The file is no Keras model, or one that cannot be read without running it."""


class TorchFileError(WeightsFileError):
    """The file is no dictionary of tensors that can be read without running what is in it."""


class ExportFileError(WeightsFileError):
    """The file says that it is an export, and is none that can be taken."""


class WeightsMismatch(WeightsFileError):
    """A file and a network do not fit: the message begins the lists of what is missing, unexpected, misshaped, and of which
    settings differ; `lists` has them whole. Misshaped is also what is of another type, or has values that it cannot have.
    """

    def __init__(
        self,
        missing: Iterable[str] = (),
        unexpected: Iterable[str] = (),
        misshaped: Iterable[str] = (),
        unlike: Iterable[str] = (),
    ) -> None:
        self.missing, self.unexpected = tuple(missing), tuple(unexpected)
        self.misshaped, self.unlike = tuple(misshaped), tuple(unlike)
        self.lists = {kind: getattr(self, kind) for kind in ("missing", "unexpected", "misshaped", "unlike")}
        lists = {
            "missing (the network has them, the file does not)": self.missing,
            "unexpected (the file has them, the network does not)": self.unexpected,
            "misshaped": self.misshaped,
            "computed differently": self.unlike,
        }
        said = [f"{title}: {_beginning(names)}" for title, names in lists.items() if names]
        super().__init__("the weights do not fit the network; " + "; ".join(said))


class TrainingFailed(ModelError):
    """The training cannot go on: its loss is no number any more."""


class TrainingStopped(ModelError):
    """Somebody stopped the training; the same command goes on."""


class BackendError(ModelError):
    """This backend cannot run this network here."""


class InputError(ModelError):
    """A clip, a video or a data set is not what is needed."""


class ReadingError(InputError):
    """The clip has not the form the model takes: number of frames, shape, mode. Says what it has and what is needed."""


class NoPointPair(ReadingError):
    """The maps hold no two points that belong together."""


class VideoError(InputError):
    """The file holds no video that can be decoded."""


class DatasetError(InputError):
    """A data set is not laid out as it should be. Says which file, and which line where there are lines."""


class ExcludedClip(InputError):
    """A clip that nothing is learnt from, since the node would measure nothing on it. Says why, without a word of the clip."""


class TooFewImages(InputError):
    """There are too few images to learn from."""


class IndistinctImages(InputError):
    """In these features noise and empty screens would pass for such images."""


_NAMED = 8


def _beginning(names: Sequence[str]) -> str:
    """All of a few names; of more their number, too: another network's file has hundreds.

    >>> _beginning(["a", "b"])
    'a, b'
    """
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{len(names)}, {', '.join(names[:_NAMED])}, ..."
