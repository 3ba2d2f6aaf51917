"""What a browser takes over from an app, and what else holds for its session."""

from datetime import timedelta

import pytest
from django.urls import include, path

from auth_sessions import api
from auth_sessions.choices import Scope
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.hand_over import Website, ask
from tests.support.step_up import row


def test_the_code_is_used_up_where_the_person_is_signed_in_already(iphone):
    """It was in an address: whoever reads it in the access log gets nothing for the rest of the minute."""
    website, given = Website().takes_over(iphone), ask(iphone)
    assert website.opens(given).status_code == 302
    assert Website().opens(given).status_code == 410
    assert not RefreshToken.objects.exclude(hand_over_digest=None).exists()
    other, given = Website(), ask(iphone)
    page = other.opens(given)
    other.client.cookies["sessionid"] = website.client.cookies["sessionid"].value
    assert other.presses(page).status_code == 302
    assert Website().opens(given).status_code == 410


@pytest.mark.parametrize("keeps", ["the app", "its website"])
def test_a_new_password_makes_a_code_worthless(ada, iphone, keeps):
    """Whoever has changed it may have done so because somebody else has read the code."""
    website, given = Website().takes_over(iphone), ask(iphone)
    waiting = Website()
    page = waiting.opens(given)
    api.change_password(ada, "changed", keep=row(iphone if keeps == "the app" else website))
    assert Website().opens(given).status_code == 410
    assert waiting.presses(page).status_code == 410
    assert iphone.is_signed_in()
    assert Website().continues(ask(iphone)).status_code == 302


def test_another_proof_leaves_a_code_alone(iphone):
    given = ask(iphone)
    api.mark_reauthenticated(row(iphone))
    assert Website().continues(given).status_code == 302


def test_it_ends_with_the_browser_where_djangos_sessions_do(clock, settings, ada):
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    app, website = create_session(ada, lifetime=timedelta(hours=1)), Website()
    response = website.continues(api.create_hand_over(app))
    assert response.status_code == 302
    assert response.cookies["sessionid"]["max-age"] == ""
    assert website.note_session().row.expires_at <= app.expires_at
    clock.shift(timedelta(minutes=59))
    assert website.is_signed_in()
    clock.shift(timedelta(minutes=2))
    assert not website.is_signed_in()


@pytest.mark.parametrize(
    ("caller", "begun"), [("plain", "plain"), ("app", "app"), ("app", "website"), ("website", "website")]
)
def test_others_keeps_what_is_acted_from_a_device_that_stays(grace, ada, caller, begun):
    app = Device().sign_in(grace)
    devices = {"app": app, "website": Website().takes_over(app), "plain": Browser().sign_in(grace)}
    acted = {name: create_session(ada, actor=grace, current=row(device)) for name, device in devices.items()}
    api.sign_out(row(devices[caller]), Scope.OTHERS)
    assert Session.objects.filter(pk=acted[begun].pk).exists()
    gone = "app" if caller == "plain" else "plain"
    assert not Session.objects.filter(pk=acted[gone].pk).exists()


urlpatterns = [path("gr\u00f6\u00dfe/", include("auth_sessions.pages.urls")), path("", include("tests.urls"))]


def test_where_the_pages_have_a_path_that_is_not_ascii(iphone, settings, client):
    settings.ROOT_URLCONF = __name__
    url = iphone.post("hand-over/").json()["url"]
    moved = client.get(url)
    assert moved.status_code == 302
    (cookie,) = moved.cookies.values()
    cookie.output(header="").encode("ascii")  # as Django's ASGI handler does
    assert moved.url == cookie["path"]
    assert client.get(moved.url).status_code == 200


@pytest.mark.parametrize("left", [{"otp_device_id": "x"}, {"account_authentication_methods": [{"method": "mfa"}]}])
def test_it_has_the_methods_of_the_app_alone(ada, left):
    """What a login that was not finished has left in the data of the anonymous session is no proof of this one."""
    app, website = create_session(ada, amr=["pwd"]), Website()
    page = website.opens(api.create_hand_over(app))
    data = website.client.session
    data.update(left)
    data.save()
    website.client.cookies["sessionid"] = data.session_key
    assert website.presses(page).status_code == 302
    assert website.note_session().row.amr == ["pwd"]
