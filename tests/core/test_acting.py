"""Who acts in another person's name, with tokens: not counted, not fresh, shown as help, and ended with the actor."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from io import StringIO

import jwt
import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.contrib.auth.signals import user_logged_in
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import api, exceptions
from auth_sessions.choices import EndReason
from auth_sessions.core.creation import create_session
from auth_sessions.core.database import all_sessions
from auth_sessions.models import Session
from auth_sessions.signals import session_started, sessions_ending
from tests.support.acting import act
from tests.support.admin import AdminClient, needs_permissions
from tests.support.device import PASSWORD, Device, code, still_signed_in
from tests.support.races import ROUNDS, together
from tests.support.related import receiving
from tests.support.sessions import clear_expired, create_browser_row
from tests.support.statements import DELETED, LOCKED, statements

pytestmark = pytest.mark.slow


def row(device):
    return Session.objects.get(pk=device.session_id)


class TestWhatItIs:
    def test_the_row(self, help_device, grace, staff_device, ada):
        session = row(help_device)
        assert (session.user, session.actor, session.depends_on) == (ada, grace, row(staff_device))
        assert session.authenticated_at is None
        assert help_device.is_signed_in()

    def test_it_is_announced_with_its_actor(self, grace, staff_device, ada):
        seen = []

        def receive(session, **event):
            seen.append((session.user, session.actor))

        with receiving(receive, session_started, of=Session), receiving(receive, user_logged_in, of=type(ada)):
            act(grace, ada, from_device=staff_device)
        assert seen == [(ada, grace)] * 2

    def test_the_owner_reads_that_it_is_help_and_not_whose(self, help_device, laptop, grace):
        assert {each["id"]: each["is_staff_help"] for each in laptop.sessions()} == {
            laptop.session_id: False,
            help_device.session_id: True,
        }
        assert grace.get_username() not in laptop.get("sessions/").content.decode()

    def test_the_access_token_says_who_acts(self, help_device, laptop, grace):
        """RFC 8693, section 4.1."""

        def claims(device):
            return jwt.decode(device.access, options={"verify_signature": False})

        assert claims(help_device)["act"] == {"sub": str(grace.pk)}
        help_device.refresh()
        assert claims(help_device)["act"] == {"sub": str(grace.pk)}
        assert "act" not in claims(laptop)

    def test_who_acts_for_themselves_does_not_act(self, grace):
        session = api.sign_in_user(grace, actor=grace).session
        assert (session.actor, session.is_staff_help) == (None, False)
        assert session.authenticated_at is not None

    def test_through_several_people_the_first_one_acts(self, help_device, grace, staff_device, ada, bob):
        nested = row(act(ada, bob, from_device=help_device))
        assert (nested.user, nested.actor, nested.depends_on) == (bob, grace, row(staff_device))

    def test_an_inactive_person_does_not_act(self, make_user, ada):
        inactive = make_user("eve", is_active=False)
        with pytest.raises(exceptions.UserInactive):
            api.sign_in_user(ada, actor=inactive)
        assert not Session.objects.exists()

    def test_without_a_session_of_their_own(self, grace, ada):
        helping = act(grace, ada)
        assert (row(helping).actor, row(helping).depends_on) == (grace, None)
        assert helping.is_signed_in()
        assert helping.refresh().status_code == 200

    def test_it_lives_no_longer_than_the_actors_own(self, grace, ada):
        own = create_session(grace, lifetime=timedelta(hours=1))
        assert row(act(grace, ada)).expires_at == own.expires_at


class TestLimit:
    @pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
    def test_it_neither_counts_nor_evicts(self, settings, grace, staff_device, ada, policy):
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, policy
        phone = Device().sign_in(ada)
        helping = act(grace, ada, from_device=staff_device)
        assert still_signed_in(phone=phone, help=helping, staff=staff_device) == {"phone", "help", "staff"}
        phone.sign_out("local")
        tablet = Device().sign_in(ada)
        assert still_signed_in(tablet=tablet, help=helping) == {"tablet", "help"}


def sign_out_by_staff(grace, make_user):
    Device().sign_in(make_user("root", is_superuser=True)).post(f"users/{grace.pk}/sign-out/")


def deactivate_unnoticed(grace, make_user):
    type(grace)._base_manager.filter(pk=grace.pk).update(is_active=False)


def deactivate(grace, make_user):
    grace.is_active = False
    grace.save()


def change_password(grace, make_user):
    grace.set_password("changed")
    grace.save()


def sign_out_in_the_admin(grace, make_user):
    AdminClient(make_user("root", is_staff=True, is_superuser=True)).confirm("sign_out_everywhere", [grace])


PERSONAL = {
    "deleted": lambda grace, make_user: grace.delete(),
    "deleted in bulk": lambda grace, make_user: get_user_model().objects.filter(pk=grace.pk).delete(),
    "deactivated": deactivate,
    "deactivated past save()": deactivate_unnoticed,
    "by staff": sign_out_by_staff,
    "by the command": lambda grace, make_user: call_command(
        "revokeauthsessions", "--user", grace.get_username(), stdout=StringIO()
    ),
}
"""What befalls the actor, not one of their sessions."""
if apps.is_installed("django.contrib.admin"):
    PERSONAL["in the admin"] = sign_out_in_the_admin

WAYS = {
    **PERSONAL,
    "everywhere": lambda grace, make_user: api.sign_out(grace.auth_sessions.first()),
    "everywhere, from another device": lambda grace, make_user: Device().sign_in(grace).sign_out("global"),
    "the others, from another device": lambda grace, make_user: Device().sign_in(grace).sign_out("others"),
    "here": lambda grace, make_user: api.sign_out(grace.auth_sessions.first(), "local"),
    "session.delete()": lambda grace, make_user: grace.auth_sessions.first().delete(),
    "related manager": lambda grace, make_user: grace.auth_sessions.all().delete(),
    "end()": lambda grace, make_user: Session.objects.filter(user=grace).end(reason=EndReason.REVOKED),
    "password": change_password,
    "change_password()": lambda grace, make_user: api.change_password(grace, "changed"),
}


class TestTheEndOfTheActorsOwnSession:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.usefixtures("tokens_only")
    def test_it_ends_what_is_acted(self, grace, help_device, laptop, make_user, way):
        WAYS[way](grace, make_user)
        assert still_signed_in(help=help_device, laptop=laptop) == {"laptop"}
        assert help_device.refresh().status_code == 401
        clear_expired()
        assert list(Session.objects.filter(user=row(laptop).user)) == [row(laptop)]

    @pytest.mark.parametrize("way", PERSONAL)
    @pytest.mark.usefixtures("tokens_only")
    def test_without_a_session_of_the_actor(self, grace, laptop, make_user, way):
        ada = row(laptop).user
        helping = act(grace, ada)
        PERSONAL[way](grace, make_user)
        assert still_signed_in(help=helping, laptop=laptop) == {"laptop"}
        clear_expired()
        assert list(ada.auth_sessions.all()) == [row(laptop)]

    def test_a_later_sign_out_everywhere_ends_it_too(self, grace, ada):
        helping = act(grace, ada)
        assert Device().sign_in(grace).sign_out("others").status_code == 204
        assert not helping.is_signed_in()

    @pytest.mark.parametrize("scope", ["others", "local"])
    def test_from_the_own_device_only_what_the_scope_says(self, grace, staff_device, help_device, scope):
        staff_device.sign_out(scope)
        assert help_device.is_signed_in() == (scope == "others")

    def test_an_own_session_that_is_over_but_still_there(self, clock, settings, grace, ada):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
        own = create_session(grace)
        helping = act(grace, ada)
        clock.shift(timedelta(hours=2))
        type(own).objects.filter(pk=helping.session_id).update(last_seen_at=own.last_seen_at + timedelta(hours=2))
        assert code(helping.refresh()) == (401, "session_not_found")

    @pytest.mark.parametrize("use", ["me", "refresh"])
    def test_acting_is_use_of_it(self, clock, settings, staff_device, help_device, use):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
        help_device.refresh()
        for _ in range(3):
            clock.shift(timedelta(minutes=50))
            assert getattr(help_device, use)().status_code == 200
        assert staff_device.refresh().status_code == 200

    def test_each_person_is_told_what_happened_to_them(self, ended, grace, staff_device, help_device, ada):
        assert api.change_password(grace, "changed") == 2
        assert [(event["reason"], event["scope"], event["user_ids"]) for event in ended] == [
            (EndReason.SIGNED_OUT, None, {ada.pk}),
            (EndReason.PASSWORD_CHANGED, None, {grace.pk}),
        ]

    def test_a_receiver_that_fails_keeps_both(self, grace, staff_device, help_device, ada):
        def fail(user_ids, **event):
            if grace.pk in user_ids:
                raise TimeoutError

        with receiving(fail, sessions_ending, of=Session), pytest.raises(TimeoutError):
            api.sign_out(row(staff_device))
        assert still_signed_in(staff=staff_device, help=help_device) == {"staff", "help"}

    def test_what_is_selected_with_it_ends_once(self, ended, grace, staff_device, help_device):
        assert Session.objects.all().end(reason=EndReason.REVOKED) == 2
        assert not Session.objects.exists()
        assert sorted(str(each.pk) for event in ended for each in event["sessions"]) == sorted(
            [staff_device.session_id, help_device.session_id]
        )

    @pytest.mark.parametrize("number", [1, 10, 200])
    def test_the_cost_does_not_grow(self, grace, staff_device, make_user, number, rest_only):
        for each in range(number):
            create_session(make_user(f"customer{each}"), actor=grace, current=row(staff_device))
        session = Session.objects.select_related("user").get(pk=staff_device.session_id)
        with CaptureQueriesContext(connection) as queries:
            assert api.sign_out(session) == number + 1
        assert statements(queries) == [*LOCKED * 2, *["DELETE", *DELETED] * 2]

    @pytest.mark.parametrize("has_own", [True, False])
    def test_a_request_and_a_refresh_read_one_row_more(self, ada, make_user, rest_only, has_own):
        """The actor's own session, or where they have none the actor."""
        actor = make_user("joan")
        helping = act(actor, ada, from_device=Device().sign_in(actor) if has_own else None)
        assert (row(helping).depends_on is not None) == has_own
        costs = []
        for use in (helping.me, helping.refresh, helping.me):
            with CaptureQueriesContext(connection) as queries:
                use()
            costs.append(statements(queries))
        assert costs == [["SELECT"] * 2, ["SELECT", "SELECT", "UPDATE"], ["SELECT"] * 2]

    def test_an_actor_signed_out_meanwhile_signs_nobody_in(self, grace, staff_device, ada):
        """The actor's own session was read, and has ended before the new one is written."""
        current = row(staff_device)
        api.sign_out(current)
        with pytest.raises(exceptions.SessionNotFound):
            create_session(ada, actor=grace, current=current)
        assert not Session.objects.exists()


class TestWhatItMayDo:
    def test_it_signs_out_itself_and_nobody_else(self, grace, staff_device, ada, laptop):
        for scope in ("global", "others", "local"):
            helping, other = (act(grace, ada, from_device=staff_device) for _ in range(2))
            assert helping.sign_out(scope).status_code == 204
            left = {"global": set(), "others": {"help"}, "local": {"other"}}[scope]
            assert still_signed_in(laptop=laptop, staff=staff_device, help=helping, other=other) == left | {
                "laptop",
                "staff",
            }
            all_sessions().exclude(actor=None).end(reason=EndReason.REVOKED)

    def test_it_ends_no_device_of_the_person(self, help_device, laptop):
        assert help_device.delete(f"sessions/{laptop.session_id}/").status_code == 403
        assert laptop.is_signed_in()
        assert help_device.delete(f"sessions/{help_device.session_id}/").status_code == 204

    @needs_permissions
    def test_the_permissions_of_the_person_sign_out_nobody(self, grace, staff_device, make_user, bob):
        hal = make_user("hal")
        app = {"content_type__app_label": "auth_sessions"}
        hal.user_permissions.add(*Permission.objects.filter(codename="delete_session", **app))
        phone, other = Device().sign_in(hal), Device().sign_in(bob)
        helping = act(grace, hal, from_device=staff_device)
        for user in (hal, bob, grace, make_user("signed in nowhere")):
            assert helping.post(f"users/{user.pk}/sign-out/").status_code == 403
        assert still_signed_in(phone=phone, other=other, staff=staff_device, help=helping) == {
            "phone",
            "other",
            "staff",
            "help",
        }

    def test_the_owner_ends_it(self, help_device, staff_device, laptop):
        assert laptop.delete(f"sessions/{help_device.session_id}/").status_code == 204
        assert still_signed_in(help=help_device, staff=staff_device) == {"staff"}

    def test_the_owner_signs_out_everywhere(self, help_device, staff_device, laptop):
        laptop.sign_out("global")
        assert still_signed_in(help=help_device, staff=staff_device) == {"staff"}

    def test_the_owner_changes_the_password(self, help_device, ada):
        ada.set_password("analytical-1843")
        ada.save()
        assert not help_device.is_signed_in()


@pytest.mark.usefixtures("shared_cache")
class TestCachedCheck:
    def test_it_ends_with_the_actors_own(self, grace, staff_device, help_device):
        assert [help_device.fast().status_code for _ in range(2)] == [200, 200]
        staff_device.sign_out("global")
        assert help_device.fast().status_code == 401

    def test_a_new_password_of_the_actor(self, grace, ada):
        """The actor's own session is a browser's, which Django judges."""
        own = create_browser_row(grace)
        helping = act(grace, ada)
        assert row(helping).depends_on == own
        assert [helping.fast().status_code for _ in range(2)] == [200, 200]
        grace.set_password("quite-new-1906")
        grace.save()
        assert code(helping.fast()) == code(helping.me()) == (401, "session_not_found")
        assert list(Session.objects.all()) == [own]

    def test_a_new_password_of_the_actor_of_which_nothing_was_told(self, grace, ada):
        create_browser_row(grace)
        helping = act(grace, ada)
        get_user_model().objects.filter(pk=grace.pk).update(password=make_password("quite-new-1906"))
        assert code(helping.me()) == code(helping.refresh()) == (401, "session_not_found")

    def test_a_new_password_that_keeps_the_actors_own(self, grace, ada):
        own = create_browser_row(grace)
        helping = act(grace, ada)
        other = create_browser_row(grace, key="other")
        from_other = act(grace, ada)
        assert [row(each).depends_on for each in (helping, from_other)] == [own, other]
        api.change_password(grace, "quite-new-1906", keep=own)
        assert still_signed_in(helping=helping, from_other=from_other) == {"helping"}
        assert helping.fast().status_code == 200

    def test_a_better_hash_of_the_actor(self, grace, ada, settings):
        create_browser_row(grace)
        helping = act(grace, ada)
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
            *settings.PASSWORD_HASHERS,
        ]
        stored = get_user_model().objects.get(pk=grace.pk)
        assert stored.check_password(PASSWORD)
        assert stored.password.startswith("bcrypt")
        assert helping.fast().status_code == helping.me().status_code == 200


def test_the_clean_up_ends_it_with_the_actors_own(clock, grace, ada, laptop):
    create_session(grace, lifetime=timedelta(hours=1))
    act(grace, ada)
    clock.shift(timedelta(hours=2))
    clear_expired()
    assert list(Session.objects.all()) == [row(laptop)]


class TestRaces:
    def test_who_begins_to_act_while_being_signed_out(self, grace, ada):
        """Either the new session is refused, or it ends with the actor's own."""
        for _ in range(ROUNDS):
            own = create_session(grace)
            together(partial(_begin, grace, ada, own), partial(api.sign_out, own))
            assert not Session.objects.exists()

    def test_acting_from_one_session_many_times_at_once(self, grace, staff_device, ada):
        own = row(staff_device)
        for _ in range(ROUNDS):
            together(*[partial(_begin, grace, ada, own)] * 4)
        assert ada.auth_sessions.count() == 4 * ROUNDS
        together(partial(api.sign_out, own), *[partial(_begin, grace, ada, own)] * 3)
        assert not Session.objects.exists()


def _begin(actor, user, own):
    with suppress(exceptions.SessionNotFound):
        create_session(user, actor=actor, current=own)


def test_a_browser_row_without_a_middleware(grace, ada):
    own = create_browser_row(grace, key="own")
    assert create_session(ada, actor=grace, current=own).depends_on == own
