"""The README is true: its code is the example's, its tables name what is there, links lead somewhere."""

import inspect
import re

import pytest

from auth_sessions.conf import Settings
from example_project import views
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

README = (ROOT / "README.md").read_text()
TOUR = (ROOT / "example_project" / "tour.sh").read_text()


def test_the_code_is_the_examples():
    assert f"```bash\n{TOUR}```" in README
    assert f"```python\n{inspect.getsource(views.MagicLinkView)}```" in README


def test_every_setting_is_named():
    table = README[README.index("## Settings") :]
    known = [name for name in vars(Settings) if name.isupper()]
    assert re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE) == known


def test_every_code_is_named():
    from auth_sessions import exceptions

    codes = {cls.code for cls in vars(exceptions).values() if isinstance(cls, type) and hasattr(cls, "code")}
    assert {code for code in codes if f"`{code}`" in README} == codes


@pytest.mark.parametrize("document", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    links = re.findall(r"\]\(([^)h#][^)#]*)\)", document.read_text())
    assert all((document.parent / link).exists() for link in links)
