"""What the command names fits the code of the day."""

import pytest

from tests.reliability.mutation.explained import EXPLAINED, explanation_of
from tests.reliability.mutation.modules import MODULES
from tests.support.paths import ROOT


@pytest.mark.parametrize("module", MODULES)
def test_each_module_and_each_of_its_tests_exist(module):
    files = MODULES[module]
    assert (ROOT / "auth_sessions" / module).is_file()
    assert [name for name in files if not (ROOT / name).is_file()] == []
    assert len(set(files)) == len(files)


@pytest.mark.parametrize("explained", EXPLAINED, ids=lambda explained: f"{explained.module}: {explained.line}")
def test_each_explained_line_is_in_its_module(explained):
    assert explained.module in MODULES
    lines = [line.strip() for line in (ROOT / "auth_sessions" / explained.module).read_text().splitlines()]
    assert explained.line in lines
    assert explained.mutated not in ("", explained.line)
    assert explained.why


def test_an_explanation_is_of_one_mutant_only():
    explained = EXPLAINED[0]
    diff = f"--- a\n+++ b\n@@ -1 +1 @@\n-    {explained.line}\n+    {explained.mutated}\n"
    assert explanation_of(explained.module, diff) == explained.why
    assert explanation_of("core/other.py", diff) is None
    assert explanation_of(explained.module, f"{diff}+    more") is None
