"""No error report shows a password, a code, a token or a cookie, wherever a project's code fails.

By sentry-sdk at its defaults, with a transport of the tests; and by Django's own report.
"""

import asyncio
import pickle
from contextlib import contextmanager, suppress
from copy import deepcopy

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.signals import got_request_exception
from django.db import connection
from django.db.models.signals import post_save, pre_save
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from auth_sessions import api
from auth_sessions.masking import MASK, Secret, SecretBytes
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import access_token_issuing, session_started, sessions_ended, sessions_ending
from auth_sessions.tokens import SessionRefreshToken, parse
from tests.host.failures import Broken, receiver
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.pages import OTHERS, make_sign_in_old
from tests.support.supabase import NEW_PASSWORD, SupabaseDevice, add_user, has_email_field

pytest.importorskip("sentry_sdk", reason="sentry-sdk is in the dependency group integration")
from tests.support import error_reports
from tests.support.error_reports import send

OTP = "424242"
FAILURES = "tests.host.failures"

if not (
    apps.is_installed("auth_sessions.supabase")
    and has_email_field()
    and "auth_sessions.middleware.BrowserSessionMiddleware" in settings.MIDDLEWARE
):
    pytest.skip("needs e-mail addresses, the Supabase API and the pages", allow_module_level=True)


@pytest.fixture
def reports():
    reports = error_reports.start()
    yield reports
    error_reports.stop()


@pytest.fixture
def person(make_user):
    return add_user(make_user)


@pytest.fixture
def known(person):
    """All secrets of the person: what they type, what their devices keep, and what the database keeps."""
    person.refresh_from_db()
    known = {"the password": PASSWORD, "the new password": NEW_PASSWORD, "a code": OTP, "the hash": person.password}
    rest, supabase, browser = Device().sign_in(person), SupabaseDevice().sign_in(), Browser().sign_in(person)
    known |= {"access": rest.access, "refresh": rest.refresh_token, "cookie": browser.cookie}
    known |= {"Supabase access": supabase.access, "Supabase refresh": supabase.refresh_token}
    make_sign_in_old(browser)
    return known


def assert_clean(text, known):
    secrets = dict(known)
    for row in RefreshToken.objects.all():
        secret = bytes(row.secret)
        secrets |= {f"secret {row.pk}": repr(secret)[2:-1].replace("\\", "\\\\"), f"hex {row.pk}": secret.hex()}
        secrets |= {f"jti {row.pk}, {generation}": row.jti_of(generation) for generation in range(3)}
    for name, value in list(secrets.items()):
        if value.count(".") == 2 and value.startswith("ey"):
            secrets[f"{name}, signature"] = value.rpartition(".")[2]
    assert [name for name, value in secrets.items() if value in text] == []


# The endpoints that take a secret.


def sign_in(known, person, **options):
    body = {person.USERNAME_FIELD: person.get_username(), "password": PASSWORD, "otp": OTP}
    return send("POST", "/api/auth/token/", body, **options)


def sign_in_by_form(known, person):
    body = {person.USERNAME_FIELD: person.get_username(), "password": PASSWORD, "otp": OTP}
    return send("POST", "/api/auth/token/", form=body)


def sign_in_with_a_numeric_code(known, person):
    body = {person.USERNAME_FIELD: person.get_username(), "password": PASSWORD, "otp": int(OTP)}
    return send("POST", "/api/auth/token/", body)


def refresh(known, person):
    return send("POST", "/api/auth/token/refresh/", {"refresh": known["refresh"]})


def refresh_by_form(known, person):
    return send("POST", "/api/auth/token/refresh/", form={"refresh": known["refresh"]})


def sign_out(known, person):
    return send("POST", "/api/auth/sign-out/", {"refresh": known["refresh"]})


def sign_out_by_form(known, person):
    return send("POST", "/api/auth/sign-out/", form={"refresh": known["refresh"]})


def sign_out_by_header(known, person):
    return send("POST", "/api/auth/sign-out/", {}, access=known["access"])


def from_browser(known, path, **sent):
    """With the cookie of Django's session, and as the pages of the host send it."""
    token = "x" * 32
    cookies = f"csrftoken={token}; {settings.SESSION_COOKIE_NAME}={known['cookie']}"
    return send("POST", path, HTTP_X_CSRFTOKEN=token, HTTP_COOKIE=cookies, **sent)


def sign_out_by_cookie(known, person):
    return from_browser(known, "/api/auth/sign-out/", body={"scope": "local"})


def password_grant(known, person):
    body = {"email": person.email, "password": PASSWORD, "otp": OTP}
    return send("POST", "/auth/v1/token?grant_type=password", body)


def refresh_grant(known, person):
    body = {"refresh_token": known["Supabase refresh"]}
    return send("POST", "/auth/v1/token?grant_type=refresh_token", body)


def signup(known, person):
    return send("POST", "/auth/v1/signup", {"email": "new@example.org", "password": NEW_PASSWORD, "otp": OTP})


def change(known, person):
    body = {"password": NEW_PASSWORD, "current_password": PASSWORD}
    return send("PUT", "/auth/v1/user", body, access=known["Supabase access"])


def logout(known, person):
    return send("POST", "/auth/v1/logout", {}, access=known["Supabase access"])


def page(known, person):
    return from_browser(known, OTHERS, form={"password": PASSWORD})


def browser_login(known, person):
    return from_browser({"cookie": ""}, "/login/", form={"username": person.get_username(), "password": PASSWORD})


# The places where a project's code can fail.


@contextmanager
def connected(signal, sender=None):
    signal.connect(receiver, sender, dispatch_uid="fails")
    try:
        yield
    finally:
        signal.disconnect(receiver, sender, dispatch_uid="fails")


@contextmanager
def database_down(statement="SELECT"):
    def execute(execute, sql, params, many, context):
        # Django itself names the key of its session in the statements by which it reads and writes its store.
        if sql.startswith(statement) and (statement == "DELETE" or connection.ops.quote_name("django_session") not in sql):
            raise Broken
        return execute(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


SIGNALS = {
    "user_logged_in": (user_logged_in, None),
    "user_login_failed": (user_login_failed, None),
    "access_token_issuing": (access_token_issuing, None),
    "session_started": (session_started, None),
    "sessions_ending": (sessions_ending, None),
    "sessions_ended": (sessions_ended, None),
    "post_save of the user": (post_save, get_user_model()),
    "pre_save of the user": (pre_save, get_user_model()),
    "pre_save of the session": (pre_save, Session),
    "post_save of the session": (post_save, Session),
    "post_save of the token": (post_save, RefreshToken),
}


@contextmanager
def broken(place, settings):
    if place in SIGNALS:
        with connected(*SIGNALS[place]):
            yield
        return
    if place.startswith("database"):
        with database_down(place.removeprefix("database ")):
            yield
        return
    if place == "backend":
        settings.AUTHENTICATION_BACKENDS = [f"{FAILURES}.Backend", *settings.AUTHENTICATION_BACKENDS]
    elif place == "backend of keywords":
        settings.AUTHENTICATION_BACKENDS = [f"{FAILURES}.BackendOfKeywords", *settings.AUTHENTICATION_BACKENDS]
    elif place == "validator":
        settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{FAILURES}.Validator"}]
    elif place == "hasher":
        settings.PASSWORD_HASHERS = [f"{FAILURES}.Hasher", *settings.PASSWORD_HASHERS]
    elif place == "second factor":
        settings.ROOT_URLCONF = "tests.host.failing_urls"
    yield


ISSUING = ["user_logged_in", "access_token_issuing", "session_started"]
INSERTING = ["pre_save of the session", "post_save of the session", "post_save of the token", "database INSERT"]
BACKENDS = ["backend", "backend of keywords", "database SELECT"]
ENDING = ["sessions_ending", "sessions_ended", "database DELETE"]
CASES = {
    sign_in: [*ISSUING, *INSERTING, *BACKENDS, "second factor", "hasher"],
    sign_in_by_form: [*ISSUING, *BACKENDS, "second factor"],
    sign_in_with_a_numeric_code: ["second factor", "user_logged_in"],
    refresh: ["access_token_issuing", "database SELECT", "database UPDATE"],
    refresh_by_form: ["access_token_issuing", "database SELECT"],
    sign_out: ENDING,
    sign_out_by_form: ENDING,
    sign_out_by_header: [*ENDING, "database SELECT"],
    sign_out_by_cookie: [*ENDING, "database SELECT"],
    password_grant: [*ISSUING, *INSERTING, *BACKENDS, "second factor"],
    refresh_grant: ["access_token_issuing", "database SELECT", "database UPDATE"],
    signup: [*ISSUING, "validator", "hasher", "pre_save of the user", "post_save of the user", "database INSERT"],
    change: ["validator", "hasher", "backend", "sessions_ending", "post_save of the user", "database UPDATE"],
    logout: [*ENDING, "database SELECT"],
    page: ["sessions_ending", "backend", "database DELETE"],
    browser_login: ["user_logged_in", "session_started", "post_save of the session", "database INSERT"],
}


@pytest.mark.parametrize(
    ("request_by", "place"),
    [pytest.param(by, place, id=f"{by.__name__}, {place}") for by, places in CASES.items() for place in places],
)
def test_what_sentry_sends(known, person, reports, settings, request_by, place):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    with broken(place, settings):
        status, text = request_by(known, person)
    assert reports.exceptions, (status, text[:300])
    if place == "hasher":
        del known["the hash"]  # Django's own check_password() calls it "encoded"
    assert_clean("\n".join(reports.sent), known)


@pytest.mark.parametrize("request_by", [sign_in, sign_in_by_form, refresh, refresh_by_form, sign_out, sign_out_by_form])
@pytest.mark.parametrize("place", ["throttle", "exception handler", "renderer"])
def test_what_sentry_sends_of_a_failure_in_rest_framework(known, person, reports, settings, request_by, place):
    from rest_framework.views import APIView

    from auth_sessions import views
    from tests.host import failures

    view = {"token/": views.SignInView, "refresh/": views.RefreshView}.get(
        "token/" if "sign_in" in request_by.__name__ else "refresh/" if "refresh" in request_by.__name__ else "",
        views.SignOutView,
    )
    if place == "throttle":
        before, view.throttle_classes = view.throttle_classes, [failures.Throttle]
    elif place == "renderer":
        before, view.renderer_classes = view.renderer_classes, [failures.Renderer]
    else:
        before = APIView.settings
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": f"{FAILURES}.exception_handler"}
        get_user_model().objects.update(is_active=False)
    try:
        request_by(known, person)
    finally:
        if place == "throttle":
            view.throttle_classes = before
        elif place == "renderer":
            view.renderer_classes = before
    if place == "renderer" and "sign_out" in request_by.__name__:
        return  # an empty response is not rendered
    assert "Broken" in reports.exceptions
    assert_clean("\n".join(reports.sent), known)


@pytest.mark.parametrize("request_by", [by for by in CASES if by is not browser_login])  # a view of the host
@pytest.mark.parametrize("place", ["database SELECT", "database INSERT", "database UPDATE", "database DELETE"])
def test_what_django_reports(known, person, settings, request_by, place):
    """The report that Django mails to the administrators, and writes to a log."""
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    texts = []

    def report(request, **kwargs):
        import sys

        reporter = ExceptionReporter(request, *sys.exc_info())
        texts.extend([reporter.get_traceback_text(), reporter.get_traceback_html()])

    got_request_exception.connect(report)
    try:
        with database_down(place.removeprefix("database ")):
            request_by(known, person)
    finally:
        got_request_exception.disconnect(report)
    assert_clean("\n".join(texts).replace("&#x27;", "'"), known)


def test_a_plain_variable_would_be_reported(known, reports):
    """So that the other tests cannot pass for want of variables."""
    import sentry_sdk

    def fail(value):
        raise Broken

    with suppress(Broken):
        try:
            fail(known["refresh"])
        except Broken as error:
            sentry_sdk.capture_exception(error)
            raise
    assert known["refresh"] in reports.sent[0]


CALLS = {
    "sign_in": lambda known, person: api.sign_in(
        RequestFactory().post("/"), {"username": person.get_username(), "password": known["the password"]}
    ),
    "sign_in, by keyword": lambda known, person: api.sign_in(
        request=RequestFactory().post("/"),
        credentials={"username": person.get_username(), "password": known["the password"]},
    ),
    "refresh": lambda known, person: api.refresh(known["refresh"]),
    "refresh, by keyword": lambda known, person: api.refresh(token=known["refresh"]),
    "change_password": lambda known, person: api.change_password(person, known["the new password"]),
    "asign_in": lambda known, person: asyncio.run(
        api.asign_in(
            RequestFactory().post("/"), {"username": person.get_username(), "password": known["the password"]}
        )
    ),
    "arefresh": lambda known, person: asyncio.run(api.arefresh(known["refresh"])),
    "achange_password": lambda known, person: asyncio.run(api.achange_password(person, known["the new password"])),
    "get_session": lambda known, person: api.get_session(
        RequestFactory(HTTP_AUTHORIZATION=f"Bearer {known['access']}").get("/")
    ),
    "a pair that a project holds": lambda known, person: (api.refresh(known["refresh"]), fail())[0],
}


def fail():
    raise Broken


class Held:
    """What a project passes to a function, held where no report shows it."""

    def __init__(self, secrets):
        self.get = secrets.__getitem__

    def __getitem__(self, name):
        return self.get(name)


def call_and_report(call, held, person):
    import sentry_sdk

    try:
        CALLS[call](held, person)
    except Broken as error:
        sentry_sdk.capture_exception(error)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("place", ["access_token_issuing", "pre_save of the user", "backend of keywords", "database SELECT"])
def test_what_sentry_sends_of_the_python_api(known, person, reports, settings, call, place):
    with broken(place, settings):
        call_and_report(call, Held(known), person)
    text = "\n".join(reports.sent)
    assert_clean(text, {name: value for name, value in known.items() if name != "the hash"})


def test_a_secret_is_the_text_that_it_is():
    secret, data = Secret("lovelace"), SecretBytes(b"lovelace")
    assert (secret, str(secret), f"{secret}", hash(secret)) == ("lovelace", "lovelace", "lovelace", hash("lovelace"))
    assert (repr(secret), repr([secret]), repr({"a": data})) == (MASK, f"[{MASK}]", f"{{'a': {MASK}}}")
    for copy in (deepcopy(secret), pickle.loads(pickle.dumps(secret))):
        assert (copy, repr(copy)) == ("lovelace", MASK)


def test_what_the_api_returns_is_masked(person):
    pair = api.sign_in_user(person)
    parsed = parse(SessionRefreshToken, pair.refresh)
    shown = repr([pair, pair.access, pair.refresh, parsed, parsed.jti, pair.session.refresh_token])
    for secret in (pair.access, pair.refresh, str(parsed.jti)):
        assert secret not in shown
