"""Puts the pages of the reference, which are made from the code, among the pages of the site."""

import os

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from reference import PAGES

os.environ["COLUMNS"] = "100"  # the help of a command does not depend on the terminal that builds the site


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path, page in PAGES.items():
        files.append(File.generated(config, f"reference/{path}", content=page()))
    return files
