"""By the fixtures, which pytest finds by itself."""

from datetime import timedelta

import pytest

from auth_sessions.testing import CHROME_ON_IPHONE, assert_signed_in, assert_signed_out


@pytest.fixture
def ada(db, django_user_model):
    return django_user_model.objects.create_user("ada", password="lovelace-1815")


def test_devices(ada, auth_device, auth_browser):
    laptop, phone = auth_device(ada), auth_device(ada, name="Phone", user_agent=CHROME_ON_IPHONE)
    browser = auth_browser(ada)
    assert {each["name"] for each in browser.get("/api/auth/sessions/").json()} == {"", "Phone"}
    assert phone.sign_out("others").status_code == 204
    for device in (laptop, browser):
        assert_signed_out(device)
    assert_signed_in(phone)


def test_force_login(ada, client, auth_browser):
    client.force_login(ada)
    assert client.get("/who/").status_code == 200
    assert_signed_in(auth_browser(ada, client=client))


def test_the_time(ada, auth_device, auth_clock):
    laptop = auth_device(ada, lifetime=timedelta(days=1))
    auth_clock.shift(timedelta(hours=23))
    assert_signed_in(laptop)
    auth_clock.shift(3601)
    assert_signed_out(laptop)


def test_a_live_server(live_server, transactional_db, django_user_model, auth_device, auth_browser):
    ada = django_user_model.objects.create_user("ada")
    phone, browser = auth_device(ada, live_server.url), auth_browser(ada, live_server.url)
    assert browser.get("/who/").json() == {"who": "ada"}
    assert phone.refresh().status_code == 200
    assert phone.sign_out().status_code == 204
    assert_signed_out(browser)


class TestOwnClass:
    @pytest.fixture
    def auth_device_class(self):
        from auth_sessions.testing import Device

        class Elsewhere(Device):
            paths = {"sign-out": "/nowhere/"}

        return Elsewhere

    def test_its_paths(self, ada, auth_device):
        assert auth_device(ada).sign_out().status_code == 404
