"""The keys that sign tokens are in no error report, whatever a project sets in a token or in its settings."""

import sys

import pytest
from django.conf import settings as project
from django.views.debug import ExceptionReporter

from auth_sessions.signals import access_token_issuing
from auth_sessions.tokens import hs256
from auth_sessions.tokens.keys import access_backend, refresh_backend
from tests.support import error_reports
from tests.support.checks import findings
from tests.support.device import PASSWORD, Device
from tests.support.host import has_supabase, require
from tests.support.inputs import each
from tests.support.keys import unknown_private_key, unknown_public_keys
from tests.support.related import receiving
from tests.support.supabase import add_user

pytestmark = pytest.mark.any_database

SECRET = "the-secret-of-last-year-is-long-enough-for-it"


@pytest.fixture
def reports():
    reports = error_reports.start()
    yield reports
    error_reports.stop()


def spoil(token, **event):
    """What JSON cannot hold."""
    token["x"] = object()


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("how", ["sign-in", "refresh", "supabase"])
@pytest.mark.parametrize("key", [None, "short", "k" * 40])
def test_a_claim_that_is_no_json(make_user, settings, reports, how, key):
    if how == "supabase":
        require(has_supabase)
    if key is not None:
        settings.SIMPLE_JWT = {"SIGNING_KEY": key, "ALGORITHM": "HS384"}
    person = add_user(make_user) if how == "supabase" else make_user()
    path, body = {
        "sign-in": ("/api/auth/token/", {person.USERNAME_FIELD: person.get_username(), "password": PASSWORD}),
        "refresh": ("/api/auth/token/refresh/", {"refresh": refresh_token_of(person)}),
        "supabase": ("/auth/v1/token?grant_type=password", {"email": "ada@example.org", "password": PASSWORD}),
    }[how]
    with receiving(spoil, access_token_issuing, of=None):
        assert error_reports.send("POST", path, body)[0] == 500
    assert reports.exceptions
    assert (key or settings.SECRET_KEY) not in "\n".join(reports.sent)


def refresh_token_of(person):
    return Device().sign_in(person).refresh_token


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_signing_key_that_cannot_be_read(make_user, settings, reports, algorithm):
    person = make_user()
    settings.SIMPLE_JWT = {"ALGORITHM": algorithm, "SIGNING_KEY": SECRET, "VERIFYING_KEY": SECRET}
    body = {person.USERNAME_FIELD: person.get_username(), "password": PASSWORD}
    assert error_reports.send("POST", "/api/auth/token/", body)[0] == 500
    assert reports.exceptions
    assert SECRET not in "\n".join(reports.sent)


@pytest.mark.parametrize("fallback", [SECRET, ("HS256", SECRET[:20]), ("RS256", SECRET), (SECRET,), 7], ids=str)
@has_supabase
def test_a_fallback_that_cannot_be_read_is_passed_over(laptop, settings, reports, fallback):
    """E001 reports it. A token that the present key refuses is refused, not an error of the server."""
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [fallback, ("HS256", SECRET)]
    assert error_reports.send("GET", "/api/auth/sessions/", access="x.y.z")[0] == 401
    assert error_reports.send("GET", "/api/auth/sessions/", access=laptop.access)[0] == 200
    assert error_reports.send("GET", "/auth/v1/.well-known/jwks.json")[0] == 200
    assert SECRET[:20] not in "\n".join(reports.sent)


@pytest.mark.parametrize("fallback", [*unknown_public_keys(), unknown_private_key()], ids=["PEM", "SSH", "private"])
@has_supabase
def test_a_fallback_of_a_kind_that_nobody_knows(laptop, settings, reports, fallback):
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [fallback, ("HS256", SECRET)]
    assert error_reports.send("GET", "/api/auth/sessions/", access="x.y.z")[0] == 401
    assert error_reports.send("GET", "/api/auth/sessions/", access=laptop.access)[0] == 200
    assert error_reports.send("GET", "/auth/v1/.well-known/jwks.json")[0] == 200
    assert reports.sent == []
    assert findings(AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=[fallback]) == ["auth_sessions.E001"]


@each("backend", {"access": access_backend, "refresh": lambda: refresh_backend(project.SECRET_KEY)})
def test_the_frames_that_compare_a_signature(backend):
    """Whatever fails there, as a token did that is no text."""
    key = backend().hs256_key
    try:
        hs256.read(5, key)
    except AttributeError:
        report = ExceptionReporter(None, *sys.exc_info()).get_traceback_text()
    assert "SecretBytes" not in report
    assert "hs256" in report
    assert bytes(key).decode() not in report
