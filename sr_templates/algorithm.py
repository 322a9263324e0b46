"""Which networks gave a value, as TID 4019 (Algorithm Identification) names them."""

from collections.abc import Iterable

from highdicom import sr

from models.catalogue import QUANTITIES
from models.results import Measurement, ModelUse, StudyFindings
from sr_templates import codes
from sr_templates.errors import DocumentError
from sr_templates.identity import DocumentIdentity


def identification(networks: Iterable[ModelUse], identity: DocumentIdentity) -> sr.AlgorithmIdentification:
    """One network under its own name and version; several, or none, under this node's, with each of them as a parameter."""
    uses = tuple(dict.fromkeys(networks))
    if len(uses) == 1:
        return network(uses[0])
    return sr.AlgorithmIdentification(
        name=identity.model_name,
        version=identity.software_version,
        manufacturer=identity.manufacturer,
        family=codes.ARTIFICIAL_INTELLIGENCE,
        parameters=[weights(use) for use in uses] or None,
    )


def network(use: ModelUse) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=use.name, version=use.version, family=codes.ARTIFICIAL_INTELLIGENCE, parameters=[weights(use)]
    )


def weights(use: ModelUse) -> str:
    origin = ", trained on synthetic phantoms" if use.trained_on_phantoms else ""
    engine = f", computed by {use.engine}" if use.engine else ""
    return f"{use.name} {use.version}, weights SHA-256 {use.weights_sha256}{origin}{engine}"


def reader(measurement: Measurement, findings: StudyFindings) -> ModelUse | None:
    """The network that read this value by itself. Raises DocumentError where its weights are not known."""
    if not measurement.model:
        return None
    use = next((use for use in findings.models if use.name == measurement.model), None)
    if use is None:
        raise DocumentError(f"{measurement.key}: read by a model whose weights are not known")
    return use


def networks_of(measurement: Measurement, findings: StudyFindings) -> tuple[ModelUse, ...]:
    """What read the value, or its parts, or drew the outlines it was computed from; where that is not known, all there were."""
    if (read_by := reader(measurement, findings)) is not None:
        return (read_by,)
    parts = QUANTITIES[measurement.key].parts
    of_parts = [use for m in findings.measurements if m.key in parts for use in networks_of(m, findings)]
    return tuple(dict.fromkeys(of_parts)) or _that_outlined(measurement, findings) or findings.models


def _that_outlined(measurement: Measurement, findings: StudyFindings) -> tuple[ModelUse, ...]:
    uids = {source.sop_instance_uid for source in measurement.sources}
    clips = [clip for clip in findings.clips if clip.sop_instance_uid in uids]
    return tuple(dict.fromkeys(use for clip in clips for use in clip.models if clip.outlined_by in ("", use.name)))
