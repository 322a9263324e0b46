"""What is fuzzed: each row names a parser, valid inputs to start from, and the errors it documents. All else is a fault."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.fuzz import conversations, dicom_seeds, report_seeds, weights_seeds

Try = Callable[[bytes, Path], object]  # the input, and a file of it where the parser takes files


@dataclass(frozen=True)
class Target:
    """`allowed` are the names of the error classes that the parser documents; `suffix` is that of its file."""

    name: str
    group: str
    seeds: Callable[[], Sequence[bytes]]
    run: Try
    allowed: tuple[str, ...]
    suffix: str = ""


def _read_clip(data: bytes, _: Path) -> None:
    from node.objects.clip_reader import read_clip

    clip = read_clip(data)
    clip.b_mode_region(), clip.m_mode_region(), clip.spectral_region()


def _read_content(_: bytes, path: Path) -> None:
    from node.objects.content_hash import read_content

    read_content(path)


def _frames(syntax: str) -> Try:
    """The input is what an encoder gave: the object around it is whole."""

    def run(data: bytes, path: Path) -> None:
        _read_clip(dicom_seeds.wrapped(data, syntax), path)

    return run


def _regions(data: bytes, path: Path) -> None:
    _read_clip(dicom_seeds.with_regions(data), path)


def _conformance(_: bytes, path: Path) -> None:
    from node.objects.header import read_header
    from sr_templates.conformance_check import check_document

    check_document(read_header(path))


def _report(_: bytes, path: Path) -> None:
    from node.cli.sr.show import report_lines
    from node.objects.report_file import read_report_file
    from sr_templates.reading.cart import cart_values

    report = read_report_file(path)
    list(report_lines(report)), cart_values([report])


def _source(_: bytes, path: Path) -> None:
    from models.importers.sources import read_source

    read_source(path)


def _stored_weights(data: bytes, path: Path) -> None:
    import hashlib

    from models.networks.stored_weights import read_weights

    read_weights(path, hashlib.sha256(data).hexdigest())


def _settings(_: bytes, path: Path) -> None:
    from node.settings import load_settings

    load_settings(path)


def _manifests(_: bytes, path: Path) -> None:
    from models.library.manifest import manifest_text, read_manifests

    for manifest in read_manifests(path):
        manifest_text(manifest)


def _training(_: bytes, path: Path) -> None:
    from models.training.configuration import read_configuration

    read_configuration(str(path))


def _conversation(data: bytes, _: Path) -> None:
    conversations.converse(data)
    assert conversations.echoed(conversations.receiving()[0].port), "the receiver answers no C-ECHO"


def _command_set(data: bytes, path: Path) -> None:
    _conversation(conversations.in_association(data), path)


def _texts(*paths: str) -> Callable[[], Sequence[bytes]]:
    root = Path(__file__).resolve().parents[2]
    return lambda: [path.read_bytes() for pattern in paths for path in sorted(root.glob(pattern))]


_CLIP, _CONTENT = ("UnreadableClip",), ("Unparseable", "UnreadableClip")
_FOREIGN = ("WeightsFileError", "KerasFileError", "TorchFileError")

TARGETS: tuple[Target, ...] = (
    Target("file_meta_and_data_set", "dicom", dicom_seeds.whole_objects, _read_clip, _CLIP),
    Target("content_hash", "dicom", dicom_seeds.whole_objects, _read_content, _CONTENT),
    Target("region_sequence", "dicom", dicom_seeds.region_sequences, _regions, _CLIP),
    Target("structured_report", "dicom", report_seeds.whole_reports, _report, ("Unparseable",)),
    Target("report_conformance", "dicom", report_seeds.whole_reports, _conformance, ("Unparseable",)),
    *(
        Target(f"decoder_{name}", "dicom", cache(seeds), _frames(syntax), _CLIP)
        for name, (syntax, seeds) in dicom_seeds.CODECS.items()
    ),
    Target("conversation", "network", conversations.whole_conversations, _conversation, ()),
    Target("association_request", "network", conversations.association_requests, _conversation, ()),
    Target("command_set", "network", conversations.command_sets, _command_set, ()),
    Target("weights_safetensors", "weights", weights_seeds.safetensors, _source, _FOREIGN, ".safetensors"),
    Target("weights_stored", "weights", weights_seeds.safetensors, _stored_weights, ("WeightsError",), ".safetensors"),
    Target("weights_keras_hdf5", "weights", weights_seeds.keras_hdf5, _source, _FOREIGN, ".h5"),
    Target("weights_keras_zip", "weights", weights_seeds.keras_zip, _source, _FOREIGN, ".keras"),
    Target("weights_torch_zip", "weights", weights_seeds.torch_zip, _source, _FOREIGN, ".pt"),
    Target("settings", "text", _texts("node/*.toml", "config/[do]*.toml"), _settings, ("ConfigError",)),
    Target("manifests", "text", _texts("models/manifests/*.toml"), _manifests, ("ManifestError",), ".toml"),
    Target("training_config", "text", _texts("models/training/configs/*.yaml"), _training, ("TrainingConfigError",), ".yaml"),
)  # fmt: skip
GROUPS = tuple(dict.fromkeys(target.group for target in TARGETS))


def target_named(name: str) -> Target:
    return next(target for target in TARGETS if target.name == name)
