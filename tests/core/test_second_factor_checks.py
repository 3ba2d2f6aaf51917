"""W023, W048: a package for second factors is installed, and a sign-in, or a proof, takes the password alone."""

import sys
from types import ModuleType

import pytest
from django.conf import settings as project

from tests.support.checks import messages
from tests.support.host import has_browsers, has_supabase

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def _trench(monkeypatch, settings):
    """An app by the name of a package that is not installed here."""
    module = ModuleType("trench")
    module.__path__ = ["."]
    monkeypatch.setitem(sys.modules, "trench", module)
    settings.INSTALLED_APPS = [*project.INSTALLED_APPS, "trench"]


def found(number="W023", **settings):
    return [each.msg for each in messages(**settings) if each.id == f"auth_sessions.{number}"]


@pytest.mark.usefixtures("_trench")
@has_browsers
@has_supabase
def test_each_sign_in_is_named():
    named = found()
    assert [name for text in named for name in text.split() if name.startswith("auth_sessions.")] == [
        "auth_sessions.views.sign_in.SignInView",
        "auth_sessions.views.sign_in.BrowserSignInView",
        "auth_sessions.supabase.views.sign_in.PasswordGrantView",
        "auth_sessions.supabase.views.signup.SignupView",
    ]
    assert all("trench" in text for text in named)


@pytest.mark.usefixtures("_trench")
def test_a_sign_in_that_asks_is_not():
    assert found(ROOT_URLCONF="tests.host.second_step_urls") == []


@pytest.mark.usefixtures("_trench")
@has_browsers
def test_under_a_version():
    urls = "tests.versioned_urls"
    assert len(found(ROOT_URLCONF=urls)) == 2
    assert len(found(ROOT_URLCONF=urls, MIDDLEWARE=[])) == 1  # sign-in/ answers 501


@pytest.mark.usefixtures("_trench")
@pytest.mark.parametrize("urls", ["tests.host.views", "auth_sessions.pages.urls"])
def test_no_sign_in_is_mounted(urls):
    assert found(ROOT_URLCONF=urls) == []


def test_no_such_package():
    assert found() == []
    assert found("W048") == []


@pytest.mark.usefixtures("_trench")
def test_each_view_that_a_password_renews_is_named():
    (text,) = found("W048")
    assert "auth_sessions.views.reauthentication.ReauthenticateView" in text
    assert "auth_sessions.pages.step_up.ReauthenticateView" in text
    assert "auth_sessions.pages.sign_out.SignOutOthersView" in text
    (text,) = found("W048", AUTH_SESSIONS_REAUTHENTICATION_URL="/prove/")
    assert "auth_sessions.views.reauthentication.ReauthenticateView" in text
    assert "pages" not in text


@pytest.mark.usefixtures("_trench")
def test_a_view_that_asks_is_not_named():
    (text,) = found("W048", ROOT_URLCONF="tests.host.step_up_code_urls")
    assert "ReauthenticateView" not in text
    (text,) = found("W048", ROOT_URLCONF="tests.host.step_up_urls")
    assert "Passkeys" not in text
