"""Where an e-mail leads, and the checks that tell the project of it."""

import uuid

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.test import RequestFactory, override_settings
from django.urls import include, path

from auth_sessions.activity.apps import ActivityConfig
from auth_sessions.activity.emails import links, messages
from tests.support.activity_emails import has_address, sent
from tests.support.checks import findings, of_ours
from tests.support.device import IPHONE, MACBOOK, Device
from tests.urls import urlpatterns as host

pytestmark = pytest.mark.any_database

KINDS = ["new_device"]
ID = uuid.UUID(int=7)
PATH = f"/account/activity/{ID}/"


class WithoutPages:
    """A project of single-page apps: no page of this app's."""

    urlpatterns = [
        path("api/auth/", include("auth_sessions.urls")),
        *(each for each in host if "account" not in str(each.pattern)),
    ]


def page_of(**headers):
    return links.page_of(ID, request=RequestFactory().get("/", **headers))


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_host_of_the_request_where_the_project_names_its_hosts(settings):
    settings.ALLOWED_HOSTS = ["example.org"]
    assert page_of(HTTP_HOST="example.org") == f"http://example.org{PATH}"
    assert page_of(HTTP_HOST="example.org", **{"wsgi.url_scheme": "https"}) == f"https://example.org{PATH}"
    assert page_of(HTTP_HOST="evil.example") == ""
    assert links.page_of(ID, request=None) == ""
    settings.ALLOWED_HOSTS = ["*"]
    assert page_of(HTTP_HOST="evil.example") == ""


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_setting_decides(settings):
    settings.AUTH_SESSIONS_ACTIVITY_URL = "https://app.example.org/security?event={id}#{id}"
    expected = f"https://app.example.org/security?event={ID}#{ID}"
    assert page_of(HTTP_HOST="evil.example") == links.page_of(ID, request=None) == expected
    settings.AUTH_SESSIONS_ACTIVITY_URL = "https://app.example.org/{devices}/"
    assert page_of() == "https://app.example.org/{devices}/"


def test_without_a_page_there_is_no_link_and_the_advice_is_another(ada, emails, settings):
    settings.ROOT_URLCONF = WithoutPages
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    assert "://" not in message.body
    assert "sign in, sign out of all other devices, and choose a new password" in " ".join(message.body.split())
    assert "href" not in message.alternatives[0][0]


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_values_of_the_settings():
    for value in ("new_device", ["signed_in"], [None], None, {"new_device": True}, [["new_device"]], 1):
        assert "auth_sessions.E001" in findings(AUTH_SESSIONS_ACTIVITY_EMAILS=value), value
    for value in (
        "",
        "/account/",
        "example.org/account/",
        "ftp://example.org/",
        "https://",
        "https://[",
        1,
        "https://a b/",
    ):
        assert "auth_sessions.E001" in findings(AUTH_SESSIONS_ACTIVITY_URL=value), value
    for value in (None, "https://example.org/", "http://localhost:8000/security/{id}"):
        assert "auth_sessions.E001" not in findings(AUTH_SESSIONS_ACTIVITY_URL=value)


def deployment(**settings):
    with override_settings(AUTH_SESSIONS_ACTIVITY_EMAILS=KINDS, **settings):
        return [each.id for each in of_ours(run_checks(include_deployment_checks=True)) if each.id.endswith("043")]


@pytest.mark.django_db
@pytest.mark.any_database
@pytest.mark.skipif(not has_address(), reason="the user model has no address")
def test_the_check_of_the_links():
    assert deployment(ALLOWED_HOSTS=["example.org", ".example.com"]) == []
    assert deployment(ALLOWED_HOSTS=["example.org", "*"]) == ["auth_sessions.W043"]
    assert deployment(ALLOWED_HOSTS=["example.org"], ROOT_URLCONF=WithoutPages) == ["auth_sessions.W043"]
    for pages in (WithoutPages, "tests.urls"):
        assert deployment(ROOT_URLCONF=pages, AUTH_SESSIONS_ACTIVITY_URL="https://example.org/") == []
    with override_settings(AUTH_SESSIONS_ACTIVITY_EMAILS=()):
        assert [
            each.id for each in of_ours(run_checks(include_deployment_checks=True)) if each.id.endswith("043")
        ] == []


@pytest.mark.django_db
@pytest.mark.any_database
@pytest.mark.skipif(not has_address(), reason="the user model has no address")
def test_the_check_of_the_addresses(monkeypatch):
    assert "auth_sessions.E043" not in findings(AUTH_SESSIONS_ACTIVITY_EMAILS=KINDS)
    for name in ("mail_address", "is_active"):
        monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", name, raising=False)
        assert "auth_sessions.E043" in findings(AUTH_SESSIONS_ACTIVITY_EMAILS=KINDS)
        assert "auth_sessions.E043" not in findings()

    class Known(ActivityConfig):
        def get_email(self, user):
            return "ada@example.org"

    monkeypatch.setattr(apps.get_app_config("auth_sessions_activity"), "__class__", Known)
    assert "auth_sessions.E043" not in findings(AUTH_SESSIONS_ACTIVITY_EMAILS=KINDS)


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_check_of_the_templates(settings, tmp_path):
    (engine,) = settings.TEMPLATES
    without = {**engine, "NAME": "without", "APP_DIRS": False}
    loaders = [("django.template.loaders.filesystem.Loader", [tmp_path])]
    by_loaders = {**without, "OPTIONS": {**engine["OPTIONS"], "loaders": loaders}}

    def found(*engines, kinds=KINDS):
        checked = findings(TEMPLATES=list(engines), AUTH_SESSIONS_ACTIVITY_EMAILS=kinds)
        return [each for each in checked if each == "auth_sessions.E059"]

    assert found(engine) == found(without, engine) == []
    assert found() == found(without) == found(by_loaders) == ["auth_sessions.E059"]
    assert found(kinds=()) == found(kinds="new") == []
    folder = tmp_path / "auth_sessions" / "activity" / "email"
    folder.mkdir(parents=True)
    for part in messages.PARTS:
        (folder / f"new_device_{part}").write_text("Ours")
    assert found(by_loaders) == []
    assert found(by_loaders, kinds=["session_moved"]) == ["auth_sessions.E059"]
    (folder / "new_device_body.html").write_text("{% if %}")
    assert found(by_loaders) == ["auth_sessions.E059"]


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_check_of_the_app(monkeypatch):
    installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "auth_sessions.activity" and installed(name))
    assert "auth_sessions.E044" in findings(AUTH_SESSIONS_ACTIVITY_EMAILS=KINDS)
    assert "auth_sessions.E044" not in findings()
