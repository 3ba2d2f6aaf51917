"""A refresh from another device than the session's is reported by ``session_moved``, and refused by nobody."""

import pytest
from django.test import RequestFactory

from auth_sessions import api
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import session_moved
from auth_sessions.tokens import issue
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.host import has_supabase
from tests.support.races import LONG_AGO
from tests.support.supabase import share_tokens

NEWER_FIREFOX = MACBOOK.replace("148", "163")
CHROME_ON_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/144.0.0.0 Safari/537.36"
FIREFOX_ON_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"
OWN_APP, OTHER_APP = "Ada/1.0", "Babbage/2.0"
HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def moved():
    received = []

    def receive(session, request, **event):
        received.append((str(session.pk), request.META.get("HTTP_USER_AGENT", "")))

    session_moved.connect(receive)
    yield received
    session_moved.disconnect(receive)


def sign_in(user, user_agent, address):
    device = Device(user_agent)
    device.client.defaults["REMOTE_ADDR"] = address
    return device.sign_in(user)


def go_on(device, user_agent, address):
    """The same tokens, from elsewhere."""
    other = device.copy()
    other.client.defaults.update(HTTP_USER_AGENT=user_agent, REMOTE_ADDR=address)
    return other


@pytest.mark.parametrize(
    ("before", "after", "has_moved"),
    [
        ((MACBOOK, HERE), (MACBOOK, HERE), False),
        ((MACBOOK, HERE), (MACBOOK, THERE), False),
        ((MACBOOK, HERE), (NEWER_FIREFOX, THERE), False),
        ((MACBOOK, HERE), (IPHONE, HERE), True),
        ((MACBOOK, HERE), (CHROME_ON_MAC, HERE), True),
        ((MACBOOK, HERE), (FIREFOX_ON_LINUX, HERE), True),
        ((MACBOOK, HERE), ("curl/8.5", HERE), True),
        ((MACBOOK, HERE), ("", HERE), True),
        ((MACBOOK, HERE), (OTHER_APP, HERE), True),
        (("", HERE), ("", HERE), False),
        (("", HERE), ("", THERE), True),
        (("", HERE), (MACBOOK, HERE), True),
        ((OWN_APP, HERE), (OTHER_APP, HERE), False),
        ((OWN_APP, HERE), (OWN_APP, THERE), True),
        ((OWN_APP, HERE), (OWN_APP, ""), False),
    ],
)
def test_what_is_another_device(ada, moved, before, after, has_moved):
    device = sign_in(ada, *before)
    other = go_on(device, *after)
    assert other.refresh().status_code == 200
    assert moved == ([(device.session_id, after[0])] if has_moved else [])
    assert other.me().status_code == 200
    assert Session.objects.get().user_agent == before[0]


def test_each_refresh_from_elsewhere(ada, moved):
    device = sign_in(ada, MACBOOK, HERE)
    other = go_on(device, IPHONE, THERE)
    for number in range(1, 4):
        RefreshToken.objects.update(rotated_at=LONG_AGO if number == 1 else RefreshToken.objects.get().rotated_at)
        assert other.refresh().status_code == 200
        assert len(moved) == number


def test_nothing_is_known_of_a_session_without_a_request(ada, moved):
    pair = issue(create_session(ada))
    api.refresh(pair.refresh, request=RequestFactory().get("/", headers={"User-Agent": IPHONE}))
    api.refresh(pair.refresh)
    assert moved == []


def test_a_refused_refresh_reports_no_move(ada, moved):
    device = sign_in(ada, MACBOOK, HERE)
    other = go_on(device, IPHONE, THERE)
    device.sign_out()
    assert other.refresh().status_code == 401
    assert moved == []


def test_a_receiver_that_fails_refuses_nothing(ada, caplog):
    def fail(**event):
        raise TimeoutError("The mail server does not answer.")

    session_moved.connect(fail)
    assert go_on(sign_in(ada, MACBOOK, HERE), IPHONE, HERE).refresh().status_code == 200
    session_moved.disconnect(fail)
    assert "The mail server does not answer." in caplog.text


@has_supabase
def test_the_supabase_api(ada, moved):
    device = share_tokens(sign_in(ada, MACBOOK, HERE))
    device.headers["HTTP_USER_AGENT"] = IPHONE
    assert device.try_refresh().status_code == 200
    assert [user_agent for _, user_agent in moved] == [IPHONE]
