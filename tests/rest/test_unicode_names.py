"""A user name in another Unicode form than the stored one, as different keyboards send it, signs in everywhere."""

import unicodedata

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.host import has_browsers, has_supabase
from tests.support.supabase import SupabaseDevice, needs_email

USERNAME = get_user_model().USERNAME_FIELD
NAME = "\u00c5sa\ufb01" if USERNAME != "email" else "\u00e5sa@example.org"


@pytest.fixture
def asa(db):
    """Stored as ``create_user()`` of Django stores a name, and ``clean()`` of every user model."""
    user = get_user_model()(**{USERNAME: NAME})
    user.set_password(PASSWORD)
    user.clean()
    user.save()
    assert unicodedata.is_normalized("NFKC", user.get_username())
    return user


pytestmark = pytest.mark.django_db(transaction=True)
FORMS = [unicodedata.normalize(form, NAME) for form in ("NFC", "NFD", "NFKC", "NFKD")]


def by_rest(name):
    assert Device().post("token/", {USERNAME: name, "password": PASSWORD}).status_code == 200


def by_form(name):
    assert Device().client.post("/api/auth/token/", {USERNAME: name, "password": PASSWORD}).status_code == 200


def by_python(name):
    api.sign_in(RequestFactory().post("/"), {USERNAME: name, "password": PASSWORD})


def by_python_as_username(name):
    api.sign_in(RequestFactory().post("/"), {"username": name, "password": PASSWORD})


def by_async_python(name):
    async_to_sync(api.asign_in)(RequestFactory().post("/"), {USERNAME: name, "password": PASSWORD})


@pytest.mark.parametrize("sign_in", [by_rest, by_form, by_python, by_python_as_username, by_async_python])
@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_the_same_name(asa, sign_in, name):
    sign_in(name)
    assert [session.user for session in Session.objects.all()] == [asa]


@has_browsers
@pytest.mark.parametrize("name", FORMS)
def test_djangos_own_form(asa, name):
    browser = Browser()
    assert browser.submit("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    assert browser.is_signed_in()


def test_the_password_is_taken_as_it_is(asa):
    asa.set_password("p\u00e5ss-1815")
    asa.save()
    with pytest.raises(exceptions.NoActiveAccount):
        api.sign_in(RequestFactory().post("/"), {USERNAME: NAME, "password": "pa\u030ass-1815"})


def test_a_name_that_is_too_long_is_not_normalised(asa):
    answer = Device().post("token/", {USERNAME: "\ufb01" * 100_000, "password": PASSWORD})
    assert answer.status_code in {400, 401}


@has_supabase
@needs_email
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("sent", ["NFC", "NFD"])
def test_an_address_of_the_supabase_api(db, stored, sent):
    address = "\u00e5sa@example.org"
    fields = {USERNAME: unicodedata.normalize(stored, "\u00e5sa"), "email": unicodedata.normalize(stored, address)}
    if USERNAME == "email":
        del fields[USERNAME]
        fields["email"] = unicodedata.normalize(stored, address)
    user = get_user_model()(**fields)
    user.set_password(PASSWORD)
    user.save()
    assert SupabaseDevice().try_sign_in(unicodedata.normalize(sent, address)).status_code == 200
