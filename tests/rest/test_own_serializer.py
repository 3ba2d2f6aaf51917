"""A project's own columns: ``serializer_class`` of the lists, ``session_serializer_class`` of the sign-in."""

import pytest
from django.urls import include, path
from rest_framework import serializers

from auth_sessions import views
from auth_sessions.models import Session
from auth_sessions.serializers import SessionSerializer
from tests.host import views as host
from tests.support.device import Device


class TaggedSerializer(SessionSerializer):
    tag = serializers.CharField(read_only=True)


class SignIn(views.SignInView):
    session_serializer_class = TaggedSerializer


class SessionList(views.SessionListView):
    serializer_class = TaggedSerializer


class SessionDetail(views.SessionDetailView):
    serializer_class = TaggedSerializer


urlpatterns = [
    path("api/auth/token/", SignIn.as_view()),
    path("api/auth/sessions/", SessionList.as_view()),
    path("api/auth/sessions/<str:session_id>/", SessionDetail.as_view()),
    path("api/auth/", include("auth_sessions.urls")),
    path("", include(host)),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = __name__


def test_it_is_in_every_answer(ada):
    device = Device()
    Session.objects.all().update(tag="app")
    answer = device.post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": " lovelace 1815 "})
    assert answer.json()["session"]["tag"] == ""
    device.session_id = answer.json()["session"]["id"]
    device.keep(answer)
    Session.objects.update(tag="app")
    assert [row["tag"] for row in device.sessions()] == ["app"]
    assert device.get(f"sessions/{device.session_id}/").json()["tag"] == "app"
    assert device.patch(f"sessions/{device.session_id}/", {"name": "x", "tag": "y"}).json()["tag"] == "app"
