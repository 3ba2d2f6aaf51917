"""The list is read and shown by quicker ways than a project's own list: both give the same."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from auth_sessions import views
from auth_sessions.core.database import all_sessions
from auth_sessions.core.listing import list_live
from auth_sessions.models import Session
from auth_sessions.serializers import SessionSerializer
from tests.support.device import Device

SETTINGS = [
    {},
    {"AUTH_SESSIONS_IDLE_TIMEOUT": None},
    {"AUTH_SESSIONS_PASSWORD_CHANGE_ENDS": ("browser",)},
    {"SECRET_KEY_FALLBACKS": ["an earlier key of the project", "one before"]},
    {"TIME_ZONE": "Asia/Kathmandu"},
    {"LANGUAGE_CODE": "ar"},
    {"REST_FRAMEWORK": {"DATETIME_FORMAT": "%d.%m.%Y %H:%M"}},
    {"REST_FRAMEWORK": {"DATETIME_FORMAT": None}},
]


class Same(SessionSerializer):
    """Shown by DRF's own code."""


@pytest.fixture
def sessions(ada, help_device, clock):
    """Sessions of all kinds, with everything that may be empty; the second one is the present one."""
    for number in range(4):
        clock.shift(60)
        Device(user_agent="" if number == 3 else f"Mozilla/5.0 (X11; Linux x86_64) Firefox/{number}").sign_in(ada)
    own = list(Session.objects.filter(actor=None, user=ada).order_by("pk"))
    changes = [{"expires_at": None}, {"name": "Büro 🖥"}, {"ip_address": None}, {"ip_address": "2001:db8::1"}]
    for session, change in zip(own, changes, strict=True):
        Session.objects.filter(pk=session.pk).update(**change)
    all_sessions().filter(pk=own[2].pk).update(last_seen_at=timezone.now() + timedelta(minutes=1, microseconds=7))
    all_sessions().filter(pk=own[3].pk).update(password_fingerprint="0" * 64)
    return own


@pytest.mark.parametrize("values", SETTINGS)
def test_each_shows_the_same(ada, sessions, settings, values):
    for name, value in values.items():
        setattr(settings, name, value)
    for current in (sessions[1], None):
        expected = Session.objects.live(user=ada).current_first(current)
        with translation.override(settings.LANGUAGE_CODE):
            by_drf = Same(expected, many=True, context={"current": current}).data
            assert len(by_drf) == 4 + ("AUTH_SESSIONS_PASSWORD_CHANGE_ENDS" in values)
            for rows in (expected, list_live(ada, current=current)):
                assert SessionSerializer(rows, many=True, context={"current": current}).data == by_drf
            for row, shown in zip(expected, by_drf, strict=True):
                one = SessionSerializer(row, context={"current": current}).data
                assert (one, list(one)) == (shown, list(SessionSerializer().fields))


def test_a_browser_session(ada, office_browser):
    (row,) = Session.objects.all()
    for rows in ([row], list_live(ada, current=row)):
        assert SessionSerializer(rows, many=True, context={"current": row}).data == [
            Same(row, context={"current": row}).data
        ]


def test_changed_fields_are_heard(laptop):
    session = Session.objects.get()
    serializer = SessionSerializer(session, context={"current": None})
    del serializer.fields["ip_address"]
    assert "ip_address" not in serializer.data


class FewerView(views.SessionListView):
    def get_queryset(self):
        return super().get_queryset().exclude(tag="robot")


class OtherView(views.SessionListView):
    def show(self, sessions):
        assert all(isinstance(session, Session) for session in sessions)
        return super().show(sessions)


@pytest.mark.parametrize(("view", "number"), [(views.SessionListView, 2), (FewerView, 1), (OtherView, 2)])
def test_what_a_project_overrides_is_heard(laptop, phone, rf, view, number):
    Session.objects.filter(pk=phone.session_id).update(tag="robot")
    for query in ("", "?limit=2"):
        answer = view.as_view()(rf.get(f"/{query}", HTTP_AUTHORIZATION=f"Bearer {laptop.access}"))
        assert [session["id"] for session in answer.data] == [laptop.session_id, phone.session_id][:number]
