"""System checks that depend on what the project mounts or connects: W007, W009, W010."""

from functools import partial

import pytest
from django.db.models.signals import post_delete, pre_delete
from django.urls import include, path
from django.views.generic import View

from auth_sessions.models import RefreshToken, Session
from auth_sessions.views import AuthSessionsView, SessionListView, SignInView
from tests.support.checks import findings, messages

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SHORT = "k" * 31


class MagicLinkView(AuthSessionsView):
    """A sign-in of the project's own."""


class OwnSignInView(SignInView):
    """Another one."""


PAGES = path("account/", include("auth_sessions.pages.urls"))
DEEP = path("site/", include(([path("me/", include(([PAGES], "inner")))], "outer")))
SIMPLE_JWTS = "rest_framework_simplejwt.authentication.JWTAuthentication"


def found(*patterns, framework=None):
    """What ``check`` says of a project with these URLs, a short key, and no class that checks sessions."""
    module = type("Urls", (), {"urlpatterns": list(patterns)})
    installed = {"SECRET_KEY": SHORT, "REST_FRAMEWORK": framework or {}}
    return set(findings(ROOT_URLCONF=module, **installed)) & {"auth_sessions.W007", "auth_sessions.W010"}


BOTH = {"auth_sessions.W007", "auth_sessions.W010"}


@pytest.mark.parametrize("pages", [PAGES, DEEP], ids=["mounted", "in namespaces"])
def test_nothing_is_said_of_tokens_where_only_the_pages_are_mounted(pages):
    assert found(pages) == set()
    assert found(path("x/", View.as_view()), pages, path("y/", lambda request: None)) == set()
    assert found(pages, path("devices/", SessionListView.as_view())) == set()


@pytest.mark.parametrize(
    "view", [SignInView, OwnSignInView, MagicLinkView], ids=["the sign-in", "derived from it", "by a link"]
)
def test_it_is_where_a_sign_in_gives_tokens(view):
    assert found(PAGES, path("in/", view.as_view())) == BOTH
    assert found(path("in/", view.as_view())) == BOTH


def test_it_is_where_the_interfaces_are_mounted_under_any_prefix():
    rest = path("api/", include(([path("auth/", include("auth_sessions.urls"))], "api")))
    assert found(PAGES, rest) == found(rest) == BOTH
    pytest.importorskip("auth_sessions.supabase.urls", exc_type=RuntimeError)
    assert found(PAGES, path("auth/v1/", include("auth_sessions.supabase.urls"))) == BOTH


def test_it_is_where_tokens_are_accepted_or_nothing_is_mounted():
    """Views of the project's may issue them by ``api.sign_in_user()``."""
    assert found(PAGES, framework={"DEFAULT_AUTHENTICATION_CLASSES": [SIMPLE_JWTS]}) == BOTH
    assert found() == BOTH


class Cleaner:
    def __call__(self, **kwargs):
        """Never called here."""

    def clean(self, **kwargs):
        """Never called here."""


def clean(**kwargs):
    """Never called here."""


async def aclean(**kwargs):
    """Never called here."""


CLEANER = Cleaner()


@pytest.mark.parametrize(
    ("receiver", "name"),
    {
        "function": (clean, "clean"),
        "coroutine": (aclean, "aclean"),
        "method": (CLEANER.clean, "Cleaner.clean"),
        "callable": (CLEANER, "Cleaner"),
        "partial": (partial(partial(clean), using="x"), "clean"),
    }.values(),
)
def test_w009_names_the_receiver_and_what_it_listens_to(receiver, name):
    """One that listens to all models, too; each is named once."""
    for signal in (pre_delete, post_delete):
        signal.connect(receiver, weak=False)
    try:
        [message] = messages()
    finally:
        for signal in (pre_delete, post_delete):
            signal.disconnect(receiver)
    events = [f"{event} of {model._meta.label}" for model in (Session, RefreshToken) for event in EVENTS]
    assert message.id == "auth_sessions.W009"
    assert message.msg.startswith(f"{__name__}.{name} listens to {', '.join(events)}: ")
    assert findings() == []


EVENTS = ("pre_delete", "post_delete")


def test_w009_names_each_of_several():
    post_delete.connect(clean, RefreshToken)
    pre_delete.connect(CLEANER.clean, Session)
    try:
        assert [message.msg.split(":")[0] for message in messages()] == [
            f"{__name__}.Cleaner.clean listens to pre_delete of auth_sessions.Session",
            f"{__name__}.clean listens to post_delete of auth_sessions.RefreshToken",
        ]
    finally:
        post_delete.disconnect(clean, RefreshToken)
        pre_delete.disconnect(CLEANER.clean, Session)
