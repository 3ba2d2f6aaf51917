"""The documentation site: ``sphinx-build -W --keep-going docs docs/_build``. It needs no network.

The pages are also read in the repository, where Sphinx is not at work: they link to each other, and to other files of
the repository, by relative paths.
"""

import fnmatch
import posixpath
import re
from pathlib import Path

from sphinx.application import Sphinx

REPOSITORY = "https://github.com/auth-sessions/django-auth-sessions"
INIT = Path(__file__).parents[1] / "auth_sessions" / "__init__.py"
LINK_UP = re.compile(r"(?<=\]\()\.\./[^)\s]*")

project = "django-auth-sessions"
release = re.search(r'"(.+)"', INIT.read_text())[1]  # type: ignore[index]
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
suppress_warnings = ["misc.highlighting_failure"]  # of SQL that its lexer does not know
myst_heading_anchors = 4
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"{project} {release}"
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}


def setup(app: Sphinx) -> None:
    app.connect("source-read", link_to_the_repository)
    app.connect("source-read", drop_empty_globs)


def link_to_the_repository(app: Sphinx, page: str, source: list[str]) -> None:
    """Lead relative links that leave this folder to the repository."""

    def address(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link[0]))
        return link[0] if path.startswith("docs/") else f"{REPOSITORY}/blob/main/{path}"

    source[0] = LINK_UP.sub(address, source[0])


def drop_empty_globs(app: Sphinx, page: str, source: list[str]) -> None:
    """Leave out the patterns of a table of contents that match no page yet, of which Sphinx would warn."""
    pages = app.env.found_docs
    lines = source[0].splitlines()
    source[0] = "\n".join(line for line in lines if not re.fullmatch(r"[\w/-]+\*", line) or fnmatch.filter(pages, line))
