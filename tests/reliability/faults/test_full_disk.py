"""The disk of the database is full."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.any_database]


def test_every_door_on_postgresql(record_property):
    """Nothing is half done, and a retry succeeds when there is room again."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    command = [sys.executable, "-m", "tests.reliability.faults.full_disk"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode == os.EX_UNAVAILABLE:
        pytest.skip(run.stderr.strip().splitlines()[-1])
    assert run.returncode == 0, run.stdout + run.stderr
    record_property("message", "; ".join(run.stdout.strip().splitlines()))
