"""Who acts in another person's name, through the Supabase API: no new password, and a sign-out of themselves only."""

import pytest

from tests.support.acting import act
from tests.support.supabase import NEW_PASSWORD, SupabaseDevice, needs_email, refusal, share_tokens

pytestmark = [needs_email, pytest.mark.any_database]


@pytest.fixture
def helping(grace, ada):
    """Grace acts as Ada."""
    return share_tokens(act(grace, ada))


def test_it_changes_no_password(helping, laptop, ada):
    expected = (400, "reauthentication_needed", "Password update requires reauthentication")
    assert refusal(helping.update(password=NEW_PASSWORD)) == expected
    assert helping.update(data={"theme": "dark"}).status_code == 200
    assert laptop.user().status_code == 200
    password = ada.password
    ada.refresh_from_db()
    assert ada.password == password


@pytest.mark.parametrize("scope", [None, "global", "others", "local"])
def test_it_signs_out_itself(helping, laptop, scope):
    assert helping.logout(scope).status_code == 204
    assert laptop.user().status_code == 200
    assert (helping.user().status_code == 200) == (scope == "others")


def test_the_tokens_say_who_acts(helping, laptop, grace):
    assert helping.claims["act"] == {"sub": str(grace.pk)}
    assert "act" not in laptop.claims
    assert SupabaseDevice().sign_in().refresh().status_code == 200
