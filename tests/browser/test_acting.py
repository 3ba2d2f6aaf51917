"""A browser in which a member of the staff logs in as another person, acts in their name, and comes back."""

from datetime import timedelta

import pytest
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.utils import timezone

from auth_sessions import api
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from auth_sessions.signals import session_started
from tests.support.admin import SESSIONS, USERS, log_entries, page, session_of
from tests.support.browser import HelpDesk
from tests.support.device import Device, still_signed_in
from tests.support.host import has_admin
from tests.support.pages import EVERYWHERE, LIST, OTHERS, name_path, sign_out_path, text
from tests.support.related import receiving
from tests.support.sessions import clear_expired

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_host_that_notes_who_acts")]


def rows(user):
    return list(user.auth_sessions.order_by("pk"))


SIGN_OUTS = {
    "REST, local": lambda desk: desk.sign_out("local"),
    "REST, global": lambda desk: desk.sign_out("global"),
    "REST, by its id": lambda desk: desk.delete(f"sessions/{desk.session_id}/"),
    "page, this device": lambda desk: desk.submit(sign_out_path(desk)),
    "page, everywhere": lambda desk: desk.submit(EVERYWHERE),
    "logout()": lambda desk: desk.submit("/logout/"),
}


@pytest.mark.usefixtures("any_engine")
class TestEveryEngine:
    def test_there_and_back(self, desk, grace, ada, phone):
        own = desk.row
        desk.act_as(ada)
        assert desk.who == str(ada.pk)
        assert (desk.row.user, desk.row.actor, desk.row.depends_on) == (ada, grace, own)
        assert rows(grace) == [own]
        assert desk.stop().status_code == 200
        assert desk.who == str(grace.pk)
        assert desk.page("/which/").json()["session"] == str(own.pk)
        assert rows(ada) == [Session.objects.get(pk=phone.session_id)]
        back = rows(grace)[0]
        assert (back, back.authenticated_at, back.actor) == (own, own.authenticated_at, None)
        assert desk.copy().is_signed_in()
        phone.sign_out("others")
        Device().sign_in(grace).sign_out("others")
        assert not desk.is_signed_in()

    def test_through_several_people(self, desk, grace, ada, bob):
        own, as_ada = desk.row, desk.act_as(ada).row
        desk.act_as(bob)
        assert (desk.row.user, desk.row.actor, desk.row.depends_on) == (bob, grace, own)
        assert as_ada in rows(ada)
        desk.stop()
        assert desk.who == str(grace.pk)
        assert list(Session.objects.all()) == [own]

    @pytest.mark.parametrize("scope", ["global", "others"])
    def test_who_was_signed_out_while_acting_does_not_come_back(self, desk, grace, ada, scope):
        office = Device().sign_in(grace)
        desk.act_as(ada)
        stale = desk.copy()
        office.sign_out(scope)
        assert desk.who is None
        assert desk.stop().status_code == 403
        stale.submit("/login/stop/")
        assert not stale.is_signed_in()
        assert rows(ada) == []

    def test_whom_the_default_manager_hides_acts_no_longer(self, desk, ada, request):
        desk.act_as(ada)
        assert desk.who == str(ada.pk)
        request.getfixturevalue("hiding_manager")  # from now on it hides staff
        assert desk.who is None
        assert rows(ada) == []

    def test_the_owner_ends_the_help(self, desk, grace, ada, phone):
        desk.act_as(ada)
        assert phone.delete(f"sessions/{desk.session_id}/").status_code == 204
        assert desk.who is None
        assert phone.is_signed_in()

    @pytest.mark.parametrize("way", SIGN_OUTS)
    def test_it_signs_out_instead_of_coming_back(self, desk, grace, ada, settings, way):
        """No browser holds the actor's own session any more, which is not counted, either."""
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
        desk.act_as(ada)
        assert SIGN_OUTS[way](desk).status_code in {204, 302}
        assert desk.who is None
        assert not Session.objects.exists()
        assert Device().sign_in(grace).is_signed_in()

    def test_it_signs_out_through_several_people(self, desk, ada, bob):
        desk.act_as(ada)
        desk.act_as(bob)
        desk.sign_out("local")
        assert not Session.objects.exists()

    def test_it_signs_out_the_others_and_comes_back(self, desk, grace, ada):
        desk.act_as(ada)
        assert desk.sign_out("others").status_code == 204
        desk.stop()
        assert desk.who == str(grace.pk)

    def test_it_is_neither_counted_nor_evicts(self, settings, grace, ada):
        settings.AUTH_SESSIONS_MAX_PER_USER = 1
        phone, desk = Device().sign_in(ada), HelpDesk().sign_in(grace)
        desk.act_as(ada)
        assert still_signed_in(phone=phone, desk=desk) == {"phone", "desk"}
        tablet = Device().sign_in(ada)
        assert still_signed_in(tablet=tablet, desk=desk) == {"tablet", "desk"}
        desk.stop()
        assert desk.who == str(grace.pk)

    def test_it_acts_for_long(self, clock_from_now, settings, grace, ada):
        """The actor's own session is neither idle nor expired while its browser is in use."""
        if settings.SESSION_ENGINE.endswith("file"):
            pytest.skip("Django goes by the time that the system notes of a file.")
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
        settings.SESSION_COOKIE_AGE, settings.SESSION_SAVE_EVERY_REQUEST = 3600, True
        desk = HelpDesk().sign_in(grace)
        desk.act_as(ada)
        for _ in range(3):
            clock_from_now.shift(timedelta(minutes=40))
            assert desk.who == str(ada.pk)
        clear_expired()
        desk.stop()
        assert desk.who == str(grace.pk)

    def test_not_longer_than_the_lifetime_of_the_own_session(self, clock_from_now, settings, grace, ada):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(hours=2)
        desk = HelpDesk().sign_in(grace)
        clock_from_now.shift(timedelta(hours=1))
        desk.act_as(ada)
        clock_from_now.shift(timedelta(minutes=61))
        assert desk.who is None

    @pytest.mark.parametrize("atomic", [False, True])
    def test_in_one_transaction_with_the_view(self, desk, grace, ada, monkeypatch, atomic):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        own = desk.row
        desk.act_as(ada)
        assert (desk.row.actor, desk.row.depends_on) == (grace, own)
        desk.stop()
        assert list(Session.objects.all()) == [own]
        assert desk.who == str(grace.pk)


class TestWhatIsSaid:
    def test_it_is_announced_once_as_help(self, desk, grace, ada):
        started, logged_in = [], []
        with (
            receiving(
                lambda session, **event: started.append((session.user, session.actor)), session_started, of=Session
            ),
            receiving(lambda user, **event: logged_in.append(user), user_logged_in, of=type(ada)),
        ):
            desk.act_as(ada)
            assert (started, logged_in) == ([(ada, grace)], [ada])
            desk.stop()
        assert (started, logged_in) == ([(ada, grace)], [ada, grace])

    def test_what_ends_at_the_release(self, desk, grace, ada, ended):
        desk.act_as(ada)
        help_id = desk.session_id
        desk.stop()
        (event,) = ended
        assert [str(session.pk) for session in event["sessions"]] == [help_id]
        assert (event["reason"], event["actor"]) == (EndReason.SIGNED_OUT, grace)

    def test_an_ordinary_login_over_another_is_announced_as_such(self, office_browser, bob):
        started = []
        with receiving(
            lambda session, **event: started.append((session.user, session.actor)), session_started, of=Session
        ):
            office_browser.sign_in(bob)
        assert started == [(bob, None)]
        assert Session.objects.get(pk=office_browser.session_id).authenticated_at is not None

    def test_an_ordinary_login_over_another_is_counted(self, settings, office_browser, bob):
        settings.AUTH_SESSIONS_MAX_PER_USER = 1
        phone = Device().sign_in(bob)
        office_browser.sign_in(bob)
        assert still_signed_in(phone=phone, office=office_browser) == {"office"}

    def test_the_owner_s_page(self, desk, grace, ada, office_browser):
        desk.act_as(ada)
        shown = text(office_browser.page(LIST))
        assert shown.count("Help by staff") == 1
        assert str(grace) not in shown
        listed = {row["id"]: row["is_staff_help"] for row in office_browser.sessions()}
        assert listed == {office_browser.session_id: False, desk.session_id: True}

    def test_the_page_of_help(self, desk, ada, office_browser):
        """Not a login of unknown age."""
        desk.act_as(ada)
        assert "Signed in before" not in text(office_browser.page(LIST))


class TestNeverFresh:
    @pytest.fixture(params=[timedelta(minutes=10), None], ids=["ten minutes", "never"])
    def _any_age(self, request, settings):
        settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = request.param

    @pytest.mark.usefixtures("_any_age")
    def test_it_ends_no_device_of_the_person(self, desk, ada, iphone, office_browser):
        desk.act_as(ada)
        Session.objects.filter(pk=desk.session_id).update(authenticated_at=timezone.now())
        for path in (OTHERS, EVERYWHERE, sign_out_path(iphone), sign_out_path(office_browser)):
            assert desk.page(path).status_code == 403
            assert desk.submit(path).status_code == 403
        assert desk.delete(f"sessions/{iphone.session_id}/").status_code == 403
        for scope in ("others", "global"):
            assert desk.sign_out(scope).status_code == 204
        assert still_signed_in(phone=iphone, office=office_browser, desk=desk) == {"phone", "office"}

    def test_it_signs_out_itself(self, desk, ada, iphone):
        desk.act_as(ada)
        assert desk.submit(sign_out_path(desk)).status_code == 302
        assert still_signed_in(phone=iphone, desk=desk) == {"phone"}

    def test_the_password_is_nobodys_proof(self, desk, ada, iphone):
        desk.act_as(ada)
        assert desk.submit(OTHERS, {"password": " lovelace 1815 "}).status_code == 403
        desk.submit("/login/", {"username": ada.get_username(), "password": " lovelace 1815 "})
        assert desk.row.authenticated_at is None
        assert desk.submit(OTHERS).status_code == 403
        assert iphone.is_signed_in()

    @has_admin
    def test_it_ends_no_session_in_the_admin(self, desk, make_user):
        hal = make_user("hal", is_staff=True, is_superuser=True)
        phone = session_of(Device().sign_in(hal))
        desk.act_as(hal)
        for data in ({}, {"confirmed": "yes"}):
            for action, chosen in (("revoke_selected", phone), ("revoke_others", desk.row), ("delete_selected", phone)):
                desk.submit(SESSIONS, {"action": action, "_selected_action": [chosen.pk], "post": "yes", **data})
            everywhere = {"action": "sign_out_everywhere", "_selected_action": [hal.pk], **data}
            assert desk.submit(USERS, everywhere).status_code == 403
        assert desk.page(page(phone, "delete")).status_code == 403
        assert desk.submit(page(phone, "delete"), {"post": "yes"}).status_code == 403
        assert desk.page(page(phone)).status_code == 200
        assert set(hal.auth_sessions.all()) == {phone, desk.row}
        assert log_entries() == []

    @has_admin
    def test_it_deletes_no_user_with_sessions(self, desk, make_user, bob):
        hal = make_user("hal", is_staff=True, is_superuser=True)
        phone = Device().sign_in(bob)
        desk.act_as(hal)
        desk.submit(page(bob, "delete"), {"post": "yes"})
        assert phone.is_signed_in()

    def test_it_looks_and_names(self, desk, ada, iphone):
        desk.act_as(ada)
        assert "Chrome on iOS" in text(desk.page(LIST))
        assert desk.submit(name_path(iphone), {"name": "Phone"}).status_code == 302


class TestCleanUp:
    def test_what_is_acted_from_stays(self, clock_from_now, desk, grace, ada):
        """Its entry in the store is gone, as that of a browser is which was closed."""
        desk.act_as(ada)
        clock_from_now.shift(timedelta(hours=1))
        clear_expired()
        assert desk.stop().status_code == 200
        assert desk.who == str(grace.pk)

    def test_through_several_people(self, clock_from_now, desk, grace, ada, bob):
        desk.act_as(ada)
        desk.act_as(bob)
        clock_from_now.shift(timedelta(hours=1))
        clear_expired()
        assert Session.objects.count() == 3

    def test_what_nobody_can_come_back_to_ends(self, clock_from_now, desk, grace, ada, phone):
        desk.act_as(ada)
        phone.delete(f"sessions/{desk.session_id}/")
        assert len(rows(grace)) == 1
        clock_from_now.shift(timedelta(hours=1))
        clear_expired()
        assert rows(grace) == []
        assert len(rows(ada)) == 1


class TestWhoComesBack:
    def test_a_password_is_no_release(self, desk, grace, ada):
        """Who was signed out while acting signs in again, as ever."""
        desk.act_as(ada)
        api.sign_out(grace.auth_sessions.get())
        desk.sign_in(grace)
        assert desk.who == str(grace.pk)

    def test_another_person_signs_in_over_it(self, desk, grace, ada, bob):
        desk.act_as(ada)
        desk.sign_in(bob)
        assert (desk.row.user, desk.row.actor) == (bob, None)
        assert (rows(ada), rows(grace)) == ([], [])

    def test_the_actor_s_password_has_changed(self, desk, grace, ada):
        desk.act_as(ada)
        grace.set_password("changed")
        grace.save()
        assert desk.who is None
        assert rows(ada) == []
        assert not Session.objects.live(user=grace).exists()

    def test_with_the_own_session_unknown(self, grace, ada):
        """A login as another person that is older than the installation."""
        desk = HelpDesk()
        desk.client.force_login(ada)
        data = desk.client.session
        data["staff"] = str(grace.pk)
        data.save()
        assert desk.who == str(ada.pk)
        session = ada.auth_sessions.get()
        assert (session.actor, session.depends_on, session.authenticated_at) == (grace, None, None)
        desk.stop()
        assert desk.who is None

    def test_what_is_acted_from_a_phone_too(self, desk, grace, ada):
        """A token session that is acted from the browser ends with the browser's, not at the release."""
        own = desk.row
        desk.act_as(ada)
        pair = api.sign_in_user(ada, actor=grace)
        assert pair.session.depends_on == own
        desk.stop()
        assert [str(row.pk) for row in rows(ada)] == [str(pair.session.pk)]
        desk.sign_out("local")
        assert rows(ada) == []


@pytest.mark.parametrize("path", ["/who/", "/who/async/"])
def test_async(desk, grace, ada, path):
    desk.act_as(ada)
    assert desk.page(path).json() == {"user": str(ada.pk)}
    desk.stop()
    assert desk.page(path).json() == {"user": str(grace.pk)}


@pytest.mark.django_db
@pytest.mark.usefixtures("any_engine")
def test_in_a_transaction_that_never_commits(grace, ada):
    """As Django's ``TestCase`` has it."""
    desk = HelpDesk().sign_in(grace)
    own = desk.row
    desk.act_as(ada)
    assert (desk.row.actor, desk.row.depends_on) == (grace, own)
    desk.stop()
    assert desk.who == str(grace.pk)
    assert list(Session.objects.all()) == [own]
