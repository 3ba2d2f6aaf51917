"""An old project on simplejwt is changed as docs/from-simplejwt.md says, and back: its clients stay signed in."""

import os
import subprocess
import sys

import pytest

from tests.support.guides import blocks
from tests.support.nested_runs import run_apart, usual_host
from tests.support.paths import ROOT

GUIDE = "from-simplejwt.md"

STEPS = [("old", "old"), ("new", "new")]
BACK = [("back", "back")]
LEAVING = [("left", "removed_too_early"), ("new", "leave"), ("left", "left")]
"""The state of the project, and what happens in it."""


@usual_host
@pytest.mark.parametrize(
    ("variant", "steps"),
    {
        "plain": [*STEPS, *BACK],
        "rotating": [*STEPS, *BACK, ("back", "undo"), ("old", "gone")],
        "blacklist": [*STEPS, *LEAVING, *BACK],
        "sliding": [*STEPS, *BACK],
    }.items(),
)
def test_an_old_project(variant, steps, tmp_path):
    for state, step in steps:
        settings = "tests.integration.simplejwt_project.settings"
        environment = run_apart(
            f"simplejwt-{variant}-{step}",
            DJANGO_SETTINGS_MODULE=settings,
            STATE=state,
            VARIANT=variant,
            DATABASE=str(tmp_path / "db.sqlite3"),
        )
        command = [sys.executable, "-W", "error", "-m", "tests.integration.simplejwt_project.steps", step]
        run = subprocess.run(
            [*command, str(tmp_path / "stores.json")],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{variant}, {step}: {run.stderr[-3000:]}"


def test_every_block_of_the_guide_is_python():
    for block in blocks(GUIDE):
        compile(block, GUIDE, "exec")
