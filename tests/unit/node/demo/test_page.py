"""The demo's page is the page of its study, with the truth and what became of its documents; no text on it is markup."""

from node.db.audit import AuditReport
from node.demo.page import rendered
from node.demo.summary import Summary
from node.demo.truth import TrueValues
from sr_templates.study_page import study_page
from tests.factories import evidence, identity, study_findings


def page(said: str, derived: tuple[str, ...] = ()) -> str:
    row = {
        "template": "seg", "modality": said, "sop_class_uid": said, "destination": said, "delivered": False, "path": None,
        "committed": None,
    }  # fmt: skip
    summary = Summary(
        "1.2", [row], [], [], [], {said: 1.0}, AuditReport(1, 1, verified=False, problem=said), None, TrueValues({}, derived)
    )
    return rendered(summary, study_page(study_findings(), evidence(), identity(), {"Truth": {"ef_bp": 57.0}}))


def test_no_text_on_the_page_is_markup() -> None:
    text = page("<script>alert(1)</script>")
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") == 5


def test_the_truth_stands_beside_each_value() -> None:
    text = page("said")
    assert 'Truth</th><th scope="col" class="number">Difference' in text
    assert '<td class="number other">57.0</td><td class="number other">−0.6</td>' in text


def test_it_is_one_page_with_its_own_title() -> None:
    text = page("said")
    assert text.count("<main>") == text.count("<footer>") == 1
    assert "<h1" in text
    assert "EchoNode: one echo study, end to end</h1>" in text


def test_it_says_which_truth_is_computed() -> None:
    sentence = "formulas make of true parts: LVEDV biplane MOD."
    assert sentence in page("said", ("lvedv_bp", "sv_lvot"))
    assert "true parts" not in page("said")
