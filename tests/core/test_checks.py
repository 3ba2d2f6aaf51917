import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import django
import pytest
import rest_framework
from django.conf import settings as project
from django.core.checks import run_checks
from django.db import models
from django.db.models.signals import post_delete, pre_delete
from django.test import override_settings
from django.urls import include, path

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.middleware import BrowserSessionMiddleware
from auth_sessions.models import RefreshToken, Session
from auth_sessions.views import BrowserSignInView
from tests.host.models import PushDevice
from tests.support.checks import findings, messages
from tests.support.host import has_browsers
from tests.support.keys import new_key, pem_pair
from tests.support.paths import ROOT
from tests.support.related import child

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # Django 6.1 asks SQLite what it can do

NAIVE = datetime(2027, 3, 1)  # noqa: DTZ001
CENTURY, FOREVER = timedelta(days=36_525), timedelta.max


def simple_jwt_findings(**settings):
    return findings(SIMPLE_JWT=settings)


def test_the_settings_of_the_tests_give_no_finding():
    assert findings() == []


CHECK_EXAMPLE = """
import django
from django.conf import settings
from django.core.management import call_command

settings.DATABASES["default"]["NAME"] = ":memory:"  # or Django 6.1 would leave a file
django.setup()
call_command("check", fail_level="WARNING")
"""


@pytest.mark.integration
def test_the_example_gives_no_finding():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "example_project.settings"}
    command = [sys.executable, "-c", CHECK_EXAMPLE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "no issues (0 silenced)" in done.stdout, done.stdout + done.stderr


def test_the_checks_run_with_djangos_security_checks():
    with override_settings(AUTH_SESSIONS_LIFETIME=0):
        assert "auth_sessions.E001" in [message.id for message in run_checks(tags=["security"])]


DURATIONS = ("LIFETIME", "IDLE_TIMEOUT", "LAST_SEEN_INTERVAL", "REUSE_INTERVAL", "CACHE_TTL", "REAUTHENTICATION_AGE")
NO_DURATIONS = (0, 300, 0.5, "300", "5 minutes", True, [], {}, timedelta(0), timedelta(seconds=-1), FOREVER)

WRONG = [
    *[(name, value) for name in DURATIONS for value in NO_DURATIONS],
    *[(name, None) for name in ("LAST_SEEN_INTERVAL", "REUSE_INTERVAL")],
    *[("LAST_SEEN_INTERVAL", timedelta(days=days)) for days in (14, 15)],
    *[("PRESET", value) for value in ("", "aal4", "AAL1", 2, True, [], {}, ["aal1"])],
    *[("REAUTHENTICATION_AGE", timedelta(microseconds=age)) for age in (1, 999_999)],
    *[("CACHE", value) for value in ("", "redis", 0, [], {}, ["default"])],
    *[("REUSE_POLICY", value) for value in (None, "", "Strict", "Lenient", 1, True, [], {}, ["lenient"])],
    *[
        ("PASSWORD_CHANGE_ENDS", value)
        for value in ((), ("token",), ("browser", "other"), "browser", None, [["browser"]])
    ],
    *[("ACTIVITY_DAYS", value) for value in (0, -1, True, 1.5, "90", [], 10**9)],
    *[("IP_RETENTION_DAYS", value) for value in (-1, True, 1.5, "30", [], 10**9)],
    *[("SIMPLEJWT_UNTIL", value) for value in (0, True, "2027-03-01", date(2027, 3, 1), NAIVE, [], {})],
    *[("MAX_PER_USER", value) for value in (0, -1, True, False, "5", 2.5, [], {}, timedelta(1))],
    *[("LIMIT_POLICY", value) for value in (None, "", "evict", "REFUSE", 0, [], {})],
    *[("LIMIT_BY", value) for value in (None, "", "device", "Tag", 0, [], {})],
    *[("TRUSTED_PROXIES", value) for value in (None, -1, True, "1", 1.0, [], ["10.0.0.1"], {})],
    *[("REAUTHENTICATION_URL", value) for value in ("", True, 0, [], ["/prove/"])],
    *[("CLEAR_SITE_DATA", value) for value in (None, True, "cookies", ["cookie"], ['"cookies"'], [[]], {"cookies": 1})],
]
RIGHT = [
    *[
        (name, value)
        for name in ("LIFETIME", "IDLE_TIMEOUT", "REAUTHENTICATION_AGE")
        for value in (None, timedelta(hours=1), CENTURY)
    ],
    *[(name, timedelta(microseconds=1)) for name in ("LAST_SEEN_INTERVAL", "REUSE_INTERVAL")],
    *[("PRESET", value) for value in (None, "aal1", "aal2", "aal3")],
    ("REAUTHENTICATION_AGE", timedelta(seconds=1)),
    *[("CACHE", value) for value in ("default", None)],
    *[("REUSE_POLICY", value) for value in ("confirmed", "strict", "lenient", "off")],
    *[("ACTIVITY_DAYS", value) for value in (None, 31, 10_000)],
    *[("IP_RETENTION_DAYS", value) for value in (None, 0, 1)],
    *[("SIMPLEJWT_UNTIL", value) for value in (None, datetime(2027, 3, 1, tzinfo=UTC))],
    *[("PASSWORD_CHANGE_ENDS", value) for value in (("browser",), ["browser", "token"], {"browser"})],
    *[("MAX_PER_USER", value) for value in (None, 1, 10**9)],
    *[("LIMIT_POLICY", value) for value in ("evict_oldest", "refuse")],
    *[("LIMIT_BY", value) for value in ("user", "tag")],
    *[("TRUSTED_PROXIES", value) for value in (0, 1, 10)],
    *[("REAUTHENTICATION_URL", value) for value in (None, "/prove/", "auth_sessions_pages:devices")],
    *[("CLEAR_SITE_DATA", value) for value in ((), ["*"], ("cache", "cookies", "storage", "executionContexts"))],
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_e001_a_value_that_a_setting_cannot_have(name, value):
    assert findings(**{f"AUTH_SESSIONS_{name}": value}) == ["auth_sessions.E001"]


@pytest.mark.parametrize(("name", "value"), RIGHT, ids=str)
def test_a_value_that_a_setting_can_have(name, value):
    is_unshared = (name, value) == ("CACHE", "default")
    assert findings(**{f"AUTH_SESSIONS_{name}": value}) == (["auth_sessions.W016"] if is_unshared else [])


def test_e001_names_the_setting_and_the_value():
    [message] = messages(AUTH_SESSIONS_MAX_PER_USER="five")
    assert message.msg == "AUTH_SESSIONS_MAX_PER_USER must be a positive integer or None, not 'five'."


def test_each_wrong_setting_is_reported():
    assert findings(AUTH_SESSIONS_LIFETIME=1, AUTH_SESSIONS_LIMIT_BY=2) == ["auth_sessions.E001"] * 2


def test_an_interval_of_touching_needs_no_idle_timeout():
    assert findings(AUTH_SESSIONS_LAST_SEEN_INTERVAL=timedelta(days=99), AUTH_SESSIONS_IDLE_TIMEOUT=None) == []


WRONG_SIMPLE_JWT = [
    *[("ACCESS_TOKEN_LIFETIME", value) for value in (None, *NO_DURATIONS)],
    *[("LEEWAY", value) for value in ("ten", -1, float("nan"), float("inf"), timedelta(seconds=-1), FOREVER)],
    *[("USER_ID_CLAIM", value) for value in (None, "", 5, [], "exp", "session_id", "jti", "token_type")],
    *[("TOKEN_TYPE_CLAIM", value) for value in (5, ["type"], "generation")],
    *[("JTI_CLAIM", value) for value in (5, {"jti": 1}, "iat")],
]


@pytest.mark.parametrize(("name", "value"), WRONG_SIMPLE_JWT, ids=str)
def test_e001_a_value_that_a_setting_of_simplejwt_cannot_have(name, value):
    assert set(simple_jwt_findings(**{name: value})) == {"auth_sessions.E001"}


@pytest.mark.parametrize(
    "settings",
    [
        None,
        {},
        {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=1)},
        {"LEEWAY": None},
        {"LEEWAY": 30},
        {"LEEWAY": 0.5},
        {"LEEWAY": timedelta(seconds=30)},
        {"USER_ID_CLAIM": "uid"},
        {"TOKEN_TYPE_CLAIM": None},
        {"TOKEN_TYPE_CLAIM": "typ"},
        {"JTI_CLAIM": None},
        {"AUTH_HEADER_TYPES": ("Bearer", "JWT")},
        {"AUDIENCE": "shop", "ISSUER": "https://id.example"},
        {"AUDIENCE": ["shop", "till"]},
        {"JSON_ENCODER": "rest_framework.utils.encoders.JSONEncoder"},
    ],
    ids=str,
)
def test_a_value_that_simplejwt_can_have(settings):
    assert findings(SIMPLE_JWT=settings) == []


@pytest.mark.parametrize("name", ["LIFETIMES", "IDLE_TIME", "", "MAX_PER_USERS"])
def test_w002_a_setting_that_does_not_exist(name):
    assert findings(**{f"AUTH_SESSIONS_{name}": 1}) == ["auth_sessions.W002"]


def test_a_setting_of_another_app_is_not_ours():
    assert findings(AUTH_SESSION_LIFETIME=1, AUTHSESSIONS_LIFETIME=1) == []


@pytest.mark.parametrize(
    "name",
    [
        "REFRESH_TOKEN_LIFETIME",
        "ROTATE_REFRESH_TOKENS",
        "BLACKLIST_AFTER_ROTATION",
        "CHECK_REVOKE_TOKEN",
        "UPDATE_LAST_LOGIN",
        "CHECK_USER_IS_ACTIVE",
        "USER_AUTHENTICATION_RULE",
        "TOKEN_OBTAIN_SERIALIZER",
        "TOKEN_REFRESH_SERIALIZER",
        "TOKEN_VERIFY_SERIALIZER",
        "TOKEN_BLACKLIST_SERIALIZER",
        "SLIDING_TOKEN_OBTAIN_SERIALIZER",
        "SLIDING_TOKEN_REFRESH_SERIALIZER",
    ],
)
def test_w003_a_setting_of_simplejwt_that_is_not_read(name):
    assert simple_jwt_findings(**{name: None}) == ["auth_sessions.W003"]


def test_w003_says_what_replaces_it():
    [message] = messages(SIMPLE_JWT={"REFRESH_TOKEN_LIFETIME": timedelta(days=90)})
    assert message.hint == "AUTH_SESSIONS_LIFETIME and AUTH_SESSIONS_IDLE_TIMEOUT replace it."


def test_e004_a_user_model_without_a_password_hash(new_models):
    class Robot(models.Model):
        """All that Django asks of a user model."""

        serial = models.CharField(unique=True, max_length=10)
        is_active, is_anonymous, is_authenticated = True, False, True
        USERNAME_FIELD, REQUIRED_FIELDS = "serial", ()

        class Meta:
            app_label = "host"

    assert findings(AUTH_USER_MODEL="host.Robot") == ["auth_sessions.E004"]


@pytest.mark.parametrize("name", ["nope", "", None, 5, [], "get_username", "auth_sessions"], ids=str)
def test_e005_a_user_model_without_the_field_that_tokens_name(name):
    assert simple_jwt_findings(USER_ID_FIELD=name) == ["auth_sessions.E005"]


@pytest.mark.parametrize("name", ["id", "pk", "password"])
def test_a_field_that_tokens_can_name(name):
    assert simple_jwt_findings(USER_ID_FIELD=name) == []


RSA_KEY, RSA_PUBLIC = pem_pair(new_key("RS256"))
_, OTHER_RSA_PUBLIC = pem_pair(new_key("RS256"))
EC_KEY, EC_PUBLIC = pem_pair(new_key("ES256"))


@pytest.mark.parametrize(
    "settings",
    [
        {"ALGORITHM": "none"},
        {"ALGORITHM": "HS1024"},
        {"ALGORITHM": None},
        {"ALGORITHM": []},
        {"ALGORITHM": 256},
        {"ALGORITHM": "RS256"},
        {"ALGORITHM": "ES256"},
        {"ALGORITHM": "EdDSA"},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY},
        {"ALGORITHM": "RS256", "VERIFYING_KEY": RSA_PUBLIC},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_PUBLIC, "VERIFYING_KEY": RSA_KEY},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY, "VERIFYING_KEY": OTHER_RSA_PUBLIC},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY, "VERIFYING_KEY": EC_PUBLIC},
        {"ALGORITHM": "ES256", "SIGNING_KEY": RSA_KEY, "VERIFYING_KEY": RSA_PUBLIC},
        {"ALGORITHM": "ES512", "SIGNING_KEY": EC_KEY, "VERIFYING_KEY": EC_PUBLIC},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY[:400], "VERIFYING_KEY": RSA_PUBLIC},
        {"SIGNING_KEY": None},
        {"SIGNING_KEY": ""},
        {"SIGNING_KEY": 5},
        {"SIGNING_KEY": []},
        {"SIGNING_KEY": RSA_PUBLIC},
        {"AUDIENCE": 5},
        {"AUDIENCE": [5]},
        {"ISSUER": 5},
        {"ISSUER": ["https://id.example"]},
        {"JWK_URL": 5},
        {"JSON_ENCODER": "no.such.Encoder"},
        {"JSON_ENCODER": "Encoder"},
        {"JSON_ENCODER": 5},
    ],
    ids=lambda settings: str(settings)[:60],
)
def test_e006_access_tokens_that_cannot_be_signed_and_verified(settings):
    assert simple_jwt_findings(**settings) == ["auth_sessions.E006"]


@pytest.mark.parametrize(
    "settings",
    [
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY, "VERIFYING_KEY": RSA_PUBLIC},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY.encode(), "VERIFYING_KEY": RSA_PUBLIC.encode()},
        {"ALGORITHM": "ES256", "SIGNING_KEY": EC_KEY, "VERIFYING_KEY": EC_PUBLIC},
        {"ALGORITHM": "RS256", "SIGNING_KEY": RSA_KEY, "JWK_URL": "https://id.invalid/jwks.json"},
        {"SIGNING_KEY": b"k" * 32},
        {"ALGORITHM": "HS512", "SIGNING_KEY": "k" * 64},
    ],
    ids=lambda settings: str(settings)[:60],
)
def test_keys_that_sign_and_verify(settings):
    assert simple_jwt_findings(**settings) == []


def test_e006_does_not_show_the_key():
    [message] = messages(SIMPLE_JWT={"ALGORITHM": "RS256", "SIGNING_KEY": "swordfish", "VERIFYING_KEY": "swordfish"})
    assert "swordfish" not in f"{message.msg}{message.hint}"


@pytest.mark.parametrize(
    "settings",
    [
        {"SIGNING_KEY": "k" * 31},
        {"SIGNING_KEY": b"k"},
        {"ALGORITHM": "HS384", "SIGNING_KEY": "k" * 47},
        {"ALGORITHM": "HS512", "SIGNING_KEY": "k" * 63},
    ],
    ids=str,
)
def test_w007_an_hmac_key_that_is_too_short(settings):
    assert simple_jwt_findings(**settings) == ["auth_sessions.W007"]


def test_w007_the_secret_key_signs_where_no_other_does():
    assert findings(SECRET_KEY="k" * 31) == ["auth_sessions.W007"]
    assert findings(SECRET_KEY="k" * 31, SIMPLE_JWT={"SIGNING_KEY": "k" * 32}) == []


@pytest.mark.parametrize("on_delete", [models.PROTECT, models.RESTRICT])
@pytest.mark.parametrize("target", [Session, RefreshToken, PushDevice])
def test_e008_a_key_that_keeps_a_session_from_ending(new_models, target, on_delete):
    child("Lease", target, on_delete)
    assert findings() == ["auth_sessions.E008"]


def test_e008_a_key_to_a_proxy_of_sessions(new_models):
    class Visit(Session):
        class Meta:
            app_label, proxy = "host", True

    child("Lease", Visit, models.PROTECT)
    assert findings() == ["auth_sessions.E008"]


def test_e008_a_key_three_models_away(new_models):
    message = child("Message", PushDevice, models.CASCADE)
    child("Receipt", message, models.PROTECT)
    assert findings() == ["auth_sessions.E008"]


@pytest.mark.parametrize("on_delete", [models.CASCADE, models.SET_NULL, models.DO_NOTHING])
def test_a_key_that_lets_a_session_end(new_models, on_delete):
    child("Lease", Session, on_delete, null=True)
    assert findings() == []


def test_a_key_that_protects_what_stays(new_models):
    lease = child("Lease", Session, models.SET_NULL, null=True)
    child("Payment", lease, models.PROTECT)
    assert findings() == []


@pytest.mark.parametrize("signal", [pre_delete, post_delete])
@pytest.mark.parametrize("sender", [Session, RefreshToken])
def test_w009_a_receiver_that_is_not_called_or_costs(signal, sender):
    def receiver(**kwargs):
        """Never called here."""

    signal.connect(receiver, sender)
    [message] = messages()
    assert message.id == "auth_sessions.W009"
    assert f"{__name__}.{receiver.__qualname__} " in message.msg
    assert f"_delete of {sender._meta.label}" in message.msg
    signal.disconnect(receiver, sender)
    assert findings() == []


def test_a_receiver_for_another_model_costs_nothing():
    def receiver(**kwargs):
        """Never called here."""

    pre_delete.connect(receiver, PushDevice)
    assert findings() == []
    pre_delete.disconnect(receiver, PushDevice)


class OwnAuthentication(SessionJWTAuthentication):
    """A project's subclass."""


OWN = f"{__name__}.OwnAuthentication"
SIMPLE_JWTS = "rest_framework_simplejwt.authentication.JWTAuthentication"


@pytest.mark.parametrize(
    "framework", [{}, {"DEFAULT_AUTHENTICATION_CLASSES": []}, {"DEFAULT_AUTHENTICATION_CLASSES": [SIMPLE_JWTS]}]
)
@has_browsers
def test_w010_no_view_looks_at_sessions(framework):
    assert findings(REST_FRAMEWORK=framework) == ["auth_sessions.W010"]
    assert findings(REST_FRAMEWORK=framework, AUTH_SESSIONS_REUSE_POLICY="lenient") == []


@pytest.mark.parametrize("classes", [[OWN], [SIMPLE_JWTS, OWN]])
def test_a_projects_own_subclass_looks_at_sessions(classes):
    assert findings(REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": classes}) == []


@pytest.mark.parametrize(
    ("django_version", "framework_version", "found"),
    [
        ((6, 1, 0, "final", 0), "3.17.1", ["auth_sessions.E011"]),
        ((6, 1, 3, "final", 0), "3.9", ["auth_sessions.E011"]),
        ((7, 0, 0, "alpha", 0), "3.16.0rc1", ["auth_sessions.E011"]),
        ((6, 1, 0, "final", 0), "3.18.0", []),
        ((6, 1, 0, "final", 0), "3.18b1", []),
        ((6, 1, 0, "final", 0), "4.0", []),
        ((6, 0, 9, "final", 0), "3.17.1", []),
        ((5, 2, 0, "final", 0), "3.16.0", []),
    ],
)
def test_e011_versions_that_do_not_go_together(monkeypatch, django_version, framework_version, found):
    monkeypatch.setattr(django, "VERSION", django_version)
    monkeypatch.setattr(rest_framework, "VERSION", framework_version)
    assert findings() == found


@has_browsers
def test_e014_the_middleware_of_browsers_before_djangos():
    order = project.MIDDLEWARE
    assert findings(MIDDLEWARE=order) == []
    assert findings(MIDDLEWARE=order[::-1]) == ["auth_sessions.E014"]


@has_browsers
def test_e018_pages_without_the_middleware_of_browsers():
    without = [name for name in project.MIDDLEWARE if not name.startswith("auth_sessions.")]
    assert findings(MIDDLEWARE=without) == findings(MIDDLEWARE=["no.such"]) == ["auth_sessions.E018"]
    assert findings(MIDDLEWARE=[], ROOT_URLCONF="tests.versioned_urls") == []
    assert findings(MIDDLEWARE=[*without, f"{__name__}.OwnBrowsers"]) == []


def test_e018_pages_in_a_namespace():
    pages = [path("account/", include("auth_sessions.pages.urls"))]
    urls = type("urls", (), {"urlpatterns": [path("site/", include((pages, "site")))]})
    assert findings(MIDDLEWARE=[], ROOT_URLCONF=urls) == ["auth_sessions.E018"]


class OwnSignIn(BrowserSignInView):
    """A project's own sign-in by cookie."""


@has_browsers
def test_e035_a_sign_in_by_cookie_without_the_middleware_of_browsers():
    urls = type("urls", (), {"urlpatterns": [path("sign-in/", OwnSignIn.as_view())]})
    assert findings(MIDDLEWARE=[], ROOT_URLCONF=urls) == ["auth_sessions.E035"]
    assert findings(ROOT_URLCONF=urls) == []


@has_browsers
def test_w035_an_api_that_accepts_djangos_cookie_and_has_no_sign_in_for_it():
    """Where only tokens are accepted, ``sign-in/`` is mounted with the others and is of no use."""
    cookies = "rest_framework.authentication.SessionAuthentication"
    for classes, found in (([OWN, cookies], ["auth_sessions.W035"]), ([OWN], [])):
        framework = {"DEFAULT_AUTHENTICATION_CLASSES": classes}
        assert findings(MIDDLEWARE=[], ROOT_URLCONF="tests.versioned_urls", REST_FRAMEWORK=framework) == found
        assert findings(ROOT_URLCONF="tests.versioned_urls", REST_FRAMEWORK=framework) == []


def test_e048_a_page_of_ones_own_that_does_not_exist():
    for name in ("prove", "auth_sessions_pages:prove", "auth_sessions_pages:rename"):
        assert findings(AUTH_SESSIONS_REAUTHENTICATION_URL=name) == ["auth_sessions.E048"], name


class OwnBrowsers(BrowserSessionMiddleware):
    """A project may derive its own."""
