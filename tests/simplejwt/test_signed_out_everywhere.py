"""What of an old token outlives a sign-out everywhere, a new password, and the end of an account: nothing."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from auth_sessions.models import Session
from tests.support.device import Device, code
from tests.support.races import together
from tests.support.simplejwt import (
    NOT_VALID,
    STRIPPED,
    Client,
    during_an_exchange,
    old_refresh_token,
    old_sliding_token,
)

needs_concurrency = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")


def revoke(*arguments):
    call_command("revokeauthsessions", *arguments, stdout=StringIO())


class TestByTheCommand:
    @pytest.mark.parametrize("has_session", [True, False])
    def test_a_user(self, ada, bob, client_of_ada, has_session):
        if has_session:
            Device().sign_in(ada, STRIPPED)
        other = Client().holding(old_refresh_token(bob))
        sliding = str(old_sliding_token(ada))
        revoke("--user", ada.get_username())
        assert code(client_of_ada.present()) == NOT_VALID
        assert code(client_of_ada.verify(client_of_ada.refresh_token)) == NOT_VALID
        assert code(client_of_ada.verify(sliding)) == NOT_VALID
        assert other.present().status_code == 200

    def test_all_but_one(self, ada, bob, client_of_ada):
        others = Client().holding(old_refresh_token(bob))
        revoke("--all", "--except", ada.get_username())
        assert client_of_ada.present().status_code == 200
        assert code(others.present()) == NOT_VALID

    def test_one_that_was_exchanged(self, clock, client_of_ada):
        client_of_ada.refresh()
        clock.shift(60)
        revoke("--all", "--before", "2020-01-01")
        assert code(client_of_ada.refresh()) == NOT_VALID

    def test_not_with_the_browsers_alone(self, client_of_ada):
        revoke("--all", "--kind", "browser")
        assert client_of_ada.present().status_code == 200

    @needs_concurrency
    def test_during_the_exchange(self, client_of_ada):
        """The command waits for the session of the exchange, and ends it."""
        with during_an_exchange(lambda: revoke("--all")):
            client_of_ada.refresh()
        assert not Session.objects.exists()
        assert code(client_of_ada.refresh()) == NOT_VALID

    @needs_concurrency
    @pytest.mark.slow
    def test_at_the_same_moment(self, ada):
        for _ in range(30):
            client = Client().holding(old_refresh_token(ada))
            together(client.refresh, lambda: revoke("--all"), jitter=0.01)
            assert not Session.objects.exists()
        connection.close()


class TestByTheEndOfTheAccount:
    """Who is switched on again signs in again."""

    @pytest.mark.parametrize("is_exchanged", [True, False])
    def test_switched_off_and_on(self, ada, client_of_ada, is_exchanged):
        if is_exchanged:
            client_of_ada.refresh()
        for is_active in (False, True):
            ada.is_active = is_active
            ada.save()
        assert code(client_of_ada.refresh()) == NOT_VALID
        assert client_of_ada.me().status_code == 401
        assert client_of_ada.sign_in(ada, STRIPPED).status_code == 200

    def test_hidden_and_shown(self, ada, client_of_ada, hiding_manager):
        for is_hidden in (True, False):
            ada.is_staff = is_hidden
            ada.save()
        assert code(client_of_ada.refresh()) == NOT_VALID


class TestByANewPassword:
    @pytest.mark.parametrize("is_atomic", [True, False])
    def test_what_the_person_gets_for_it_stays(self, clock, ada, client_of_ada, is_atomic):
        """Also from a view of the project's that answers a new password with tokens of simplejwt's."""
        clock.shift(5)
        with transaction.atomic() if is_atomic else transaction.mark_for_rollback_on_error("default"):
            ada.set_password("another 1816")
            ada.save()
            clock.shift(1)
            given = Client().holding(old_refresh_token(ada))
        clock.shift(1)
        assert given.refresh().status_code == 200
        assert given.me().status_code == 200
        assert code(client_of_ada.refresh()) == NOT_VALID
