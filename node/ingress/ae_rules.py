"""Who may send to us: nobody, unless a rule says so."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from node.settings import AERule


class Refusal(StrEnum):
    """Why an association is refused; goes into the audit entry."""

    UNKNOWN_SENDER = "no rule knows this calling AE title at this address"
    TOO_MANY = "as many associations as max_associations allows are open"
    UNKNOWN_CALLED_AET = "the sender is known, but not the AE title it calls us by"


@dataclass(frozen=True)
class Verdict:
    """`rule` is set when accepted, `reason` when not."""

    accepted: bool
    rule: AERule | None = None
    reason: Refusal | None = None


def decide_association(calling_aet: str, called_aet: str, address: str, rules: Sequence[AERule]) -> Verdict:
    """The first rule that matches calling AE title, called AE title and address decides.

    AE titles are compared with their case and without the padding of the protocol; `*` and `?` are wildcards.
    """
    known = [rule for rule in rules if _matches(rule.calling_aet, calling_aet) and _contains(rule.address, address)]
    for rule in known:
        if _matches(rule.called_aet, called_aet):
            return Verdict(True, rule=rule)
    return Verdict(False, reason=Refusal.UNKNOWN_CALLED_AET if known else Refusal.UNKNOWN_SENDER)


def _matches(pattern: str, ae_title: str) -> bool:
    return fnmatchcase(ae_title.strip(), pattern.strip().replace("[", "[[]"))  # brackets are no wildcards here


def _contains(network: str, address: str) -> bool:
    peer = ipaddress.ip_address(address.partition("%")[0])  # without the zone of a link-local address
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return peer in ipaddress.ip_network(network, strict=False)
