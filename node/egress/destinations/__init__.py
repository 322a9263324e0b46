"""Where documents go: a file for each kind of destination, and the one table that `kind` in the configuration chooses from."""

from pydantic import ValidationError

from models.setting_errors import setting_errors
from node.egress import building
from node.egress.destinations.dicom import DicomDestination
from node.egress.destinations.fhir import FHIRDestination
from node.egress.destinations.folder import FolderDestination
from node.egress.destinations.hl7 import HL7Destination
from node.egress.destinations.kind import DestinationKind
from node.errors import ConfigError
from node.settings import Destination, Settings

KINDS: dict[str, type[DestinationKind]] = {
    "dicom": DicomDestination,
    "hl7": HL7Destination,
    "fhir": FHIRDestination,
    "folder": FolderDestination,
}


def configured(settings: Settings) -> tuple[DestinationKind, ...]:
    """The destinations of the configuration, each of its kind. Raises ConfigError with the key of what is wrong."""
    return tuple(_of_its_kind(number, one).below(settings.folder) for number, one in enumerate(settings.destination))


def _of_its_kind(number: int, destination: Destination) -> DestinationKind:
    key = f"destination.{number}"
    kind = KINDS.get(destination.kind)
    if kind is None:
        raise ConfigError(f"{key}.kind: {destination.kind!r} is none of {', '.join(KINDS)}")
    for name in destination.documents:
        if name not in building.TEMPLATES:
            raise ConfigError(f"{key}.documents: no template is named {name!r}; there are {', '.join(building.TEMPLATES)}")
        if building.TEMPLATES[name].suffix not in kind.takes:
            fitting = [other for other, template in building.TEMPLATES.items() if template.suffix in kind.takes]
            raise ConfigError(f"{key}.documents: kind {destination.kind!r} takes {', '.join(fitting)}, not {name}")
    try:
        return kind.model_validate(destination.model_dump())
    except ValidationError as error:
        raise ConfigError(setting_errors(error, kind, below=("destination", number))) from error
