"""Whatever signs a person in proves that it is them: the user name, the address, or what the backend takes."""

from functools import partial

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist

from auth_sessions import api
from auth_sessions.core.credentials import verify_password
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device, still_signed_in
from tests.support.pages import LIST, OTHERS, make_sign_in_old, message_after, text
from tests.support.supabase import NEW_PASSWORD, SupabaseDevice, code

PIN = "1815"
UUID = "0b7f1e46-8e3b-4c07-9c4c-0d3f8f2b8a11"
EMAIL = "ada@example.org"


def has_field(name):
    try:
        return bool(get_user_model()._meta.get_field(name))
    except FieldDoesNotExist:
        return False


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_field("first_name") or not apps.is_installed("axes"), reason="needs Django's own user"),
    pytest.mark.any_database,
]


@pytest.fixture
def ada(make_user):
    return make_user(UUID, email=EMAIL, first_name="Augusta")


def signed_in_by(settings, user, backend, *, others=()):
    """A browser that is signed in by this backend, too long ago."""
    settings.AUTHENTICATION_BACKENDS = [*others, f"tests.host.backends.{backend}"]
    browser = Browser()
    browser.client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    browser.session_id = browser.page("/which/").json()["session"]
    make_sign_in_old(browser)
    return browser


@pytest.fixture
def iphone(ada, settings):
    device = Device(IPHONE)
    device.sign_in(ada)
    return device


MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def signed_in(ada, iphone, settings):
    return partial(signed_in_by, settings, ada)


@pytest.mark.parametrize(
    "backend",
    [
        "ByEmail",
        "ByEmailKeyword",
        "ByLogin",
        "ByFirstName",
        "ByMoment",
        "ByMomentAsText",
        "ByNameOrKeywords",
        "ByKeywords",
        "ByOneAddress",
        "SplitsAddress",
        "ValidatesAddress",
        "RequiresAddress",
    ],
)
@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize(
    "others",
    [
        (),
        *(
            pytest.param((path,), marks=pytest.mark.slow)
            for path in ("tests.host.backends.LetsNobodyIn", MODEL_BACKEND)
        ),
    ],
)
class TestOneAttempt:
    def test_the_right_password(self, signed_in, login_failures, backend, others):
        browser = signed_in(backend, others=others)
        answer = browser.submit(OTHERS, {"password": PASSWORD})
        assert "Signed out of 1 other device." in message_after(browser, answer)
        assert login_failures == []

    def test_a_wrong_one(self, iphone, signed_in, login_failures, backend, others):
        browser = signed_in(backend, others=others)
        assert "Try again." in text(browser.submit(OTHERS, {"password": "wrong"}))
        (failure,) = login_failures
        assert failure["request"].path == OTHERS
        assert failure["credentials"]["username"] == UUID
        assert "wrong" not in str(failure["credentials"])
        assert still_signed_in(phone=iphone) == {"phone"}

    def test_a_lock_out(self, iphone, signed_in, axes, backend, others):
        browser = signed_in(backend, others=["axes.backends.AxesStandaloneBackend", *others])
        for _ in range(3):
            browser.submit(OTHERS, {"password": "wrong"})
        assert "Try again." in text(browser.submit(OTHERS, {"password": PASSWORD}))
        assert still_signed_in(phone=iphone) == {"phone"}


@pytest.mark.parametrize("field", ["username", "email"])
@pytest.mark.parametrize("accepting", [MODEL_BACKEND, "tests.host.backends.ByEmail"])
@pytest.mark.usefixtures("axes")
def test_a_lock_out_of_any_name(iphone, signed_in, settings, field, accepting):
    """The backend that counts may know the person by the address, and the one that accepts by the user name."""
    settings.AXES_LOCKOUT_PARAMETERS = ["username"]
    settings.AXES_USERNAME_FORM_FIELD = field
    browser = signed_in("ByEmail", others=["axes.backends.AxesStandaloneBackend", accepting])
    for _ in range(3):
        browser.submit(OTHERS, {"password": "wrong"})
    assert "Try again." in text(browser.submit(OTHERS, {"password": PASSWORD}))
    assert still_signed_in(phone=iphone) == {"phone"}


class TestTheSamePerson:
    def test_another_person_with_the_address_as_user_name(self, ada, make_user, iphone, settings):
        other = make_user(EMAIL)
        other.set_password("another")
        other.save()
        browser = signed_in_by(settings, ada, "ByEmail", others=[MODEL_BACKEND])
        assert "Try again." in text(browser.submit(OTHERS, {"password": "another"}))
        answer = browser.submit(OTHERS, {"password": PASSWORD})
        assert "Signed out of 1 other device." in message_after(browser, answer)

    def test_a_backend_that_returns_another_person(self, ada, bob, iphone, settings, login_failures):
        browser = signed_in_by(settings, ada, "TakesOthersIn")
        assert "Try again." in text(browser.submit(OTHERS, {"password": PASSWORD}))
        assert len(login_failures) == 1


class TestASecretOfTheUser:
    @pytest.fixture(autouse=True)
    def _with_codes(self, monkeypatch):
        for name in ("link_code", "personnel_code"):
            monkeypatch.setattr(get_user_model(), name, "1815", raising=False)

    def test_it_does_not_stand_for_the_password(self, ada, iphone, settings, login_failures):
        browser = signed_in_by(settings, ada, "ByLinkOrPassword")
        assert "Try again." in text(browser.submit(OTHERS, {"password": "wrong"}))
        assert len(login_failures) == 1
        assert still_signed_in(phone=iphone) == {"phone"}
        answer = browser.submit(OTHERS, {"password": PASSWORD})
        assert "Signed out of 1 other device." in message_after(browser, answer)

    def test_it_is_passed_where_the_password_is_required_as_well(self, ada, iphone, settings):
        browser = signed_in_by(settings, ada, "ByPersonnelCode")
        assert "Try again." in text(browser.submit(OTHERS, {"password": "wrong"}))
        answer = browser.submit(OTHERS, {"password": PASSWORD})
        assert "Signed out of 1 other device." in message_after(browser, answer)


class EqualToItsText:
    """As a phone number of django-phonenumber-field."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text

    def __eq__(self, other):
        return self.text == str(other)

    __hash__ = None


@pytest.mark.parametrize("others", [(), (MODEL_BACKEND,)])
def test_a_value_that_equals_its_text_is_tried_as_a_text(ada, settings, login_failures, others):
    path = "tests.host.backends.ByFirstNameAsText"
    settings.AUTHENTICATION_BACKENDS = [*others, path]
    ada.first_name = EqualToItsText(ada.first_name)
    assert verify_password(ada, PASSWORD, request=None, backend=path) == ada
    assert login_failures == []
    assert verify_password(ada, "wrong", request=None, backend=path) is None
    assert len(login_failures) == 1


@pytest.mark.parametrize("accepting", [MODEL_BACKEND, "tests.host.backends.ByFirstName"])
def test_a_user_name_with_a_type_of_its_own_beside_another_backend(ada, settings, accepting):
    settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.SplitsName", accepting]
    ada.username, ada.email = EqualToItsText(ada.username), ""
    assert verify_password(ada, PASSWORD, request=None, backend=accepting) == ada


@pytest.mark.parametrize("backend", ["ByNumber", "ByDay"])
def test_a_backend_that_cannot_read_what_is_tried(ada, iphone, settings, login_failures, backend):
    browser = signed_in_by(settings, ada, backend)
    assert "Try again." in text(browser.submit(OTHERS, {"password": PASSWORD}))
    assert len(login_failures) == 1


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
@pytest.mark.parametrize("failing", ["Fails", "IsDown"])
@pytest.mark.parametrize("is_alone", [True, False])
def test_a_backend_that_fails_is_not_passed_over(signed_in, login_failures, password, failing, is_alone):
    """It fails for every name, or has no answer. It may be the one that counts failures, or that would accept."""
    browser = signed_in(failing) if is_alone else signed_in("ByEmail", others=[f"tests.host.backends.{failing}"])
    with pytest.raises((RuntimeError, ConnectionError), match=UUID):
        browser.submit(OTHERS, {"password": password})
    assert login_failures == []
    assert Session.objects.count() == 2


@pytest.mark.parametrize("backend", ["tests.host.backends.ByLink", "django.contrib.auth.backends.RemoteUserBackend"])
def test_a_site_without_passwords_leads_to_the_sign_in(ada, iphone, settings, backend):
    """Even where a password is left in the row."""
    settings.AUTHENTICATION_BACKENDS = [backend]
    browser = Browser()
    browser.client.force_login(ada)
    browser.session_id = browser.page("/which/").json()["session"]
    make_sign_in_old(browser)
    page = text(browser.page(OTHERS))
    assert "Sign in again to show that it is you" in page
    assert "Enter your password" not in page
    assert browser.submit(OTHERS, {"password": PASSWORD}).url == OTHERS
    assert still_signed_in(browser=browser, phone=iphone) == {"phone"}


def test_a_site_of_headers_leads_back_to_the_question(ada, iphone, settings):
    """The proxy signs the person in again at once, which is the proof."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.RemoteUserMiddleware"]
    browser = Browser()
    browser.client.defaults["REMOTE_USER"] = ada.get_username()
    browser.page("/which/")  # the browser is a device when it returns with its cookie
    browser.session_id = browser.page("/which/").json()["session"]
    make_sign_in_old(browser)
    assert browser.submit(OTHERS).url == OTHERS
    assert "Sign in again" not in text(browser.client.get(OTHERS, follow=True))
    browser.submit(OTHERS)
    assert not iphone.is_signed_in()


class TestTheName:
    @pytest.mark.parametrize("name", [UUID, UUID[:30], UUID.replace("-", ""), UUID.upper()])
    def test_a_uuid_is_not_shown(self, make_user, name):
        user = make_user(name, email=EMAIL)
        browser = Browser().sign_in(user)
        make_sign_in_old(browser)
        Device(IPHONE).sign_in(user)
        for path in (LIST, OTHERS):
            page = browser.page(path).content.decode()
            assert name not in page
            assert EMAIL in page
        assert f'name="username" value="{EMAIL}" autocomplete="username"' in page

    def test_the_full_name_without_an_address(self, make_user):
        browser = Browser().sign_in(make_user(UUID, first_name="Augusta", last_name="King"))
        assert "Augusta King" in text(browser.page(LIST))

    @pytest.mark.parametrize("name", ["ada", "deadbeef", "12345678", "1234567812345678", "ada-1815-lovelace"])
    def test_a_user_name_stays(self, make_user, name):
        browser = Browser().sign_in(make_user(name, email=EMAIL))
        assert name in text(browser.page(LIST))
        assert EMAIL not in text(browser.page(LIST))


@pytest.mark.skipif(not apps.is_installed("auth_sessions.supabase"), reason="needs the Supabase API")
def test_one_method_decides_on_each_interface(ada, iphone, settings):
    """A host whose people have a PIN."""
    settings.ROOT_URLCONF = "tests.host.second_step_urls"
    browser = signed_in_by(settings, ada, "ByEmail", others=[MODEL_BACKEND])
    assert "Try again." in text(browser.submit(OTHERS, {"password": PASSWORD}))
    assert "Signed out of 1 other device." in message_after(browser, browser.submit(OTHERS, {"password": PIN}))
    device = SupabaseDevice()
    device.access = api.sign_in_user(ada).access
    refused = device.update(password=NEW_PASSWORD, current_password=PASSWORD)
    assert code(refused) == (400, "current_password_invalid")
    assert device.update(password=NEW_PASSWORD, current_password=PIN).status_code == 200
