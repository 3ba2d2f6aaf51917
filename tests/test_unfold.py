"""django-unfold as the admin theme of a host, in a process of its own: its app comes before Django's admin."""

import os
import subprocess
import sys

import pytest

from tests.test_package import ROOT

pytest.importorskip("unfold", reason="needs django-unfold")

OTHER_HOSTS = {"AUTH_SESSIONS_TEST_USER", "AUTH_SESSIONS_TEST_WITHOUT"}


@pytest.mark.skipif(not OTHER_HOSTS.isdisjoint(os.environ), reason="this run is about another host")
@pytest.mark.skipif(
    os.environ.get("AUTH_SESSIONS_TEST_DATABASE", "sqlite") != "sqlite", reason="other hosts are tried on SQLite"
)
def test_a_host_whose_admin_wears_unfold():
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/unfold_project/at_the_desk.py"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.unfold_project.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert " passed" in run.stdout
