"""Every name that ARCHITECTURE.md gives in backticks exists. Read from the source, so that any host can run it."""

import ast
import pkgutil
import re

import pytest

from auth_sessions.conf import Settings
from tests.support.paths import ROOT

APP = ROOT / "auth_sessions"
TEXT = re.sub(r"```.*?```", "", (ROOT / "ARCHITECTURE.md").read_text(), flags=re.DOTALL)
QUOTED = sorted({name.removesuffix("()") for name in re.findall(r"`([^`\n]+)`", TEXT)})
FILES = [name for name in QUOTED if re.fullmatch(r"[\w./]+(/|\.(py|html|toml|md))", name)]
NAMES = [name for name in QUOTED if re.fullmatch(r"(?!request\.)[A-Za-z_]\w*(\.\w+)+", name) and name not in FILES]


def defined(body):
    """The names that a module or class defines or imports, each with its node."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, node) for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))


def known_names():
    """``core.rotation``, ``core.rotation.refresh``, ``views.RefreshView.post`` and ``RefreshView.post``."""
    for path in APP.rglob("*.py"):
        parts = path.relative_to(APP).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        yield module
        for name, node in defined(ast.parse(path.read_text()).body):
            yield f"{module}.{name}"
            for member, _ in defined(node.body) if isinstance(node, ast.ClassDef) else ():
                yield from (f"{name}.{member}", f"{module}.{name}.{member}")


KNOWN = set(known_names())


@pytest.mark.parametrize("name", NAMES)
def test_a_name(name):
    if name not in KNOWN:
        assert name.startswith("django.")
        pkgutil.resolve_name(name)


@pytest.mark.parametrize("name", FILES)
def test_a_file(name):
    assert (ROOT / name).exists() or (APP / name).exists()


def test_the_settings():
    assert {name for name in QUOTED if re.fullmatch(r"AUTH_SESSIONS_[A-Z_]+", name)} <= vars(Settings).keys()
