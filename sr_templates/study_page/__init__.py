"""The page of a study: the form as a reporting system would show it, for a browser and for print.

`study_page` makes plain values of findings and headers, `as_html` and `as_pdf` write them. Documents, the command line and the
demo all show this page.
"""

from sr_templates.study_page.contents import StudyPage
from sr_templates.study_page.form import study_page
from sr_templates.study_page.html import as_html
from sr_templates.study_page.pdf import as_pdf

__all__ = ["StudyPage", "as_html", "as_pdf", "study_page"]
