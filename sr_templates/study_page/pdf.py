"""The page as PDF, laid out by WeasyPrint from the same HTML with its rules for print."""

import contextlib
import hashlib
import io
import logging
import threading
from typing import Any

from sr_templates.errors import DocumentError
from sr_templates.study_page.contents import StudyPage
from sr_templates.study_page.html import as_html

_NOT_INSTALLED = "PDF needs WeasyPrint: pip install 'echonode[pdf]'"
_NO_LIBRARIES = (
    "PDF needs the system's Pango, HarfBuzz and Fontconfig (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0)"
)
_LAYOUT = threading.Lock()  # Pango's and Fontconfig's state is that of the process


def as_pdf(page: StudyPage) -> bytes:
    """The same bytes for the same page, where fonts and libraries are the same. Raises DocumentError without the libraries."""
    text = as_html(page)
    with _LAYOUT:
        weasyprint = _weasyprint()
        fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("data",))  # pictures; no network, no file
        document = weasyprint.HTML(string=text, url_fetcher=fetcher).render(pdf_tags=True)
        content: bytes = document.write_pdf(pdf_identifier=hashlib.sha256(text.encode()).digest()[:16], pdf_tags=True)
    return content


def why_no_pdf() -> str:
    """What is missing, and how it is installed; empty where pages can be made."""
    try:
        _weasyprint()
    except DocumentError as error:
        return str(error)
    return ""


def _weasyprint() -> Any:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where it says at length what it misses
            import weasyprint
            import weasyprint.urls
    except ImportError:
        raise DocumentError(_NOT_INSTALLED) from None
    except OSError:  # of the dynamic linker
        raise DocumentError(_NO_LIBRARIES) from None
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they say may quote the page, which names the patient
    return weasyprint
