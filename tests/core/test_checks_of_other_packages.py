"""W030: views of other packages that issue tokens without a session; E030, W031: what comes from simplejwt."""

import pytest
from django.conf import settings as project
from django.core.checks import run_checks
from django.db import connection
from django.urls import include, path
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework_simplejwt import views as simplejwt

from tests.support.checks import findings, messages

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


class OwnPairView(simplejwt.TokenObtainPairView):
    """A project's own."""


def with_urls(*patterns):
    return type("Urls", (), {"urlpatterns": list(patterns)})


@pytest.mark.parametrize(
    ("view", "instead"),
    {
        simplejwt.TokenObtainPairView: "contrib.simplejwt.views.TokenObtainPairView",
        OwnPairView: "contrib.simplejwt.views.TokenObtainPairView",
        simplejwt.TokenRefreshView: "contrib.simplejwt.views.TokenRefreshView",
        simplejwt.TokenObtainSlidingView: "contrib.simplejwt.views.TokenObtainSlidingView",
        simplejwt.TokenRefreshSlidingView: "contrib.simplejwt.views.TokenRefreshSlidingView",
        ObtainAuthToken: "views.SignInView",
    }.items(),
)
def test_w030_names_the_view_and_what_to_mount_instead(view, instead):
    urls = with_urls(path("api/", include([path("token/", view.as_view())])), path("x/", lambda request: None))
    [message] = messages(ROOT_URLCONF=urls)
    assert message.id == "auth_sessions.W030"
    assert " at 'api/token/' issues tokens" in message.msg
    assert f"Mount auth_sessions.{instead} instead" in message.hint


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("knox.views", "LoginView"),
        ("djoser.views", "TokenCreateView"),
        ("dj_rest_auth.views", "LoginView"),
        ("dj_rest_auth.registration.views", "RegisterView"),
    ],
)
def test_w030_of_packages_that_may_be_installed(module, name):
    """The check goes by the name: a view of that name says what the package's own would."""
    view = type(name, (simplejwt.TokenViewBase,), {"__module__": module, "__qualname__": name})
    assert findings(ROOT_URLCONF=with_urls(path("login/", view.as_view()))) == ["auth_sessions.W030"]


def test_w030_knows_a_login_of_djangos_by_dj_rest_auth():
    view = type("LoginView", (simplejwt.TokenViewBase,), {"__module__": "dj_rest_auth.views"})
    urls = with_urls(path("login/", view.as_view()))
    assert findings(ROOT_URLCONF=urls, REST_AUTH={"TOKEN_MODEL": None}) == []
    assert findings(ROOT_URLCONF=urls, REST_AUTH={"TOKEN_MODEL": None, "USE_JWT": True}) == ["auth_sessions.W030"]


def test_w030_is_content_with_the_views_in_their_place():
    for module in ("urls", "sliding_urls"):
        urls = with_urls(path("api/", include(f"auth_sessions.contrib.simplejwt.{module}")))
        assert findings(ROOT_URLCONF=urls) == []


@pytest.mark.parametrize("module", ["urls", "sliding_urls"])
def test_e030_the_app_is_missing(module):
    urls = with_urls(path("api/", include(f"auth_sessions.contrib.simplejwt.{module}")))
    installed = [name for name in project.INSTALLED_APPS if name != "auth_sessions.contrib.simplejwt"]
    [message] = messages(ROOT_URLCONF=urls, INSTALLED_APPS=installed)
    assert message.id == "auth_sessions.E030"
    assert "auth_sessions.contrib.simplejwt" in message.hint


def test_w031_tables_of_the_blacklist_were_left():
    def found():
        return [each.id for each in run_checks(databases=["default"]) if each.id == "auth_sessions.W031"]

    assert found() == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE token_blacklist_outstandingtoken (id integer)")
    try:
        assert found() == ["auth_sessions.W031"]
        assert run_checks(databases=[], tags=["database"]) == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE token_blacklist_outstandingtoken")
