"""Device: the algorithm that gave a value (TID 4019), under a UID that is another with each set of weights."""

import base64
import re
from collections.abc import Sequence
from dataclasses import replace

from pydicom.sr.coding import Code

from models.results import ModelUse
from sr_templates import algorithm, codes
from sr_templates.contributing_equipment import device_uid
from sr_templates.fhir.datatypes import URI_SYSTEM, Json, Release, concept, plain, uid_identifier
from sr_templates.identity import DocumentIdentity

_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def uid_of(networks: Sequence[ModelUse], identity: DocumentIdentity) -> str:
    """One network's own UID, the same at every site; of several, and of none, that of this node with just these."""
    return device_uid(networks[0]) if len(networks) == 1 else identity.equipment_uid(device_uid(use) for use in networks)


def device(networks: Sequence[ModelUse], identity: DocumentIdentity, release: Release) -> Json:
    """One network under its own name and version; several, or none, under this node's, with each of them as a parameter."""
    alone = networks[0] if len(networks) == 1 else None
    name, version = (alone.name, alone.version) if alone else (identity.model_name, identity.software_version)
    versions: list[Json] = [{"value": plain(version)}] if plain(version) else []
    versions += [
        {"type": {"text": f"SHA-256 of {use.name}'s weights"}, "value": use.weights_sha256}
        for use in networks
        if use.weights_sha256
    ]
    identifiers = [uid_identifier(uid_of(networks, identity)), *(_hash_identifier(alone.weights_sha256) if alone else ())]
    parameters = [algorithm.weights(replace(use, engine="")) for use in networks]
    return {
        "resourceType": "Device",
        "identifier": identifiers,
        "manufacturer": identity.manufacturer,
        **_named(plain(name), release),
        **({"version": versions} if versions else {}),
        **({"property": _parameters(parameters, release)} if parameters else {}),
    }


def _named(name: str, release: Release) -> Json:
    family = concept(codes.ARTIFICIAL_INTELLIGENCE)
    if release is Release.R4:
        return {"deviceName": [{"name": name, "type": "model-name"}], "type": family}
    return {"displayName": name, "type": [family]}


def _parameters(texts: Sequence[str], release: Release) -> list[Json]:
    kind = concept(_PARAMETERS)
    if release is Release.R4:
        return [{"type": kind, "valueCode": [{"text": plain(text)}]} for text in texts]
    return [{"type": kind, "valueString": plain(text)} for text in texts]


def _hash_identifier(sha256: str) -> list[Json]:
    """The hash as a name: ni URI, RFC 6920."""
    if not _SHA256.fullmatch(sha256):
        return []
    name = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode("ascii")
    return [{"system": URI_SYSTEM, "value": f"ni:///sha-256;{name}"}]
