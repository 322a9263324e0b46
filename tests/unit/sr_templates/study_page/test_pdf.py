"""The page as PDF: what it says, on how many pages, the same bytes each time; and what is said where it cannot be made."""

import builtins
import io
import logging
import sys
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest

from models.results import NotMeasured, Reason, StudyFindings
from sr_templates.errors import DocumentError
from sr_templates.study_page import StudyPage, as_pdf
from tests.factories import A4C_UID, cart_value, clip_findings, measurement, study_findings
from tests.unit.sr_templates.study_page.pages import MAN, evidence_of, page_of

slow = pytest.mark.slow


def texts(content: bytes) -> list[str]:
    """Of each page."""
    document = pypdfium2.PdfDocument(content)
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def usual_page(findings: StudyFindings | None = None, **attributes: Any) -> StudyPage:
    return page_of(
        findings or study_findings(cart=(cart_value("ef_bp", 60.0),)), evidence_of(pixels=True, **(MAN | attributes))
    )


@slow
def test_a_study_of_the_usual_size_is_one_page_and_always_the_same_bytes() -> None:
    content = as_pdf(usual_page())
    (text,) = texts(content)
    for said in ("EF biplane Simpson 56.4 %", "not whole", "RESEARCH USE ONLY", "Synthetic, Heart", "PHANTOM-1", "page 1 of 1"):
        assert said in text
    assert as_pdf(usual_page()) == content
    assert as_pdf(usual_page(PatientID="OTHER")) != content


@slow
def test_many_quantities_and_pictures_go_on_on_a_second_page() -> None:
    keys = (
        "lvidd_2d",
        "lvids_2d",
        "ivsd_2d",
        "lvpwd_2d",
        "la_diam_ap_2d",
        "ao_root",
        "ao_asc",
        "rv_basal",
        "la_area_a4c",
        "ra_area",
    )
    values = tuple(measurement(key, 3.0) for key in keys)
    missing = tuple(
        NotMeasured(key, (Reason.VIEW_MISSING,)) for key in ("mv_e", "mv_a", "mv_ea", "e_septal", "tr_vmax", "tapse")
    )
    found = study_findings(measurements=(*study_findings().measurements, *values), not_measured=missing)
    pages = texts(as_pdf(usual_page(found)))
    assert len(pages) == 2
    assert all("Synthetic, Heart" in text for text in pages), "each page says whose it is"


@slow
@pytest.mark.parametrize("name", ["Иванов^Иван", "Παπαδόπουλος^Νίκος", "山田^太郎", "王^小东", "<script>^alert(1)"])
def test_names_of_every_script_are_in_the_text(name: str) -> None:
    """Also where no font has a sign for them: the text of a PDF does not need one."""
    (text,) = texts(as_pdf(usual_page(PatientName=name, SpecificCharacterSet="ISO_IR 192")))
    assert name.replace("^", ", ") in text


@slow
def test_odd_texts_break_nothing() -> None:
    detail = "\x00\x1b[2J\ud800 " + "x" * 3000 + " \u202eevil"
    found = study_findings(not_measured=(NotMeasured("ef_a2c", (Reason.QUALITY,), detail),))
    assert texts(as_pdf(usual_page(found)))


@slow
def test_nothing_of_the_page_goes_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    as_pdf(usual_page())
    assert caplog.records == []


@slow
def test_a_clip_without_anything_has_its_page() -> None:
    found = study_findings(clips=(replace(clip_findings(A4C_UID), view=None, quality=None),), measurements=(), not_measured=())
    assert "not recognised" in texts(as_pdf(usual_page(found)))[0]


@slow
def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that names a file or an address gets neither."""
    from sr_templates.study_page import pdf

    fetched = []
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *args, **_: fetched.append(args[1]) or io.BytesIO())
    monkeypatch.setattr(
        pdf, "as_html", lambda page: "<img src='file:///etc/passwd'><img src='http://127.0.0.1:9/x'><p>read</p>"
    )
    assert "read" in texts(as_pdf(page_of()))[0]
    assert fetched == []


@pytest.mark.parametrize(
    ("missing", "said"),
    [(ImportError("no module"), "pip install 'echonode[pdf]'"), (OSError("cannot load libpango"), "apt-get install libpango")],
)
def test_where_it_cannot_be_made_it_is_said_how(
    missing: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def import_(name: str, *more: Any) -> Any:
        if name.startswith("weasyprint"):
            print("WeasyPrint could not import some external libraries.")  # noqa: T201 - as it does
            raise missing
        return real(name, *more)

    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", import_)
    with pytest.raises(DocumentError, match=said.replace("[", r"\[")):
        as_pdf(page_of())
    assert capsys.readouterr().out == ""
