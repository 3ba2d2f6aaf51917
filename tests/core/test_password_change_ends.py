"""``AUTH_SESSIONS_PASSWORD_CHANGE_ENDS``: a project may leave its token sessions alone when a password changes."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.test import Client

from auth_sessions import api
from auth_sessions.models import Session
from tests.support.device import PASSWORD, Device, code
from tests.support.host import has_browsers
from tests.support.new_passwords import BY_FORM, NEW, set_password
from tests.support.sessions import clear_expired

CHANGES = {
    "save": set_password,
    "api": lambda user: api.change_password(user, NEW),
    **BY_FORM,
    "update": lambda user: get_user_model().objects.filter(pk=user.pk).update(password=make_password(NEW)),
}


@pytest.fixture
def tokens_stay(settings):
    settings.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS = ("browser",)


@pytest.fixture
def browser(ada):
    client = Client()
    client.force_login(ada)
    client.get("/account/devices/")
    return client


@pytest.mark.usefixtures("tokens_stay")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_token_session_goes_on(clock, ada, laptop, change):
    change(ada)
    clock.shift(60)
    assert laptop.me().status_code == laptop.fast().status_code == laptop.refresh().status_code == 200
    clear_expired()
    assert laptop.me().status_code == laptop.fast().status_code == laptop.refresh().status_code == 200
    assert laptop.session_id in {row["id"] for row in laptop.sessions()}


@pytest.mark.usefixtures("tokens_stay")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@has_browsers
def test_a_browser_session_ends(ada, laptop, browser, change):
    change(ada)
    assert browser.get("/account/devices/").status_code == 302
    assert [row["kind"] for row in laptop.sessions()] == ["token"]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_with_the_setting_taken_back_older_passwords_are_refused(settings, clock, ada, laptop, change):
    settings.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS = ("browser",)
    change(ada)
    clock.shift(60)
    assert laptop.refresh().status_code == 200
    del settings.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS
    assert code(laptop.me()) == code(laptop.refresh()) == (401, "password_changed")
    assert not Session.objects.exists()


def test_they_count_for_the_limit(tokens_stay, settings, ada, laptop):
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
    set_password(ada)
    assert code(Device().post("token/", credentials(ada))) == (403, "session_limit_reached")


def credentials(user):
    return {get_user_model().USERNAME_FIELD: user.get_username(), "password": NEW}


def test_a_sign_out_reaches_them(tokens_stay, ada, laptop, phone):
    set_password(ada)
    assert laptop.sign_out("global").status_code == 204
    assert code(phone.me()) == (401, "session_not_found")


def test_by_default_both_kinds_end(ada, laptop):
    set_password(ada)
    assert code(laptop.me()) == (401, "session_not_found")
    assert PASSWORD != NEW


@pytest.mark.usefixtures("tokens_stay")
def test_a_hash_is_upgraded_although_such_a_session_has_outlived_its_key(settings, ada, laptop):
    """Its fingerprint, of an earlier password and an earlier key, is compared with nothing."""
    settings.SIMPLE_JWT = {"SIGNING_KEY": "s" * 64}
    set_password(ada)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 64, [settings.SECRET_KEY]
    assert laptop.refresh().status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert laptop.refresh().status_code == laptop.me().status_code == 200
    settings.PASSWORD_HASHERS = ["tests.host.hashers.QuickPBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    phone = Device().sign_in(ada, NEW)
    assert get_user_model().objects.get(pk=ada.pk).password.startswith("pbkdf2_sha256$")
    assert laptop.me().status_code == phone.me().status_code == 200
