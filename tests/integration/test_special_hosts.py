"""Hosts whose packages need settings of their own, each in a process of its own."""

import subprocess
import sys

import pytest

from tests.integration.test_package import ROOT
from tests.support.nested_runs import run_apart, usual_host

pytestmark = pytest.mark.integration

HOSTS = {
    # what must be installed, and the tests of the project that stands on it
    "allauth": "tests/integration/allauth_project/sign_ins.py",  # the sign-in
    "unfold": "tests/integration/unfold_project/at_the_desk.py",  # the admin's theme, before Django's admin
}


@usual_host
@pytest.mark.parametrize("package", HOSTS)
def test_a_host_that_stands_on(package):
    pytest.importorskip(package, reason=f"needs django-{package}")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", HOSTS[package]],
        env=run_apart(package, DJANGO_SETTINGS_MODULE=f"tests.integration.{package}_project.settings"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert " passed" in run.stdout
