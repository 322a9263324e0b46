"""A model that was named on the command line."""

from models.library.manifest import Manifest, ManifestError
from models.library.registry import find_manifest
from node.errors import ConfigError


def found_manifest(name: str) -> Manifest:
    """Raises ConfigError for a name that there is not."""
    try:
        return find_manifest(name)
    except ManifestError as error:
        raise ConfigError(str(error)) from error
