"""``POST logout``."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from auth_sessions.models import RefreshToken, Session
from tests.support.inputs import each
from tests.support.supabase import (
    EXPIRED,
    NO_BEARER,
    NO_SESSION,
    NO_TOKEN,
    SupabaseDevice,
    add_user,
    code,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


class TestLogout:
    @pytest.fixture
    def other(self, make_user):
        add_user(make_user, "bob")
        return SupabaseDevice().sign_in("bob@example.org")

    @pytest.mark.parametrize(
        ("query", "left"),
        [
            ("", set()),
            ("?scope=", set()),
            ("?scope=global", set()),
            ("?scope=local", {"phone"}),
            ("?scope=others", {"laptop"}),
            ("?scope=local&scope=global", {"phone"}),
        ],
    )
    @pytest.mark.usefixtures("any_transaction_mode")
    def test_who_is_left(self, laptop, phone, other, query, left):
        assert laptop.send("POST", f"logout{query}").status_code == 204
        for name, device in {"laptop": laptop, "phone": phone}.items():
            if name in left:
                assert device.user().status_code == device.me().status_code == device.refresh().status_code == 200
            else:
                assert refusal(device.user()) == NO_SESSION
                assert device.me().status_code == 401
                assert refusal(device.refresh()) == NO_TOKEN
        assert other.user().status_code == 200
        assert RefreshToken.objects.count() == Session.objects.count() == len(left) + 1

    @each("scope", ["everyone", "GLOBAL", "local,others", "every%20device", "%FF", "local%00"])
    def test_another_scope(self, laptop, scope):
        status, error_code, message = refusal(laptop.logout(scope))
        assert (status, error_code) == (400, "validation_failed")
        assert re.fullmatch(r'Unsupported logout scope ".*"', message, re.DOTALL)
        assert laptop.user().status_code == 200

    def test_another_scope_is_named(self, laptop):
        assert refusal(laptop.logout("everyone")) == (400, "validation_failed", 'Unsupported logout scope "everyone"')

    def test_another_scope_comes_after_the_bearer(self, laptop, nobody):
        assert refusal(nobody.send("POST", "logout?scope=x", HTTP_AUTHORIZATION=None)) == NO_BEARER
        assert code(nobody.logout("x")) == (403, "bad_jwt")
        laptop.logout("local")
        assert refusal(laptop.logout("x")) == NO_SESSION

    def test_the_body_is_not_looked_at(self, laptop, phone):
        assert laptop.send("POST", "logout?scope=local", b'{"scope": "global"').status_code == 204
        assert phone.user().status_code == 200

    def test_again(self, laptop, phone):
        """Retried, ``local`` is done already. The others cannot do what they promise."""
        assert [laptop.logout("local").status_code for _ in range(3)] == [204] * 3
        for scope in (None, "", "global", "others"):
            assert refusal(laptop.logout(scope)) == NO_SESSION
        assert phone.user().status_code == 200

    @pytest.mark.parametrize("end", ["expired", "password_changed", "inactive"])
    def test_local_where_the_session_is_over(self, clock, laptop, settings, end):
        """What is left of it goes."""
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=99)}
        laptop.sign_in()
        Session.objects.exclude(pk=laptop.session_id).delete()
        if end == "expired":
            Session.objects.update(expires_at=timezone.now())
        elif end == "password_changed":
            get_user_model().objects.update(password=make_password("changed"))
        else:
            get_user_model().objects.update(is_active=False)
        assert laptop.logout("global").status_code == 403
        assert laptop.logout("local").status_code == 204
        assert not Session.objects.exists()

    def test_an_expired_token_signs_nobody_out(self, clock, laptop):
        clock.shift(300)
        for scope in (None, "local"):
            assert refusal(laptop.logout(scope)) == EXPIRED
        assert Session.objects.count() == 1


def test_a_mounted_view_has_another_default(ada, laptop, phone, settings):
    settings.ROOT_URLCONF = "tests.host.second_step_urls"
    assert laptop.send("POST", "logout/here").status_code == 204
    assert [laptop.user().status_code, phone.user().status_code] == [403, 200]
    assert laptop.send("POST", "logout/here").status_code == 204  # local, again
    assert phone.send("POST", "logout/here?scope=nowhere").status_code == 400
