"""The page as one HTML file: nothing in it is fetched from elsewhere, nothing in it runs."""

import base64
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from sr_templates.study_page.contents import StudyPage

_PACKAGE = "sr_templates.study_page"
TEMPLATE = "study_page.html"


def as_html(page: StudyPage, template: str = TEMPLATE, package: str = _PACKAGE, **more: Any) -> str:
    """The same text for the same page. Every text on it is escaped.

    A `template` of another `package` may extend that of this one, and gets `more`.
    """

    def source(name: str) -> str:
        folder = resources.files(_PACKAGE if name.startswith("study_page.") else package)
        return folder.joinpath(name).read_text(encoding="utf-8")

    environment = Environment(
        autoescape=True, loader=FunctionLoader(source), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode("ascii")
    return environment.get_template(template).render(page=page, **more)
