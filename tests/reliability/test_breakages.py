"""The breakages of the state machine fit the code of the day. The command runs them."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.reliability.breakages import BREAKAGES, broken


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.name)
def test_each_changes_one_place(breakage):
    path = Path(find_spec(breakage.module).origin)
    source = path.read_text()
    assert broken(source, breakage) != source
    compile(broken(source, breakage), path, "exec")
