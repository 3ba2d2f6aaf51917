"""django-otp and django-two-factor-auth: their devices are asked for, and their proofs are recorded."""

import re
from datetime import timedelta
from functools import partial

import django_otp
import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.models import Device as OTPDevice
from django_otp.oath import TOTP
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.checks import findings
from tests.support.device import PASSWORD, Device, code
from tests.support.isolation import LEVELS, set_level
from tests.support.pages import text
from tests.support.races import statuses, together
from tests.support.single_page_app import SinglePageApp
from tests.support.supabase import CREDENTIALS, SupabaseDevice
from tests.support.supabase import code as supabase_code

REQUIRED = (401, "second_factor_required")
INVALID = (401, "second_factor_invalid")


@pytest.fixture
def ada(make_user):
    return make_user("ada", email="ada@example.org")


@pytest.fixture
def totp(ada):
    return TOTPDevice.objects.create(user=ada, name="default")


def otp_of(device, *, drift=0):
    generator = TOTP(device.bin_key, device.step, device.t0, device.digits, drift)
    generator.time = timezone.now().timestamp()
    return f"{generator.token():06d}"


def wrong(device):
    return "000000" if otp_of(device) != "000000" else "111111"


def sign_in(user, password=PASSWORD, **more):
    return Device().post("token/", {"username": user.get_username(), "password": password, **more})


class TestRest:
    def test_a_person_without_a_device(self, ada):
        assert sign_in(ada).status_code == sign_in(ada, otp="123456").status_code == 200
        assert {tuple(session.amr) for session in Session.objects.all()} == {("pwd",)}

    def test_a_device_is_asked_for(self, ada, totp, login_failures):
        assert code(sign_in(ada)) == REQUIRED
        assert not Session.objects.exists()
        assert login_failures == []
        assert sign_in(ada, otp=otp_of(totp)).status_code == 200
        assert Session.objects.get().amr == ["pwd", "otp", "mfa"]

    def test_a_code_works_once(self, ada, totp):
        otp = otp_of(totp)
        assert sign_in(ada, otp=otp).status_code == 200
        assert code(sign_in(ada, otp=otp)) == INVALID

    def test_a_code_works_once_at_the_same_moment(self, ada, totp):
        otp = otp_of(totp)
        answers = together(*[lambda: sign_in(ada, otp=otp)] * 5)
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
        assert Session.objects.count() == 1

    def test_backup_codes(self, ada, totp):
        StaticDevice.objects.create(user=ada, name="backup").token_set.create(token="onetime1")
        assert sign_in(ada, otp="onetime1").status_code == 200
        assert code(sign_in(ada, otp="onetime1")) == INVALID

    def test_a_device_that_is_not_confirmed_counts_for_nothing(self, ada, totp):
        TOTPDevice.objects.update(confirmed=False)
        assert sign_in(ada).status_code == 200

    def test_somebody_elses_device(self, ada, bob, totp):
        TOTPDevice.objects.create(user=bob, name="default")
        assert code(sign_in(bob, otp=otp_of(totp))) == INVALID

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_guesses_are_counted(self, clock, ada, totp, login_failures):
        """By one signal each, and by the device, which then takes no code for a while."""
        clock.shift(3600)
        assert code(sign_in(ada, otp=wrong(totp))) == INVALID
        assert len(login_failures) == 1
        totp.refresh_from_db()
        assert totp.throttling_failure_count == 1
        assert code(sign_in(ada, otp=otp_of(totp))) == INVALID
        clock.shift(5)
        assert sign_in(ada, otp=otp_of(totp)).status_code == 200

    @pytest.mark.parametrize("otp", ["x", "0" * 128, "12345", "ä" * 6, "9" * 100, "1e5", "-1"])
    def test_what_is_no_code(self, ada, totp, otp):
        StaticDevice.objects.create(user=ada, name="backup")
        assert code(sign_in(ada, otp=otp)) == INVALID

    def test_a_wrong_password_says_nothing_of_devices(self, ada, totp):
        assert code(sign_in(ada, "wrong", otp=otp_of(totp))) == (401, "no_active_account")
        totp.refresh_from_db()
        assert totp.throttling_failure_count == 0


class TestSinglePageApp:
    def test_a_device_is_asked_for(self, ada, totp):
        """django-otp knows the browser as verified afterwards, as after a form of its own."""
        page = SinglePageApp().ask_for_token()
        assert code(page.try_sign_in(ada)) == REQUIRED
        assert code(page.try_sign_in(ada, otp=wrong(totp))) == INVALID
        assert not Session.objects.exists()
        TOTPDevice.objects.update(throttling_failure_count=0)
        page.sign_in(ada, otp=otp_of(totp))
        assert Session.objects.get().amr == ["pwd", "otp", "mfa"]
        assert page.client.session["otp_device_id"] == totp.persistent_id

    def test_a_person_without_a_device(self, ada):
        page = SinglePageApp().sign_in(ada)
        assert "otp_device_id" not in page.client.session

    def test_a_cookie_is_not_verified_by_a_sign_in_with_tokens(self, ada):
        page = SinglePageApp().sign_in(ada)
        totp = TOTPDevice.objects.create(user=ada, name="default")
        data = {"username": ada.get_username(), "password": PASSWORD, "otp": otp_of(totp)}
        assert page.post("token/", data).status_code == 200
        assert "otp_device_id" not in page.client.session


class TestDevicesThatSendACode:
    @pytest.fixture
    def device(self, ada):
        return EmailDevice.objects.create(user=ada, name="default", email=ada.email)

    def test_the_only_device_sends_one(self, ada, device):
        assert code(sign_in(ada)) == REQUIRED
        (sent,) = mail.outbox
        otp = re.search(r"\d{6}", sent.body)[0]
        assert sign_in(ada, otp=otp).status_code == 200

    def test_not_beside_one_that_makes_codes_itself(self, ada, device, totp):
        assert code(sign_in(ada)) == REQUIRED
        assert mail.outbox == []

    def test_not_for_a_wrong_password(self, ada, device):
        sign_in(ada, "wrong")
        assert mail.outbox == []

    def test_a_mail_that_cannot_be_sent(self, ada, device, settings, caplog):
        settings.EMAIL_BACKEND = "nowhere.Backend"
        assert code(sign_in(ada)) == REQUIRED
        assert "A code could not be sent" in caplog.text


class TestSupabase:
    def test_its_clients(self, ada, totp):
        device = SupabaseDevice()
        assert supabase_code(device.try_sign_in()) == (400, "second_factor_required")
        assert supabase_code(device.try_sign_in(otp=otp_of(totp, drift=99))) == (400, "second_factor_invalid")
        TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        device.keep(device.try_sign_in(otp=otp_of(totp)))
        assert device.claims["aal"] == "aal2"
        assert supabase_code(device.try_sign_in(password="wrong"))[:2] == CREDENTIALS[:2]

    def test_a_sign_up_has_no_device_yet(self, db, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        assert SupabaseDevice().signup("eve@example.org").status_code == 200


class TestBrowser:
    def sign_in(self, user, device):
        browser = Browser()
        step = {"login_view-current_step": "auth", "auth-username": user.get_username(), "auth-password": PASSWORD}
        browser.submit("/account/login/", step)
        step = {"login_view-current_step": "token", "token-otp_token": otp_of(device)}
        assert browser.submit("/account/login/", step).status_code == 302
        browser.session_id = browser.page("/which/").json()["session"]
        return browser

    def test_its_login_is_recorded(self, ada, totp):
        self.sign_in(ada, totp)
        assert Session.objects.get().amr == ["otp", "mfa"]

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_a_later_proof_by_django_otp(self, clock, ada, totp):
        clock.shift(3600)
        browser = Browser().sign_in(ada)
        for _ in range(2):  # the second time it is the same device
            clock.shift(timedelta(hours=1))
            browser.page("/basket/")
            before = Session.objects.get().authenticated_at
            assert before < timezone.now()
            browser.submit("/verify/", {"otp": wrong(totp)})
            assert Session.objects.get().authenticated_at == before
            clock.shift(60)
            assert browser.submit("/verify/", {"otp": otp_of(totp)}).status_code == 200
            session = Session.objects.get()
            assert (session.authenticated_at, session.amr) == (timezone.now(), ["otp", "mfa"])

    def test_data_that_is_read_again_is_no_proof(self, clock, ada, totp):
        browser = self.sign_in(ada, totp)
        clock.shift(timedelta(hours=1))
        before = Session.objects.get().authenticated_at
        assert browser.page("/read-again/").status_code == 200
        assert Session.objects.get().authenticated_at == before

    def test_other_requests_cost_what_they_did(self, ada, totp):
        browser = self.sign_in(ada, totp)
        with CaptureQueriesContext(connection) as queries:
            browser.page("/who/")
        assert [sql.split()[0] for sql in of_the_app(queries)] == ["SELECT"]
        with CaptureQueriesContext(connection) as queries:
            assert browser.page("/basket/").status_code == 200
        assert of_the_app(queries) == []


def of_the_app(queries):
    return [query["sql"] for query in queries if "auth_sessions_session" in query["sql"]]


class Passkey(TOTPDevice):
    verify_token = OTPDevice.verify_token  # of a device that takes none

    class Meta:
        proxy = True
        app_label = "otp_totp"


class TestPasskeysAlone:
    """As django-otp-webauthn's: devices of django-otp that take no code. The package has a login of its own."""

    @pytest.fixture
    def devices(self, ada, monkeypatch):
        devices = [Passkey(user=ada, name="passkey", confirmed=True)]
        monkeypatch.setattr(django_otp, "devices_for_user", lambda user, **kwargs: list(devices))
        return devices

    @pytest.fixture
    def page(self, ada, devices):
        browser, _other = Browser().sign_in(ada), Browser().sign_in(ada)
        Session.objects.update(authenticated_at=timezone.now() - timedelta(days=1))
        return lambda: text(browser.page("/account/devices/others/sign-out/"))

    def test_the_password_alone_gives_no_tokens(self, ada, devices):
        assert code(sign_in(ada)) == REQUIRED

    def test_the_pages_ask_for_no_code_that_nobody_has(self, page):
        assert "Sign in again to show that it is you" in page()

    def test_they_ask_whoever_has_another_device_as_well(self, page, devices, totp):
        devices.append(totp)
        assert "Enter your password to show that it is you" in page()


def test_the_checks_are_content():
    assert findings() == []


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level or "default level")
def test_a_backup_code_at_the_same_moment(ada, monkeypatch, level):
    set_level(monkeypatch, level)
    StaticDevice.objects.create(user=ada, name="backup").token_set.create(token="onetime1")
    data = {"username": ada.get_username(), "password": PASSWORD, "otp": "onetime1"}
    answers = together(*[partial(Device().post, "token/", data) for _ in range(6)])
    connection.close()
    assert sorted(statuses(answers)) == [200, 401, 401, 401, 401, 401]


@pytest.mark.usefixtures("atomic_requests")
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level or "default level")
def test_a_backup_code_at_the_same_moment_in_transactions_of_the_project(ada, monkeypatch, settings, level):
    """Each began before the lock. One that the database then ends, because of another, is the project's to repeat."""
    settings.ROOT_URLCONF = "tests.integration.two_factor_project.own_sign_in_urls"
    set_level(monkeypatch, level)
    StaticDevice.objects.create(user=ada, name="backup").token_set.create(token="onetime1")
    devices = [Device() for _ in range(6)]
    for device in devices:
        device.client.raise_request_exception = False
    data = {"username": ada.get_username(), "password": PASSWORD, "otp": "onetime1"}
    answers = together(*[partial(device.client.post, "/own/", data, format="json") for device in devices])
    connection.close()
    assert statuses(answers).count(200) == 1
    assert Session.objects.count() == 1
