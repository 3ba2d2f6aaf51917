"""``sign-in/``: how it is protected, what a project may override, and what it says where it cannot work."""

import unicodedata
from contextlib import contextmanager

import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db import connection

from auth_sessions.models import Session
from auth_sessions.signals import session_started
from tests.host.single_page_urls import CODE
from tests.support.device import MACBOOK, PASSWORD, Device, code
from tests.support.inputs import each
from tests.support.isolation import LEVELS, set_level
from tests.support.races import together
from tests.support.rest import shaped
from tests.support.single_page_app import SinglePageApp

CSRF_FAILED = 403


@contextmanager
def before_the_others(receiver):
    """The receiver is called before those that are connected already."""
    user_logged_in.connect(receiver)
    user_logged_in.receivers.insert(0, user_logged_in.receivers.pop())
    user_logged_in.sender_receivers_cache.clear()
    yield
    user_logged_in.disconnect(receiver)


@pytest.fixture
def page(db):
    return SinglePageApp().ask_for_token()


@pytest.fixture
def _own_view(settings):
    settings.ROOT_URLCONF = "tests.host.single_page_urls"


class TestCSRF:
    @each("headers", [{"X-CSRFToken": None}, {"X-CSRFToken": ""}, {"X-CSRFToken": "x" * 32}, {"X-CSRFToken": "x" * 64}])
    def test_without_the_token(self, page, ada, headers):
        """Also for somebody who is nobody yet: else an attacker could sign the victim in as the attacker."""
        answer = page.post("sign-in/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}, **headers)
        assert shaped(answer) == CSRF_FAILED
        assert "sessionid" not in answer.cookies
        assert not Session.objects.exists()

    def test_without_the_cookie(self, ada):
        answer = SinglePageApp().try_sign_in(ada)
        assert shaped(answer) == CSRF_FAILED

    def test_a_form_of_another_site(self, page, ada):
        """A browser sends such a form without asking the site first."""
        data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
        answer = page.client.post("/api/auth/sign-in/", data)
        assert shaped(answer) == CSRF_FAILED

    def test_of_another_origin(self, page, ada):
        data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
        assert page.post("sign-in/", data, Origin="https://evil.example").status_code == CSRF_FAILED

    def test_a_sign_out_needs_it_too(self, page, ada):
        page.sign_in(ada)
        assert page.post("sign-out/", {"scope": "global"}, **{"X-CSRFToken": None}).status_code == CSRF_FAILED
        assert page.is_signed_in()

    def test_the_token_rotates(self, page, ada):
        before = page.client.cookies["csrftoken"].value
        answer = page.try_sign_in(ada)
        assert answer.cookies["csrftoken"].value != before
        stale = {"X-CSRFToken": before}
        assert page.post("sign-out/", {"scope": "global"}, **stale).status_code == CSRF_FAILED
        fresh = {"X-CSRFToken": answer["X-CSRFToken"]}
        assert page.post("sign-out/", {"scope": "global"}, **fresh).status_code == 204

    @pytest.mark.parametrize("setting", ["CSRF_USE_SESSIONS", "CSRF_COOKIE_HTTPONLY"])
    def test_a_token_that_no_script_reads_in_a_cookie(self, ada, settings, setting):
        setattr(settings, setting, True)
        page = SinglePageApp()
        token = page.get("sign-in/")["X-CSRFToken"]
        data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
        answer = page.post("sign-in/", data, **{"X-CSRFToken": token})
        assert answer.status_code == 200
        assert page.post("sign-out/", **{"X-CSRFToken": token}).status_code == CSRF_FAILED
        assert page.post("sign-out/", **{"X-CSRFToken": answer["X-CSRFToken"]}).status_code == 204

    def test_a_project_without_djangos_middleware_for_it(self, ada, settings):
        settings.MIDDLEWARE = [name for name in project.MIDDLEWARE if "csrf" not in name]
        assert shaped(SinglePageApp().try_sign_in(ada)) == CSRF_FAILED
        assert SinglePageApp().sign_in(ada).is_signed_in()


class TestThrottle:
    @pytest.fixture(autouse=True)
    def _rates(self, settings):
        rates = {"auth_sessions_token": "3/min"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}

    def test_guesses(self, page, ada):
        assert [page.try_sign_in(ada, "wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
        assert page.try_sign_in(ada).status_code == 429

    def test_both_sign_ins_have_one_rate(self, page, ada):
        data = {ada.USERNAME_FIELD: ada.get_username(), "password": "wrong"}
        answers = [Device().post("token/", data), page.try_sign_in(ada, "wrong"), Device().post("token/", data)]
        assert [answer.status_code for answer in answers] == [401] * 3
        assert page.try_sign_in(ada).status_code == Device().post("token/", data).status_code == 429

    def test_to_ask_for_the_token_is_no_attempt(self, page, ada):
        for _ in range(5):
            page.ask_for_token()
        assert page.try_sign_in(ada).status_code == 200


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "fields"), [({}, 2), ({"password": "x"}, 1), ({"device_name": "x" * 101}, 3), ({"otp": []}, 3)]
    )
    def test_fields(self, page, data, fields):
        answer = page.post("sign-in/", data)
        assert shaped(answer) == 400
        assert len(answer.json()) == fields

    def test_unknown_and_inactive_users_answer_alike(self, page, ada, bob):
        bob.is_active = False
        bob.save()
        nobody = get_user_model()(**{ada.USERNAME_FIELD: "x@y.z"})
        answers = [page.try_sign_in(ada, "wrong"), page.try_sign_in(bob), page.try_sign_in(nobody)]
        assert {code(answer) for answer in answers} == {(401, "no_active_account")}
        assert len({answer.content for answer in answers}) == 1

    def test_a_user_who_is_deleted_meanwhile(self, page, ada):
        """Nobody is signed in, and no cookie says so."""

        def delete(user, **event):
            get_user_model().objects.filter(pk=user.pk).delete()

        with before_the_others(delete):
            assert code(page.try_sign_in(ada)) == (401, "user_not_found")
        assert not Session.objects.exists()
        assert not page.is_signed_in()

    @pytest.mark.parametrize("is_signed_in", [False, True])
    @pytest.mark.parametrize("error", [PermissionDenied, TimeoutError])
    def test_a_receiver_that_fails_signs_nobody_in(self, page, ada, bob, error, is_signed_in):
        """Neither by the response of a refusal, which saves Django's session, nor by one that does not."""
        if is_signed_in:
            page.sign_in(bob)

        def fail(**event):
            raise error

        user_logged_in.connect(fail)
        try:
            if error is TimeoutError:
                with pytest.raises(TimeoutError):
                    page.try_sign_in(ada)
            else:
                assert page.try_sign_in(ada).status_code == 403
        finally:
            user_logged_in.disconnect(fail)
        assert not Session.objects.filter(user=ada).exists()
        answer = page.page("/who/")
        assert (answer.status_code, answer.json()["user"]) in {(401, "None"), (200, str(bob.pk))}

    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_what_was_sent_does_not_come_back(self, page, ada, accept):
        for data in ({"password": PASSWORD}, {ada.USERNAME_FIELD: "x", "password": PASSWORD, "otp": PASSWORD}):
            answer = page.post("sign-in/", data, Accept=accept)
            assert answer.status_code in {400, 401}
            assert answer["Content-Type"].startswith(accept)
            assert PASSWORD.strip() not in answer.content.decode()

    def test_the_browsable_api(self, page):
        answer = page.call("GET", "/api/auth/sign-in/", Accept="text/html")
        assert answer["Content-Type"].startswith("text/html")
        assert answer.status_code == 200

    def test_no_cache_keeps_it(self, page, ada):
        assert page.get("sign-in/")["Cache-Control"] == page.try_sign_in(ada)["Cache-Control"] == "no-store, private"

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_other_methods(self, page, method):
        assert page.call(method, "/api/auth/sign-in/").status_code == 405


@pytest.mark.usefixtures("_own_view")
class TestSecondFactor:
    def test_the_password_alone(self, page, grace, login_failures):
        assert code(page.try_sign_in(grace)) == (401, "second_factor_required")
        assert login_failures == []
        assert not Session.objects.exists()
        assert not page.is_signed_in()

    def test_a_wrong_code_is_one_failure(self, page, grace, login_failures):
        assert code(page.try_sign_in(grace, otp="000000")) == (401, "second_factor_invalid")
        assert len(login_failures) == 1
        assert not Session.objects.exists()

    def test_the_code(self, page, grace):
        assert page.try_sign_in(grace, otp=CODE).status_code == 200
        assert Session.objects.get().amr == ["pwd", "otp", "mfa"]
        assert page.is_signed_in()


def test_a_name_in_another_form(page, make_user):
    """As Django's login form."""
    name = "åsa@example.org" if get_user_model().USERNAME_FIELD == "email" else "åsa"
    user = make_user(name)
    field = user.USERNAME_FIELD
    sent = {field: unicodedata.normalize("NFD", user.get_username()), "password": PASSWORD}
    assert page.post("sign-in/", sent).status_code == 200


def test_the_signals(page, ada, login_failures):
    events = []

    def listen(signal, request, user=None, session=None, **kwargs):
        events.append((signal is user_logged_in, request.path, user, session and session.kind))

    for signal in (user_logged_in, session_started):
        signal.connect(listen)
    page.try_sign_in(ada)
    page.try_sign_in(ada, "wrong")
    for signal in (user_logged_in, session_started):
        signal.disconnect(listen)
    path = "/api/auth/sign-in/"
    assert events == [(False, path, None, "browser"), (True, path, ada, None)]
    assert [failure["request"].path for failure in login_failures] == [path]
    ada.refresh_from_db()
    assert ada.last_login is not None


@pytest.mark.usefixtures("axes")
def test_a_lock_out(page, ada, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "axes.middleware.AxesMiddleware"]
    answers = [page.try_sign_in(ada, password) for password in ("wrong", "wrong", "wrong", PASSWORD)]
    assert [code(answer) for answer in answers] == [(401, "no_active_account")] * 4


class TestLimit:
    @pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
    def test_the_oldest_ends(self, page, ada, phone, settings, policy):
        iphone = Device().sign_in(ada)
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 2, policy
        page.sign_in(ada)
        assert [phone.is_signed_in(), iphone.is_signed_in(), page.is_signed_in()] == [False, True, True]

    @pytest.mark.usefixtures("_own_view")
    @pytest.mark.parametrize("is_bob_here", [False, True])
    def test_by_tag(self, ada, bob, phone, settings, is_bob_here):
        """The tag of the view is that of the session when the limit is counted."""
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_BY = 1, "tag"
        page, other = SinglePageApp(), SinglePageApp().sign_in(ada)
        if is_bob_here:
            page.sign_in(bob)
        page.sign_in(ada)
        assert [phone.is_signed_in(), other.is_signed_in(), page.is_signed_in()] == [True, False, True]

    @pytest.mark.usefixtures("_own_view")
    @pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
    def test_by_the_tag_that_a_kept_row_gets(self, ada, settings, policy):
        """Signed in by a login page, which gives no tag, and then by the view."""
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_BY = 1, "tag"
        settings.AUTH_SESSIONS_LIMIT_POLICY = policy
        page, other = SinglePageApp(), SinglePageApp().sign_in(ada)
        page.client.force_login(ada)
        assert page.is_signed_in()
        assert other.is_signed_in()
        page.sign_in(ada)
        assert [row.tag for row in Session.objects.filter(kind="browser")] == ["web"]
        assert [other.is_signed_in(), page.is_signed_in()] == [False, True]


@pytest.mark.parametrize("missing", [["auth_sessions"], ["auth_sessions", "contrib"]])
def test_without_browser_sessions(ada, settings, missing):
    """Nor Django's sessions at all."""
    settings.MIDDLEWARE = [each for each in project.MIDDLEWARE if not any(name in each for name in missing)]
    page = SinglePageApp().ask_for_token()
    answer = page.try_sign_in(ada)
    assert code(answer) == (501, "browser_sessions_missing")
    assert "BrowserSessionMiddleware" in answer.json()["detail"]
    assert "sessionid" not in answer.cookies


@pytest.mark.parametrize("level", [level for level in LEVELS if level != "SERIALIZABLE"])
def test_many_at_once(ada, monkeypatch, level):
    """Each writes ``last_login``, which is a conflict at REPEATABLE READ. At SERIALIZABLE, Django's own save fails."""
    set_level(monkeypatch, level)
    pages = [SinglePageApp().ask_for_token() for _ in range(4)]
    answers = together(*[lambda page=page: page.try_sign_in(ada) for page in pages])
    assert [answer.status_code for answer in answers] == [200] * 4
    assert Session.objects.count() == 4
    connection.close()


def test_the_device(page, ada):
    page.sign_in(ada)
    row = Session.objects.get()
    assert (row.user_agent, row.ip_address) == (MACBOOK, "127.0.0.1")
