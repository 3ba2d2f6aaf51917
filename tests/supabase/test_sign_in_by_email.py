"""Found by e-mail address, in whatever letters; nobody learns which addresses have an account."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_login_failed
from django.db import IntegrityError, connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext

from auth_sessions.models import Session
from tests.host.hashers import CountingHasher
from tests.support.device import PASSWORD, Device
from tests.support.inputs import each
from tests.support.supabase import (
    CREDENTIALS,
    EMAIL,
    VERSION,
    SupabaseDevice,
    add_user,
    code,
    emails_are_usernames,
    needs_email,
    refusal,
    share_tokens,
)

pytestmark = needs_email


names_apart = pytest.mark.skipif(emails_are_usernames(), reason="Here the user name is the e-mail address.")


@pytest.fixture
def _counting(settings):
    settings.PASSWORD_HASHERS = ["tests.host.hashers.CountingHasher"]


def work(call):
    """What an answer costs: statements by verb and table, runs of the hasher; and the answer."""
    runs = CountingHasher.runs
    with CaptureQueriesContext(connection) as queries:
        answer = call()
    statements = [re.sub(r"'[^']*'|%s", "?", query["sql"]) for query in queries]
    return statements, CountingHasher.runs - runs, answer


@pytest.mark.usefixtures("_counting")
class TestUnknownAndWrongAreAlike:
    """One answer, byte for byte, for as much work: nobody learns which addresses have an account."""

    @pytest.fixture(params=["unknown", "not an address", "inactive", "unusable password", "empty password", "shared"])
    def refused(self, request, make_user):
        email, password = "eve@example.org", "wrong"
        if request.param == "not an address":
            email = "eve"
        elif request.param == "inactive":
            add_user(make_user, "eve", is_active=False)
            password = PASSWORD
        elif request.param == "unusable password":
            user = add_user(make_user, "eve")
            user.set_unusable_password()
            user.save()
        elif request.param == "empty password":
            add_user(make_user, "eve")
            password = ""
        elif request.param == "shared":
            if emails_are_usernames():
                pytest.skip("Here an e-mail address has one user.")
            make_user("eve", email=email)
            make_user("eva", email=email)
            password = PASSWORD
        return email, password

    @pytest.mark.parametrize("version", [None, VERSION])
    def test_the_answer(self, ada, refused, version):
        device = SupabaseDevice(version)
        wrong, other = device.try_sign_in(EMAIL, "wrong"), device.try_sign_in(*refused)
        assert refusal(wrong) == CREDENTIALS
        assert (other.status_code, other.content) == (wrong.status_code, wrong.content)
        assert dict(other.headers) == dict(wrong.headers)

    def test_the_work(self, ada, refused):
        device = SupabaseDevice()
        expected, runs, _ = work(lambda: device.try_sign_in(EMAIL, "wrong"))
        assert (len(expected), runs) == (2, 1)
        statements, runs, _ = work(lambda: device.try_sign_in(*refused))
        assert (statements, runs) == (expected, 1)

    def test_the_signal(self, ada, refused):
        events = []

        def listen(credentials, request, **kwargs):
            events.append((sorted(credentials), request.path))

        user_login_failed.connect(listen)
        device = SupabaseDevice()
        device.try_sign_in(EMAIL, "wrong")
        device.try_sign_in(*refused)
        user_login_failed.disconnect(listen)
        expected = (sorted([get_user_model().USERNAME_FIELD, "password"]), "/auth/v1/token")
        assert events == [expected, expected]


@names_apart
class TestSharedAddresses:
    """Refused rather than guessed."""

    def test_two_users_with_one_address(self, make_user):
        make_user("ada", email=EMAIL)
        make_user("eve", email=EMAIL.upper())
        for email in (EMAIL, EMAIL.upper()):
            assert refusal(SupabaseDevice().try_sign_in(email)) == CREDENTIALS
        assert not Session.objects.exists()

    def test_even_where_one_has_it_as_user_name(self, make_user):
        make_user(EMAIL, email=EMAIL)
        make_user("eve", email=EMAIL)
        assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS

    def test_one_of_them_inactive(self, make_user):
        make_user("ada", email=EMAIL)
        make_user("eve", email=EMAIL, is_active=False)
        assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS

    def test_again_once_only_one_has_it(self, make_user):
        ada, eve = make_user("ada", email=EMAIL), make_user("eve", email=EMAIL)
        eve.delete()
        assert SupabaseDevice().sign_in().me().json()["user"] == ada.get_username()

    def test_a_user_name_is_no_address(self, make_user):
        """Somebody took another person's address as a user name."""
        make_user(EMAIL, email="eve@example.org")
        assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS
        make_user("ada", email=EMAIL)
        assert SupabaseDevice().sign_in().me().json()["user"] == "ada"

    @pytest.mark.parametrize("email", ["ada", "", "no-such-user:x@y.z"])
    def test_a_user_without_an_address(self, make_user, email):
        make_user("ada")
        make_user("no-such-user:x@y.z")
        assert code(SupabaseDevice().try_sign_in(email))[0] == 400
        assert not Session.objects.exists()

    def test_a_user_without_an_address_may_use_a_token_here(self, make_user):
        device = share_tokens(Device().sign_in(make_user("ada")))
        body = device.user().json()
        assert (body["email"], body["identities"], device.claims["email"]) == ("", [], "")
        assert device.refresh().status_code == 200


@pytest.mark.parametrize("stored", ["Ada@Example.org", "ada@example.org", "ADA@EXAMPLE.ORG"])
@pytest.mark.parametrize("typed", ["ada@example.org", "ADA@EXAMPLE.ORG", "aDa@exAmple.org"])
def test_upper_and_lower_case(make_user, stored, typed):
    user = add_user(make_user)
    get_user_model().objects.update(email=stored)
    device = SupabaseDevice().sign_in(typed)
    assert device.user().json()["email"] == device.claims["email"] == stored
    user.refresh_from_db()
    assert user.last_login is not None


@each("typed", ["áda@example.org", "ada@example.org.", "ada@exampleorg", "a_a@example.org", "ada@%"])
def test_what_a_database_may_take_for_equal(ada, typed):
    """Accents under MariaDB's collations, and the wild cards of LIKE."""
    assert refusal(SupabaseDevice().try_sign_in(typed)) == CREDENTIALS


def test_the_address_of_today(ada):
    """Nobody signs in with an address of yesterday."""
    ada.email = "countess@example.org"
    ada.save()
    assert refusal(SupabaseDevice().try_sign_in()) == CREDENTIALS
    assert SupabaseDevice().try_sign_in("countess@example.org").status_code == 200


@pytest.mark.parametrize("sent", ["boss@\uff45xample.org", "BOSS@EXAMPLE.ORG", " boss@example.org "])
def test_an_address_in_other_letters_is_no_other_address(make_user, settings, sent):
    """What is looked for is what would be stored: nobody locks another person out by a second account."""
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    boss = add_user(make_user, "Boss")
    assert refusal(SupabaseDevice().signup(sent))[:2] == (422, "user_already_exists")
    assert SupabaseDevice().try_sign_in("boss@example.org").status_code == 200
    assert get_user_model().objects.get() == boss


def test_a_sign_up_stores_what_it_looked_for(db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    user = SupabaseDevice().signup("\uff23\uff25\uff2f@example.org").json()["user"]
    assert user["email"] == "ceo@example.org"
    assert SupabaseDevice().try_sign_in("ceo@example.org").status_code == 200


def test_an_error_of_the_projects_own_is_not_a_taken_address(db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True

    def fail(**kwargs):
        raise IntegrityError("NOT NULL constraint failed: shop_customer.country")

    post_save.connect(fail, sender=get_user_model())
    try:
        assert refusal(SupabaseDevice().signup())[:2] == (500, "unexpected_failure")
    finally:
        post_save.disconnect(fail, sender=get_user_model())
    assert not get_user_model().objects.exists()
