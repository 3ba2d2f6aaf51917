"""What the package promises to others: names, layers, migrations, user models."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import resolve, reverse

from auth_sessions import choices, exceptions, views
from tests.support.nested_runs import run_apart, usual_host

ROOT = Path(__file__).parents[2]


@pytest.mark.django_db
def test_the_migration_is_complete():
    call_command("makemigrations", check=True, dry_run=True)


def test_codes_are_stable():
    classes = [cls for cls in vars(exceptions).values() if isinstance(cls, type) and hasattr(cls, "code")]
    assert sorted({cls.code for cls in classes}) == [
        "no_active_account",
        "password_changed",
        "refresh_token_already_used",
        "session_expired",
        "session_limit_reached",
        "session_not_found",
        "token_not_valid",
        "user_inactive",
        "user_not_found",
    ]
    assert all(str(cls()) for cls in classes)


def test_words_are_stable():
    assert choices.Scope.values == ["global", "local", "others"]
    assert choices.SessionKind.values == ["token", "browser"]
    assert choices.EndReason.values == [
        "signed_out",
        "revoked",
        "deleted",
        "password_changed",
        "user_inactive",
        "user_deleted",
        "refresh_token_reused",
        "limit",
        "expired",
        "idle",
    ]


@pytest.mark.parametrize(
    ("name", "view", "kwargs"),
    [
        ("token", views.SignInView, {}),
        ("token-refresh", views.RefreshView, {}),
        ("sign-out", views.SignOutView, {}),
        ("session-list", views.SessionListView, {}),
        ("session-current", views.CurrentSessionView, {}),
        ("session-detail", views.SessionDetailView, {"session_id": "x"}),
        ("user-session-list", views.UserSessionListView, {"pk": "person/7"}),
        ("user-sign-out", views.UserSignOutView, {"pk": "person/7"}),
    ],
)
def test_url_names(name, view, kwargs):
    assert resolve(reverse(f"auth_sessions:{name}", kwargs=kwargs)).func.view_class is view


OTHER_HOSTS = [("people.EmailUser", "middleware"), ("people.CodeUser", "supabase"), ("auth.User", "sessions")]


@usual_host
@pytest.mark.integration
@pytest.mark.parametrize(("user_model", "left_out"), OTHER_HOSTS)
def test_the_core_in_another_host(user_model, left_out):
    """UUID and string keys, other user names, parts left out: the core's tests in a process of their own."""
    host = {"AUTH_SESSIONS_TEST_USER": user_model, "AUTH_SESSIONS_TEST_WITHOUT": left_out}
    core_tests = [
        *(f"rest/test_{name}" for name in ("sign_in", "sign_out", "sessions", "refresh")),
        "core/test_passwords",
    ]
    of_users = [] if user_model == "auth.User" else ["core/test_statements", "core/test_cached_check"]
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
