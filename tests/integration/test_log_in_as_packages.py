"""Packages that let a member of the staff act in another person's name, as they are published."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.contrib import admin
from django.contrib.auth.signals import user_logged_in
from django.urls import clear_url_caches, include, path

from auth_sessions.authentication import get_session
from auth_sessions.models import Session
from auth_sessions.signals import session_started
from tests.support.browser import HelpDesk
from tests.support.device import Device, still_signed_in
from tests.support.pages import LIST, OTHERS, text
from tests.support.related import receiving

ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


@pytest.fixture(params=ENGINES)
def _any_engine(request, settings, tmp_path):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)


def install(settings, app, urls):
    """The package beside this app, as its README has it."""
    pytest.importorskip(app, reason=f"needs django-{app}")
    host = import_module("tests.urls")
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, app]
    settings.LOGIN_REDIRECT_URL = settings.LOGOUT_REDIRECT_URL = "/public/"
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [*host.urlpatterns, *urls()]})
    clear_url_caches()


@pytest.fixture(autouse=True)
def _as_before():
    """What a package has added to the admin and to the addresses is gone afterwards."""
    before = set(admin.site._registry)
    yield
    for model in set(admin.site._registry) - before:
        admin.site.unregister(model)
    clear_url_caches()


class Desk(HelpDesk):
    """Another view brings it back, so that its row is looked up anew."""

    @property
    def row(self):
        return Session.objects.get(pk=self.page("/which/").json()["session"])


class HijackDesk(Desk):
    nested = True

    def act_as(self, user):
        assert self.submit("/hijack/acquire/", {"user_pk": user.pk, "next": "/public/"}).status_code == 302

    def stop(self):
        return self.submit("/hijack/release/", {"next": "/public/"})


class LoginAsDesk(Desk):
    nested = False

    def act_as(self, user):
        assert self.submit(f"/loginas/login/user/{user.pk}/").status_code == 302

    def stop(self):
        return self.page("/loginas/logout/")


def install_hijack(settings):
    install(settings, "hijack", lambda: [path("hijack/", include("hijack.urls"))])
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "hijack.middleware.HijackUserMiddleware"]


def install_loginas(settings):
    install(
        settings,
        "loginas",
        lambda: [
            path("loginas/", include("loginas.urls")),
            path("loginas/logout/", import_module("loginas.views").user_logout),
        ],
    )


@pytest.fixture(params=[(install_hijack, HijackDesk), (install_loginas, LoginAsDesk)], ids=["hijack", "loginas"])
def desk(request, settings, grace):
    install, desk_class = request.param
    install(settings)
    return desk_class().sign_in(grace)


@pytest.mark.usefixtures("_any_engine")
class TestSwitchesTheLogin:
    def test_there_and_back(self, desk, grace, ada, phone):
        own = desk.row
        desk.act_as(ada)
        assert desk.who == str(ada.pk)
        assert (desk.row.user, desk.row.actor, desk.row.depends_on) == (ada, grace, own)
        assert Session.objects.filter(user=grace).get() == own
        desk.stop()
        assert (desk.who, desk.row) == (str(grace.pk), own)
        assert desk.row.authenticated_at == own.authenticated_at
        assert [str(row.pk) for row in ada.auth_sessions.all()] == [phone.session_id]

    def test_it_is_not_counted(self, desk, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 1
        phone = Device().sign_in(ada)
        desk.act_as(ada)
        assert still_signed_in(phone=phone, desk=desk) == {"phone", "desk"}
        tablet = Device().sign_in(ada)
        assert still_signed_in(tablet=tablet, desk=desk) == {"tablet", "desk"}

    def test_who_was_signed_out_everywhere_does_not_come_back(self, desk, grace, ada):
        office = Device().sign_in(grace)
        desk.act_as(ada)
        office.sign_out("global")
        desk.stop()
        assert desk.who is None
        assert not Session.objects.exists()

    def test_who_was_deactivated_does_not_come_back(self, desk, grace, ada):
        desk.act_as(ada)
        type(grace).objects.filter(pk=grace.pk).update(is_active=False)
        desk.client.raise_request_exception = False  # loginas finds no backend for them
        desk.stop()
        assert desk.who is None
        assert not ada.auth_sessions.exists()

    def test_in_one_transaction_with_the_request(self, desk, grace, ada, atomic_requests):
        own = desk.row
        desk.act_as(ada)
        assert desk.row.depends_on == own
        desk.stop()
        assert desk.row == own


class TestWhatIsSaid:
    def test_every_receiver_reads_who_acts(self, desk, grace, ada):
        started, logged_in = [], []

        def receive(user, request, **event):
            session = get_session(request)
            logged_in.append((session.user, session.actor))

        user_logged_in.connect(receive)
        try:
            with receiving(
                lambda session, **event: started.append((session.user, session.actor)), session_started, of=Session
            ):
                desk.act_as(ada)
                desk.stop()
        finally:
            user_logged_in.disconnect(receive)
        assert started == [(ada, grace)]
        assert logged_in == [(ada, grace), (grace, None)]

    def test_the_owner_s_page(self, desk, grace, ada, office_browser):
        desk.act_as(ada)
        shown = text(office_browser.page(LIST))
        assert shown.count("Help by staff") == 1
        assert grace.get_username() not in shown

    def test_it_is_never_fresh(self, desk, ada, phone, settings):
        settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = None
        desk.act_as(ada)
        assert desk.submit(OTHERS).status_code == 403
        assert phone.is_signed_in()


def test_through_several_people(desk, grace, ada, make_user):
    """Hijack goes back step by step; loginas goes back one step, and forgets the first."""
    boss = make_user("boss", is_staff=True, is_superuser=True)
    own = desk.row
    desk.act_as(boss)
    as_boss = desk.row
    desk.act_as(ada)
    assert (desk.row.actor, desk.row.depends_on) == (grace, own)
    desk.stop()
    assert (desk.who, desk.row, desk.row.actor) == (str(boss.pk), as_boss, grace)
    desk.stop()
    if desk.nested:
        assert (desk.who, desk.row) == (str(grace.pk), own)
        assert Session.objects.get() == own
    else:
        assert desk.who is None
        assert not Session.objects.exists()


def test_acting_for_a_while(clock_from_now, settings, desk, ada):
    settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
    desk.act_as(ada)
    for _ in range(3):
        clock_from_now.shift(timedelta(minutes=50))
        assert desk.who == str(ada.pk)


def test_impersonate_signs_nobody_in(settings, grace, ada, phone):
    """A middleware exchanges ``request.user``: there is no session of the customer's, and none to count or to show."""
    install(settings, "impersonate", lambda: [path("impersonate/", include("impersonate.urls"))])
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "impersonate.middleware.ImpersonateMiddleware"]
    settings.IMPERSONATE = {"DISABLE_LOGGING": True}  # its table is not migrated here
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    desk = Desk().sign_in(grace)
    before = set(Session.objects.all())
    desk.page(f"/impersonate/{ada.pk}/")
    assert desk.who == str(ada.pk)
    assert set(Session.objects.all()) == before
    assert phone.is_signed_in()
    assert desk.page(LIST).status_code == desk.submit(OTHERS).status_code == 403
    Session.objects.filter(user=grace).end(reason="revoked")
    assert desk.who is None
