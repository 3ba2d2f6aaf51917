"""No error report shows a password, a code, a token or a cookie, wherever a project's code fails.

By sentry-sdk at its defaults, with a transport of the tests; and by Django's own report.
"""

import asyncio
import pickle
from contextlib import contextmanager, suppress
from copy import deepcopy

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.signals import got_request_exception
from django.db import connection, connections
from django.db.models.signals import post_save, pre_save
from django.test import RequestFactory
from django.utils.module_loading import import_string
from django.views.debug import ExceptionReporter

from auth_sessions import api, views
from auth_sessions.masking import DENYLIST, MASK, Secret, SecretBytes
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import access_token_issuing, session_started, sessions_ended, sessions_ending
from auth_sessions.tokens import SessionRefreshToken, parse
from example_project.views import magic_link_token
from tests.host import failures
from tests.host.failures import BrokenError, receiver
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.pages import OTHERS, make_sign_in_old
from tests.support.supabase import NEW_PASSWORD, SupabaseDevice, add_user, has_email_field

pytest.importorskip("sentry_sdk", reason="sentry-sdk is in the dependency group integration")
from tests.support import error_reports
from tests.support.error_reports import made_meanwhile, send, shown

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

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
    person.refresh_from_db()
    return {**known, "a link": magic_link_token(person)}


def assert_clean(text, known):
    secrets = dict(known)
    for row in RefreshToken.objects.all():
        secrets |= {f"secret {row.pk}": shown(row.secret), f"hex {row.pk}": bytes(row.secret).hex()}
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


def sign_in_by_own_serializer(known, person):
    body = {"username": person.get_username(), "password": PASSWORD, "otp": f" {OTP} "}
    return send("POST", "/api/own/token/", body)


def open_magic_link(known, person):
    return send("POST", "/api/magic-link/", {"token": known["a link"]})


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
    return from_browser(known, OTHERS, form={"password": PASSWORD, "otp": OTP})


def browser_login(known, person):
    return from_browser({"cookie": ""}, "/login/", form={"username": person.get_username(), "password": PASSWORD})


def browser_sign_in(known, person):
    body = {person.USERNAME_FIELD: person.get_username(), "password": PASSWORD, "otp": OTP}
    return from_browser(known, "/api/auth/sign-in/", body=body)


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
    store = connection.ops.quote_name("django_session")

    def execute(execute, sql, params, many, context):
        # Django itself names the key of its session in the statements by which it reads and writes its store.
        is_that = sql.startswith(statement) or (sql.startswith("WITH row_") and statement == "INSERT")
        if is_that and (statement == "DELETE" or store not in sql):
            raise BrokenError
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
    sign_in_by_own_serializer: ["second factor"],
    open_magic_link: [*ISSUING, "database INSERT"],
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
    page: ["sessions_ending", "backend", "database SELECT", "database DELETE"],
    browser_sign_in: ["user_logged_in", *BACKENDS, "second factor", "hasher"],
    browser_login: ["user_logged_in", "session_started", "post_save of the session", "database INSERT"],
}


@pytest.mark.parametrize(
    "case", [pytest.param((by, place), id=f"{by.__name__}, {place}") for by in CASES for place in CASES[by]]
)
def test_what_sentry_sends(known, person, reports, settings, case):
    request_by, place = case
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    with broken(place, settings), made_meanwhile() as tokens:
        status, text = request_by(known, person)
    known |= {f"secret made, {at}": shown(token.secret) for at, token in enumerate(tokens) if token.secret}
    assert reports.exceptions, (status, text[:300])
    if place == "hasher":
        del known["the hash"]  # Django's own check_password() calls it "encoded"
    assert_clean("\n".join(reports.sent), known)


VIEWS = {
    sign_in: views.SignInView,
    sign_in_by_form: views.SignInView,
    refresh: views.RefreshView,
    refresh_by_form: views.RefreshView,
    sign_out: views.SignOutView,
    sign_out_by_form: views.SignOutView,
    password_grant: "PasswordGrantView",
    refresh_grant: "RefreshTokenGrantView",
    signup: "SignupView",
    change: "UserView",
}


@pytest.mark.parametrize("request_by", VIEWS)
def test_what_sentry_sends_of_a_throttle_that_fails(known, person, reports, settings, request_by):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    view = VIEWS[request_by]
    with replaced(view, "throttle_classes", [failures.Throttle]):
        request_by(known, person)
    assert "BrokenError" in reports.exceptions
    assert_clean("\n".join(reports.sent), known)


@pytest.mark.parametrize("request_by", [by for by in VIEWS if "sign_out" not in by.__name__])
def test_what_sentry_sends_of_a_renderer_that_fails(known, person, reports, settings, request_by):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    with replaced(VIEWS[request_by], "renderer_classes", [failures.Renderer]):
        request_by(known, person)
    assert "BrokenError" in reports.exceptions
    assert_clean("\n".join(reports.sent), known)


@pytest.mark.parametrize("request_by", [sign_in, sign_in_by_form, refresh, refresh_by_form, sign_out, sign_out_by_form])
def test_what_sentry_sends_of_an_exception_handler_that_fails(known, person, reports, settings, request_by):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": f"{FAILURES}.exception_handler"}
    get_user_model().objects.update(is_active=False)
    request_by(known, person)
    assert "BrokenError" in reports.exceptions
    assert_clean("\n".join(reports.sent), known)


@contextmanager
def replaced(view, name, value):
    if isinstance(view, str):
        view = import_string(f"auth_sessions.supabase.views.{view}")
    inherited = name not in vars(view)
    before = getattr(view, name)
    setattr(view, name, value)
    try:
        yield
    finally:
        delattr(view, name) if inherited else setattr(view, name, before)


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
    if request_by is browser_sign_in and place == "database DELETE":
        del known["cookie"]  # Django's own cycle_key() deletes the entry by that key
    assert_clean("\n".join(texts).replace("&#x27;", "'"), known)


@pytest.mark.parametrize("request_by", [sign_in, sign_in_by_form, refresh, refresh_by_form, refresh_grant, change])
def test_what_sentry_sends_with_the_names_of_the_app(known, person, settings, request_by):
    """Of a middleware that fails before the view, sentry-sdk reads the body itself."""
    from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{FAILURES}.middleware"]
    reports = error_reports.start(event_scrubber=EventScrubber(denylist=[*DEFAULT_DENYLIST, *DENYLIST]))
    try:
        request_by(known, person)
    finally:
        error_reports.stop()
    assert reports.exceptions == {"BrokenError"}
    assert_clean("\n".join(reports.sent), known)


@pytest.mark.parametrize("request_by", [sign_in, password_grant, change])
def test_a_hash_that_django_compares(known, person, settings, request_by):
    from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

    reports = error_reports.start(event_scrubber=EventScrubber(denylist=[*DEFAULT_DENYLIST, *DENYLIST]))
    try:
        with broken("hasher", settings):
            request_by(known, person)
    finally:
        error_reports.stop()
    assert reports.exceptions
    assert_clean("\n".join(reports.sent), known)


def test_a_plain_variable_would_be_reported(known, reports):
    """So that the other tests cannot pass for want of variables."""
    import sentry_sdk

    def fail(value):
        raise BrokenError

    with suppress(BrokenError):
        try:
            fail(known["refresh"])
        except BrokenError as error:
            sentry_sdk.capture_exception(error)
            raise
    assert known["refresh"] in reports.sent[0]


def run(awaitable):
    async def main():
        try:
            return await awaitable
        finally:
            await sync_to_async(connections.close_all)()

    return asyncio.run(main())


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
    "asign_in": lambda known, person: run(
        api.asign_in(RequestFactory().post("/"), {"username": person.get_username(), "password": known["the password"]})
    ),
    "arefresh": lambda known, person: run(api.arefresh(known["refresh"])),
    "achange_password": lambda known, person: run(api.achange_password(person, known["the new password"])),
    "get_session": lambda known, person: api.get_session(
        RequestFactory(HTTP_AUTHORIZATION=f"Bearer {known['access']}").get("/")
    ),
    "a pair that a project holds": lambda known, person: (api.refresh(known["refresh"]), fail())[0],
}


def fail():
    raise BrokenError


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
    except BrokenError as error:
        sentry_sdk.capture_exception(error)


PLACES = ["access_token_issuing", "pre_save of the user", "backend of keywords", "database SELECT"]


@pytest.mark.parametrize("case", [pytest.param((call, at), id=f"{call}, {at}") for call in CALLS for at in PLACES])
def test_what_sentry_sends_of_the_python_api(known, person, reports, settings, case):
    call, place = case
    with broken(place, settings):
        call_and_report(call, Held(known), person)
    text = "\n".join(reports.sent)
    assert_clean(text, {name: value for name, value in known.items() if name != "the hash"})


def test_a_secret_is_the_text_that_it_is():
    secret, data = Secret("lovelace"), SecretBytes(b"lovelace")
    assert (secret, str(secret), f"{secret}", hash(secret)) == ("lovelace", "lovelace", "lovelace", hash("lovelace"))
    assert [repr(text) for text in (str(secret), Secret(" a ").strip())] == [MASK] * 2
    assert (repr(secret), repr([secret]), repr({"a": data})) == (MASK, f"[{MASK}]", f"{{'a': {MASK}}}")
    for copy in (deepcopy(secret), pickle.loads(pickle.dumps(secret))):
        assert (copy, repr(copy)) == ("lovelace", MASK)


def test_what_the_api_returns_is_masked(person):
    pair = api.sign_in_user(person)
    parsed = parse(SessionRefreshToken, pair.refresh)
    shown = repr([pair, pair.access, pair.refresh, parsed, parsed.jti, pair.session.refresh_token])
    for secret in (pair.access, pair.refresh, str(parsed.jti)):
        assert secret not in shown
