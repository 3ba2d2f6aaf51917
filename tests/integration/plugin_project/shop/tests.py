"""Without pytest: what Django's own test classes need."""

from datetime import timedelta
from threading import Thread

from django.contrib.auth import get_user_model
from django.test import LiveServerTestCase, TestCase, TransactionTestCase

from auth_sessions import api
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from auth_sessions.testing import (
    CHROME_ON_IPHONE,
    Browser,
    Device,
    assert_signed_in,
    assert_signed_out,
    assert_signed_out_everywhere,
    stopped_clock,
)


class Stories:
    """The same in each test class."""

    def setUp(self):
        self.ada = get_user_model().objects.create_user("ada", password="lovelace-1815")

    def make(self, kind, **options):
        return kind(getattr(self, "live_server_url", ""), **options)

    def test_tokens(self):
        laptop = self.make(Device).sign_in(self.ada)
        phone = self.make(Device, user_agent=CHROME_ON_IPHONE).sign_in_with_password(self.ada, "lovelace-1815")
        self.assertEqual(len(phone.get("/api/auth/sessions/").json()), 2)
        self.assertEqual(phone.sign_out("others").status_code, 204)
        assert_signed_out(laptop)
        assert_signed_in(phone)
        with self.assertRaises(AssertionError):
            assert_signed_out_everywhere(self.ada)
        api.sign_out(Session.objects.get())
        self.assertEqual(phone.get("/api/auth/sessions/").status_code, 401)
        assert_signed_out_everywhere(self.ada)

    def test_a_cookie(self):
        browser, phone = self.make(Browser).sign_in(self.ada), self.make(Device).sign_in(self.ada)
        thief = browser.steal()
        self.assertEqual(thief.get("/who/").json(), {"who": "ada"})
        self.assertEqual(browser.post("/logout/").status_code, 204)
        assert_signed_out(browser)
        assert_signed_out(thief)
        self.assertEqual(thief.get("/who/").status_code, 401)
        again = browser.sign_in(self.ada).steal()
        self.assertEqual(phone.sign_out().status_code, 204)
        assert_signed_out(browser)
        self.assertEqual(again.get("/who/").status_code, 401)
        assert_signed_out_everywhere(self.ada)

    def test_theft(self):
        with stopped_clock() as clock:
            phone = self.make(Device).sign_in(self.ada)
            thief = phone.steal()
            self.assertEqual(phone.lose_next_response().refresh().status_code, 200)
            self.assertEqual(phone.refresh().status_code, 200)
            clock.shift(timedelta(minutes=1))
            self.assertEqual(phone.refresh().status_code, 200)
            self.assertEqual(thief.refresh().status_code, 401)
            assert_signed_out(phone)
            assert_signed_out(thief)

    def test_everywhere(self):
        devices = [self.make(kind).sign_in(self.ada) for kind in (Device, Browser, Device)]
        Session.objects.of_person(self.ada.pk).end(reason=EndReason.REVOKED)
        for device in devices:
            assert_signed_out(device)
        assert_signed_out_everywhere(self.ada)


class RolledBack(Stories, TestCase):
    def test_force_login(self):
        self.client.force_login(self.ada)
        browser = Browser(client=self.client)
        assert_signed_in(browser)
        self.assertEqual(browser.get("/who/").status_code, 200)
        api.sign_out(Session.objects.get())
        self.assertEqual(browser.get("/who/").status_code, 401)
        assert_signed_out(browser)
        assert_signed_out_everywhere(self.ada)

    def test_a_question_rolls_nothing_else_back(self):
        browser = Browser().sign_in(self.ada)
        assert_signed_in(browser)
        with self.assertRaises(AssertionError):
            assert_signed_out(browser)
        self.assertEqual(get_user_model().objects.get().username, "ada")
        self.assertEqual(Session.objects.count(), 1)


class Committed(Stories, TransactionTestCase):
    pass


class Live(Stories, LiveServerTestCase):
    def test_many_at_once(self):
        phone = self.make(Device).sign_in(self.ada)
        copies = [phone.steal() for _ in range(4)]
        threads = [Thread(target=copy.refresh) for copy in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len({copy.refresh_token for copy in copies}), 1)
        assert_signed_in(copies[0])
