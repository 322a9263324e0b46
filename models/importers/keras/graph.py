"""What a described Keras model computes, step by step, against what the network computes that takes its weights.

The tensors of a file do not say what stands between them: a model that scales its frames otherwise, pools or activates
otherwise, or has the same layers in another order has the same tensors. So each family lists the steps of its network here,
and a file whose model takes any other one is refused. Nested models, wrappers and fused activations are taken apart first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from models.errors import KerasFileError
from models.importers.keras.config import class_of
from models.importers.keras.files import KerasFile
from models.importers.keras.steps import steps_of
from models.library.manifest import Value

_T = TypeVar("_T")
_NESTED = ("Functional", "Sequential", "Model")
_LIBRARIES = ("keras", "tf_keras", "tensorflow")
_APART = ("LayerScale", "StochasticDepth")  # of the library's ConvNeXt; registered as an author's own by some of its versions
_UNORDERED = ("Add", "Multiply")
_IDLE_ARGUMENTS = {"training": (None, False), "mask": (None,)}  # and any `name`
SCALED = "Rescaling 0.00392157 0"


class Steps:
    """The steps of a network, each by what it computes and by those it follows; 0 is the input.

    `named` gives a layer's name as the family's steps have it, "" where they go without. `outputs` are the steps that a model
    may end with.
    """

    def __init__(self, named: Callable[[str], str] = lambda name: "") -> None:
        self.named = named
        self.outputs: set[int] = set()
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self._words = ["the input"]

    def chain(self, start: int, *words: str) -> int:
        """The last of these steps, one after the other behind `start`."""
        for own in words:
            start = self.step(own, start)
        return start

    def step(self, words: str, *before: int) -> int:
        key = _key(words, before)
        if key not in self._numbers:
            self._numbers[key] = len(self._words)
            self._words.append(words)
        return self._numbers[key]

    def also(self, words: str, before: int, number: int) -> None:
        """Takes these words for the step `number`, where both compute the same."""
        self._numbers[_key(words, (before,))] = number

    def taken(self, words: str, before: tuple[int, ...]) -> int | None:
        """The step of the network that this one of a file is; None where it has none such there."""
        if words == "Flatten" and self._words[before[0]] == "GlobalAveragePooling2D":
            return before[0]  # a vector already
        return self._numbers.get(_key(words, before))

    def behind(self, before: tuple[int, ...]) -> str:
        """What the network has behind any of these steps."""
        numbers = (number for (_, entering), number in self._numbers.items() if set(entering) & set(before))
        found = dict.fromkeys(self._words[number] for number in numbers)
        return " or ".join(found) or "its end"


def _key(words: str, before: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    return words, tuple(sorted(before)) if words in _UNORDERED else before


def start(steps: Steps, asked: Mapping[str, Value]) -> int:
    """The input, divided by 255 where the file says so."""
    return steps.chain(0, SCALED) if asked.get("rescale") else 0


def finish(steps: Steps, maps: int, asked: Mapping[str, Value]) -> None:
    """Adds the head that `keras_heads.described_head` found, and the ends: with the softmax inside, or without."""
    pooled = steps.step("Flatten" if asked["pooling"] == "flatten" else "GlobalAveragePooling2D", maps)
    add_dense(steps, pooled, asked)


def add_dense(steps: Steps, pooled: int, asked: Mapping[str, Value]) -> None:
    hidden = asked.get("hidden", [])
    for _ in hidden if isinstance(hidden, list) else []:
        pooled = steps.chain(pooled, "Dense", "relu")
    logits = steps.step("Dense", pooled)
    steps.outputs = {logits, steps.step("softmax", logits)}


def check_steps(file: object, steps_with: Callable[[Mapping[str, Value]], Steps] | None, asked: Mapping[str, Value]) -> None:
    """Raises KerasFileError at the first layer of the model that the network's steps do not have there, and for a model that
    ends elsewhere. `asked` is what the file asks for, of which `steps_with` makes the steps; nothing is checked without it, or
    where the file does not describe its model.
    """
    if not isinstance(file, KerasFile) or file.config is None or steps_with is None:
        return
    steps = steps_with(asked)
    try:
        end, last = _Walk(steps).model(file.config, (0,))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise KerasFileError(f"how the layers of the model are connected cannot be read: {error!r}") from error
    if end not in steps.outputs:
        raise KerasFileError(f"the model ends with {last or 'its input'}; this network goes on with {steps.behind((end,))}")


class _Source(NamedTuple):
    layer: str
    output: int


class _Walk:
    """Takes a model apart, and each of its steps along the network's."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._last = ""

    def model(self, model: Mapping[str, Any], entering: tuple[int, ...]) -> tuple[int, str]:
        """The step a model ends with, and the name of the last layer."""
        config = model["config"]
        layers = config if isinstance(config, list) else config["layers"]
        if class_of(model) == "Sequential":
            for layer in layers:
                entering = (self._layer(layer, entering),)
            return entering[0], self._last
        reached: dict[str, int] = {}
        for layer in layers:
            name = str(layer.get("name") or layer["config"]["name"])
            if class_of(layer) == "InputLayer":
                reached[name] = _only(entering, "inputs", name)
                continue
            call = _only(layer["inbound_nodes"], "calls", f"layer {name}")
            sources = [_first(source, name) for source in _tensors(call)]
            reached[name] = self._layer(layer, tuple(reached[source] for source in sources))
            _check_arguments(call, name)
        ends = [_first(source, "the model") for source in _tensors(config["output_layers"])]
        last = _only(ends, "outputs", str(config.get("name")))
        return reached[last], last

    def _layer(self, layer: Mapping[str, Any], entering: tuple[int, ...]) -> int:
        kind, config = class_of(layer), layer["config"]
        if kind == "InputLayer":
            return _only(entering, "inputs", str(config["name"]))
        if kind in _NESTED:
            return self.model(layer, entering)[0]
        if kind == "TimeDistributed":  # what it wraps sees frame by frame, and would see no difference
            return self._layer(config["layer"], entering)
        name = self._last = str(layer.get("name") or config["name"])
        if not _of_keras(layer):
            there, own = self._steps.behind(entering), layer["class_name"]
            raise KerasFileError(f"layer {name} is of a class of its authors' own, {own}; this network has {there} there")
        for words in steps_of(kind, config, self._steps.named(name)):
            taken = self._steps.taken(words, entering)
            if taken is None:
                there = self._steps.behind(entering)
                raise KerasFileError(f"layer {name} ({kind}) computes {words}; this network has {there} there")
            entering = (taken,)
        return _only(entering, "inputs", name)


def _of_keras(layer: Mapping[str, Any]) -> bool:
    """Whether a class is the library's: one of its authors' may have the name of another and compute anything."""
    if class_of(layer) in _APART:
        return True
    module, registered = str(layer.get("module") or "keras"), str(layer.get("registered_name") or "")
    return module.partition(".")[0] in _LIBRARIES and ">" not in f"{layer['class_name']}{registered}"


def _only(found: Sequence[_T], what: str, name: str) -> _T:
    if len(found) != 1:
        raise KerasFileError(f"{name} has {len(found)} {what}; one is known")
    return found[0]


def _first(source: _Source, name: str) -> str:
    if source.output:
        raise KerasFileError(f"{name} takes output {source.output} of layer {source.layer}; the first is known")
    return source.layer


def _check_arguments(call: Any, name: str) -> None:
    """Raises KerasFileError for a layer that is called with more than tensors."""
    if isinstance(call, Mapping):  # Keras 3
        given = [call["kwargs"]]
    else:
        given = [source[3] for source in ([call] if isinstance(call[0], str) else call) if len(source) > 3]
    for key, value in (item for arguments in given for item in arguments.items()):
        if key != "name" and not any(_tensors(value)) and value not in _IDLE_ARGUMENTS.get(key, ()):
            raise KerasFileError(f"layer {name} is called with {key} = {value}, which is not known of this network")


def _tensors(value: Any) -> Iterator[_Source]:
    """The tensors in what Keras 2 or 3 notes of a call or of the ends of a model, in order."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            layer, _, output = value["config"]["keras_history"]
            yield _Source(layer, output)
        else:
            for item in value.values():
                yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        if len(value) > 2 and isinstance(value[0], str) and isinstance(value[2], int):
            yield _Source(value[0], value[2])
            value = value[3:]
        for item in value:
            yield from _tensors(item)
