"""Where manifests lie: the bundled ones beside this package, those of imported, learnt and registered models in
`model_folder()`, each with its weights. One there stands before the bundled one of the same name.
"""

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from platformdirs import user_data_path

from models.errors import ManifestError
from models.library.manifest import Manifest, read_manifests

MANIFESTS = Path(__file__).parents[1] / "manifests"

MODEL_FOLDER_VARIABLE = "ECHONODE_MODELS"


def model_folder() -> Path:
    """Where models of one's own lie (`manifests` and `weights`): $ECHONODE_MODELS, else a folder of the user's data; on Linux
    ~/.local/share/echonode/models.
    """
    return Path(os.environ.get(MODEL_FOLDER_VARIABLE) or user_data_path("echonode", appauthor=False) / "models")


@dataclass(frozen=True)
class BrokenManifest:
    """A file of the model folder that is no manifest: `problem` says why, `names` which models it seems to be of."""

    path: Path
    problem: str
    names: frozenset[str]


def stored_name(model: str) -> str:
    """What the files of a model of one's own are called.

    >>> stored_name("echonet_measurements/lvid")
    'echonet_measurements_lvid'
    """
    return re.sub(r"[^\w.-]+", "_", model)


def all_manifests() -> tuple[tuple[Manifest, ...], tuple[BrokenManifest, ...]]:
    """By name, and what cannot be read."""
    by_name = {manifest.name: manifest for manifest in bundled_manifests()}
    broken = []
    for path in sorted((model_folder() / "manifests").glob("*.toml")):
        try:
            by_name |= {manifest.name: manifest for manifest in read_manifests(path)}
        except ManifestError as error:
            broken.append(BrokenManifest(path, str(error), _names_in(path)))
    return tuple(by_name[name] for name in sorted(by_name)), tuple(broken)


def bundled_manifests() -> tuple[Manifest, ...]:
    return _manifests_of(MANIFESTS)


@cache  # part of the package: they do not change while it runs
def _manifests_of(folder: Path) -> tuple[Manifest, ...]:
    return tuple(manifest for path in sorted(folder.glob("*.toml")) for manifest in read_manifests(path))


def _names_in(path: Path) -> frozenset[str]:
    """What looks like the name of a model in a file that is no manifest, and its own name."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError:
        text = ""
    return frozenset({path.stem, *re.findall(r"""^name\s*=\s*["'](.+?)["']""", text, flags=re.MULTILINE)})
