"""The plugin in a small project of its own: by Django's test runner, by pytest, with and without pytest-django."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions

import pytest

from tests.support.nested_runs import run_apart, usual_host
from tests.support.paths import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.any_database, usual_host]

PROJECT = ROOT / "tests" / "integration" / "plugin_project"


@pytest.fixture
def project(tmp_path):
    """Its folder; in that beside it the package is installed, if it is not in this environment as it is now."""
    folder = shutil.copytree(PROJECT, tmp_path / "project")
    (folder / "__init__.py").unlink()
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\npython_files = test*.py\n")
    install(tmp_path / "installed")
    return folder


def install(folder):
    """What an installation writes about the package: pytest reads the entry point there."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    known = {
        point.name: point.value
        for distribution in distributions(name="django-auth-sessions")
        for point in distribution.entry_points.select(group="pytest11")
    }
    if known != written:
        metadata = folder / "django_auth_sessions-0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: django-auth-sessions\nVersion: 0\n")
        lines = [f"{name} = {value}\n" for name, value in written.items()]
        (metadata / "entry_points.txt").write_text("".join(["[pytest11]\n", *lines]))


def run(project, *command, settings="shop.settings", **changed):
    """Run a command of the project, which must pass; returns what it prints."""
    path = [str(project), str(project.parent / "installed"), os.environ.get("PYTHONPATH") or str(ROOT)]
    environment = run_apart("plugin", PYTHONPATH=os.pathsep.join(path), DJANGO_SETTINGS_MODULE=settings, **changed)
    of_this_run = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST")
    environment = {name: value for name, value in environment.items() if value and not name.startswith(of_this_run)}
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


NOT_NEEDED = ("cacheprovider", "anyio", "hypothesispytest", "pytest_cov", "schemathesis")
"""Plugins that take time to load."""


def run_pytest(project, *arguments, **options):
    without = [argument for name in NOT_NEEDED for argument in ("-p", f"no:{name}")]
    return run(project, "-m", "pytest", *without, *arguments, **options)


def test_djangos_own_runner(project):
    printed = run(project, "-W", "error", "-m", "django", "test", "shop")
    assert "OK" in printed
    assert "Ran 15 tests" in printed


@pytest.mark.parametrize("processes", ["0", "2"])
def test_pytest_django(project, processes):
    printed = run_pytest(project, "-n", processes, "shop/tests.py", "with_fixtures.py")
    assert "20 passed" in printed


def test_without_pytest_django(project):
    printed = run_pytest(project, "-p", "no:django", "with_own_set_up.py")
    assert "1 passed" in printed


def test_without_django(project):
    """Pytest loads the plugin, which imports nothing until a fixture is asked for."""
    printed = run_pytest(project, "-p", "no:django", "without_django.py", settings="")
    assert "2 passed" in printed


def test_plugins_that_are_named(project):
    named = ["-p", "django", "-p", "auth_sessions"]
    printed = run_pytest(project, *named, "with_fixtures.py", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "5 passed" in printed
    switched_off = run_pytest(project, "-p", "no:auth_sessions", "--fixtures", "-q", "shop/tests.py")
    assert "auth_device" not in switched_off


def test_each_fixture_says_what_it_is_for(project):
    printed = run_pytest(project, "--fixtures", "-q", "shop/tests.py")
    for name in ("auth_device", "auth_device_class", "auth_browser", "auth_clock"):
        assert f"\n{name} -- " in printed
