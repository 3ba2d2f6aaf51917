"""The documents of the project, and the code in them."""

import re
from typing import NamedTuple

from tests.support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *PAGES]


class Block(NamedTuple):
    """A fenced block of code."""

    page: str
    number: int
    language: str
    code: str

    def __str__(self):
        return f"{self.page}-{self.number}"


def page_named(name):
    """The text of a page of ``docs/``."""
    return (DOCS / f"{name}.md").read_text()


def blocks_of(path):
    found = re.findall(r"^( *)```([^\n`]*)\n(.*?)^ *```$", path.read_text(), re.DOTALL | re.MULTILINE)
    name = path.relative_to(ROOT).as_posix()
    return [
        Block(name, number, language.strip(), re.sub(f"^{indent}", "", code, flags=re.MULTILINE))
        for number, (indent, language, code) in enumerate(found)
    ]


def first_column(text):
    """The names in backticks that the rows of tables begin with."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def section(text, heading):
    """The text between a heading and the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    start = text.index(f"{heading}\n") + len(heading)
    following = re.search(rf"^#{{1,{level}}} ", text[start:], re.MULTILINE)
    return text[start : start + following.start() if following else None]
