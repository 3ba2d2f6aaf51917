"""Each verdict, and which setting changes it."""

import logging
import sys
from datetime import timedelta
from types import ModuleType

import pytest
from django.conf import settings as project
from django.contrib.auth.middleware import RemoteUserMiddleware
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.log import RequireDebugTrue
from rest_framework.authentication import TokenAuthentication
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions import api
from auth_sessions.audit.project import spell
from auth_sessions.models import Session
from tests.support.audit import (
    DUTY,
    MET,
    NOT_APPLICABLE,
    NOT_MET,
    SAFE,
    WITHOUT_COOKIES,
    OwnAuthentication,
    asked_by,
    with_framework,
    with_simple_jwt,
)
from tests.support.host import has_browsers
from tests.support.keys import new_key, pem_pair

pytestmark = [pytest.mark.slow, pytest.mark.any_database, has_browsers]


class UserByHeader(RemoteUserMiddleware):
    header = "HTTP_X_REMOTE_USER"


class OwnCSRF(CsrfViewMiddleware):
    """Nobody but the project knows what it asks for."""


class OwnSessions(MiddlewareMixin):
    """Of another package, and not derived from Django's."""


class OwnSecurity(SecurityMiddleware):
    """One that does what Django's does."""


class OwnFrames(XFrameOptionsMiddleware):
    """One that does what Django's does."""


def replaced(name, path_):
    """With this middleware in the place of Django's of this name."""
    return {
        "MIDDLEWARE": [
            path_ if each.startswith("django.") and each.endswith(name) else each for each in SAFE["MIDDLEWARE"]
        ]
    }


ANONYMOUS = "rest_framework.throttling.AnonRateThrottle"
BROWSERS = "auth_sessions.middleware.BrowserSessionMiddleware"
REMOTE_USER = "django.contrib.auth.middleware.RemoteUserMiddleware"
OF_SUBCLASSES = {"MIDDLEWARE": [f"{__name__}.OwnSecurity", f"{__name__}.OwnFrames", *SAFE["MIDDLEWARE"][2:]]}
WITHOUT_BROWSERS = {"MIDDLEWARE": [name for name in SAFE["MIDDLEWARE"] if not name.startswith("auth_sessions.")]}
ENGINE = "django.contrib.sessions.backends"

SETTINGS = [
    ("asvs-3.3.1", {}, MET),
    ("asvs-3.3.1", {"SESSION_COOKIE_SECURE": False}, NOT_MET),
    ("asvs-3.3.1", {"CSRF_COOKIE_SECURE": False}, NOT_MET),
    ("asvs-3.3.1", {"CSRF_COOKIE_SECURE": False, "CSRF_USE_SESSIONS": True}, MET),
    ("asvs-3.3.1", {"SESSION_COOKIE_NAME": "__Secure-id"}, MET),
    ("asvs-3.3.1", {"SESSION_COOKIE_NAME": "id"}, NOT_MET),
    ("asvs-3.3.1", WITHOUT_COOKIES, NOT_APPLICABLE),
    ("asvs-3.3.2", {}, MET),
    ("asvs-3.3.2", {"SESSION_COOKIE_SAMESITE": "None"}, NOT_MET),
    ("asvs-3.3.2", {"CSRF_COOKIE_SAMESITE": False}, NOT_MET),
    ("asvs-3.3.2", {"SESSION_COOKIE_SAMESITE": "strict"}, MET),
    ("asvs-3.3.3", {}, MET),
    ("asvs-3.3.3", {"SESSION_COOKIE_NAME": "__Secure-id"}, NOT_MET),
    ("asvs-3.3.3", {"SESSION_COOKIE_DOMAIN": "example.org"}, NOT_MET),
    ("asvs-3.3.3", {"SESSION_COOKIE_PATH": "/shop/"}, NOT_MET),
    ("asvs-3.3.4", {}, MET),
    ("asvs-3.3.4", {"SESSION_COOKIE_HTTPONLY": False}, NOT_MET),
    ("asvs-3.3.5", {}, MET),
    ("asvs-3.3.5", {"SESSION_ENGINE": f"{ENGINE}.signed_cookies"}, NOT_MET),
    ("asvs-3.4.1", {}, MET),
    ("asvs-3.4.1", {"SECURE_HSTS_SECONDS": 3600}, NOT_MET),
    ("asvs-3.4.1", {"SECURE_HSTS_INCLUDE_SUBDOMAINS": False}, NOT_MET),
    ("asvs-3.4.1", WITHOUT_COOKIES, NOT_MET),
    ("asvs-3.4.1", OF_SUBCLASSES, MET),
    ("asvs-3.4.2", {}, DUTY),
    ("asvs-3.4.4", {}, MET),
    ("asvs-3.4.4", {"SECURE_CONTENT_TYPE_NOSNIFF": False}, NOT_MET),
    ("asvs-3.4.5", {}, MET),
    ("asvs-3.4.5", {"SECURE_REFERRER_POLICY": None}, NOT_MET),
    ("asvs-3.4.5", {"SECURE_REFERRER_POLICY": "unsafe-url"}, NOT_MET),
    ("asvs-3.4.5", {"SECURE_REFERRER_POLICY": ["no-referrer", "same-origin"]}, MET),
    ("asvs-3.4.5", {"SECURE_REFERRER_POLICY": "no-referrer-when-downgrade, same-origin"}, MET),
    ("asvs-3.4.5", {"SECURE_REFERRER_POLICY": "same-origin, unsafe-url"}, NOT_MET),
    ("asvs-3.4.5", {"SECURE_REFERRER_POLICY": "same_origin"}, NOT_MET),
    ("asvs-3.4.6", {}, NOT_MET),
    ("asvs-3.5.1", {}, MET),
    ("asvs-3.5.1", {"MIDDLEWARE": [name for name in SAFE["MIDDLEWARE"] if "csrf" not in name]}, NOT_MET),
    ("asvs-3.5.1", WITHOUT_COOKIES, NOT_APPLICABLE),
    ("asvs-3.5.1", replaced("CsrfViewMiddleware", f"{__name__}.OwnCSRF"), DUTY),
    (
        "asvs-3.3.1",
        {**replaced("SessionMiddleware", f"{__name__}.OwnSessions"), "SESSION_COOKIE_SECURE": False},
        NOT_MET,
    ),
    ("asvs-3.5.3", {}, DUTY),
    ("asvs-7.1.1", {}, DUTY),
    ("asvs-7.1.2", {}, DUTY),
    ("asvs-7.1.2", {"AUTH_SESSIONS_MAX_PER_USER": 5}, DUTY),
    ("asvs-7.2.3", {}, MET),
    ("asvs-7.2.3", {"SESSION_ENGINE": "project.sessions"}, DUTY),
    ("asvs-7.2.4", {}, NOT_MET),
    ("asvs-7.3.1", {}, MET),
    ("asvs-7.3.1", {"AUTH_SESSIONS_IDLE_TIMEOUT": None}, NOT_MET),
    ("asvs-7.3.1", WITHOUT_BROWSERS, NOT_MET),
    ("asvs-7.3.1", WITHOUT_COOKIES, MET),
    ("asvs-7.4.1", {**WITHOUT_BROWSERS, "SESSION_ENGINE": "tests.audit.engine"}, DUTY),
    ("asvs-7.4.1", {"MIDDLEWARE": [BROWSERS, *WITHOUT_BROWSERS["MIDDLEWARE"]]}, NOT_MET),
    ("asvs-7.3.2", {}, MET),
    ("asvs-7.3.2", {"AUTH_SESSIONS_LIFETIME": None}, NOT_MET),
    ("asvs-7.3.2", {"AUTH_SESSIONS_PRESET": None}, DUTY),
    ("asvs-7.3.2", WITHOUT_BROWSERS, NOT_MET),
    ("asvs-7.4.1", WITHOUT_BROWSERS, MET),
    ("asvs-7.4.1", {**WITHOUT_BROWSERS, "SESSION_ENGINE": f"{ENGINE}.signed_cookies"}, NOT_MET),
    ("asvs-7.4.1", {"INSTALLED_APPS": ["channels"]}, DUTY),
    ("asvs-7.4.1", {"CHANNEL_LAYERS": {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}}, DUTY),
    ("asvs-7.4.2", {}, MET),
    ("asvs-7.4.2", {"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.AllowAllUsersModelBackend"]}, DUTY),
    ("asvs-7.4.2", {"AUTHENTICATION_BACKENDS": ["axes.backends.AxesStandaloneBackend"]}, MET),
    ("asvs-7.4.3", {}, DUTY),
    ("asvs-7.4.3", {"AUTH_SESSIONS_PASSWORD_CHANGE_ENDS": ["browser"]}, NOT_MET),
    ("asvs-7.4.5", {}, MET),
    ("asvs-7.5.2", {"AUTH_SESSIONS_REAUTHENTICATION_AGE": None}, NOT_MET),
    ("asvs-9.1.1", {}, MET),
    ("asvs-9.1.1", with_simple_jwt(ALGORITHM="RS256"), NOT_MET),
    ("asvs-9.1.3", {}, MET),
    ("asvs-9.2.1", {}, MET),
    ("asvs-9.2.1", with_simple_jwt(LEEWAY=60), MET),
    ("asvs-9.2.1", with_simple_jwt(LEEWAY=timedelta(days=1)), NOT_MET),
    ("asvs-9.2.2", {}, MET),
    ("asvs-9.2.3", {}, MET),
    ("asvs-9.2.3", with_simple_jwt(AUDIENCE=None), DUTY),
    ("asvs-10.3.3", {}, MET),
    ("asvs-10.3.3", with_simple_jwt(USER_ID_FIELD="email"), DUTY),
    ("asvs-10.3.5", {}, NOT_MET),
    ("asvs-10.4.4", {}, DUTY),
    ("asvs-10.4.5", {}, MET),
    ("asvs-10.4.5", {"AUTH_SESSIONS_REUSE_INTERVAL": timedelta(hours=1)}, NOT_MET),
    *[("asvs-10.4.5", {"AUTH_SESSIONS_REUSE_POLICY": policy}, NOT_MET) for policy in ("confirmed", "lenient", "off")],
    ("asvs-10.4.8", {}, MET),
    ("asvs-10.4.9", {}, MET),
    ("asvs-14.2.1", {}, MET),
    ("asvs-14.2.1", {"INSTALLED_APPS": ["channels"]}, DUTY),
    ("asvs-14.2.2", {}, MET),
    ("asvs-14.2.7", {}, DUTY),
    ("asvs-14.2.7", {"AUTH_SESSIONS_ACTIVITY_DAYS": None}, NOT_MET),
    ("asvs-14.3.1", {}, DUTY),
    ("asvs-16.2.1", {}, MET),
    ("asvs-16.3.1", {}, MET),
    ("asvs-16.3.1", WITHOUT_BROWSERS, NOT_MET),
    ("asvs-16.3.2", {}, DUTY),
    ("asvs-16.3.3", {}, MET),
    ("asvs-16.3.3", with_framework(DEFAULT_THROTTLE_RATES={}), NOT_MET),
    ("asvs-16.3.3", {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}}, NOT_MET),
    ("asvs-16.5.1", {}, MET),
    ("asvs-16.5.1", {"DEBUG": True}, NOT_MET),
    ("asvs-16.5.2", {}, MET),
    ("asvs-16.5.3", {}, DUTY),
    ("rfc9700-2.2.1", {}, NOT_MET),
    ("rfc9700-2.2.2", {"AUTH_SESSIONS_REUSE_POLICY": "confirmed"}, MET),
    ("rfc9700-2.2.2", {"AUTH_SESSIONS_REUSE_POLICY": "off"}, NOT_MET),
    ("rfc9700-2.2.2", {"AUTH_SESSIONS_REUSE_INTERVAL": timedelta(hours=1)}, NOT_MET),
    ("rfc9700-4.11.2", {}, MET),
    ("rfc9700-4.13", {}, MET),
    ("rfc9700-4.13", {"AUTH_SESSIONS_TRUSTED_PROXIES": 1}, DUTY),
    ("rfc9700-4.13", {"USE_X_FORWARDED_HOST": True}, DUTY),
    ("rfc9700-4.13", with_framework(NUM_PROXIES=1), DUTY),
    ("rfc9700-4.13", with_framework(DEFAULT_THROTTLE_CLASSES=[ANONYMOUS]), DUTY),
    ("rfc9700-4.13", with_framework(DEFAULT_THROTTLE_CLASSES=[ANONYMOUS], NUM_PROXIES=0), MET),
    ("rfc9700-4.13", {"MIDDLEWARE": [*SAFE["MIDDLEWARE"], f"{__name__}.UserByHeader"]}, DUTY),
    ("rfc9700-4.13", {"MIDDLEWARE": [*SAFE["MIDDLEWARE"], REMOTE_USER]}, MET),
    ("rfc9700-4.14.2-reuse", {"AUTH_SESSIONS_REUSE_POLICY": "confirmed"}, NOT_MET),
    ("rfc9700-4.14.2-events", {}, MET),
    ("rfc9700-4.14.2-events", {"AUTH_SESSIONS_PASSWORD_CHANGE_ENDS": ["browser"]}, NOT_MET),
    ("rfc9700-4.16", {}, MET),
    ("rfc9700-4.16", WITHOUT_COOKIES, DUTY),
    ("rfc9700-4.16", {"X_FRAME_OPTIONS": "sameorigin"}, MET),
    ("rfc9700-4.16", {"X_FRAME_OPTIONS": "ALLOWALL"}, DUTY),
    ("rfc9700-4.16", OF_SUBCLASSES, MET),
    ("rfc8725-3.2", {}, MET),
    ("rfc8725-3.5", {}, DUTY),
    ("rfc8725-3.5", {"SECRET_KEY": "short"}, NOT_MET),
    ("rfc8725-3.5", {"SECRET_KEY_FALLBACKS": ["short"]}, NOT_MET),
    ("rfc8725-3.5", with_simple_jwt(SIGNING_KEY="short"), NOT_MET),
    ("rfc8725-3.8", {}, MET),
    ("rfc8725-3.8", with_simple_jwt(ISSUER=None), NOT_APPLICABLE),
    ("rfc8725-3.11", {}, NOT_MET),
    ("nist-5.1-restart", {}, DUTY),
    ("nist-5.1-restart", {"SESSION_EXPIRE_AT_BROWSER_CLOSE": False}, NOT_MET),
    ("nist-5.1-transport", {}, MET),
    ("nist-5.1-transport", {"SECURE_SSL_REDIRECT": False}, NOT_MET),
    ("nist-5.1-transport", {"SECURE_REDIRECT_EXEMPT": [".*"]}, DUTY),
    ("nist-5.1.1-hosts", {}, MET),
    ("nist-5.1.1-hosts", {"CSRF_COOKIE_DOMAIN": "example.org"}, NOT_MET),
    ("nist-5.1.1-expiry", {"SESSION_EXPIRE_AT_BROWSER_CLOSE": False}, MET),
    ("nist-5.1.1-expiry", {"SESSION_EXPIRE_AT_BROWSER_CLOSE": False, "SESSION_COOKIE_AGE": 86400}, NOT_MET),
    ("nist-5.1.1-expiry", {"SESSION_EXPIRE_AT_BROWSER_CLOSE": False, "SESSION_SAVE_EVERY_REQUEST": True}, DUTY),
    ("nist-5.1.1-opaque", {}, MET),
    ("nist-5.1.1-opaque", {"SESSION_ENGINE": f"{ENGINE}.signed_cookies"}, NOT_MET),
    ("nist-5.2-end", {}, MET),
    ("nist-5.2-end", WITHOUT_BROWSERS, NOT_MET),
    ("nist-5.2-reset", {}, NOT_MET),
]


@pytest.mark.parametrize(("id_", "changes", "expected"), SETTINGS, ids=str)
def test_by_the_settings(verdict, id_, changes, expected):
    changes = dict(changes)
    if installed := changes.pop("INSTALLED_APPS", None):
        changes["INSTALLED_APPS"] = [*project.INSTALLED_APPS, *installed]
    assert verdict(id_, **changes) == expected


@pytest.mark.parametrize(
    ("id_", "changes", "met_at"),
    [
        ("asvs-3.4.1", {"SECURE_HSTS_INCLUDE_SUBDOMAINS": False}, [1]),
        ("asvs-10.4.5", {}, [1, 2]),
        ("rfc9700-4.14.2-reuse", {}, [1, 2, 3]),
    ],
)
def test_what_a_level_asks_for(verdict, id_, changes, met_at):
    """ASVS asks for subdomains from level 2 on, and rotation is enough up to level 2."""
    found = [verdict(id_, level=level, **changes) for level in (1, 2, 3)]
    assert found == [MET if level in met_at else NOT_MET for level in (1, 2, 3)]


class TestTimeLimits:
    """With the preset of a level its limits are met, and those of no higher one."""

    LIMITS = (
        "nist-2.1.3-overall",
        "nist-2.2.3-overall",
        "nist-2.2.3-inactivity",
        "nist-2.3.3-overall",
        "nist-2.3.3-inactivity",
    )

    @pytest.mark.parametrize(("preset", "reached"), [("aal1", 1), ("aal2", 3), ("aal3", 5)])
    def test_each_preset(self, verdict, preset, reached):
        found = [verdict(id_, AUTH_SESSIONS_PRESET=preset) for id_ in self.LIMITS]
        assert found == [MET] * reached + [NOT_MET] * (5 - reached)

    def test_settings_alone_keep_no_sign_in_from_being_longer(self, finding):
        changes = {"AUTH_SESSIONS_PRESET": None, "AUTH_SESSIONS_LIFETIME": timedelta(hours=12)}
        found = finding("nist-2.3.3-overall", **changes)
        assert found.verdict == DUTY
        assert "AUTH_SESSIONS_PRESET" in found.change

    def test_a_session_that_is_longer(self, finding, ada, settings):
        """It began before the preset was set."""
        settings.AUTH_SESSIONS_PRESET = None
        session = api.sign_in_user(ada, lifetime=timedelta(hours=12, seconds=1)).session
        assert finding("nist-2.3.3-overall").verdict == NOT_MET
        assert finding("nist-2.2.3-overall").verdict == MET
        assert finding("asvs-7.3.2").verdict == MET
        Session.objects.filter(pk=session.pk).update(expires_at=None)
        assert finding("nist-2.2.3-overall").verdict == finding("asvs-7.3.2").verdict == NOT_MET
        long_ago = timezone.now() - timedelta(days=1)  # it has become idle, and ends whatever its lifetime
        Session.objects.filter(pk=session.pk).update(last_seen_at=long_ago)
        session.refresh_token.__class__.objects.update(rotated_at=long_ago)
        assert finding("nist-2.2.3-overall").verdict == MET

    def test_sessions_of_its_own_preset(self, verdict, ada, settings):
        settings.AUTH_SESSIONS_PRESET = "aal3"
        api.sign_in_user(ada)
        api.sign_in_user(ada, lifetime=None)
        assert verdict("nist-2.3.3-overall") == MET

    def test_access_tokens_that_others_accept_for_longer(self, verdict):
        private, public = pem_pair(new_key("RS256"))
        keys = {"ALGORITHM": "RS256", "SIGNING_KEY": private, "VERIFYING_KEY": public}
        longer = with_simple_jwt(**keys, ACCESS_TOKEN_LIFETIME=timedelta(minutes=30))
        assert verdict("nist-2.3.3-inactivity", **longer) == NOT_MET
        assert verdict("nist-2.2.3-inactivity", **longer) == MET
        assert verdict("nist-2.3.3-inactivity", **with_simple_jwt(**keys)) == MET

    def test_access_tokens_that_a_view_accepts_for_longer(self, verdict):
        """The view asks no session, so nothing is known there of what is not used."""
        longer = with_simple_jwt(ACCESS_TOKEN_LIFETIME=timedelta(minutes=30))
        for id_ in ("nist-2.3.3-inactivity", "asvs-7.3.1"):
            assert verdict(id_, **longer) == MET
            assert verdict(id_, asked_by(JWTAuthentication), **longer) == NOT_MET
            assert verdict(id_, asked_by(JWTAuthentication)) == MET
            leeway = with_simple_jwt(LEEWAY=3600)
            assert verdict(id_, asked_by(JWTAuthentication), **leeway) == NOT_MET
        assert verdict("rfc9700-4.14.2-inactivity", asked_by(JWTAuthentication), **longer) == MET

    @pytest.mark.parametrize("id_", LIMITS)
    def test_sessions_that_are_not_the_app_s(self, verdict, id_):
        assert verdict(id_, **WITHOUT_BROWSERS) == NOT_MET
        assert verdict(id_, asked_by(TokenAuthentication)) == NOT_MET
        assert verdict(id_, asked_by(OwnAuthentication)) == DUTY
        assert verdict(id_, AUTH_SESSIONS_SIMPLEJWT_UNTIL=None) == DUTY

    def test_in_words(self):
        spelled = [
            spell(timedelta(**given)) for given in ({"days": 30}, {"hours": 24}, {"minutes": 90}, {"seconds": 9.5})
        ]
        assert [*spelled, spell(None)] == ["30 days", "1 day", "90 minutes", "9.5 seconds", "none"]


class TestOtherSettings:
    def test_a_key_of_rsa(self, verdict):
        from cryptography.hazmat.primitives.asymmetric import rsa

        for size, expected in ((1024, NOT_MET), (2048, DUTY)):
            private, public = pem_pair(rsa.generate_private_key(65537, size))
            keys = {"ALGORITHM": "RS256", "SIGNING_KEY": private, "VERIFYING_KEY": public}
            assert verdict("rfc8725-3.5", **with_simple_jwt(**keys)) == expected

    def test_a_key_set_without_tls(self, verdict):
        for url, expected in (("http://example.org/keys", NOT_MET), ("https://example.org/keys", MET)):
            assert verdict("asvs-9.1.3", **with_simple_jwt(JWK_URL=url)) == expected

    def test_origins(self, verdict):
        def found(**changes):
            return verdict("asvs-3.4.2", INSTALLED_APPS=[*project.INSTALLED_APPS, "corsheaders"], **changes)

        pytest.importorskip("corsheaders")
        assert found() == MET
        assert found(CORS_ALLOW_ALL_ORIGINS=True) == NOT_MET
        assert found(CORS_ALLOWED_ORIGIN_REGEXES=["^https://.*$"]) == DUTY
        assert found(CORS_ORIGIN_REGEX_WHITELIST=["^https://.*$"]) == DUTY  # the name it had before
        assert found(CORS_ALLOWED_ORIGINS=["https://example.org", "null"]) == NOT_MET

    def test_frames(self, verdict):
        csp = "django.middleware.csp.ContentSecurityPolicyMiddleware"
        pytest.importorskip("django.middleware.csp", reason="new in Django 6.0")
        for policy, expected in (({"frame-ancestors": ["'none'"]}, MET), ({"default-src": ["'self'"]}, NOT_MET)):
            found = verdict("asvs-3.4.6", MIDDLEWARE=[csp, *SAFE["MIDDLEWARE"]], SECURE_CSP=policy)
            assert found == expected

    def test_frames_by_django_csp(self, verdict, monkeypatch):
        """Which the tests need not have: the judge looks at its middleware and at its setting."""
        package = ModuleType("csp.middleware")
        package.CSPMiddleware = type("CSPMiddleware", (), {})
        monkeypatch.setitem(sys.modules, "csp.middleware", package)
        installed = {"MIDDLEWARE": ["csp.middleware.CSPMiddleware", *SAFE["MIDDLEWARE"]]}
        for directives, expected in (
            ({"frame-ancestors": ["'none'"]}, MET),
            ({"frame-ancestors": "'self' https://example.org"}, MET),
            ({"frame-ancestors": []}, MET),  # as 'none'
            ({}, NOT_MET),
            (None, NOT_MET),
            *[({"frame-ancestors": value}, NOT_MET) for value in (None, False, ["*"], "https:", ["'self'", "http:"])],
        ):
            found = verdict("asvs-3.4.6", **installed, CONTENT_SECURITY_POLICY={"DIRECTIVES": directives})
            assert found == expected
        assert verdict("asvs-3.4.6", CONTENT_SECURITY_POLICY={"DIRECTIVES": {"frame-ancestors": []}}) == NOT_MET

    def test_a_cache_that_may_hang(self, verdict):
        cached = "auth_sessions.authentication.CachedSessionJWTAuthentication"
        caches = {
            "CACHES": {
                "default": {
                    "BACKEND": "django.core.cache.backends.redis.RedisCache",
                    "LOCATION": "redis://127.0.0.1:1/0",
                }
            }
        }
        changes = {**caches, **with_framework(DEFAULT_AUTHENTICATION_CLASSES=[cached])}
        pytest.importorskip("redis")
        assert verdict("asvs-16.5.2", **changes) == NOT_MET


class TestLog:
    @pytest.fixture
    def logger(self, security_log):
        logger = logging.getLogger("auth_sessions.security")
        propagate = logger.propagate
        yield logger
        logger.propagate = propagate

    @pytest.mark.parametrize("id_", ["asvs-16.2.1", "asvs-16.2.4", "asvs-16.3.1"])
    def test_each_event(self, verdict, logger, id_):
        assert verdict(id_) == MET
        logger.setLevel(logging.WARNING)
        assert verdict(id_) == NOT_MET

    def test_a_filter_that_drops_them(self, verdict, logger, security_log):
        """As Django's own require_debug_true on a handler of a project whose DEBUG is off."""
        logger.propagate = False
        dropping = [RequireDebugTrue(), lambda record: record.levelno > logging.WARNING, lambda record: record.unknown]
        for filtered in (security_log, logger):
            for each in dropping:
                filtered.addFilter(each)
                try:
                    assert verdict("asvs-16.2.1") == verdict("asvs-16.3.3") == NOT_MET
                finally:
                    filtered.removeFilter(each)
            filtered.addFilter(keep := lambda record: record.event.startswith("auth_sessions."))
            try:
                assert verdict("asvs-16.2.1") == MET
            finally:
                filtered.removeFilter(keep)

    def test_no_handler(self, verdict, logger, security_log):
        logger.propagate = False
        logger.removeHandler(security_log)
        try:
            logger.addHandler(logging.NullHandler())
            for id_ in ("asvs-16.2.1", "asvs-16.3.2", "asvs-16.3.3"):
                assert verdict(id_) == NOT_MET
        finally:
            logger.handlers[:] = [security_log]
