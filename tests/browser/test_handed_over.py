"""What an app has handed over to a browser: a session like any other, which depends on the app's."""

from datetime import timedelta

import pytest
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import api
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from auth_sessions.signals import session_started, sessions_ending
from tests.support.browser import Browser, HelpDesk, entry_is_left
from tests.support.device import PASSWORD, Device, code, still_signed_in
from tests.support.hand_over import Website, ask
from tests.support.host import has_browsers
from tests.support.related import receiving
from tests.support.sessions import clear_expired
from tests.support.statements import DELETED, LOCKED, statements
from tests.support.ways_to_end import OF_DEVICES, WAYS_TO_END

pytestmark = has_browsers


def row(device):
    return Session.objects.get(pk=device.session_id)


@pytest.fixture
def website(iphone):
    """A browser that was signed in from the phone's app."""
    return Website().takes_over(iphone)


class TestTheSession:
    def test_it_is_of_the_same_person_and_proof(self, clock, ada, iphone):
        api.mark_reauthenticated(row(iphone), amr=["otp", "mfa"])
        clock.shift(timedelta(minutes=20))
        iphone.refresh()
        website = Website().takes_over(iphone)
        session, app = website.row, row(iphone)
        assert (session.user, session.kind, session.depends_on) == (ada, SessionKind.BROWSER, app)
        assert (session.amr, session.authenticated_at) == (app.amr, app.authenticated_at)
        assert session.authenticated_at < session.created_at
        assert session.password_fingerprint == app.password_fingerprint
        assert session.auth_backend == app.auth_backend
        assert (session.actor, session.expires_at <= app.expires_at) == (None, True)
        assert website.is_signed_in()

    def test_it_is_announced_as_any_login(self, ada, iphone):
        seen = []

        def receive(signal, **event):
            seen.append((signal, event["session"].pk if "session" in event else event["user"].pk))

        given = ask(iphone)
        with receiving(receive, session_started, of=Session), receiving(receive, user_logged_in, of=type(ada)):
            Website().continues(given)
        session = Session.objects.get(kind=SessionKind.BROWSER)
        assert seen == [(session_started, session.pk), (user_logged_in, ada.pk)]

    def test_it_is_a_device_of_its_own(self, iphone, website):
        listed = {each["id"]: each for each in iphone.sessions()}
        assert set(listed) == {iphone.session_id, website.session_id}
        assert listed[website.session_id]["kind"] == "browser"
        assert [each["is_current"] for each in website.get("sessions/").json()] == [True, False]

    @pytest.mark.parametrize("lifetime", [timedelta(hours=1), timedelta(days=300), None])
    def test_it_expires_no_later(self, clock, settings, ada, lifetime):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(days=400)
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
        settings.SESSION_SAVE_EVERY_REQUEST = True
        app = create_session(ada, lifetime=lifetime)
        website = Website()
        assert website.continues(api.create_hand_over(app)).status_code == 302
        website.note_session()
        for _ in range(3):
            assert lifetime is None or website.row.expires_at <= app.expires_at
            clock.shift(timedelta(minutes=19))
            assert website.is_signed_in()
        clock.shift(timedelta(hours=2))
        assert website.is_signed_in() == (lifetime != timedelta(hours=1))

    def test_an_app_that_is_idle_is_not_kept_alive(self, clock, settings, iphone, website):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(days=2)
        for _ in range(3):
            clock.shift(timedelta(days=1))
            website.me()
        assert website.is_signed_in()
        assert code(iphone.refresh()) == (401, "session_expired")
        assert not website.is_signed_in()

    @pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
    def test_the_limit_counts_the_app(self, settings, ada, policy):
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, policy
        phone = Device().sign_in(ada)
        one, other = (Website().takes_over(phone) for _ in range(2))
        assert still_signed_in(phone=phone, one=one, other=other) == {"phone", "one", "other"}
        if policy == "evict_oldest":
            tablet = Device().sign_in(ada)
            assert still_signed_in(phone=phone, one=one, other=other, tablet=tablet) == {"tablet"}

    @pytest.mark.parametrize("path", ["", "tests.host.backends.OnlyAuthenticates", "tests.host.backends.Directory"])
    def test_django_reads_the_person_by_a_backend_that_can(self, iphone, settings, path):
        """The app's own, or the first that knows the person."""
        model_backend = "django.contrib.auth.backends.ModelBackend"
        own = ["tests.host.backends.OnlyAuthenticates", "tests.host.backends.Directory"]
        settings.AUTHENTICATION_BACKENDS = [own[0], model_backend, own[1]]
        Session.objects.update(auth_backend=path)
        website = Website().takes_over(iphone)
        assert website.is_signed_in()
        assert website.row.auth_backend == (path if path == own[1] else model_backend)


NEW = "analytical-1843"


def ways():
    return [way for way, kind in OF_DEVICES if kind is Device]


class TestTheEnd:
    @pytest.mark.usefixtures("any_engine")
    def test_under_every_engine(self, iphone, ada, laptop):
        website = Website().takes_over(iphone)
        tab = website.copy()
        assert still_signed_in(website=website, tab=tab) == {"website", "tab"}
        laptop.sign_out("others")
        assert still_signed_in(website=website, tab=tab) == set()

    @pytest.mark.parametrize("way", ways())
    def test_it_ends_with_the_app(self, ada, make_user, way, ended):
        app = Device().sign_in(ada)
        website = Website().takes_over(app)
        cookie = website.cookie
        end, reason = WAYS_TO_END[way]
        end(app, ada, make_user)
        assert not website.is_signed_in()
        assert not entry_is_left(cookie)
        assert not Session.objects.filter(pk=website.session_id).exists()
        events = [event for event in ended if website.session_id in {str(each.pk) for each in event["sessions"]}]
        assert [event["reason"] for event in events] == [reason]

    def test_the_limit_ends_both(self, settings, ada, iphone, website):
        settings.AUTH_SESSIONS_MAX_PER_USER = 1
        Device().sign_in(ada)
        assert still_signed_in(iphone=iphone, website=website) == set()

    def test_others_from_the_app_or_the_website_keeps_both(self, ada, iphone, website):
        for caller in (iphone, website):
            second, phone, browser = Website().takes_over(iphone), Device().sign_in(ada), Browser().sign_in(ada)
            assert caller.post("sign-out/", {"scope": "others"}).status_code in {204, 403}
            if caller is website:
                api.sign_out(website.row, Scope.OTHERS)
            left = still_signed_in(app=iphone, website=website, second=second, phone=phone, browser=browser)
            assert left == {"app", "website", "second"}

    def test_others_from_elsewhere_ends_both(self, iphone, website, laptop):
        laptop.sign_out("others")
        assert still_signed_in(app=iphone, website=website, laptop=laptop) == {"laptop"}

    def test_local_on_the_website_ends_the_website(self, iphone, website):
        api.sign_out(website.row, Scope.LOCAL)
        assert still_signed_in(app=iphone, website=website) == {"app"}

    def test_logout_on_the_website_ends_the_website(self, iphone):
        browser = Browser()
        browser.client.cookies = Website().takes_over(iphone).client.cookies
        browser.submit("/logout/")
        assert still_signed_in(app=iphone, website=browser) == {"app"}

    def test_global_on_the_website_ends_all(self, iphone, website, laptop):
        api.sign_out(website.row)
        assert still_signed_in(app=iphone, website=website, laptop=laptop) == set()

    def test_it_is_one_event(self, iphone, website, ended):
        assert iphone.sign_out("local").status_code == 204
        (event,) = ended
        assert (event["reason"], event["scope"]) == (EndReason.SIGNED_OUT, Scope.LOCAL)
        assert {str(each.pk) for each in event["sessions"]} == {iphone.session_id, website.session_id}

    def test_a_receiver_that_fails_keeps_both(self, iphone, website):
        def fail(**event):
            raise TimeoutError

        with receiving(fail, sessions_ending, of=Session), pytest.raises(TimeoutError):
            api.sign_out(row(iphone))
        assert still_signed_in(app=iphone, website=website) == {"app", "website"}

    def test_the_cost_does_not_grow(self, iphone, rest_only):
        """One SELECT more than of a session on which none depends."""
        session = Session.objects.select_related("user").get(pk=iphone.session_id)
        for _ in range(10):
            Website().continues(api.create_hand_over(session))
        with CaptureQueriesContext(connection) as queries:
            assert api.sign_out(session, Scope.LOCAL) == 11
        entries = ["DELETE"]  # of `django_session`
        assert statements(queries) == [*LOCKED * 2, *entries, "DELETE", *DELETED]

    def test_the_password_is_changed_on_the_website(self, ada, iphone, website, laptop):
        assert api.change_password(ada, "changed", keep=website.row) == 1
        assert still_signed_in(app=iphone, laptop=laptop) == {"app"}
        assert Session.objects.filter(pk=website.session_id).exists()

    def test_the_password_is_saved_on_the_website(self, ada, iphone):
        """The app's session ends, and what depends on it, also where Django would keep the browser."""
        browser = Browser()
        browser.client.cookies = Website().takes_over(iphone).client.cookies
        browser.client.handler.enforce_csrf_checks = False
        passwords = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        assert browser.submit("/password/", passwords).status_code < 500
        ada.refresh_from_db()
        assert ada.check_password(NEW)
        assert still_signed_in(app=iphone, website=browser) == set()
        assert not Session.objects.exists()

    def test_the_password_is_changed_in_the_app(self, ada, iphone, website):
        api.change_password(ada, "changed", keep=row(iphone))
        assert still_signed_in(app=iphone, website=website) == {"app"}

    @pytest.mark.usefixtures("_host_that_notes_who_acts")
    def test_who_acts_from_the_website_stops_with_the_app(self, grace, ada):
        app = Device().sign_in(grace)
        desk = HelpDesk()
        desk.client.cookies = Website().takes_over(app).client.cookies
        desk.act_as(ada)
        acted = desk.row
        assert (acted.actor, acted.depends_on.depends_on) == (grace, row(app))
        assert code(desk.post("hand-over/")) == (401, "not_authenticated")
        clear_expired()
        assert desk.who == str(ada.pk)
        app.sign_out("local")
        assert desk.who is None
        assert not Session.objects.exists()

    @pytest.mark.usefixtures("_host_that_notes_who_acts")
    def test_who_has_acted_comes_back_to_the_website(self, grace, ada):
        app = Device().sign_in(grace)
        website = Website().takes_over(app)
        desk = HelpDesk()
        desk.client.cookies = website.client.cookies
        desk.act_as(ada)
        desk.stop()
        assert desk.who == str(grace.pk)
        assert website.note_session().row.depends_on == row(app)
        app.sign_out("local")
        assert desk.who is None
