"""What the package promises to others: names, layers, migrations, user models."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import resolve, reverse
from django.utils.functional import Promise

from auth_sessions import choices, exceptions, views


@pytest.mark.django_db
def test_the_migration_is_complete():
    call_command("makemigrations", check=True, dry_run=True)


def test_every_field_has_a_name_that_is_translated():
    """Django would make one in English of the attribute, which nobody can translate."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("auth_sessions.")]
    assert len(ours) >= 2
    names = [*(model._meta for model in ours), *(field for model in ours for field in model._meta.concrete_fields)]
    assert [str(each) for each in names if not isinstance(each.verbose_name, Promise)] == []
    helped = [field for field in names if getattr(field, "help_text", "")]
    assert [str(each) for each in helped if not isinstance(each.help_text, Promise)] == []
    assert [str(model) for model in ours if not isinstance(model._meta.verbose_name_plural, Promise)] == []


def test_codes_are_stable():
    classes = [cls for cls in vars(exceptions).values() if isinstance(cls, type) and hasattr(cls, "code")]
    assert sorted({cls.code for cls in classes}) == [
        "hand_over_not_valid",
        "hand_over_refused",
        "insufficient_user_authentication",
        "no_active_account",
        "password_changed",
        "password_too_long",
        "reauthentication_failed",
        "reauthentication_unavailable",
        "refresh_token_already_used",
        "second_factor_invalid",
        "second_factor_required",
        "session_expired",
        "session_limit_reached",
        "session_not_found",
        "token_not_valid",
        "user_inactive",
        "user_not_found",
    ]
    assert all(str(cls.detail) for cls in classes)


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
        ("hand-over", views.HandOverView, {}),
        ("session-list", views.SessionListView, {}),
        ("session-current", views.CurrentSessionView, {}),
        ("session-detail", views.SessionDetailView, {"session_id": "x"}),
        ("user-session-list", views.UserSessionListView, {"pk": "person/7"}),
        ("user-sign-out", views.UserSignOutView, {"pk": "person/7"}),
    ],
)
def test_url_names(name, view, kwargs):
    assert resolve(reverse(f"auth_sessions:{name}", kwargs=kwargs)).func.view_class is view
