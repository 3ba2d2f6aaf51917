"""A password that the hasher does not take is refused, whoever hashes or checks it."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.pages import OTHERS, make_sign_in_old
from tests.support.supabase import NEW_PASSWORD, SupabaseDevice, add_user, has_email_field, refusal

pytestmark = pytest.mark.any_database

pytest.importorskip("bcrypt", minversion="5", reason="bcrypt 5 refuses long passwords")

LONG = ["x" * 73, "ä" * 37, "x" * 5000]
TOO_LONG = (400, "validation_failed", "Password is too long")


@pytest.fixture(autouse=True)
def _bcrypt(settings):
    settings.PASSWORD_HASHERS = ["tests.host.hashers.QuickBCryptPasswordHasher"]


@pytest.fixture
def people(make_user):
    """The kinds of people that an answer could tell apart."""
    unusable, inactive = make_user("eve"), make_user("bob", is_active=False)
    get_user_model().objects.filter(pk=unusable.pk).update(password="!unusable")
    nobody = get_user_model()(**{get_user_model().USERNAME_FIELD: "nobody@example.org"})
    return [make_user("ada"), unusable, inactive, nobody]


@pytest.mark.parametrize("password", LONG)
def test_rest(people, password):
    answers = [Device().post("token/", {u.USERNAME_FIELD: u.get_username(), "password": password}) for u in people]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert {str(answer.json()) for answer in answers} == {"{'password': ['This password is too long.']}"}


def test_a_wrong_password_within_the_limit_is_wrong(people):
    for user in people:
        answer = Device().post("token/", {user.USERNAME_FIELD: user.get_username(), "password": "x" * 72})
        assert (answer.status_code, answer.json()["code"]) == (401, "no_active_account")


@pytest.mark.parametrize("password", LONG)
def test_from_python(ada, password):
    credentials = {ada.USERNAME_FIELD: ada.get_username(), "password": password}
    with pytest.raises(exceptions.PasswordTooLong) as refused:
        api.sign_in(RequestFactory().post("/"), credentials)
    assert refused.value.code == "password_too_long"
    with pytest.raises(exceptions.PasswordTooLong):
        api.change_password(ada, password)
    assert get_user_model().objects.get().check_password(PASSWORD)


@pytest.mark.skipif(not apps.is_installed("auth_sessions.supabase") or not has_email_field(), reason="no Supabase API")
class TestSupabase:
    @pytest.fixture
    def ada(self, make_user):
        return add_user(make_user)

    @pytest.mark.parametrize("password", LONG)
    def test_sign_in(self, ada, password):
        for email in ("ada@example.org", "nobody@example.org"):
            assert refusal(SupabaseDevice().try_sign_in(email, password)) == TOO_LONG

    @pytest.mark.parametrize("password", LONG)
    def test_sign_up(self, db, settings, password):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        assert refusal(SupabaseDevice().signup("eve@example.org", password)) == TOO_LONG
        assert not get_user_model().objects.exists()

    @pytest.mark.parametrize("password", LONG)
    def test_a_new_one(self, ada, password):
        device = SupabaseDevice().sign_in()
        assert refusal(device.update(password=password)) == TOO_LONG
        assert refusal(device.update(password=NEW_PASSWORD, current_password=password)) == TOO_LONG
        assert device.try_sign_in().status_code == 200

    def test_a_new_one_that_only_the_former_hasher_refuses(self, ada, settings):
        device = SupabaseDevice().sign_in()
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
        assert device.update(password="x" * 73).status_code == 200

    def test_a_new_one_that_only_the_present_hasher_refuses(self, make_user, settings):
        former = settings.PASSWORD_HASHERS
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        user = add_user(make_user)
        user.set_password("x" * 73)
        user.save()
        device = SupabaseDevice().sign_in(password="x" * 73)
        settings.PASSWORD_HASHERS = [*former, *settings.PASSWORD_HASHERS]
        for password in ("x" * 73, "y" * 73):
            assert refusal(device.update(password=password)) == TOO_LONG


@pytest.mark.parametrize("password", LONG)
def test_the_page(ada, password):
    browser = Browser().sign_in(ada)
    Device().sign_in(ada)
    make_sign_in_old(browser)
    answer = browser.submit(OTHERS, {"password": password})
    assert answer.status_code == 400
    assert "This password is too long." in answer.content.decode()
    assert password not in answer.content.decode()
    assert Session.objects.count() == 2


def test_another_error_of_a_backend_is_not_hidden(ada, settings):
    settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.ByNumber"]
    with pytest.raises(ValueError, match="invalid literal"):
        api.sign_in(RequestFactory().post("/"), {"number": "ada", "password": "x" * 72})


def test_a_former_hasher_tells_nobody_apart(people, settings):
    """It refuses the password of those who have not signed in since: for all others it is wrong."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    answers = [Device().post("token/", {u.USERNAME_FIELD: u.get_username(), "password": LONG[0]}) for u in people]
    assert {answer.status_code for answer in answers} == {401}
    assert len({str(answer.json()) for answer in answers}) == 1
