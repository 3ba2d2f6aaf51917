"""A person is switched off past ``save()``, tries something, and is switched on again.

A refresh, or a request by cookie, ends the session. A request with an access token only refuses, since authentication
never deletes.
"""

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.host import has_browsers, has_supabase
from tests.support.supabase import share_tokens

pytestmark = pytest.mark.any_database


def plain_request(device):
    return RequestFactory().get("/", headers={"Authorization": f"Bearer {device.access}"})


def refresh_in_python(device):
    with pytest.raises(exceptions.UserInactive):
        api.refresh(device.refresh_token)
    return 401


def refresh_async(device):
    from asgiref.sync import async_to_sync

    with pytest.raises(exceptions.UserInactive):
        async_to_sync(api.arefresh)(device.refresh_token)
    return 401


def get_session_in_python(device):
    with pytest.raises(exceptions.UserInactive):
        api.get_session(plain_request(device), raise_exception=True)
    return 401


ENDING = {
    "REST refresh": lambda device: device.refresh().status_code,
    "REST sign-out by refresh token": lambda device: (
        device.post("sign-out/", {"refresh": device.refresh_token}).status_code
    ),
    "api.refresh()": refresh_in_python,
    "api.arefresh()": refresh_async,
    "Supabase refresh": pytest.param(
        lambda device: share_tokens(device).try_refresh().status_code, marks=has_supabase, id="Supabase refresh"
    ),
}
REFUSING = {
    "SessionJWTAuthentication": lambda device: device.me().status_code,
    "CachedSessionJWTAuthentication": lambda device: device.fast().status_code,
    "REST list": lambda device: device.get("sessions/").status_code,
    "REST sign-out": lambda device: device.sign_out("global").status_code,
    "api.get_session()": get_session_in_python,
    "Supabase user": pytest.param(
        lambda device: share_tokens(device).send("GET", "user").status_code, marks=has_supabase, id="Supabase user"
    ),
    "Supabase logout": pytest.param(
        lambda device: share_tokens(device).send("POST", "logout").status_code, marks=has_supabase, id="Supabase logout"
    ),
}
PAGES = ["/who/", "/who/async/", "/account/devices/", "/api/auth/sessions/"]


def parameters(calls):
    return [
        call if isinstance(call, type(pytest.param())) else pytest.param(call, id=name) for name, call in calls.items()
    ]


def switch(user, *, is_active):
    get_user_model().objects.filter(pk=user.pk).update(is_active=is_active)


@pytest.mark.usefixtures("any_transaction_mode")
@pytest.mark.parametrize("call", parameters(ENDING))
def test_what_presents_the_refresh_token_ends_the_session(ada, laptop, phone, call):
    switch(ada, is_active=False)
    assert 400 <= call(laptop) < 404
    switch(ada, is_active=True)
    assert [str(session.pk) for session in Session.objects.all()] == [phone.session_id]
    assert laptop.me().status_code == laptop.refresh().status_code == 401
    assert phone.me().status_code == phone.refresh().status_code == 200


@pytest.mark.usefixtures("any_transaction_mode")
@pytest.mark.parametrize("call", parameters(REFUSING))
def test_what_presents_the_access_token_is_only_refused(ada, laptop, call):
    switch(ada, is_active=False)
    assert 400 <= call(laptop) < 404
    switch(ada, is_active=True)
    assert laptop.me().status_code == laptop.refresh().status_code == 200


@has_browsers
@pytest.mark.parametrize("path", PAGES)
def test_a_browser_is_signed_out_for_good(ada, phone, path):
    browser = Browser().sign_in(ada)
    switch(ada, is_active=False)
    assert browser.page(path).status_code in {302, 401, 403}
    switch(ada, is_active=True)
    assert not browser.is_signed_in()
    assert [str(session.pk) for session in Session.objects.all()] == [phone.session_id]


def test_a_save_ends_the_sessions_for_good(ada, laptop):
    ada.is_active = False
    ada.save()
    ada.is_active = True
    ada.save()
    assert laptop.me().status_code == laptop.refresh().status_code == 401
    assert Device().sign_in(ada).me().status_code == 200
