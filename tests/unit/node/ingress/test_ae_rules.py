"""Nobody may send, unless a rule says so."""

import pytest

from node.ingress.ae_rules import Refusal, decide_association
from node.settings import AERule

RULES = (
    AERule(name="cart 7", calling_aet="VIVID7", called_aet="ECHONODE", address="10.1.2.3"),
    AERule(name="carts", calling_aet="VIVID*", called_aet="ECHONODE", address="10.1.0.0/16"),
    AERule(name="pacs", calling_aet="PACS?", address="2001:db8::/32"),
)


@pytest.mark.parametrize(
    ("calling_aet", "called_aet", "address", "name"),
    [
        ("VIVID7", "ECHONODE", "10.1.2.3", "cart 7"),
        ("VIVID7", "ECHONODE", "10.1.2.4", "carts"),
        ("VIVID9         ", " ECHONODE", "10.1.2.3", "carts"),
        ("VIVID9", "ECHONODE", "::ffff:10.1.2.3", "carts"),
        ("PACS1", "ANYTHING", "2001:db8::7", "pacs"),
        ("PACS1", "ANYTHING", "2001:db8::7%eth0", "pacs"),
    ],
)
def test_the_first_rule_that_matches_decides(calling_aet: str, called_aet: str, address: str, name: str) -> None:
    verdict = decide_association(calling_aet, called_aet, address, RULES)
    assert verdict.accepted
    assert verdict.rule is not None
    assert verdict.rule.name == name


@pytest.mark.parametrize(
    ("calling_aet", "called_aet", "address", "reason"),
    [
        ("LOGIQ", "ECHONODE", "10.1.2.3", Refusal.UNKNOWN_SENDER),
        ("vivid7", "ECHONODE", "10.1.2.3", Refusal.UNKNOWN_SENDER),
        ("VIVID7", "ECHONODE", "10.2.2.3", Refusal.UNKNOWN_SENDER),
        ("PACS12", "ECHONODE", "2001:db8::7", Refusal.UNKNOWN_SENDER),
        ("PACS", "ECHONODE", "2001:db8::7", Refusal.UNKNOWN_SENDER),
        ("", "", "127.0.0.1", Refusal.UNKNOWN_SENDER),
        ("VIVID7", "OTHERNODE", "10.1.2.3", Refusal.UNKNOWN_CALLED_AET),
    ],
)
def test_everyone_else_is_refused_with_a_reason(calling_aet: str, called_aet: str, address: str, reason: Refusal) -> None:
    verdict = decide_association(calling_aet, called_aet, address, RULES)
    assert (verdict.accepted, verdict.rule, verdict.reason) == (False, None, reason)


def test_without_rules_nobody_may_send() -> None:
    assert not decide_association("ANY", "ECHONODE", "127.0.0.1", ()).accepted


def test_brackets_in_an_ae_title_are_no_wildcards() -> None:
    rules = (AERule(name="odd", calling_aet="A[BC]", address="127.0.0.1"),)
    assert decide_association("A[BC]", "X", "127.0.0.1", rules).accepted
    assert not decide_association("AB", "X", "127.0.0.1", rules).accepted
