"""``POST token?grant_type=refresh_token``."""

from datetime import timedelta

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from auth_sessions.models import RefreshToken, Session
from auth_sessions.tokens import SessionRefreshToken
from tests.support.inputs import each
from tests.support.supabase import (
    NO_SESSION,
    NO_TOKEN,
    REUSED,
    code,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


@each("body", [{}, {"refresh_token": ""}, {"refresh_token": None}])
def test_no_refresh_token(laptop, body):
    answer = laptop.send("POST", "token?grant_type=refresh_token", body)
    assert refusal(answer) == (400, "validation_failed", "Refresh token is not valid")


@each("raw", ["invalid-refresh-token", "abcdefghijkl", "a.b.c", "e30.e30.e30", "{access}", "{refresh}x", "x{refresh}"])
def test_a_refresh_token_that_is_none(laptop, raw):
    raw = raw.format(access=laptop.access, refresh=laptop.refresh_token)
    answer = laptop.send("POST", "token?grant_type=refresh_token", {"refresh_token": raw})
    assert refusal(answer) == NO_TOKEN
    assert laptop.refresh().status_code == 200


class TestRefreshRefused:
    def expired(self, **other):
        Session.objects.update(expires_at=timezone.now())
        return 400, "session_expired", "Invalid Refresh Token: Session Expired"

    def idle(self, clock, **other):
        clock.shift(timedelta(days=14))
        return 400, "session_expired", "Invalid Refresh Token: Session Expired (Inactivity)"

    def signed_out(self, phone, **other):
        phone.logout("global")
        return NO_TOKEN

    def inactive(self, **other):
        get_user_model().objects.update(is_active=False)
        return 400, "user_banned", "Invalid Refresh Token: User Banned"

    def deleted(self, ada, **other):
        ada.delete()
        return NO_TOKEN

    def password_changed(self, **other):
        get_user_model().objects.update(password=make_password("changed"))
        return NO_TOKEN

    def twice_removed(self, laptop, clock, **other):
        first = laptop.refresh_token
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        laptop.refresh_token = first
        return REUSED

    def ahead(self, laptop, **other):
        forged = SessionRefreshToken()
        forged.payload = jwt.decode(laptop.refresh_token, options={"verify_signature": False}) | {"generation": 1}
        laptop.refresh_token = str(forged)
        return 400, "validation_failed", "Invalid Refresh Token: Not Issued By This Server"

    @pytest.mark.parametrize(
        "prepare",
        [expired, idle, signed_out, inactive, deleted, password_changed, twice_removed, ahead],
        ids=lambda prepare: prepare.__name__,
    )
    def test_refused(self, clock, ada, laptop, phone, prepare):
        expected = prepare(self, clock=clock, ada=ada, laptop=laptop, phone=phone)
        assert refusal(laptop.refresh()) == expected


@pytest.mark.usefixtures("any_transaction_mode")
class TestTheft:
    def test_the_session_is_destroyed_and_stays_destroyed(self, clock, laptop, phone):
        thief = laptop.copy()
        assert laptop.refresh().status_code == 200
        clock.shift(12)
        assert laptop.user().status_code == 200
        assert refusal(thief.refresh()) == REUSED
        assert not Session.objects.filter(pk=laptop.session_id).exists()
        assert not RefreshToken.objects.filter(pk=laptop.session_id).exists()
        assert refusal(laptop.user()) == NO_SESSION
        assert refusal(laptop.refresh()) == refusal(thief.refresh()) == NO_TOKEN
        assert phone.user().status_code == 200

    def test_a_session_that_is_over_goes_at_its_refresh(self, clock, settings, laptop):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(minutes=1)
        clock.shift(3600)
        assert code(laptop.refresh()) == (400, "session_expired")
        assert not Session.objects.exists()
        assert refusal(laptop.refresh()) == NO_TOKEN

    def test_a_lost_answer_is_given_again(self, clock, laptop):
        lost = laptop.try_refresh().json()["refresh_token"]
        clock.shift(timedelta(hours=1))
        again = laptop.try_refresh()
        assert (again.status_code, again.json()["refresh_token"]) == (200, lost)

    def test_two_tabs(self, clock, laptop):
        """Within ten seconds the second tab gets what the first one got, even though that is in use already."""
        tab = laptop.copy()
        laptop.refresh()
        clock.shift(10)
        assert laptop.user().status_code == 200
        assert tab.refresh().status_code == 200
        assert tab.refresh_token == laptop.refresh_token
