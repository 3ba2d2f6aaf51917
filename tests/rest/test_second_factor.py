"""A second factor, asked between the password and the session, by whatever the host overrides."""

import pytest
from django.apps import apps
from django.contrib.auth.signals import user_logged_in
from django.db import connection

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from tests.support.device import PASSWORD, Device, code

if not apps.is_installed("auth_sessions.supabase"):
    pytest.skip("the host of these tests mounts the Supabase API", allow_module_level=True)

from tests.host.second_factor import CODE, CodeMixin

pytestmark = pytest.mark.any_database

NO_ACCOUNT = (401, "no_active_account")
REQUIRED = (401, "second_factor_required")
INVALID = (401, "second_factor_invalid")


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.second_step_urls"
    CodeMixin.asked = []


def sign_in(user, password=PASSWORD, **more):
    return Device().post("token/", {user.USERNAME_FIELD: user.get_username(), "password": password, **more})


def test_the_password_alone_gives_nothing(ada, login_failures):
    logins = []

    def listen(**event):
        logins.append(event)

    user_logged_in.connect(listen)
    answers = [sign_in(ada), sign_in(ada, otp=""), sign_in(ada, otp=None), sign_in(ada, otp=" ")]
    user_logged_in.disconnect(listen)
    assert {code(answer) for answer in answers} == {REQUIRED}
    assert set(answers[0].json()) == {"detail", "code"}
    assert answers[0]["WWW-Authenticate"].startswith("Bearer ")
    assert not Session.objects.exists()
    assert logins == login_failures == []


def test_with_the_code(ada, login_failures):
    device = Device().keep(sign_in(ada, otp=CODE))
    assert device.is_signed_in()
    assert Session.objects.get().amr == ["pwd", "otp", "mfa"]
    assert login_failures == []


@pytest.mark.parametrize("otp", ["000000", 424241, "x" * 128])
def test_a_wrong_code_is_one_failure(ada, login_failures, otp):
    answer = sign_in(ada, otp=otp)
    assert code(answer) == INVALID
    (failure,) = login_failures
    assert failure["credentials"][ada.USERNAME_FIELD] == ada.get_username()
    assert PASSWORD not in str(failure["credentials"])
    assert failure["request"].path == "/api/auth/token/"
    assert not Session.objects.exists()


@pytest.mark.parametrize("otp", [{}, [], True, "x" * 129, "\0"])
def test_a_code_that_is_no_text(ada, otp):
    answer = sign_in(ada, otp=otp)
    assert answer.status_code == 400
    assert set(answer.json()) == {"otp"}


def test_a_wrong_password_is_not_asked_for_a_code(ada, bob, login_failures):
    bob.is_active = False
    bob.save()
    assert code(sign_in(ada, "wrong", otp=CODE)) == code(sign_in(bob, otp=CODE)) == NO_ACCOUNT
    assert CodeMixin.asked == []
    assert len(login_failures) == 2


@pytest.mark.parametrize("atomic_requests", [False, True])
def test_a_lock_out_counts_codes(ada, axes, monkeypatch, atomic_requests):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
    for _ in range(3):
        assert code(sign_in(ada, otp="000000")) == INVALID
    assert code(sign_in(ada, otp=CODE)) == NO_ACCOUNT


def test_guesses_are_throttled_as_the_sign_in(ada, settings):
    rates = {"auth_sessions_token": "3/hour"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert [sign_in(ada, otp="000000").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_from_python(ada, login_failures):
    credentials = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}

    def refuse(user):
        assert user == ada
        raise exceptions.SecondFactorInvalid

    with pytest.raises(exceptions.SecondFactorInvalid):
        api.sign_in(None, credentials, second_factor=refuse)
    assert len(login_failures) == 1
    assert not Session.objects.exists()
    assert api.sign_in(None, credentials, second_factor=lambda user: ["sms"]).session.amr == ["pwd", "sms"]
    assert api.sign_in(None, credentials).session.amr == ["pwd"]


def test_the_scope_of_a_mounted_sign_out(ada, laptop):
    """``as_view(scope=...)`` is the default; the request may say another."""
    other = Device().keep(sign_in(ada, otp=CODE))
    assert laptop.post("sign-out/here/").status_code == 204
    assert [laptop.is_signed_in(), other.is_signed_in()] == [False, True]
    assert laptop.post("sign-out/here/").status_code == 204  # local, again
    third = Device().keep(sign_in(ada, otp=CODE))
    assert other.post("sign-out/here/", {"scope": "global"}).status_code == 204
    assert [other.is_signed_in(), third.is_signed_in()] == [False, False]


@pytest.fixture
def laptop(ada):
    return Device().keep(sign_in(ada, otp=CODE))
