"""A person signs in, or the login is dropped, in a browser in which somebody acts in another person's name."""

from datetime import timedelta

import pytest

from auth_sessions import api
from auth_sessions.core import browser_validation
from auth_sessions.models import Session
from tests.host.single_page_urls import CODE
from tests.support.browser import Browser, HelpDesk
from tests.support.device import PASSWORD, Device
from tests.support.single_page_app import SinglePageApp

pytestmark = pytest.mark.slow


@pytest.fixture
def log_out_and_in(desk):
    def submit(user, **data):
        desk.submit("/login/after-logout/", {"username": user.get_username(), **data})
        desk.session_id = desk.page("/which/").json()["session"]

    return submit


class TestAViewThatLogsOutFirst:
    def test_another_person_signs_in(self, desk, ada, bob, grace, log_out_and_in):
        desk.act_as(ada)
        log_out_and_in(bob, password=PASSWORD)
        assert (desk.row.user, desk.row.actor) == (bob, None)
        assert desk.row.authenticated_at is not None
        assert not grace.auth_sessions.exists()
        assert not ada.auth_sessions.exists()

    def test_a_login_without_authenticate_of_another_person(self, desk, ada, bob, log_out_and_in):
        desk.act_as(ada)
        log_out_and_in(bob)
        assert desk.who == str(bob.pk)

    def test_the_person_who_was_helped_signs_in(self, desk, ada, grace, log_out_and_in):
        desk.act_as(ada)
        log_out_and_in(ada, password=PASSWORD)
        assert (desk.row.user, desk.row.actor) == (ada, None)
        assert not grace.auth_sessions.exists()

    def test_the_actor_signs_in_after_a_sign_out(self, desk, ada, grace, log_out_and_in):
        desk.act_as(ada)
        api.sign_out(grace.auth_sessions.get())
        log_out_and_in(grace, password=PASSWORD)
        assert (desk.row.user, desk.row.actor) == (grace, None)


@pytest.mark.usefixtures("any_engine")
class TestAReleaseThatWritesTheBackendOnTheUser:
    """As django-su does, whose view says ``user.backend = ...`` before ``login()``: that proves nothing."""

    def stop(self, desk, backend="django.contrib.auth.backends.ModelBackend"):
        return desk.submit("/login/stop/", {"backend": backend})

    def test_the_own_session_is_no_fresher(self, desk, ada, grace, clock_from_now):
        before = desk.row
        desk.act_as(ada)
        clock_from_now.shift(timedelta(minutes=30))
        self.stop(desk)
        assert desk.who == str(grace.pk)
        (row,) = Session.objects.all()
        assert (row, row.authenticated_at) == (before, before.authenticated_at)

    @pytest.mark.parametrize("backend", ["django.contrib.auth.backends.ModelBackend", ""], ids=["text", "setting"])
    def test_who_was_signed_out_does_not_come_back(self, desk, ada, grace, backend):
        """Also where the view takes it from the setting, as ``authenticate()`` does."""
        desk.act_as(ada)
        api.sign_out(grace.auth_sessions.get())
        self.stop(desk, backend)
        assert desk.who is None
        assert not Session.objects.exists()


@pytest.mark.usefixtures("any_engine")
def test_who_was_signed_out_signs_in_again(desk, ada, grace):
    """With signed cookies at the second try: the first may have been a release."""
    desk.act_as(ada)
    api.sign_out(grace.auth_sessions.get())
    desk.submit("/login/", {"username": grace.get_username(), "password": PASSWORD})
    if desk.who is None:
        desk.sign_in(grace)
    assert desk.who == str(grace.pk)
    assert [(row.user, row.actor) for row in Session.objects.all()] == [(grace, None)]


@pytest.mark.usefixtures("any_engine", "any_transaction_mode")
def test_a_release_is_judged_once(desk, ada, caplog):
    """The view asks for nobody: Django's login() has judged who comes back."""
    browser_validation._warn_late.cache_clear()
    desk.act_as(ada)
    desk.stop()
    assert "validated after the view" not in caplog.text


class TestAPassword:
    def test_the_person_who_was_helped_before_signs_in(self, desk, ada, bob, grace):
        help_id = desk.act_as(bob).session_id
        desk.act_as(ada)
        desk.sign_in(bob)
        assert (desk.row.user, desk.row.actor) == (bob, None)
        assert desk.row.authenticated_at is not None
        assert desk.session_id != help_id
        assert [row.user for row in Session.objects.all()] == [bob]

    def test_the_actor_signs_in(self, desk, ada, grace, clock_from_now):
        """It proves who they are, as the same sign-in does where nobody acts."""
        before = desk.row
        desk.act_as(ada)
        clock_from_now.shift(timedelta(minutes=30))
        desk.sign_in(grace)
        assert desk.row == before
        assert desk.row.authenticated_at >= before.authenticated_at + timedelta(minutes=30)
        assert not ada.auth_sessions.exists()

    def test_the_actor_names_the_device(self, desk, ada, grace, settings):
        """At ``sign-in/``, which gives a tag as well: the row that comes back gets both."""
        settings.ROOT_URLCONF = "tests.host.single_page_urls"
        before = desk.row
        desk.act_as(ada)
        page = SinglePageApp()
        page.client.cookies = desk.client.cookies
        answer = page.ask_for_token().try_sign_in(grace, device_name="Help desk", otp=CODE)
        assert answer.json()["name"] == "Help desk"
        (row,) = Session.objects.all()
        assert (row, row.name, row.tag) == (before, "Help desk", "web")


class TestTheSameUserAgain:
    @pytest.mark.parametrize("order", ["before", "after"])
    def test_somebody_acts(self, desk, ada, grace, order):
        own = desk.row
        copy = desk.act_as(ada).copy()
        desk.submit(f"/login/as/again/{order}/", {"username": ada.get_username()})
        (row,) = ada.auth_sessions.all()
        assert (row.actor, row.depends_on, row.authenticated_at) == (grace, own, None)
        assert not copy.is_signed_in()
        assert desk.who == str(ada.pk)
        desk.stop()
        assert desk.who == str(grace.pk)
        assert list(Session.objects.all()) == [own]

    def test_nobody_acts_any_more(self, desk, ada):
        desk.act_as(ada)
        desk.submit("/login/as/again/never/", {"username": ada.get_username()})
        assert [(row.user, row.actor) for row in Session.objects.all()] == [(ada, None)]


@pytest.mark.usefixtures("_host_that_notes_who_acts")
def test_who_acts_for_themselves_acts_for_nobody(ada, bob):
    browser = Browser()
    for user in (ada, bob, bob):
        browser.submit("/login/noted/", {"username": user.get_username()})
        (row,) = Session.objects.all()
        assert (row.user, row.actor) == (user, None)
        assert row.authenticated_at is not None


@pytest.mark.usefixtures("_host_that_notes_who_acts")
def test_an_older_login_in_which_nobody_else_acts(ada):
    browser = Browser()
    browser.client.force_login(ada)
    data = browser.client.session
    data["staff"] = str(ada.pk)
    data.save()
    assert browser.is_signed_in()
    assert Session.objects.get().actor is None


@pytest.mark.usefixtures("any_engine", "_host_that_notes_who_acts")
@pytest.mark.parametrize("way", ["flush", "clear", "clear and write", "flush and write", "replace", "without its user"])
def test_the_login_is_dropped(grace, ada, way, settings):
    """No browser can come back to the actor's own session, as after a logout."""
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
    desk = HelpDesk().sign_in(grace).act_as(ada)
    desk.submit(f"/drop/{way}/")
    assert not Session.objects.exists()
    assert Device().sign_in(grace).is_signed_in()
