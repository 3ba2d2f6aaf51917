"""Sliding tokens: access token and refresh token in one."""

from datetime import timedelta

import pytest

from auth_sessions.contrib.simplejwt.models import ExchangedToken
from auth_sessions.models import Session
from tests.support.device import Device, code
from tests.support.races import ROUNDS, statuses, together
from tests.support.simplejwt import NOT_VALID, STRIPPED, Client, old_refresh_token, old_sliding_token


class Sliding(Client):
    """Written for simplejwt's sliding tokens."""

    def __init__(self, token=None):
        super().__init__("/api/sliding/token")
        self.access = token and str(token)

    def keep(self, response):
        if response.status_code == 200:
            self.access = response.json()["token"]
        return response

    def present(self):
        return self.post("/refresh", {"token": self.access})


@pytest.fixture
def old_token(ada):
    return old_sliding_token(ada)


def test_it_becomes_a_session_and_goes_on(clock, ada):
    client = Sliding(old_sliding_token(ada))
    for _ in range(20):
        assert client.refresh().status_code == 200
        assert client.me().status_code == 200
        clock.shift(240)
    assert Session.objects.count() == 1


def test_a_new_sign_in(clock, ada):
    client = Sliding()
    client.sign_in(ada)
    clock.shift(240)
    assert client.refresh().status_code == 200
    clock.shift(299)
    assert client.me().status_code == 200
    clock.shift(2)
    assert code(client.refresh()) == NOT_VALID


def test_a_sign_out_ends_it(ada, old_token):
    client = Sliding(old_token)
    client.refresh()
    assert client.verify(client.access).status_code == 200
    Device().sign_in(ada, STRIPPED).sign_out("others")
    assert client.me().status_code == 401
    assert code(client.refresh()) == code(client.verify(client.access)) == NOT_VALID


def test_renewed_ones_of_one_sign_in_are_one_session(clock, ada):
    """Simplejwt keeps the ``jti``."""
    old = old_sliding_token(ada)
    first = Sliding(old)
    clock.shift(60)
    old.set_exp(from_time=old.current_time + timedelta(minutes=1), lifetime=timedelta(minutes=5))
    second = Sliding(old)
    assert first.access != second.access
    assert first.refresh().status_code == second.refresh().status_code == 200
    assert Session.objects.count() == ExchangedToken.objects.count() == 1


def test_a_thief_after_the_token_was_renewed(clock, ada):
    client = Sliding(old_sliding_token(ada))
    thief = Sliding(client.access)
    client.refresh()
    clock.shift(12)
    assert client.me().status_code == 200
    assert code(thief.refresh()) == NOT_VALID
    assert not Session.objects.exists()


@pytest.mark.slow
def test_twenty_at_once(ada):
    for _ in range(ROUNDS):
        token = old_sliding_token(ada)
        assert set(statuses(together(*[lambda token=token: Sliding(token).present()] * 20))) == {200}
    assert Session.objects.count() == ROUNDS


def test_its_renewal_is_over(clock, ada):
    client = Sliding(old_sliding_token(ada, lifetime=timedelta(hours=2), renewable=timedelta(hours=1)))
    clock.shift(3600)
    assert code(client.refresh()) == NOT_VALID


def test_tokens_of_the_other_kind(ada, laptop):
    """An access token of a pair is not renewed by itself, nor does a sliding token give a pair."""
    pair = Client()
    pair.sign_in(ada)
    old = old_refresh_token(ada)
    for token in (
        laptop.access,
        laptop.refresh_token,
        pair.access,
        pair.refresh_token,
        str(old),
        str(old.access_token),
    ):
        assert code(Sliding(token).refresh()) == NOT_VALID
    pair.refresh_token = str(old_sliding_token(ada))
    assert code(pair.refresh()) == NOT_VALID
    assert code(pair.blacklist()) == NOT_VALID
