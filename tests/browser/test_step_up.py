"""``recently_authenticated``: plain views, sync and async, that ask for a recent proof of identity."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions import api
from auth_sessions.decorators import recently_authenticated
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.hand_over import Website
from tests.support.inputs import each
from tests.support.statements import statements
from tests.support.step_up import challenge, make_stale, row

pytestmark = pytest.mark.any_database

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PLAIN = ["/plain/", "/plain/async/", "/plain/class/", "/plain/class/async/"]
ASKING = "/account/reauthenticate/?next=%s&max_age=600"


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.step_up_urls"


def get(device, path, accept=HTML, **more):
    return device.client.get(path, HTTP_ACCEPT=accept, **device.headers, **more)


@each("path", PLAIN)
def test_a_fresh_session_passes(laptop, office_browser, path):
    for device in (laptop, office_browser):
        response = get(device, path)
        assert (response.status_code, response.json()) == (200, {"session": device.session_id, "method": "GET"})


@each("path", PLAIN)
def test_an_old_one_does_not(laptop, office_browser, path):
    for device in (laptop, office_browser):
        make_stale(device)
        for accept in ("application/json", "*/*", ""):
            response = get(device, path, accept)
            assert challenge(response)["max_age"] == "600"
            assert "no-store" in response["Cache-Control"]
    challenge(get(laptop, path))  # an app is led nowhere, whatever it accepts
    response = get(office_browser, path)
    assert (response.status_code, response.url) == (302, ASKING % path)
    assert "no-store" in response["Cache-Control"]


@each("path", ["/plain/async/", "/plain/class/async/", "/plain/"])
def test_on_an_event_loop(laptop, path):
    def ask():
        headers = {"authorization": f"Bearer {laptop.access}"}
        return async_to_sync(AsyncClient().get)(path, headers=headers)

    make_stale(laptop)
    challenge(ask())
    Session.objects.filter(pk=laptop.session_id).update(authenticated_at=row(laptop).created_at)
    assert ask().status_code == 200


@each("path", PLAIN)
def test_nobody_is_signed_in(db, path):
    assert code(get(Device(), path, "*/*")) == (401, "not_authenticated")
    assert get(Device(), path, "*/*")["WWW-Authenticate"] == 'Bearer realm="api"'
    assert get(Device(), path).url == f"/accounts/login/?next={path}"


def test_tokens_that_are_refused(laptop, phone):
    phone.sign_out("others")
    for accept in (HTML, "*/*"):
        assert code(get(laptop, "/plain/", accept)) == (401, "session_not_found")
    laptop.access = "junk"
    for accept in (HTML, "*/*"):
        assert code(get(laptop, "/plain/", accept)) == (401, "token_not_valid")


def test_a_cookie_whose_session_has_ended(office_browser, phone):
    phone.sign_out("others")
    assert code(get(office_browser, "/plain/", "*/*")) == (401, "session_not_found")
    assert get(office_browser, "/plain/").url == "/accounts/login/?next=/plain/"


def test_there_and_back(office_browser):
    make_stale(office_browser)
    path = "/plain/?of=the&view=%C3%A4"
    asking = get(office_browser, path).url
    assert asking == "/account/reauthenticate/?next=/plain/%3Fof%3Dthe%26view%3D%25C3%25A4&max_age=600"
    assert "Enter your password to show that it is you." in get(office_browser, asking).content.decode()
    response = office_browser.submit(asking, {"password": PASSWORD})
    assert (response.status_code, response.url) == (302, path)
    assert get(office_browser, response.url).status_code == 200
    assert get(office_browser, asking).url == path, "who has come back once more is not asked again"


@each("sent", ["/plain/class/", "/plain/class/method/"])
def test_a_form(office_browser, sent):
    """Its page is where the person comes back to, since the form is not sent again."""
    make_stale(office_browser)

    def submit(referer):
        return office_browser.client.post(sent, HTTP_ACCEPT=HTML, **({"HTTP_REFERER": referer} if referer else {}))

    assert submit("http://testserver/pages/form/?id=1").url == ASKING % "http%3A//testserver/pages/form/%3Fid%3D1"
    for referer in ("https://evil.example.org/", "//evil.example.org/", "javascript:alert(1)", None):
        assert submit(referer).url == ASKING % sent
    assert office_browser.client.get("/plain/class/method/").status_code == 200


def test_another_persons_token_does_not_help(bob, laptop):
    """Whoever sits at Bob's browser brings a token of their own: the view would see Bob."""
    browser = make_stale(Browser().sign_in(bob))
    for accept in (HTML, "*/*"):
        assert browser.client.get("/plain/", HTTP_ACCEPT=accept, **laptop.headers).status_code == 403


def test_acting_in_another_persons_name(help_device):
    assert get(help_device, "/plain/", "*/*").status_code == 403
    assert get(help_device, "/plain/async/").status_code == 403


@pytest.mark.usefixtures("_host_that_notes_who_acts")
def test_a_browser_that_acts_in_another_persons_name(ada, desk):
    assert get(desk, "/plain/").status_code == 200
    desk.act_as(ada)
    Session.objects.update(authenticated_at=timezone.now())
    for path in ("/plain/", "/plain/class/async/", "/guarded/", ASKING % "/plain/"):
        for accept in (HTML, "*/*"):
            assert get(desk, path, accept).status_code == 403, path
    assert desk.submit(ASKING % "/plain/", {"password": PASSWORD}).status_code == 403
    assert desk.post("reauthenticate/", {"password": PASSWORD}).status_code == 403
    desk.stop()
    assert get(desk, "/plain/").status_code == 200


def test_methods(office_browser):
    parameters = challenge(get(office_browser, "/plain/mfa/", "*/*"))
    assert parameters["acr_values"] == "mfa"
    assert get(office_browser, "/plain/mfa/").url == (ASKING % "/plain/mfa/") + "&acr_values=mfa"


def test_a_browser_that_takes_over_an_apps_sign_in(laptop):
    """It inherits when each method was proved: a password alone renewed no second factor."""
    make_stale(laptop, amr=["pwd", "otp", "mfa"])
    api.mark_reauthenticated(row(laptop), amr=["pwd"])
    website = Website().takes_over(laptop)
    assert get(website, "/plain/").status_code == 200
    challenge(get(website, "/plain/mfa/", "*/*"))
    make_stale(website)
    challenge(get(website, "/plain/", "*/*"))
    assert get(laptop, "/plain/", "*/*").status_code == 200


@each("own", ["/own/prove/", "own-proof"])
def test_the_projects_own_page(office_browser, settings, own):
    settings.AUTH_SESSIONS_REAUTHENTICATION_URL = own
    make_stale(office_browser)
    asking = get(office_browser, "/plain/mfa/").url
    assert get(office_browser, asking).json() == {"next": "/plain/mfa/", "max_age": "600", "acr_values": "mfa"}
    office_browser.submit(asking, {"amr": ["hwk", "mfa"]})
    assert get(office_browser, "/plain/mfa/").status_code == 200
    Session.objects.update(amr=["pwd"], earlier_proofs={})


def test_a_query_of_the_projects_own(office_browser, settings):
    settings.AUTH_SESSIONS_REAUTHENTICATION_URL = "/own/prove/?with=passkey"
    make_stale(office_browser)
    asking = get(office_browser, "/plain/").url
    assert get(office_browser, asking).json() == {"with": "passkey", "next": "/plain/", "max_age": "600"}


def test_without_the_pages(office_browser, settings):
    settings.ROOT_URLCONF = "tests.host.step_up_alone_urls"
    make_stale(office_browser)
    challenge(get(office_browser, "/plain/"))


def test_what_it_costs(laptop, office_browser):
    """As ``api.get_session()``: a token is validated by one SELECT; a cookie by those of ``request.user``."""
    for device, usual in ((laptop, 1), (office_browser, 3)):
        with CaptureQueriesContext(connection) as queries:
            assert get(device, "/plain/async/").status_code == 200
        expected = usual if device is office_browser else 2  # the view asks once more
        assert statements(queries) == ["SELECT"] * expected


def test_without_the_middleware(ada, tokens_only):
    browser = Browser()
    browser.client.force_login(ada)
    assert browser.client.get("/plain/", HTTP_ACCEPT=HTML).status_code == 403
    device = Device().sign_in(ada)
    assert get(device, "/plain/").status_code == 200


def test_a_request_without_a_user(laptop):
    request = RequestFactory().get("/", headers={"Authorization": f"Bearer {laptop.access}"})
    assert recently_authenticated(minutes=1)(lambda request: "the view")(request) == "the view"


def test_what_a_view_is_called_stays(db):
    @recently_authenticated()
    def named(request):
        """Says what it does."""

    assert (named.__name__, named.__doc__) == ("named", "Says what it does.")
    with pytest.raises(TypeError):
        recently_authenticated(named)


def test_one_method_of_a_view_of_rest_framework(laptop):
    assert get(laptop, "/guarded/method/", "*/*").status_code == 200
    make_stale(laptop)
    challenge(get(laptop, "/guarded/method/", "*/*"))
