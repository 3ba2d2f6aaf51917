"""``revokeauthsessions``: for the day something leaks."""

import unicodedata
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.device import Device
from tests.support.sessions import create_browser_row
from tests.support.supabase import add_user, emails_are_usernames, needs_email


def revoke(*arguments):
    out = StringIO()
    call_command("revokeauthsessions", *arguments, stdout=out, no_color=True)
    return out.getvalue().strip()


@pytest.fixture
def bobs_device(bob):
    return Device().sign_in(bob)


def signed_in(*devices):
    return [device.me().status_code == 200 for device in devices]


def test_a_user(ada, laptop, office_browser, bobs_device):
    assert revoke("--user", ada.get_username()) == "2 sessions revoked."
    assert signed_in(laptop, office_browser, bobs_device) == [False, False, True]


@needs_email
class TestAddresses:
    @pytest.fixture
    def ada(self, make_user):
        return add_user(make_user)

    @pytest.mark.parametrize("typed", ["ada@example.org", "ADA@Example.org"])
    def test_a_user_by_address(self, ada, laptop, bobs_device, typed):
        assert revoke("--user", typed) == "1 sessions revoked."
        assert signed_in(laptop, bobs_device) == [False, True]

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    @pytest.mark.parametrize("typed", ["zoë", "zoë@example.org", "ZOË@example.org"])
    def test_another_unicode_form(self, make_user, laptop, form, typed):
        if emails_are_usernames() and (typed == "zoë" or form == "NFD"):
            pytest.skip("Such a user name is none, or nobody signs in by it.")
        user = make_user("zoe")
        stored = {"email": unicodedata.normalize(form, "zoë@example.org")}
        name = stored["email"] if emails_are_usernames() else user.normalize_username("zoë")
        type(user).objects.filter(pk=user.pk).update(**{**stored, user.USERNAME_FIELD: name})
        user.refresh_from_db()
        device = Device().sign_in(user)
        assert revoke("--user", unicodedata.normalize("NFD", typed)) == "1 sessions revoked."
        assert signed_in(laptop, device) == [True, False]

    def test_all_but_an_address(self, ada, laptop, bobs_device):
        assert revoke("--all", "--except", "ada@example.org") == "1 sessions revoked."
        assert signed_in(laptop, bobs_device) == [True, False]

    @pytest.mark.skipif(emails_are_usernames(), reason="Here an e-mail address has one user.")
    def test_an_address_of_several_is_refused(self, ada, make_user, laptop):
        make_user("eve", email="ADA@example.org")
        with pytest.raises(CommandError, match="that of several users; give the user name: ada, eve"):
            revoke("--user", "ada@example.org")
        assert signed_in(laptop) == [True]

    @pytest.mark.skipif(emails_are_usernames(), reason="Here the user name is the address.")
    def test_a_user_name_comes_first(self, ada, make_user, laptop):
        other = Device().sign_in(make_user("ada@example.org"))
        revoke("--user", "ada@example.org")
        assert signed_in(laptop, other) == [True, False]

    @pytest.mark.parametrize("typed", ["", "ada", "áda@example.org", "%@example.org"])
    def test_what_is_no_address_of_anybody(self, make_user, typed):
        add_user(make_user, "grace")
        make_user("nora")
        with pytest.raises(CommandError, match="There is no user"):
            revoke("--user", typed)


def test_several_users(ada, bob, laptop, office_browser, bobs_device):
    assert revoke("--user", ada.get_username(), "--user", bob.get_username()) == "3 sessions revoked."
    assert not Session.objects.exists()


def test_all_but_one(bob, laptop, office_browser, bobs_device):
    assert revoke("--all", "--except", bob.get_username()) == "2 sessions revoked."
    assert signed_in(laptop, office_browser, bobs_device) == [False, False, True]


@pytest.mark.parametrize(("kind", "left"), [("token", [False, True, False]), ("browser", [True, False, True])])
def test_one_kind(laptop, office_browser, bobs_device, kind, left):
    revoke("--all", "--kind", kind)
    assert signed_in(laptop, office_browser, bobs_device) == left


@pytest.mark.parametrize("moment", ["2026-11-24T12:30", "2026-11-24T12:30:00+00:00", "2026-11-24T13:30+01:00"])
def test_those_that_began_before(clock, ada, moment):
    early = Device().sign_in(ada)
    clock.shift(timedelta(hours=1))
    late = Device().sign_in(ada)
    assert revoke("--all", "--before", moment) == "1 sessions revoked."
    assert signed_in(early, late) == [False, True]


def test_a_login_older_than_the_installation_began_before(clock, ada, laptop):
    """Nobody knows when: it joined the list when it was first seen."""
    create_browser_row(ada, is_authenticated_now=False)
    assert revoke("--all", "--before", "2020-01-01") == "1 sessions revoked."
    assert signed_in(laptop) == [True]


def test_times_without_a_zone(settings, ada):
    settings.USE_TZ = False
    Device().sign_in(ada)
    assert revoke("--all", "--before", "2020-01-01T00:00+01:00") == "0 sessions revoked."


def test_a_dry_run(laptop, office_browser, bobs_device):
    assert revoke("--all", "--dry-run") == "3 sessions would be revoked."
    assert signed_in(laptop, office_browser, bobs_device) == [True, True, True]


def test_the_reason_is_given(laptop, ended):
    revoke("--all")
    assert [event["reason"] for event in ended] == ["revoked"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required"),
        (["--user", "nobody"], "There is no user 'nobody'."),
        (["--all", "--except", "nobody"], "There is no user 'nobody'."),
        (["--all", "--kind", "carrier pigeon"], "invalid choice"),
        (["--all", "--before", "yesterday"], "ISO 8601"),
        (["--all", "--user", "ada"], "not allowed with"),
    ],
)
def test_what_cannot_be_meant(laptop, arguments, said):
    with pytest.raises(CommandError, match=said):
        revoke(*arguments)
    assert laptop.me().status_code == 200


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(ada):
    create_session(ada)
    stamp = Session.objects.get().password_fingerprint
    Session.objects.bulk_create(Session(user=ada, password_fingerprint=stamp) for _ in range(2499))
    out = Terminal()
    call_command("revokeauthsessions", "--all", stdout=out, no_color=True)
    assert [line.partition("]")[2].strip() for line in out.getvalue().split("\r")[1:]][:2] == ["1000/2500", "2000/2500"]
    assert out.getvalue().endswith("2500/2500\n2500 sessions revoked.\n")
