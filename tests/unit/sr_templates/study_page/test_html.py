"""The page as HTML: every text is text, nothing is fetched, every reader finds his way."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from models.results import NotMeasured, QualityFlag, QualityIssue, Reason
from sr_templates.study_page import as_html
from tests.factories import cart_value, clip_findings, measurement, poor_clip, study_findings
from tests.unit.sr_templates.study_page.pages import MAN, evidence_of, page_of

HOSTILE = "<script>alert(1)</script>\"'&"
VOID = {"meta", "img", "br", "polyline"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text outside of style sheets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def whole_page(**attributes: object) -> str:
    """Everything that a page can have."""
    clips = (clip_findings(area_curve_cm2=(20.0, 15.0, None, 20.0)), *study_findings().clips[1:])
    cart = (cart_value("ef_bp", 60.0), cart_value("mv_e", 0.8))
    values = (*study_findings().measurements, measurement("lvidd_2d", 6.1))
    findings = study_findings(clips=clips, cart=cart, measurements=values)
    return as_html(page_of(findings, evidence_of(pixels=True, **(MAN | attributes))))


def test_every_element_is_closed_and_every_id_is_one() -> None:
    reader = Reader(whole_page())
    assert reader.open == []
    ids = Counter(attributes["id"] for _, attributes in reader.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    targets = {str(attributes["href"]).removeprefix("#") for attributes in reader.of("a")}
    assert targets
    assert targets <= ids.keys()


def test_no_text_is_markup() -> None:
    names = ("PatientName", "PatientID", "StudyDescription", "InstitutionName", "ReferringPhysicianName")
    flag = QualityFlag(QualityIssue.TOLERATED, None, HOSTILE)
    findings = study_findings(
        clips=(clip_findings(why_no_beats=HOSTILE, notes=(HOSTILE,)), poor_clip(flags=(flag,))),
        measurements=(measurement("ef_a4c", 50.0, method=HOSTILE),),
        not_measured=(NotMeasured("ef_bp", (Reason.QUALITY,), HOSTILE),),
        flags=(flag,),
    )
    page = page_of(findings, evidence_of(**dict.fromkeys(names, HOSTILE)), others={HOSTILE: {"ef_a4c": 1.0}})
    text = as_html(page)
    assert "<script" not in text
    reader = Reader(text)
    assert reader.of("script") == []
    assert reader.text.count("<script>alert(1)</script>") >= 10
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = whole_page()
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:image/|#)|url\(|@import|javascript:""", page)
    assert "default-src 'none'" in page


def test_the_page_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    reader = Reader(whole_page())
    assert reader.of("html") == [{"lang": "en"}]
    assert len(reader.of("h1")) == 1
    assert len(reader.of("h2")) >= 4
    assert all(attributes.get("alt") for attributes in reader.of("img"))
    assert all(attributes.get("aria-label") for attributes in reader.of("svg"))
    assert all(attributes.get("scope") for attributes in reader.of("th"))
    assert "above normal" in reader.text
    assert {attributes["name"] for attributes in reader.of("meta") if "name" in attributes} >= {"viewport", "dcterms.created"}


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1) of #rrggbb."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("ink", "paper"), ("soft", "paper"), ("faint", "paper"), ("accent", "paper"), ("warn", "warn-back"), ("good", "paper")],
)
def test_words_stand_out_from_the_paper(ink: str, paper: str) -> None:
    """WCAG 2.1, 1.4.3: a contrast of 4.5 at least."""
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", whole_page()))
    lighter, darker = sorted((_luminance(colours[ink]), _luminance(colours[paper])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_the_same_study_makes_the_same_page() -> None:
    assert whole_page() == whole_page()


def test_each_value_stands_with_its_unit_its_reason_or_its_source() -> None:
    text = Reader(whole_page()).text
    assert "EF biplane Simpson 56.4 % 60.0 −3.6" in text
    assert "no complete cardiac cycle found; findings contradict each other: one beat is not whole" in text
    assert "clip 1, frames 1, 11 (fig. 1 , 2 )" in text
    assert "4.20–5.84 ▲ above normal" in text
    assert "In the cart's report alone MV E 0.80 m/s" in text


@pytest.mark.parametrize("name", ["山田^太郎", "Иванов^Иван", "Παπαδόπουλος^Νίκος", "王^小东", "김^희중", "עברית^שם"])
def test_names_of_every_script_stand_as_they_are(name: str) -> None:
    header = {"PatientName": name, "SpecificCharacterSet": "ISO_IR 192"}
    assert name.replace("^", ", ") in Reader(whole_page(**header)).text


def test_a_study_of_which_nothing_was_asked_has_its_page() -> None:
    text = Reader(as_html(page_of(study_findings(clips=(), measurements=(), not_measured=(), models=())))).text
    assert "0 of 0 quantities" in text
    assert "No quantity was asked for." in text
