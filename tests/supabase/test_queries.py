"""What each call of Supabase's clients costs, in SQL statements. Transaction control is not counted."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.supabase.models import Profile
from tests.support.statements import CREATED, DELETED, ENDED, LOCKED, statements
from tests.support.supabase import SupabaseDevice, needs_email

pytestmark = needs_email

LOCK = {"sqlite": ["UPDATE", "SELECT"], "postgresql": ["SELECT"], "mysql": ["SELECT"]}


@pytest.fixture(params=[0, 20], ids=["alone", "with many"], autouse=True)
def _other_sessions(request, ada):
    """Nothing costs more for somebody who is signed in on many devices."""
    for _ in range(request.param):
        create_session(ada)


def cost(call, status=200):
    with CaptureQueriesContext(connection) as queries:
        assert call().status_code == status
    return statements(queries)


def test_the_first_sign_in_of_all(ada):
    """Finds the user name by the address; then the user, session, token, last_login; then the profile is made."""
    sign_in = ["SELECT", "SELECT", *CREATED, "UPDATE", "SELECT"]
    expected = [*sign_in, "UPDATE", "INSERT"]  # the first locks the user
    assert cost(SupabaseDevice().try_sign_in) == expected


def test_sign_in(laptop):
    """As over REST, with one SELECT for the address and one for the profile, which receivers may have written."""
    assert cost(laptop.try_sign_in) == ["SELECT", "SELECT", *CREATED, "UPDATE", "SELECT"]


def test_refused_sign_in(laptop):
    assert cost(lambda: laptop.try_sign_in(password="wrong"), 400) == ["SELECT", "SELECT"]


def test_refresh(laptop):
    """As over REST: the profile is read with the session."""
    assert cost(laptop.refresh) == ["SELECT", "UPDATE"]


def test_refresh_of_the_parent_from_another_tab(laptop):
    tab = laptop.copy()
    laptop.refresh()
    assert cost(tab.refresh) == ["SELECT"]


def test_refused_refresh(laptop):
    laptop.logout("local")
    assert cost(laptop.refresh, 400) == ["SELECT"]
    laptop.refresh_token = "junk"
    assert cost(laptop.refresh, 400) == []


def test_user(laptop):
    """Session, user and profile in one."""
    assert cost(laptop.user) == ["SELECT"]


def test_user_without_a_profile(ada, laptop):
    """It is made. The token is then of nobody, unless the key of the user is the UUID."""
    Profile.objects.all().delete()
    assert cost(laptop.user, 200 if isinstance(ada.pk, UUID) else 403) == ["SELECT", "SELECT", "UPDATE", "INSERT"]
    assert cost(laptop.refresh) == ["SELECT", "UPDATE"]


def test_nobody(laptop):
    """Whoever shows no token of ours costs the database nothing."""
    laptop.access = "junk"
    assert cost(laptop.user, 403) == []
    assert cost(laptop.logout, 403) == []
    assert cost(lambda: laptop.update(data={"a": 1}), 403) == []


def test_data(laptop):
    """Locks the user and the session, which may have ended meanwhile, and the profile.

    So two changes at once are both kept. Reads what the database made of the numbers.
    """
    lock = LOCK[connection.vendor]
    expected = ["SELECT", *lock, *LOCKED, *lock, "UPDATE", "SELECT"]
    assert cost(lambda: laptop.update(data={"name": "Ada"})) == expected


@pytest.mark.parametrize("others", [1, 20])
def test_password(laptop, ada, others):
    """The same for one other session and for many."""
    for _ in range(others):
        create_session(ada)
    few = cost(lambda: laptop.update(password="quite-new-1906"))
    for _ in range(30):
        create_session(type(ada).objects.get(pk=ada.pk))
    assert cost(lambda: laptop.update(password="quite-newer-1907")) == few
    assert [verb for verb in few if verb == "DELETE"] == ["DELETE", *DELETED]


@pytest.mark.parametrize("scope", ["global", "local", "others"])
def test_logout(ada, laptop, scope):
    create_session(ada)
    assert cost(lambda: laptop.logout(scope), 204) == ["SELECT", *ENDED]


@pytest.mark.parametrize("scope", ["global", "local", "others"])
def test_logout_with_an_expired_token(clock, ada, laptop, scope):
    create_session(ada)
    clock.shift(301)
    assert cost(lambda: laptop.logout(scope), 204) == ["SELECT", *ENDED]


@pytest.mark.parametrize("path", ["health", "settings", ".well-known/jwks.json"])
def test_what_everybody_may_ask(db, path):
    assert cost(lambda: SupabaseDevice().send("GET", path)) == []
