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


ENDS = {
    "expired": lambda: Session.objects.update(expires_at=timezone.now()),
    "password_changed": lambda: get_user_model().objects.update(password=make_password("changed")),
    "inactive": lambda: get_user_model().objects.update(is_active=False),
}
"""After which a session is not live, although its row exists."""


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

    @pytest.mark.parametrize("end", ENDS)
    def test_local_where_the_session_is_over(self, clock, laptop, settings, end):
        """What is left of it goes."""
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=99)}
        laptop.sign_in()
        Session.objects.exclude(pk=laptop.session_id).delete()
        ENDS[end]()
        assert laptop.logout("global").status_code == 403
        assert laptop.logout("local").status_code == 204
        assert not Session.objects.exists()


class TestExpiredToken:
    """A device whose clock is behind sends an expired access token, is answered, and forgets its session."""

    @pytest.fixture(autouse=True)
    def _no_limits(self, clock, settings):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(minutes=5), "LEEWAY": 0}

    @pytest.mark.parametrize(
        ("scope", "left"), [(None, set()), ("global", set()), ("local", {"phone"}), ("others", {"laptop"})]
    )
    @pytest.mark.usefixtures("any_transaction_mode")
    def test_the_current_generation(self, clock, laptop, phone, scope, left):
        clock.shift(300)
        assert refusal(laptop.user()) == EXPIRED
        assert laptop.logout(scope).status_code == 204
        for name, device in {"laptop": laptop, "phone": phone}.items():
            assert device.refresh().status_code == (200 if name in left else 400)

    def test_a_device_that_lay_in_a_drawer(self, clock, laptop, phone):
        clock.shift(7 * 86_400)
        assert laptop.logout("global").status_code == 204
        assert not Session.objects.exists()

    @pytest.mark.parametrize("scope", ["local", "others"])
    def test_the_previous_generation(self, clock, laptop, phone, scope):
        """The answer to its refresh was lost, or another tab has the new pair."""
        tab = laptop.copy()
        clock.shift(301)
        assert laptop.refresh().status_code == 200
        assert tab.claims["generation"] + 1 == laptop.claims["generation"]
        assert refusal(tab.user()) == EXPIRED
        assert tab.logout(scope).status_code == 204
        assert phone.refresh().status_code == (200 if scope == "local" else 400)

    def test_the_previous_generation_of_a_session_that_only_refreshes(self, clock, laptop, settings):
        """Its last use is the refresh, which the previous access token knows nothing of."""
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
        tab = laptop.copy()
        clock.shift(3_000)
        laptop.refresh()
        clock.shift(3_000)
        assert tab.logout("global").status_code == 204
        assert not Session.objects.exists()

    def test_it_confirms_nothing(self, clock, laptop, phone):
        """The refresh token that it came with may still be presented again."""
        tab = laptop.copy()
        laptop.refresh()
        clock.shift(301)
        assert laptop.logout("others").status_code == 204
        assert tab.refresh().status_code == 200

    @each("scope", [None, "global", "local", "others"])
    def test_an_older_generation(self, clock, ada, scope):
        """Whoever has found an old token in a log signs nobody out."""
        device = SupabaseDevice().sign_in()
        old = device.copy()
        for _ in range(2):
            clock.shift(60)
            device.refresh()
        clock.shift(300)
        assert refusal(old.logout(scope)) == EXPIRED
        assert device.refresh().status_code == 200

    @each("scope", [None, "local", "others"])
    def test_not_genuine(self, clock, laptop, scope):
        clock.shift(301)
        forged = laptop.copy()
        forged.access = laptop.access[:-4] + ("AAAA" if laptop.access[-4:] != "AAAA" else "BBBB")
        assert code(forged.logout(scope)) == (403, "bad_jwt")
        for changes in ({"exp": None}, {"exp": "yesterday"}, {"exp": True}, {"generation": "0"}, {"sub": None}):
            bent = laptop.copy().bend(**changes)
            assert bent.logout(scope).status_code == 403
        assert laptop.copy().bend("exp").logout(scope).status_code == 403
        assert Session.objects.count() == 1

    def test_the_sub_of_another(self, clock, laptop, make_user):
        add_user(make_user, "bob")
        bob = SupabaseDevice().sign_in("bob@example.org")
        clock.shift(301)
        assert code(laptop.bend(sub=bob.user_id).logout()) == (403, "bad_jwt")
        assert Session.objects.count() == 2

    def test_another_scope(self, clock, laptop):
        clock.shift(301)
        assert refusal(laptop.logout("everyone"))[:2] == (400, "validation_failed")

    def test_again(self, clock, laptop, phone):
        clock.shift(301)
        assert [laptop.logout("local").status_code for _ in range(2)] == [204] * 2
        for scope in ("global", "others"):
            assert refusal(laptop.logout(scope)) == NO_SESSION
        assert phone.refresh().status_code == 200

    @pytest.mark.parametrize("end", ENDS)
    def test_a_session_that_is_not_live(self, clock, laptop, end):
        clock.shift(301)
        ENDS[end]()
        assert laptop.logout("others").status_code == 403
        assert laptop.logout("local").status_code == 204
        assert not Session.objects.exists()

    def test_nothing_else_accepts_it(self, clock, laptop):
        clock.shift(301)
        assert refusal(laptop.user()) == refusal(laptop.update(data={"a": 1})) == EXPIRED
        assert laptop.me().status_code == 401


def test_a_mounted_view_has_another_default(ada, laptop, phone, settings):
    settings.ROOT_URLCONF = "tests.host.second_step_urls"
    assert laptop.send("POST", "logout/here").status_code == 204
    assert [laptop.user().status_code, phone.user().status_code] == [403, 200]
    assert laptop.send("POST", "logout/here").status_code == 204  # local, again
    assert phone.send("POST", "logout/here?scope=nowhere").status_code == 400
