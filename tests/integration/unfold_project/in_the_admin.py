"""The admin under django-unfold."""

import re

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import session_of
from tests.support.device import Device
from tests.support.sessions import create_browser_row

NAME = get_user_model()._meta.model_name


@pytest.fixture(params=["admin", "dressed"])
def site(request):
    return f"/{request.param}"


@pytest.fixture
def sessions(site):
    return f"{site}/auth_sessions/session/"


@pytest.fixture
def users(site):
    return f"{site}/{get_user_model()._meta.app_label}/{NAME}/"


def shown(response):
    assert response.status_code == 200
    text = " ".join(response.content.decode().split())
    assert "unfold/css/styles" in text
    return text


def form(text):
    """The fields that the confirmation posts."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def test_the_list_its_filters_and_its_search(staff_client, sessions, ada):
    create_session(ada, tag="web", name="one")
    create_browser_row(ada, name="two")
    text = shown(staff_client.get(sessions))
    assert all(word in text for word in ("one", "two", "(your own session)", "live", "?used=hour", "?tag=web"))
    narrowed = shown(staff_client.get(sessions, q="ada", state="live", used="hour", tag="web", kind__exact="token"))
    assert "one\u2069&quot; (" in narrowed
    assert "two\u2069&quot; (" not in narrowed


def test_the_page_of_a_session(staff_client, sessions, laptop):
    text = shown(staff_client.get(f"{sessions}{laptop.session_id}/change/"))
    assert "Firefox on macOS" in text
    assert "127.0.0.1" in text
    assert 'name="_save"' not in text


def test_the_page_of_a_user(staff_client, sessions, users, ada):
    for number in range(12):
        create_session(ada, name=f"no-{number:02}")
    text = shown(staff_client.get(f"{users}{ada.pk}/change/"))
    assert "no-11" in text
    assert "no-01" not in text
    assert f'href="{sessions}?user__exact={ada.pk}">See all 12 sessions in the list</a>' in text


def test_revoking_asks_and_ends(staff_client, sessions, laptop, phone):
    asked = shown(staff_client.post(sessions, action="revoke_selected", _selected_action=laptop.session_id))
    assert re.findall("<h1[^>]*>(.*?)</h1>", asked).count("Revoke selected sessions") == 1
    assert "This ends 1 session of 1 user." in asked
    assert staff_client.post(sessions, **form(asked)).status_code == 302
    assert laptop.me().status_code == 401
    assert phone.me().status_code == 200
    assert "1 session revoked." in shown(staff_client.get(sessions))


def test_the_own_session_is_named_and_left_out(staff_client, sessions, grace):
    tablet = Device().sign_in(grace)
    staff_client.get(sessions)
    own = Session.objects.get(user=grace, kind="browser")
    named = "(your own session: you will be signed out here)"
    assert named in shown(staff_client.post(sessions, action="revoke_selected", _selected_action=own.pk))
    assert named in shown(staff_client.post(sessions, action="delete_selected", _selected_action=own.pk))
    assert named in shown(staff_client.get(f"{sessions}{own.pk}/delete/"))
    phone = Device().sign_in(grace)
    asked = shown(staff_client.post(sessions, action="revoke_others", _selected_action=tablet.session_id))
    assert "is left out." in asked
    staff_client.post(sessions, **form(asked))
    assert set(Session.objects.all()) == {own, session_of(tablet)}
    assert phone.me().status_code == 401


def test_deleting_signs_out(staff_client, sessions, laptop, phone):
    staff_client.post(f"{sessions}{laptop.session_id}/delete/", post="yes")
    staff_client.post(sessions, action="delete_selected", _selected_action=phone.session_id, post="yes")
    assert laptop.me().status_code == phone.me().status_code == 401


def test_sign_out_everywhere(staff_client, users, ada, laptop, phone):
    asked = shown(staff_client.post(users, action="sign_out_everywhere", _selected_action=ada.pk))
    assert "This ends 2 sessions of 1 user." in asked
    staff_client.post(users, **form(asked))
    assert laptop.me().status_code == phone.me().status_code == 401
