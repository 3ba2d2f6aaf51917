"""What a client sends breaks out of no line, and no secret stands in one; what a line costs."""

import json
import logging
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import api, security_log
from auth_sessions.choices import EndReason
from auth_sessions.models import RefreshToken, Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.host import has_browsers
from tests.support.many import multiply
from tests.support.security_log import EVENTS, FIELDS, LOGGER

pytestmark = pytest.mark.any_database

HOSTILE = {
    "line break": 'x\n{"event": "auth_sessions.sign_in", "user": "1"}',
    "carriage return": "x\r\nadmin signed in",
    "quotes": 'x", "user": "1", "y": "\\"',
    "escape sequence": "\x1b[2J\x1b[31mx\x1b]0;title\x07",
    "bidirectional": "\u202egnp.exe\u2066\u2069\u200f",
    "other line breaks": "x\u2028y\u2029z\x85\x0b\x0c",
    "NUL": "x\0y",
    "tabs": "a\tb",
    "percent": "%s %(user)s %d",
    "braces": "{0} {user}",
    "not ASCII": "Zoë 日本 🙂",
    "long": "x" * 10_000,
    "empty": "",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_client_sends(text, ada, rf, security_log_lines):
    """In every value that a client chooses, also for a plain formatter of the attributes."""
    request = rf.get("/", HTTP_USER_AGENT=text, HTTP_X_REQUEST_ID=text, REMOTE_ADDR=text)
    name = "".join(character for character in text if character.isprintable())[:100]
    api.sign_in_user(ada, request=request, name=name, amr=[name])
    security_log.write(security_log.SIGN_IN_REFUSED, request=request, user=text, reason=text)
    security_log.write(security_log.SIGNED_IN, device_name=text)
    formatter = logging.Formatter("%(user)s|%(user_agent)s|%(device_name)s|%(methods)s|%(request_id)s|%(address)s")
    for record in security_log_lines.records:
        assert len(record.getMessage().splitlines()) == 1
        json.loads(record.getMessage())
        assert len(formatter.format(record).splitlines()) == 1
        assert "\x1b" not in formatter.format(record)
        assert "\u202e" not in formatter.format(record)


@pytest.fixture
def security_log_lines(security_log):
    """By another name, since the tests write with the module."""
    return security_log


def test_what_is_readable_stays(security_log_lines):
    security_log.write(security_log.SIGNED_IN, device_name="\ud800x")
    for text in ("Zoë 日本 🙂", 'a "quoted" \\ text', "100 %"):
        security_log.write(security_log.SIGNED_IN, device_name=text)
        assert security_log_lines.of()[-1]["device_name"] == text


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("9f2c0d1e", "9f2c0d1e"),
        ("Root=1-67891233-abcdef012345678912345678", "Root=1-67891233-abcdef012345678912345678"),
        ("a" * 128, "a" * 128),
        ("a" * 129, None),
        ("a b", None),
        ("a\n", None),
        ("é", None),
        ("", None),
    ],
)
def test_the_id_of_a_request(sent, written, rf):
    assert security_log.of_request(rf.get("/", HTTP_X_REQUEST_ID=sent))["request_id"] == written


@pytest.mark.parametrize("given", ["a-1", uuid.UUID(int=7), 17])
def test_the_id_that_a_middleware_has_given(given, rf):
    request = rf.get("/", HTTP_X_REQUEST_ID="of-the-client")
    request.id = given
    assert security_log.of_request(request)["request_id"] == str(given)


def test_behind_a_proxy(ada, settings, security_log_lines):
    settings.AUTH_SESSIONS_TRUSTED_PROXIES = 1
    device = Device()
    device.client.defaults["HTTP_X_FORWARDED_FOR"] = "203.0.113.9, 192.0.2.7"
    device.sign_in(ada)
    assert security_log_lines.of()[0]["address"] == "192.0.2.7"


@has_browsers
def test_no_secrets(clock, ada, security_log_lines):
    device, browser = Device().sign_in(ada), Browser().sign_in(ada)
    secrets = [PASSWORD.strip(), device.access, device.refresh_token, browser.cookie]
    device.refresh()
    secrets += [device.access, device.refresh_token, bytes(RefreshToken.objects.get().secret).hex()]
    copy, cookie = device.copy(), browser.copy()
    Device().post("token/", {get_user_model().USERNAME_FIELD: "typed-here", "password": "typed there"})
    device.sign_out()
    copy.refresh()
    copy.me()
    cookie.me()
    text = "\n".join(str(vars(record)) for record in security_log_lines.records)
    assert len(security_log_lines.records) >= 7
    for secret in [*secrets, "typed-here", "typed there"]:
        assert secret not in text


class TestCost:
    @pytest.fixture
    def silent(self):
        LOGGER.setLevel(logging.CRITICAL)
        yield
        LOGGER.setLevel(logging.NOTSET)

    def test_nothing_is_built_where_nobody_listens(self, silent, laptop, phone, monkeypatch, security_log_lines):
        def fail(*args):
            raise AssertionError("built")

        for name in ("of_request", "of_session", "login_hash", "cleaned"):
            monkeypatch.setattr(security_log, name, fail)
        phone.me()
        phone.refresh()
        Device().post("token/", {get_user_model().USERNAME_FIELD: "nobody", "password": "x"})
        phone.sign_out("others")
        laptop.me()
        laptop.refresh()
        assert security_log_lines.records == []

    def test_only_what_the_level_asks_for(self, ada, security_log_lines):
        LOGGER.setLevel(logging.WARNING)
        Device().sign_in(ada).sign_out()
        Device().post("token/", {get_user_model().USERNAME_FIELD: "nobody", "password": "x"})
        assert security_log_lines.events == ["sign_in_refused"]

    def test_no_statement(self, ada, rest_only, security_log_lines):
        def cost(level):
            LOGGER.setLevel(level)
            with CaptureQueriesContext(connection) as queries:
                device = Device().sign_in(ada)
                device.me()
                device.refresh()
                device.sign_out()
                device.me()
                device.refresh()
            return [query["sql"].split()[0] for query in queries]

        cost(logging.CRITICAL)
        assert cost(logging.INFO) == cost(logging.CRITICAL)
        assert security_log_lines.events == ["sign_in", "session_ended", "session_refused", "session_refused"]

    def test_of_many_that_end_at_once(self, ada, security_log_lines):
        multiply(api.sign_in_user(ada).session, 2000)
        security_log_lines.clear()
        with CaptureQueriesContext(connection) as queries:
            assert Session.objects.all().end(reason=EndReason.REVOKED) == 2001
        assert len(queries) < 20
        assert len({line["session"] for line in security_log_lines.of()}) == 2001


class TestTable:
    def test_the_events(self):
        assert {
            name: (event.owasp, logging.getLevelName(event.level), set(event.fields))
            for name, event in security_log.EVENTS.items()
        } == EVENTS

    def test_the_fields(self):
        assert tuple(FIELDS) == security_log.FIELDS
        assert {"event", "owasp", *security_log.OF_REQUEST}.union(
            *(event.fields for event in security_log.EVENTS.values())
        ) == set(FIELDS)

    def test_no_field_is_one_that_every_record_has(self):
        record = logging.LogRecord("x", logging.INFO, "", 0, "", None, None)
        assert not {*vars(record), "message", "asctime"} & {*FIELDS}
