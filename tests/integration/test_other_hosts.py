"""Other hosts, each in a process of its own: with other users, without parts, with packages that need settings."""

import subprocess
import sys

import pytest

from tests.support.nested_runs import run_apart, usual_host
from tests.support.paths import ROOT
from tests.support.servers import or_skipped, running

HOSTS = {
    # what must be installed, and the tests of the project that stands on it
    "allauth": ["sign_ins", "supabase_users"],  # the sign-in
    "two_factor": ["sign_ins"],  # second factors, on django-otp
    "unfold": ["in_the_admin"],  # the admin's theme, before Django's admin
}


def run_tests(files, environment):
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-m", "", *files],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert " passed" in run.stdout


@usual_host
@pytest.mark.parametrize("package", HOSTS)
def test_a_host_that_stands_on(package):
    pytest.importorskip(package, reason=f"needs the package that holds {package}")
    host = {"DJANGO_SETTINGS_MODULE": f"tests.integration.{package}_project.settings"}
    files = [f"tests/integration/{package}_project/{name}.py" for name in HOSTS[package]]
    run_tests(files, run_apart(package, **host))


@usual_host
def test_a_host_of_tenants():
    """django-tenants: a schema of PostgreSQL for each tenant, and one Redis for all."""
    pytest.importorskip("django_tenants", reason="needs django-tenants")
    host = {
        "DJANGO_SETTINGS_MODULE": "tests.integration.tenants_project.settings",
        "AUTH_SESSIONS_TEST_DATABASE": "postgresql",
    }
    with or_skipped(), running("postgresql", "redis") as where:
        run_tests(["tests/integration/tenants_project/two_tenants.py"], run_apart("tenants", **host, **where))


@usual_host
def test_a_host_with_prepared_statements():
    """PostgreSQL binds the values, and keeps each statement prepared from its second use on."""
    host = {
        "DJANGO_SETTINGS_MODULE": "tests.integration.prepared_project.settings",
        "AUTH_SESSIONS_TEST_DATABASE": "postgresql",
    }
    tests = [
        "integration/prepared_project/prepared_statements",
        *(f"rest/test_{name}" for name in ("sign_in", "sign_out", "sessions", "refresh")),
        *(f"core/test_{name}" for name in ("statements", "clear_command", "revoke_command", "live", "limits")),
        *("activity/test_events", "activity/test_sweep", "browser/test_browser_sessions", "supabase/test_users"),
    ]
    files = [f"tests/{name}.py" for name in tests]
    with or_skipped(), running("postgresql") as where:
        run_tests(files, run_apart("prepared", **host, **where))


OTHER_HOSTS = [("people.EmailUser", "middleware"), ("people.CodeUser", "supabase"), ("auth.User", "sessions")]


@usual_host
@pytest.mark.parametrize(("user_model", "left_out"), OTHER_HOSTS)
def test_the_core_in_another_host(user_model, left_out):
    """UUID and string keys, other user names, parts left out: the core's tests in a process of their own."""
    host = {"AUTH_SESSIONS_TEST_USER": user_model, "AUTH_SESSIONS_TEST_WITHOUT": left_out}
    core_tests = [
        *(f"rest/test_{name}" for name in ("sign_in", "sign_out", "sessions", "refresh")),
        "core/test_passwords",
    ]
    of_users = (
        []
        if user_model == "auth.User"
        else ["core/test_statements", *(f"core/test_cached_check{part}" for part in ("", "_failures", "_transactions"))]
    )
    files = [f"tests/{name}.py" for name in core_tests + of_users]
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n0",
            "-p",
            "no:cacheprovider",
            "-k",
            "not TestCost and not every_order",
            *files,
        ],
        env=run_apart(f"{user_model}-without-{left_out}", **host),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert " passed" in run.stdout
