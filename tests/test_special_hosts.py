"""Hosts whose packages need settings of their own, each in a process of its own."""

import subprocess
import sys

import pytest

from tests.servers import run_apart, usual_host
from tests.test_package import ROOT

HOSTS = {
    # what must be installed, and the tests of the project that stands on it
    "allauth": "tests/allauth_project/sign_ins.py",  # the sign-in
    "unfold": "tests/unfold_project/at_the_desk.py",  # the admin's theme: its app comes before Django's admin
}


@usual_host
@pytest.mark.parametrize("package", HOSTS)
def test_a_host_that_stands_on(package):
    pytest.importorskip(package, reason=f"needs django-{package}")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", HOSTS[package]],
        env=run_apart(package, DJANGO_SETTINGS_MODULE=f"tests.{package}_project.settings"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert " passed" in run.stdout
