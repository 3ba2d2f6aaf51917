"""The backend that let a person in is asked at each refresh whether it knows them, and what it says is believed."""

import pytest
from django.apps import apps
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auth_sessions import api, exceptions
from auth_sessions.models import Session
from tests.support.admin import AdminClient
from tests.support.browser import Browser
from tests.support.device import Device, code
from tests.support.host import has_admin, has_browsers, has_supabase
from tests.support.sessions import clear_expired
from tests.support.statements import statements
from tests.support.supabase import SupabaseDevice, add_user, needs_email, share_tokens

pytestmark = pytest.mark.slow

MODEL = "django.contrib.auth.backends.ModelBackend"
ALLOW_ALL = "django.contrib.auth.backends.AllowAllUsersModelBackend"
INACTIVE = (401, "user_inactive")
GONE = (401, "session_not_found")


def by_rest(device):
    assert code(device.refresh()) == INACTIVE


def by_supabase(device):
    assert share_tokens(device).try_refresh().json()["error_code"] == "user_banned"


def by_python(device):
    with pytest.raises(exceptions.UserInactive):
        api.refresh(device.refresh_token)


def by_sign_out_with_refresh_token(device):
    assert code(device.post("sign-out/", {"refresh": device.refresh_token})) == INACTIVE


REFRESHES = [by_rest, by_python, by_sign_out_with_refresh_token]
if apps.is_installed("auth_sessions.supabase"):
    REFRESHES.append(by_supabase)
REFUSALS = {
    "own rule": ["RefusesStaff"],
    "own get_user()": ["Directory"],
    "either": ["Directory", "RefusesStaff"],
}


@pytest.fixture(params=REFUSALS.values(), ids=REFUSALS)
def _refusing(request, use_backends):
    use_backends(*request.param)


@pytest.mark.usefixtures("_refusing")
@pytest.mark.parametrize("refresh", REFRESHES)
def test_whom_it_no_longer_knows_is_refused_at_the_next_refresh(ada, mark, ended, refresh):
    device = Device().sign_in(ada)
    assert device.refresh().status_code == 200
    mark()
    refresh(device)
    assert not Session.objects.exists()
    assert [event["reason"] for event in ended] == ["user_inactive"]
    assert code(device.refresh()) == GONE


@pytest.mark.parametrize("refresh", REFRESHES)
def test_whom_the_default_manager_hides_is_refused(laptop, hiding_manager, mark, refresh):
    assert laptop.refresh().status_code == laptop.me().status_code == 200
    mark()
    refresh(laptop)
    assert not Session.objects.exists()


@pytest.mark.usefixtures("hiding_manager")
class TestRequestsOfAHiddenPerson:
    """The default manager is asked within the one SELECT of a request, which refuses and deletes nothing."""

    @pytest.mark.parametrize("request_", [Device.me, lambda device: device.get("sessions/")])
    def test_refused(self, laptop, mark, request_):
        mark()
        with CaptureQueriesContext(connection) as queries:
            assert code(request_(laptop)) == INACTIVE
        assert len(queries) == 1
        mark(is_staff=False)
        assert request_(laptop).status_code == 200

    def test_refused_where_the_token_has_another_field_than_the_key(self, ada, settings, mark):
        settings.SIMPLE_JWT = {"USER_ID_FIELD": ada.USERNAME_FIELD}
        device = Device().sign_in(ada)
        mark()
        assert code(device.me()) == INACTIVE

    def test_by_the_cached_check_as_soon_as_the_entry_is_too_old(self, clock, laptop, mark, shared_cache):
        assert laptop.fast().status_code == 200
        mark()
        clock.shift(60)
        assert code(laptop.fast()) == INACTIVE

    @has_supabase
    def test_by_the_supabase_api(self, ada, laptop, mark):
        device = share_tokens(laptop)
        mark()
        assert device.send("GET", "user").json()["error_code"] == "user_banned"

    def test_a_local_sign_out_ends_the_session(self, laptop, mark):
        mark()
        assert laptop.sign_out("local").status_code == 204
        assert not Session.objects.exists()

    def test_a_save_ends_all_sessions_at_once(self, ada, laptop, shared_cache):
        assert laptop.fast().status_code == 200
        ada.is_staff = True
        ada.save()
        assert not Session.objects.exists()
        assert laptop.fast().status_code == 401

    def test_the_clean_up_ends_them(self, laptop, bob, mark):
        Device().sign_in(bob)
        mark()
        assert clear_expired(dry_run=True) == clear_expired() == 1
        assert [session.user for session in Session.objects.all()] == [bob]


@pytest.mark.usefixtures("hiding_manager")
def test_a_backend_that_finds_those_whom_the_manager_hides_is_believed(ada, use_backends, mark):
    use_backends("FindsEverybody")
    device = Device().sign_in(ada)
    mark()
    assert device.me().status_code == device.refresh().status_code == 200
    ada.refresh_from_db()
    ada.save()
    assert clear_expired() == 0
    assert device.me().status_code == device.refresh().status_code == 200


@pytest.mark.usefixtures("rest_only")
class TestStatements:
    """One SELECT and one UPDATE where ``is_active`` decides, one SELECT more where the backend must be asked."""

    def cost(self, call):
        with CaptureQueriesContext(connection) as queries:
            assert call().status_code == 200
        return statements(queries)

    @pytest.mark.parametrize("backend", [MODEL, ALLOW_ALL, "RefusesStaff"])
    def test_get_user_of_model_backend(self, ada, use_backends, backend):
        use_backends(backend)
        device = Device().sign_in(ada)
        assert self.cost(device.refresh) == ["SELECT", "UPDATE"]
        assert self.cost(device.me) == ["SELECT"]

    def test_a_get_user_of_its_own(self, ada, use_backends):
        use_backends("Directory")
        device = Device().sign_in(ada)
        assert self.cost(device.refresh) == ["SELECT", "SELECT", "UPDATE"]
        assert self.cost(device.me) == ["SELECT"]

    def test_a_manager_that_hides_people(self, laptop, hiding_manager):
        assert self.cost(laptop.refresh) == ["SELECT", "SELECT", "UPDATE"]
        assert self.cost(laptop.me) == ["SELECT"]


class TestInactivePeopleWhomABackendLetsIn:
    """``AllowAllUsersModelBackend`` and its like."""

    @pytest.fixture(params=[ALLOW_ALL, "Directory"])
    def eve(self, request, make_user, use_backends):
        use_backends(request.param)
        return make_user("eve", is_active=False)

    def test_devices(self, eve, shared_cache):
        device = Device().sign_in(eve)
        for _ in range(2):
            for call in (device.me, device.fast, device.refresh, lambda: device.get("sessions/")):
                assert call().status_code == 200
        assert device.fast().json()["is_active"] is False
        assert len(device.sessions()) == 1

    def test_a_save_and_the_clean_up_leave_them(self, eve):
        device = Device().sign_in(eve)
        eve.save()
        assert clear_expired(dry_run=True) == clear_expired() == 0
        assert device.me().status_code == device.refresh().status_code == 200

    def test_python(self, eve):
        api.refresh(api.sign_in_user(eve).refresh)

    @has_supabase
    def test_the_supabase_api(self, eve):
        device = share_tokens(Device().sign_in(eve))
        assert device.try_refresh().status_code == device.send("GET", "user").status_code == 200

    @has_browsers
    def test_browsers_and_pages(self, eve):
        browser = Browser()
        browser.client.force_login(eve, backend=project.AUTHENTICATION_BACKENDS[0])
        phone = Device().sign_in(eve)
        assert browser.is_signed_in()
        assert browser.page("/account/devices/").status_code == 200
        assert len(phone.sessions()) == 2
        eve.save()
        assert clear_expired() == 0
        assert browser.is_signed_in()
        assert phone.sign_out().status_code == 204
        assert not browser.is_signed_in()

    @has_admin
    @has_browsers
    def test_the_admin_shows_them_as_live(self, eve, grace, use_backends):
        Device().sign_in(eve)
        use_backends(MODEL, *project.AUTHENTICATION_BACKENDS)
        page = AdminClient(grace).get().content.decode()
        assert page.count('field-state">live') == 2
        assert "user inactive" not in page


@has_browsers
def test_an_inactive_force_login_as_in_djangos_own_tests(make_user, use_backends):
    """``test_view_with_inactive_force_login`` of ``test_client.tests``."""
    use_backends(MODEL, ALLOW_ALL)
    client, inactive = Client(), make_user("eve", is_active=False)
    assert client.get("/who/").status_code == 401
    client.force_login(inactive, backend=ALLOW_ALL)
    for _ in range(2):
        response = client.get("/who/")
        assert (response.status_code, response.json()["user"]) == (200, str(inactive.pk))
    client.force_login(inactive, backend=MODEL)
    assert client.get("/who/").status_code == 401


class TestSeveralBackends:
    @pytest.fixture
    def two(self, ada, use_backends):
        """One device let in by each backend."""
        devices = []
        for path in (MODEL, ALLOW_ALL):
            use_backends(path)
            devices.append(Device().sign_in(ada))
        use_backends(MODEL, ALLOW_ALL)
        return devices

    def test_each_session_goes_by_its_own(self, two, mark):
        careful, careless = two
        mark(is_active=False)
        assert code(careful.me()) == code(careful.refresh()) == INACTIVE
        assert careless.me().status_code == careless.refresh().status_code == 200
        assert clear_expired() == 0

    def test_a_save_ends_those_of_the_one_that_refuses(self, ada, two):
        ada.is_active = False
        ada.save(update_fields=["is_active"])
        assert [str(session.pk) for session in Session.objects.all()] == [two[1].session_id]

    def test_the_clean_up_as_well(self, two, mark):
        mark(is_active=False)
        assert clear_expired() == 1
        assert [str(session.pk) for session in Session.objects.all()] == [two[1].session_id]

    def test_an_unknown_backend_is_any(self, ada, two, mark):
        pair = api.sign_in_user(get_user_model().objects.get(pk=ada.pk))
        mark(is_active=False)
        assert api.refresh(pair.refresh)

    def test_one_that_is_not_configured_any_more_knows_nobody(self, two, use_backends):
        """As Django has it for its own sessions; a process with other settings ends nothing by itself."""
        use_backends(MODEL)
        assert clear_expired() == 0
        careful, careless = two
        assert careless.me().status_code == 200
        assert code(careless.refresh()) == INACTIVE
        assert careful.refresh().status_code == 200

    @has_browsers
    def test_a_browser_that_signs_in_by_another(self, ada, use_backends, mark):
        use_backends(MODEL, ALLOW_ALL)
        browser = Browser().sign_in(ada)
        assert [session.auth_backend for session in Session.objects.all()] == [MODEL]
        browser.client.force_login(ada, backend=ALLOW_ALL)
        assert browser.is_signed_in()
        mark(is_active=False)
        assert browser.is_signed_in()
        assert clear_expired() == 0


def test_a_backend_without_get_user_leaves_it_to_is_active(ada, use_backends, mark):
    use_backends("OnlyAuthenticates", "LetsNobodyIn")
    device = Device().sign_in(ada)
    assert device.me().status_code == device.refresh().status_code == 200
    mark(is_active=False)
    assert code(device.me()) == code(device.refresh()) == INACTIVE


def test_whom_the_backend_refuses_is_not_signed_in(ada, use_backends, mark):
    use_backends("RefusesStaff")
    mark()
    ada.refresh_from_db()
    response = Device().post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": " lovelace 1815 "})
    assert code(response) == (401, "no_active_account")
    with pytest.raises(exceptions.UserInactive):
        api.sign_in_user(ada)
    assert not Session.objects.exists()


@has_supabase
@needs_email
def test_the_supabase_sign_in_lets_in_whom_the_backend_lets_in(make_user, use_backends):
    use_backends(ALLOW_ALL)
    add_user(make_user, "eve", is_active=False)
    device = SupabaseDevice().sign_in("eve@example.org")
    assert device.try_refresh().status_code == 200
