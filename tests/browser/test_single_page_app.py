"""A single-page app signs in by ``sign-in/``: with every session engine, by WSGI and ASGI, beside a token device."""

from datetime import timedelta

import pytest
from django.utils import timezone

from auth_sessions.models import Session
from tests.support import error_reports
from tests.support.browser import entry_is_left
from tests.support.device import MACBOOK, PASSWORD, code, still_signed_in
from tests.support.inputs import each
from tests.support.single_page_app import SinglePageApp

pytestmark = pytest.mark.any_database


@pytest.fixture(params=["wsgi", "asgi"])
def new_page(request):
    return lambda: SinglePageApp(request.param)


@pytest.fixture
def page(new_page, ada):
    return new_page().sign_in(ada)


@pytest.mark.usefixtures("any_engine")
class TestEveryEngine:
    def test_the_answer(self, clock_from_now, new_page, ada):
        answer = new_page().ask_for_token().try_sign_in(ada, device_name="Ada's desk")
        assert answer.status_code == 200
        row = Session.objects.get()
        body = answer.json()
        assert (body["id"], body["kind"], body["name"], body["is_current"]) == (
            str(row.pk),
            "browser",
            "Ada's desk",
            True,
        )
        assert body["device"]["label"] == "Firefox on macOS"
        assert (row.amr, row.user_agent, row.auth_backend) == (
            ["pwd"],
            MACBOOK,
            "django.contrib.auth.backends.ModelBackend",
        )
        assert answer.cookies["sessionid"]["httponly"]

    def test_one_list(self, page, phone):
        listed = page.sessions()
        assert [(row["id"], row["kind"], row["is_current"]) for row in listed] == [
            (page.session_id, "browser", True),
            (phone.session_id, "token", False),
        ]
        assert page.get("sessions/current/").json()["id"] == page.session_id

    @pytest.mark.parametrize(
        ("scope", "left"), [("local", {"phone", "library"}), ("others", {"page"}), ("global", set()), (None, set())]
    )
    def test_signing_out(self, page, phone, ada, scope, left):
        library, cookie = SinglePageApp(page.server).sign_in(ada), page.cookie
        assert page.sign_out(scope).status_code == 204
        assert still_signed_in(page=page, phone=phone, library=library) == left
        assert entry_is_left(cookie) <= ("page" in left)

    def test_signed_out_from_the_phone(self, page, phone):
        phone.sign_out("others")
        assert not page.is_signed_in()
        assert page.get("sessions/").status_code == 401

    def test_the_same_person_again(self, new_page, page, ada, settings):
        """The row is kept, and the key of Django's session is not. A signed cookie has no key, but a new row."""
        first, key = page.session_id, page.cookie
        tab = page.copy()
        page.sign_in(ada, device_name="Desk")
        assert (page.session_id == first) == ("signed_cookies" not in settings.SESSION_ENGINE)
        assert page.cookie != key
        for _ in range(2):
            assert Session.objects.get().name == "Desk"
            page.sign_in(ada)
        assert not entry_is_left(key)
        assert page.is_signed_in()
        assert not tab.is_signed_in()
        assert Session.objects.get().django_session_key in {None, page.cookie}
        assert page.sign_out("local").status_code == 204
        assert still_signed_in(page=page, tab=tab) == set()

    def test_another_person(self, page, bob):
        first, cookie = page.session_id, page.copy()
        page.sign_in(bob, device_name="Bob's")
        row = Session.objects.get()
        assert (row.user, row.name, str(row.pk)) == (bob, "Bob's", page.session_id)
        assert page.session_id != first
        assert not cookie.is_signed_in()
        assert page.sign_out("local").status_code == 204
        assert not Session.objects.exists()

    def test_a_wrong_password_changes_nothing(self, page, ada, bob):
        for user in (ada, bob):
            assert code(page.try_sign_in(user, "wrong")) == (401, "no_active_account")
        assert [str(row.pk) for row in Session.objects.all()] == [page.session_id]
        assert page.is_signed_in()

    def test_a_key_that_somebody_else_knows(self, new_page, ada):
        """Session fixation: the victim signs in with the cookie of the attacker's anonymous session."""
        attacker = new_page().ask_for_token()
        attacker.page("/basket/")
        known, victim = attacker.cookie, attacker.copy()
        victim.sign_in(ada)
        assert victim.cookie != known
        assert not attacker.is_signed_in()
        assert victim.is_signed_in()

    def test_a_lifetime(self, clock_from_now, new_page, ada, settings):
        settings.ROOT_URLCONF = "tests.host.single_page_urls"
        page = new_page()
        page.ask_for_token()
        body = page.try_sign_in(ada, hours=8).json()
        row = Session.objects.get()
        ends_at = timezone.now() + timedelta(hours=8)
        assert abs(row.expires_at - ends_at) < timedelta(seconds=1)
        assert body["expires_at"][:19] == ends_at.isoformat()[:19]
        assert row.tag == "web"
        body = page.try_sign_in(ada, hours=4).json()
        assert body["expires_at"][:19] == (timezone.now() + timedelta(hours=4)).isoformat()[:19]
        clock_from_now.shift(timedelta(hours=3))
        assert page.is_signed_in()
        clock_from_now.shift(timedelta(hours=1))
        assert not page.is_signed_in()
        page.ask_for_token()
        assert page.try_sign_in(ada, password=PASSWORD).status_code == 200
        assert Session.objects.latest("created_at").expires_at > timezone.now() + timedelta(days=13)


DEEP = b'{"password": "%s", "otp": %s' % (PASSWORD.encode(), b"[" * 100_000)


class TestABodyThatIsNestedTooDeeply:
    """The check for CSRF reads the body first, where it looks for the token of a form."""

    @pytest.fixture
    def reports(self):
        reports = error_reports.start()
        yield reports
        error_reports.stop()

    @pytest.mark.urls("tests.host.cookie_urls")
    @each("path", ["/api/auth/token/", "/api/auth/sign-in/", "/api/cookies/sign-in/"])
    def test_at_a_sign_in(self, db, reports, path):
        assert send(SinglePageApp().ask_for_token(), path, DEEP).status_code == 400
        assert reports.sent == []

    def test_of_staff(self, grace, ada, phone, reports):
        page = SinglePageApp().sign_in(grace)
        for path in (f"users/{ada.pk}/sign-out/", "sign-out/"):
            assert send(page, f"/api/auth/{path}", DEEP).status_code == 400
        assert send(page, f"/api/auth/sessions/{page.session_id}/", DEEP, method="PATCH").status_code == 400
        assert reports.sent == []
        assert page.is_signed_in()
        assert phone.is_signed_in()


def send(page, path, body, method="POST"):
    page.client.raise_request_exception = False
    headers = {"X-CSRFToken": page.client.cookies["csrftoken"].value}
    return page.client.generic(method, path, body, content_type="application/json", headers=headers)
