"""How the tests are arranged: what several need stands in tests/support or a conftest.py, and files are short."""

import ast

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

FILES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (ROOT / "tests").rglob("*.py")
    if "node_modules" not in path.parts
}


@pytest.fixture(scope="module")
def nodes():
    return {name: list(ast.walk(ast.parse(text))) for name, text in FILES.items()}


def imported(nodes):
    """The full names that a file imports."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_test_module_is_imported(nodes):
    wrong = [
        (file, name)
        for file in FILES
        for name in imported(nodes[file])
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split(".")[1:])
    ]
    assert wrong == []


def test_no_setting_names_a_test_module(nodes):
    """What a setting names by its path stands in tests/host."""
    wrong = [
        (file, node.value)
        for file in FILES
        for node in nodes[file]
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith("tests.") and ".test_" in node.value and " " not in node.value
    ]
    assert wrong == []


def test_no_file_is_longer_than_500_lines():
    lengths = {name: len(text.splitlines()) for name, text in FILES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > 500} == {}
