"""``auth_sessions.api``: what a project calls from Python, sync and async."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.signals import user_logged_in
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from auth_sessions.signals import access_token_issuing
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device


@pytest.fixture(params=["sync", "async"])
def call(request):
    """Calls a function of the API by name, or its async twin."""

    def call(name, /, *args, **options):
        if request.param == "sync":
            return getattr(api, name)(*args, **options)
        return async_to_sync(getattr(api, f"a{name}"))(*args, **options)

    return call


def http_request(access=None):
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    return RequestFactory(headers={"User-Agent": IPHONE, **headers}).get("/")


def credentials(user, password=PASSWORD):
    return {user.USERNAME_FIELD: user.get_username(), "password": password}


def test_sign_in(clock, ada, call):
    pair = call("sign_in", http_request(), credentials(ada), name="My phone", tag="app", lifetime=None)
    assert type(pair) is api.TokenPair
    session = Session.objects.get()
    assert pair.session == session
    assert (session.user, session.name, session.tag, session.amr, session.expires_at) == (
        ada, "My phone", "app", ["pwd"], None
    )  # fmt: skip
    assert session.device.label == "Chrome on iOS"
    assert pair.expires_at == timezone.now().timestamp() + 300
    assert pair.access not in repr(pair)
    assert pair.refresh not in repr(pair)


def test_wrong_credentials(ada, call):
    with pytest.raises(exceptions.NoActiveAccount):
        call("sign_in", http_request(), credentials(ada, "wrong"))
    assert not Session.objects.exists()


def test_sign_in_of_a_user_proved_elsewhere(ada, call):
    events = []

    def receive(user, request, session, **event):
        events.append((user, request, session))

    request = http_request()
    user_logged_in.connect(receive)
    try:
        pair = call("sign_in_user", ada, request=request, amr=["otp"])
        without = call("sign_in_user", ada)
    finally:
        user_logged_in.disconnect(receive)
    assert events == [(ada, request, pair.session), (ada, None, without.session)]
    assert [session.amr for session in Session.objects.order_by("pk")] == [["otp"], []]
    assert api.refresh(without.refresh).session == without.session


def fail(**event):
    raise TimeoutError


@pytest.mark.parametrize("signal", [user_logged_in, access_token_issuing])
def test_nothing_is_left_of_a_sign_in_that_fails(ada, call, signal):
    signal.connect(fail)
    try:
        with pytest.raises(TimeoutError):
            call("sign_in_user", ada, request=http_request())
    finally:
        signal.disconnect(fail)
    assert not Session.objects.exists()


def test_a_user_who_may_not_sign_in(ada, call):
    ada.is_active = False
    with pytest.raises(exceptions.UserInactive):
        call("sign_in_user", ada)
    ada.is_active = True
    type(ada).objects.filter(pk=ada.pk).delete()
    with pytest.raises(exceptions.UserNotFound):
        call("sign_in_user", ada)


def test_refresh(ada, call):
    first = api.sign_in_user(ada)
    second = call("refresh", first.refresh, request=http_request())
    assert second.session == first.session
    assert call("refresh", first.refresh).refresh == second.refresh
    with pytest.raises(exceptions.TokenNotValid):
        call("refresh", "junk")
    Session.objects.all().delete()
    with pytest.raises(exceptions.SessionNotFound):
        call("refresh", second.refresh)


@pytest.mark.parametrize(("scope", "ended", "left"), [("global", 3, 0), ("local", 1, 2), ("others", 2, 1)])
def test_sign_out(ada, call, scope, ended, left):
    session, *_others = [api.sign_in_user(ada).session for _ in range(3)]
    assert call("sign_out", session, scope) == ended
    assert Session.objects.count() == left
    assert Session.objects.filter(pk=session.pk).exists() == (scope == "others")


def test_sign_out_is_global_by_default_and_knows_three_scopes(ada, call):
    session = api.sign_in_user(ada).session
    with pytest.raises(ValueError, match="everywhere"):
        call("sign_out", session, "everywhere")
    assert call("sign_out", session) == 1


def test_change_password(ada, call):
    kept, *_others = [api.sign_in_user(ada).session for _ in range(3)]
    assert call("change_password", ada, "analytical-1843", keep=kept) == 2
    assert list(Session.objects.all()) == [kept]
    assert ada.check_password("analytical-1843")
    assert list(Session.objects.all().live(user=ada)) == [kept]
    assert call("change_password", ada, "analytical-1844") == 1


def test_the_session_of_a_request(ada, call):
    pair = api.sign_in_user(ada)
    plain = http_request(pair.access)
    assert call("get_session", plain) == pair.session
    assert call("get_session", plain, raise_exception=True) == pair.session
    of_rest = Request(plain, authenticators=())
    assert call("get_session", of_rest) is None


REFUSED = {
    "nothing is presented": (None, exceptions.SessionNotFound),
    "junk": ("junk", exceptions.TokenNotValid),
    "two words": ("two words", exceptions.TokenNotValid),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_why_a_request_has_no_session(db, call, reason):
    access, error = REFUSED[reason]
    assert call("get_session", http_request(access)) is None
    with pytest.raises(error):
        call("get_session", http_request(access), raise_exception=True)


def test_why_a_session_no_longer_counts(ada, call):
    pair = api.sign_in_user(ada)
    request = http_request(pair.access)
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    assert call("get_session", request) is None
    with pytest.raises(exceptions.UserInactive):
        call("get_session", request, raise_exception=True)
    type(ada).objects.filter(pk=ada.pk).update(is_active=True)
    Session.objects.all().delete()
    with pytest.raises(exceptions.SessionNotFound):
        call("get_session", request, raise_exception=True)


def test_in_a_view_by_token_and_by_cookie(ada):
    device, browser = Device().sign_in(ada), Browser().sign_in(ada)
    assert device.get("sessions/current/").json()["id"] == device.session_id
    assert browser.get("sessions/current/").json()["id"] == browser.session_id


def test_clear_expired(clock, ada):
    for _ in range(3):
        api.sign_in_user(ada)
    clock.shift(15 * 24 * 3600)
    batches = list(api.clear_expired(batch_size=2))
    assert [(batch.checked, batch.ended, batch.is_last) for batch in batches] == [(2, 2, False), (1, 1, True)]
    assert not Session.objects.exists()
