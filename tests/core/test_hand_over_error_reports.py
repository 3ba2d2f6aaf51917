"""No error report shows the code of a hand-over, wherever a project's code fails."""

import sys
from functools import partial

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.backends.db import SessionStore
from django.core.signals import got_request_exception
from django.db import connection
from django.db.models.signals import pre_save
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from auth_sessions import api
from auth_sessions.core.browser_state import begin
from auth_sessions.models import Session
from tests.host.failures import BrokenError, receiver
from tests.support.hand_over import PAGE, Website, ask, code_in
from tests.support.host import has_browsers
from tests.support.inputs import each
from tests.support.related import receiving

pytest.importorskip("sentry_sdk", reason="sentry-sdk is in the dependency group integration")
import sentry_sdk

from tests.support import error_reports
from tests.support.error_reports import send

pytestmark = [has_browsers, pytest.mark.any_database]


class Down:
    """A database that answers no statement of a kind about sessions and their tokens."""

    def __init__(self, verb):
        self.verb = verb

    def __enter__(self):
        self.wrapper = connection.execute_wrapper(self.execute)
        self.wrapper.__enter__()

    def __exit__(self, *error):
        self.wrapper.__exit__(*error)

    def execute(self, execute, sql, params, many, context):
        if sql.startswith(self.verb) and "auth_sessions_" in sql:
            raise BrokenError
        return execute(sql, params, many, context)


PLACES = {
    "SELECT": lambda: Down("SELECT"),
    "UPDATE": lambda: Down("UPDATE"),
    "INSERT": lambda: Down("INSERT"),
    "login": lambda: receiving(receiver, user_logged_in, of=get_user_model()),
    "logout": lambda: receiving(receiver, user_logged_out, of=get_user_model()),
    "row": lambda: receiving(receiver, pre_save, of=Session),
}


@pytest.fixture
def reports():
    """Of both, as text."""
    sent, sentry = [], error_reports.start()

    def report(request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info())
        sent.extend([reporter.get_traceback_text(), reporter.get_traceback_html()])

    got_request_exception.connect(report)
    yield lambda: "\n".join([*sent, *sentry.sent])
    got_request_exception.disconnect(report)
    error_reports.stop()


@each("place", PLACES)
def test_the_page(ada, iphone, bob, reports, place):
    """Somebody else is signed in there, so that everything happens."""
    website = Website()
    website.client.force_login(bob)
    website.page("/who/")
    website.client.raise_request_exception = False
    given = ask(iphone)
    page = website.opens(given)
    with place():
        answers = [website.client.get(PAGE), website.presses(page)]
    assert 500 in {answer.status_code for answer in answers}
    assert given not in reports()
    assert given.partition(":")[0] not in reports()  # without the signature


def test_the_endpoint(iphone, reports):
    with Down("UPDATE"):
        status, _ = send("POST", "/api/auth/hand-over/", {"next": "/who/"}, access=iphone.access)
    assert status == 500
    assert "BrokenError" in reports()
    digest = Session.objects.get(pk=iphone.session_id).refresh_token.hand_over_digest
    assert digest is None


class Held:
    """A code, held where no report shows it."""

    def __init__(self, code):
        self.get = lambda: code


def call_and_report(call, held):
    try:
        call(held.get())
    except BrokenError as error:
        sentry_sdk.capture_exception(error)


def post():
    """A request that has passed the middleware."""
    request = RequestFactory().post("/")
    request.session = SessionStore()
    begin(request, get_actor=lambda request: None)
    return request


CALLS = [api.get_hand_over, partial(api.redeem_hand_over, post()), async_to_sync(api.aget_hand_over)]


@each("call", CALLS)
def test_the_functions(iphone, reports, call):
    held = Held(ask(iphone))
    with Down("SELECT"):
        call_and_report(call, held)
    assert "BrokenError" in reports()
    assert held.get() not in reports()
    assert held.get().partition(":")[0] not in reports()


def test_what_is_answered_is_masked(iphone):
    given = api.create_hand_over(Session.objects.get(pk=iphone.session_id))
    assert repr(given) == "********"
    assert code_in(f"/?code={given}") == given
