"""The administrator's desk under django-unfold."""

import re

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import Desk, session_of
from tests.support.device import Device
from tests.support.sessions import create_browser_row

NAME = get_user_model()._meta.model_name


@pytest.fixture(params=["admin", "dressed"])
def site(request):
    return f"/{request.param}"


@pytest.fixture
def desk(grace):
    return Desk(grace)


@pytest.fixture
def sessions(site):
    return f"{site}/auth_sessions/session/"


@pytest.fixture
def people(site):
    return f"{site}/{get_user_model()._meta.app_label}/{NAME}/"


def shown(response):
    assert response.status_code == 200
    text = " ".join(response.content.decode().split())
    assert "unfold/css/styles" in text
    return text


def form(text):
    """The fields that the confirmation posts."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def test_the_list_its_filters_and_its_search(desk, sessions, ada):
    create_session(ada, tag="web", name="one")
    create_browser_row(ada, name="two")
    text = shown(desk.get(sessions))
    assert all(word in text for word in ("one", "two", "(your own session)", "live", "?used=hour", "?tag=web"))
    narrowed = shown(desk.get(sessions, q="ada", state="live", used="hour", tag="web", kind__exact="token"))
    assert "one\u2069&quot; (" in narrowed
    assert "two\u2069&quot; (" not in narrowed


def test_the_page_of_a_session(desk, sessions, laptop):
    text = shown(desk.get(f"{sessions}{laptop.session_id}/change/"))
    assert "Firefox on macOS" in text
    assert "127.0.0.1" in text
    assert 'name="_save"' not in text


def test_the_page_of_a_user(desk, sessions, people, ada):
    for number in range(12):
        create_session(ada, name=f"no-{number:02}")
    text = shown(desk.get(f"{people}{ada.pk}/change/"))
    assert "no-11" in text
    assert "no-01" not in text
    assert f'href="{sessions}?user__exact={ada.pk}">See all 12 sessions in the list</a>' in text


def test_revoking_asks_and_ends(desk, sessions, laptop, phone):
    asked = shown(desk.post(sessions, action="revoke_selected", _selected_action=laptop.session_id))
    assert re.findall("<h1[^>]*>(.*?)</h1>", asked).count("Revoke selected sessions") == 1
    assert "This ends 1 session of 1 user." in asked
    assert desk.post(sessions, **form(asked)).status_code == 302
    assert laptop.me().status_code == 401
    assert phone.me().status_code == 200
    assert "1 session revoked." in shown(desk.get(sessions))


def test_the_own_session_is_named_and_left_out(desk, sessions, grace):
    tablet = Device().sign_in(grace)
    desk.get(sessions)
    own = Session.objects.get(user=grace, kind="browser")
    named = "(your own session: you will be signed out here)"
    assert named in shown(desk.post(sessions, action="revoke_selected", _selected_action=own.pk))
    assert named in shown(desk.post(sessions, action="delete_selected", _selected_action=own.pk))
    assert named in shown(desk.get(f"{sessions}{own.pk}/delete/"))
    phone = Device().sign_in(grace)
    asked = shown(desk.post(sessions, action="revoke_others", _selected_action=tablet.session_id))
    assert "is left out." in asked
    desk.post(sessions, **form(asked))
    assert set(Session.objects.all()) == {own, session_of(tablet)}
    assert phone.me().status_code == 401


def test_deleting_signs_out(desk, sessions, laptop, phone):
    desk.post(f"{sessions}{laptop.session_id}/delete/", post="yes")
    desk.post(sessions, action="delete_selected", _selected_action=phone.session_id, post="yes")
    assert laptop.me().status_code == phone.me().status_code == 401


def test_sign_out_everywhere(desk, people, ada, laptop, phone):
    asked = shown(desk.post(people, action="sign_out_everywhere", _selected_action=ada.pk))
    assert "This ends 2 sessions of 1 user." in asked
    desk.post(people, **form(asked))
    assert laptop.me().status_code == phone.me().status_code == 401
