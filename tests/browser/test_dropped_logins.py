"""A login of Django's that is dropped without ``logout()`` ends its session, although no view asks for the user."""

from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.statements import statements

EMPTIED = ["flush", "clear", "clear and write", "flush and write", "create", "replace", "without its user"]


def drop(browser, way, *, user=None, asked=False, path="/drop/", **data):
    """Ask for nothing before, or for the user as well."""
    if asked:
        assert browser.is_signed_in()
    if user is not None:
        data["username"] = user.get_username()
    return browser.submit(f"{path}{way}/", data)


def rows():
    return {str(row.pk) for row in Session.objects.all()}


@pytest.mark.usefixtures("any_engine")
class TestDropped:
    @pytest.mark.parametrize("way", EMPTIED)
    def test_emptied(self, office_browser, library_browser, phone, ended, way):
        copy = office_browser.copy()
        assert drop(office_browser, way).status_code == 200
        assert [(event["reason"], event["scope"]) for event in ended] == [("signed_out", "local")]
        assert rows() == {library_browser.session_id, phone.session_id}
        assert not copy.is_signed_in()
        assert not office_browser.is_signed_in()
        assert library_browser.is_signed_in()

    @pytest.mark.parametrize("way", ["clear and write", "flush and write", "replace"])
    def test_what_is_written_after_it_is_kept(self, office_browser, way):
        drop(office_browser, way)
        assert office_browser.page("/basket/").json() == {"basket": 2}

    @pytest.mark.parametrize("asked", [False, True])
    @pytest.mark.parametrize("way", ["login", "flush and login"])
    def test_another_user_logs_in(self, office_browser, bob, ended, way, asked):
        copy = office_browser.copy()
        assert drop(office_browser, way, user=bob, asked=asked).status_code == 200
        assert [(event["reason"], event["scope"]) for event in ended] == [("signed_out", "local")]
        assert not copy.is_signed_in()
        assert office_browser.page("/who/").json() == {"user": str(bob.pk)}
        assert [(row.user, row.kind) for row in Session.objects.all()] == [(bob, "browser")]

    def test_the_same_user_logs_in_after_a_flush(self, office_browser, ada, ended):
        copy, first = office_browser.copy(), office_browser.session_id
        drop(office_browser, "flush and login", user=ada)
        assert [(event["reason"], event["scope"]) for event in ended] == [("signed_out", "local")]
        assert office_browser.is_signed_in()
        assert rows().isdisjoint({first})
        assert len(rows()) == 1
        assert not copy.is_signed_in()

    def test_the_same_user_logs_in_again(self, office_browser, ada):
        drop(office_browser, "login", user=ada)
        assert rows() == {office_browser.session_id}

    @pytest.mark.parametrize("way", ["flush", "login"])
    def test_async(self, office_browser, bob, way):
        copy = office_browser.copy()
        drop(office_browser, way, user=bob, path="/drop/async/")
        assert office_browser.session_id not in rows()
        assert not copy.is_signed_in()

    def test_a_login_over_one_whose_entry_is_gone(self, office_browser, bob, settings):
        if "signed_cookies" in settings.SESSION_ENGINE:
            pytest.skip("there is no store")
        office_browser.client.session.delete()
        drop(office_browser, "login", user=bob)
        assert office_browser.session_id not in rows()

    def test_after_a_new_key(self, office_browser):
        """The key in the row follows at once, although no view asks for the user."""
        office_browser.page("/cycle/")
        drop(office_browser, "flush")
        assert rows() == set()

    def test_an_older_login(self, ada, bob):
        """Its cookie may not name the session that another tab has joined it to."""
        old = Browser()
        old.client.force_login(ada)
        tab = old.copy()
        assert old.is_signed_in()
        drop(tab, "login", user=bob)
        assert {row.user for row in Session.objects.all()} == {bob}

    @pytest.mark.parametrize("way", ["flush", "clear and write", "login", "flush and login"])
    def test_in_one_transaction_with_the_request(self, office_browser, bob, monkeypatch, way):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        copy = office_browser.copy()
        assert drop(office_browser, way, user=bob).status_code == 200
        assert not copy.is_signed_in()
        assert {row.user for row in Session.objects.all()} == ({bob} if "login" in way else set())

    def test_a_server_error_keeps_what_it_does_not_save(self, office_browser, settings):
        office_browser.client.raise_request_exception = False
        drop(office_browser, "clear", status=500)
        assert office_browser.is_signed_in()
        assert rows() == {office_browser.session_id}

    def test_an_old_copy_of_a_cookie_ends_nothing(self, office_browser, bob):
        copy = office_browser.copy()
        fields = {"old_password": PASSWORD, "new_password1": "analytical-1843", "new_password2": "analytical-1843"}
        office_browser.submit("/password/", fields)
        drop(copy, "login", user=bob)
        assert office_browser.is_signed_in()


@pytest.mark.usefixtures("any_engine", "any_transaction_mode")
@pytest.mark.parametrize("is_signed_in", [False, True])
class TestALoginThatNoCookieLeadsTo:
    """The request that has made it drops it: no browser ever holds it."""

    def log_in(self, order, is_signed_in, **users):
        browser = Browser()
        if is_signed_in:
            browser.sign_in(users["a"])
        browser.client.raise_request_exception = False
        browser.submit(f"/login/in-turn/{order}/", {letter: user.pk for letter, user in users.items()})
        return browser

    @pytest.mark.parametrize("order", ["bg", "bfg", "bfa", "bga", "bgb", "bfb"])
    def test_another_one_follows(self, ada, bob, grace, order, is_signed_in):
        users = {"a": ada, "b": bob, "g": grace}
        browser = self.log_in(order, is_signed_in, **users)
        assert browser.is_signed_in()
        assert [row.user for row in Session.objects.all()] == [users[order[-1]]]

    @pytest.mark.parametrize("order", ["bf", "bc", "bgf"])
    def test_the_session_is_emptied(self, ada, bob, grace, order, is_signed_in):
        browser = self.log_in(order, is_signed_in, a=ada, b=bob, g=grace)
        assert not browser.is_signed_in()
        assert not Session.objects.exists()

    @pytest.mark.parametrize("case", [*product(["clear", "by name"], [200, 403], [1, 2])], ids=str)
    def test_what_the_session_holds_beside_it_is_kept(self, ada, bob, is_signed_in, settings, case):
        settings.ROOT_URLCONF = "tests.host.kept_data_urls"
        (way, status, number), browser = case, Browser()
        if is_signed_in:
            browser.sign_in(ada)
        users = " ".join(str(user.pk) for user in (bob, ada)[:number])
        assert browser.submit(f"/login/and-take-back/{way}/", {"users": users, "status": status}).status_code == status
        assert browser.page("/basket/").json() == {"basket": 2}
        assert not browser.is_signed_in()
        assert not Session.objects.exists()

    def test_one_that_is_kept_elsewhere_stays(self, ada, bob, is_signed_in, settings):
        """And so does that of the cookie."""
        if "signed_cookies" in settings.SESSION_ENGINE:
            pytest.skip("a second session is kept nowhere")
        browser = Browser()
        if is_signed_in:
            browser.sign_in(ada)
        key = browser.submit("/login/elsewhere/", {"username": bob.get_username()}).json()["key"]
        app = Browser()
        app.client.cookies[settings.SESSION_COOKIE_NAME] = key
        assert app.page("/who/").json() == {"user": str(bob.pk)}
        assert Session.objects.filter(user=bob).count() == 1
        assert browser.is_signed_in() == is_signed_in

    @pytest.mark.parametrize("order", ["bx", "bgx", "bfgx"])
    def test_the_view_fails(self, ada, bob, grace, order, is_signed_in):
        self.log_in(order, is_signed_in, a=ada, b=bob, g=grace)
        assert not Session.objects.filter(user__in=[bob, grace]).exists()


@pytest.mark.parametrize("way", ["login", "flush"])
def test_a_dropped_login_does_not_count(office_browser, ada, bob, settings, way):
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
    drop(office_browser, way, user=bob)
    assert Device().sign_in(ada).is_signed_in()


@pytest.mark.django_db
@pytest.mark.parametrize("way", [*EMPTIED, "login"])
def test_in_a_transaction_that_never_commits(ada, bob, way):
    office_browser = Browser().sign_in(ada)
    drop(office_browser, way, user=bob)
    assert not Session.objects.filter(user=ada).exists()


def test_what_others_cost(office_browser):
    """Only a login, and a session that is dropped, cost anything."""
    visitor = Browser()
    visitor.page("/basket/")
    for browser in (office_browser, visitor):
        with CaptureQueriesContext(connection) as queries:
            browser.page("/public/")
        assert statements(queries) == []
        with CaptureQueriesContext(connection) as queries:
            browser.page("/basket/")
        assert statements(queries) == ["SELECT", "UPDATE"]
    with CaptureQueriesContext(connection) as queries:
        visitor.page("/who/")
    assert statements(queries) == ["SELECT"]


def test_a_visitor_who_drops_a_basket_costs_nothing(db):
    visitor = Browser()
    visitor.page("/basket/")
    visitor.page("/basket/")
    with CaptureQueriesContext(connection) as queries:
        visitor.submit("/drop/without-any/")
    assert statements(queries) == []
