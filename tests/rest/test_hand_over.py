"""``POST hand-over/``: an app gets a code, by which a browser is signed in as the same person, once."""

import pytest
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ImproperlyConfigured
from django.core.signing import Signer
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import api, exceptions
from auth_sessions.choices import SessionKind
from auth_sessions.models import RefreshToken, Session
from tests.support.acting import act
from tests.support.browser import Browser
from tests.support.device import Device, code
from tests.support.hand_over import PAGE, Website, ask, code_in
from tests.support.host import has_browsers
from tests.support.inputs import each
from tests.support.races import LONG_AGO
from tests.support.related import receiving
from tests.support.rest import wrong_fields
from tests.support.statements import statements

pytestmark = has_browsers


ELSEWHERE = [
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "\\/evil.example",
    "///evil.example",
    "javascript:x",
    "a",
]
JUNK = ["x", "\0", "\ud800", "\u00e9", ":", "a:b", "\n", " ", "x" * 10_000]


def inactive(user, app):
    type(user)._base_manager.filter(pk=user.pk).update(is_active=False)


def new_password(user, app):
    user.set_password("changed")
    type(user)._base_manager.filter(pk=user.pk).update(password=user.password)


CHANGES = [
    inactive,
    new_password,
    lambda user, app: app.sign_out("local"),
    lambda user, app: user.delete(),
    lambda user, app: Session.objects.filter(user=user).update(expires_at=LONG_AGO),
]


def row(device):
    return Session.objects.get(pk=device.session_id)


class TestTheCode:
    def test_what_is_answered(self, iphone):
        response = iphone.post("hand-over/", {"next": "/orders/?page=2"})
        answer = response.json()
        assert response.status_code == 201
        assert response["Cache-Control"] == "no-store, private"
        assert (set(answer), answer["expires_in"]) == ({"code", "expires_in", "url"}, 60)
        assert answer["url"].startswith(f"http://testserver{PAGE}?code=")
        assert code_in(answer["url"]) == answer["code"]

    def test_it_is_stored_as_a_digest(self, iphone):
        given = ask(iphone)
        digest = row(iphone).refresh_token.hand_over_digest
        assert len(digest) == 64
        assert digest not in given

    def test_without_the_pages(self, iphone, settings):
        settings.ROOT_URLCONF = "tests.host.hand_over_urls"
        assert iphone.post("hand-over/").json()["url"] is None
        answer = iphone.client.post("/api/elsewhere/hand-over/", **iphone.headers).json()
        assert answer["url"] == f"https://www.example.org/from-app/#{answer['code']}"

    @each("next_url", [*ELSEWHERE, "/" + "a" * 1000, ["/"], {"a": 1}, None])
    def test_where_to_go_is_a_path_of_this_site(self, iphone, next_url):
        assert wrong_fields(iphone.post("hand-over/", {"next": next_url})) == {"next"}

    @each("next_url", ELSEWHERE)
    def test_the_function_takes_no_other_path_either(self, iphone, next_url):
        with pytest.raises(ValueError, match="path"):
            api.create_hand_over(row(iphone), next_url=next_url)

    def test_who_gets_none(self, ada, grace, iphone, office_browser, staff_device):
        assert code(Device().post("hand-over/")) == (401, "not_authenticated")
        assert code(office_browser.post("hand-over/")) == (401, "not_authenticated")
        helping = act(grace, ada, from_device=staff_device)
        assert code(helping.post("hand-over/")) == (403, "hand_over_refused")
        iphone.sign_out("local")
        assert code(iphone.post("hand-over/")) == (401, "session_not_found")
        with pytest.raises(exceptions.HandOverRefused):
            api.create_hand_over(row(office_browser))

    def test_a_session_that_has_just_ended_gets_none(self, iphone):
        session = row(iphone)
        iphone.sign_out()
        with pytest.raises(exceptions.SessionNotFound):
            api.create_hand_over(session)

    def test_a_session_that_has_outlived_its_password_gets_none(self, settings, ada, iphone):
        settings.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS = ["browser"]
        given = ask(iphone)
        ada.set_password("changed")
        ada.save()
        assert iphone.is_signed_in()
        assert code(iphone.post("hand-over/")) == (403, "hand_over_refused")
        assert Website().opens(given).status_code == 410

    def test_a_project_without_browser_sessions(self, tokens_only, iphone):
        assert code(iphone.post("hand-over/")) == (501, "browser_sessions_missing")

    def test_how_often(self, iphone, settings):
        rates = {"auth_sessions_hand_over": "2/min"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        assert [iphone.post("hand-over/").status_code for _ in range(3)] == [201, 201, 429]

    def test_it_costs_two_statements(self, iphone, rest_only):
        with CaptureQueriesContext(connection) as queries:
            ask(iphone)
        assert statements(queries) == ["SELECT", "UPDATE"]


class TestWhatIsNotGood:
    def test_a_code_is_good_once(self, iphone):
        given = ask(iphone)
        assert Website().continues(given).status_code == 302
        assert Website().opens(given).status_code == 410
        assert RefreshToken.objects.get().hand_over_digest is None

    def test_a_code_is_good_for_a_minute(self, clock, iphone):
        given = ask(iphone)
        website = Website()
        clock.shift(59)
        page = website.opens(given)
        assert page.status_code == 200
        clock.shift(1)
        assert website.presses(page).status_code == website.opens(given).status_code == 410
        assert not website.is_signed_in()

    def test_the_latest_code_replaces_the_one_before(self, iphone):
        first, second = ask(iphone), ask(iphone)
        assert Website().opens(first).status_code == 410
        assert Website().opens(second).status_code == 200

    def test_a_key_that_has_been_replaced(self, iphone, settings):
        given = ask(iphone)
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
        assert Website().opens(given).status_code == 200
        settings.SECRET_KEY_FALLBACKS = []
        assert Website().opens(given).status_code == 410

    @each("change", CHANGES)
    def test_what_befalls_the_person_or_the_app_meanwhile(self, make_user, change):
        user = make_user(f"ada{CHANGES.index(change)}")
        app, website = Device().sign_in(user), Website()
        page = website.opens(ask(app))
        change(user, app)
        assert website.presses(page).status_code == 410
        assert not website.is_signed_in()
        assert not Session.objects.filter(kind=SessionKind.BROWSER).exists()

    @each("wrong", JUNK)
    def test_garbage(self, iphone, wrong):
        given = ask(iphone)
        for text in (wrong, wrong + given, given + wrong, given[:5] + wrong + given[5:]):
            with pytest.raises(exceptions.HandOverNotValid):
                api.get_hand_over(text)
            if text.isprintable():
                assert Website().opens(text).status_code == 410
        assert Website().opens(given).status_code == 200

    def test_a_code_of_another_kind(self, iphone):
        """Signed with the same key, for something else."""
        for salt in ("other", "django.core.signing"):
            with pytest.raises(exceptions.HandOverNotValid):
                api.get_hand_over(Signer(salt=salt).sign_object([iphone.session_id, "x", 0, ""]))

    def test_a_failure_signs_nobody_in(self, iphone):
        """The code is used up, and the browser is left as it was."""

        def fail(**event):
            raise TimeoutError

        website = Website()
        page = website.opens(ask(iphone))
        website.client.raise_request_exception = False
        user = row(iphone).user
        with receiving(fail, user_logged_in, of=type(user)):
            assert website.presses(page).status_code == 500
        assert not website.is_signed_in()
        assert not Session.objects.filter(kind=SessionKind.BROWSER).exists()


class TestAnOwnView:
    @pytest.mark.parametrize("path", ["/from-app/", "/from-app/async/"])
    def test_it_redeems(self, iphone, settings, path):
        settings.ROOT_URLCONF = "tests.host.hand_over_urls"
        given = ask(iphone, next="/orders/")
        browser = Browser()
        answer = browser.submit(path, {"code": given}).json()
        browser.session_id = answer["session"]
        assert answer == {"session": browser.session_id, "app": iphone.session_id, "next": "/orders/"}
        assert browser.is_signed_in()
        assert row(browser).depends_on == row(iphone)
        assert browser.submit(path, {"code": given}).json() == {"code": "hand_over_not_valid"}
        assert browser.is_signed_in()

    @pytest.mark.usefixtures("tokens_only")
    def test_without_the_middleware(self, iphone, rf):
        given = api.create_hand_over(row(iphone))
        with pytest.raises(ImproperlyConfigured):
            api.redeem_hand_over(rf.post("/"), given)
        assert api.get_hand_over(given).session == row(iphone)
