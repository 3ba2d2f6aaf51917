"""The README is true: its code and its tables name what is there, and all links of the documents lead somewhere."""

import re
import tomllib

import pytest
from django.urls import resolve

from tests.support.documents import DOCS, DOCUMENTS, PAGES, blocks_of
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SITE = PROJECT["urls"]["Documentation"]
SOURCE = PROJECT["urls"]["Source"]
SHOWN_IN_DOCS = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def slugs_of(path):
    """The anchors of a page, as the repository and the site make them of its headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w -]", "", heading).strip().replace(" ", "-") for heading in plain}


def links_of(path):
    text = SHOWN_IN_DOCS.sub("", path.read_text())
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_the_commands_are_those_of_the_documents():
    commands = [block.code for block in blocks_of(ROOT / "README.md") if block.language == "console"]
    assert commands[0] in [block.code for block in blocks_of(DOCS / "tour.md")]
    assert commands[1] == ".venv/bin/pytest\n"


def test_the_project_is_that_of_the_documents():
    shortest = [block.code for block in blocks_of(ROOT / "README.md") if block.language == "python"]
    assert shortest == [block.code for block in blocks_of(DOCS / "install.md") if block.language == "python"][:1]


def test_every_extra_is_listed():
    listed = re.findall(r"^\| `django-auth-sessions\[(\w+)\]`", (DOCS / "install.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(PROJECT["optional-dependencies"])


def test_every_request_is_answered():
    requests = re.findall(r"^\| (`[A-Z].*?) \|", README, re.MULTILINE)
    named = re.findall(r"(?<=[` ])([\w<>/-]+/)`", " ".join(requests))
    assert len(named) >= 7
    for path in named:
        resolve(f"/api/auth/{path.replace('<id>', 'x').replace('<pk>', '1')}")


def test_the_package_index_can_follow_all_links():
    """Its links are absolute, and lead to pages and files that exist."""
    links = links_of(ROOT / "README.md")
    assert all(link.startswith("https://") for link in links)
    for link in links:
        if link.startswith(f"{SITE}en/latest/"):
            assert (DOCS / link.removeprefix(f"{SITE}en/latest/").replace(".html", ".md")).exists(), link
        elif link.startswith(f"{SOURCE}/blob/main/"):
            assert (ROOT / link.removeprefix(f"{SOURCE}/blob/main/")).exists(), link


def test_it_is_one_screen():
    assert len(README.splitlines()) <= 80


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    for link in links_of(document):
        if link.startswith(("https:", "http:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in slugs_of(target), link


def test_the_addresses_of_the_project():
    assert PROJECT["urls"]["Changelog"] == f"{SOURCE}/blob/main/CHANGELOG.md"
    assert PROJECT["urls"]["Issues"] == f"{SOURCE}/issues"
    assert f'REPOSITORY = "{SOURCE}"' in (DOCS / "conf.py").read_text()


def test_where_a_sign_out_is_described_its_default_is_said():
    for name in ("tutorial", "clients", "reference/rest", "reference/supabase", "reference/python", "index"):
        (page,) = [path for path in PAGES if path == DOCS / f"{name}.md"]
        assert re.search(r"(?i)`?global`?.{0,60}default|default.{0,40}`?global|without a scope", page.read_text()), name
    assert "`global` (every device, the default)" in README
