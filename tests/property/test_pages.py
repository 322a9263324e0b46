"""Any findings, in any words, make a page: well formed, with every quantity, and no word on it is markup."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalogue import QUANTITIES
from models.results import Measurement, NotMeasured, QualityFlag, QualityIssue, Reason, StudyFindings
from sr_templates.evidence import Evidence
from sr_templates.study_page import as_html, study_page
from tests.factories import cart_value, clip_findings, identity, measurement, source_header, study_findings
from tests.unit.sr_templates.study_page.test_html import Reader

# Of all of Unicode, halves of characters and controls too, with what markup and templates are made of among it.
WORDS = st.lists(
    st.sampled_from(["<b>", "</td>", "&amp;", "{{ x }}", "{%", "-->", "\x00", "\ud800", "\u202e"]) | st.text(max_size=20)
)
TEXTS = WORDS.map("".join)
KEYS = st.sampled_from(sorted(QUANTITIES))


@st.composite
def measured(draw: st.DrawFn, key: str) -> Measurement:
    low, high = QUANTITIES[key].limits
    value = draw(st.floats(low, high, allow_nan=False))
    return measurement(key, value, beats=draw(st.integers(1, 5)), sd=draw(st.none() | st.floats(0, 10)), method=draw(TEXTS))


@st.composite
def any_findings(draw: st.DrawFn) -> StudyFindings:
    keys = draw(st.lists(KEYS, max_size=12, unique=True))
    split = draw(st.integers(0, len(keys)))
    reasons = st.lists(st.sampled_from(list(Reason)), min_size=1, max_size=4).map(tuple)
    clip = clip_findings(notes=(draw(TEXTS),), why_no_beats=draw(TEXTS))
    return study_findings(
        clips=(clip, *study_findings().clips[1:]),
        measurements=tuple(draw(measured(key)) for key in keys[:split]),
        not_measured=tuple(NotMeasured(key, draw(reasons), draw(TEXTS)) for key in keys[split:]),
        flags=(QualityFlag(QualityIssue.TOLERATED, None, draw(TEXTS)),),
        cart=tuple(cart_value(key, 1.0) for key in draw(st.lists(KEYS, max_size=3, unique=True))),
    )


@settings(deadline=None, max_examples=25)
@given(findings=any_findings(), sex=st.sampled_from(["M", "F", "O"]))
def test_any_findings_make_a_page(findings: StudyFindings, sex: str) -> None:
    headers = (source_header(clip.sop_instance_uid, PatientSex=sex) for clip in findings.clips)
    page = study_page(findings, Evidence.from_headers(headers), identity())
    reader = Reader(as_html(page))
    assert reader.open == []
    assert {name for name, _ in reader.elements} <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "p", "div", "section", "dl", "dt",
        "dd", "bdi", "span", "table", "thead", "tbody", "tr", "th", "td", "abbr", "sup", "a", "figure", "img", "figcaption",
        "strong", "br", "ul", "li", "code", "footer", "svg", "polyline",
    }  # fmt: skip
    results = (*findings.measurements, *findings.not_measured)
    assert page.asked == len(results)
    assert all(QUANTITIES[result.key].name in reader.text for result in results)
    as_html(page).encode("utf-8")
