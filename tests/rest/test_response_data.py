"""``get_response_data()``: one method for what a project adds to the answer, on each view that issues tokens."""

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIRequestFactory

from auth_sessions import views
from auth_sessions.contrib.simplejwt import views as simplejwt
from auth_sessions.models import Session
from tests.support.device import PASSWORD

pytestmark = pytest.mark.any_database


class OwnMembers:
    """A project's mixin."""

    def get_response_data(self, session, pair):
        return {**super().get_response_data(session, pair), "username": session.user.get_username()}


class Fails:
    def get_response_data(self, session, pair):
        raise ZeroDivisionError


def post(base, mixin, data):
    view = type("View", (mixin, base), {}).as_view()
    return view(APIRequestFactory().post("/", data, format="json"))


@pytest.mark.parametrize(
    ("base", "usual"),
    [
        (views.SignInView, {"access", "refresh", "session"}),
        (simplejwt.TokenObtainPairView, {"access", "refresh"}),
        (simplejwt.TokenObtainSlidingView, {"token"}),
    ],
)
def test_a_sign_in(ada, base, usual):
    ada.set_password(PASSWORD.strip())
    ada.save()
    data = {get_user_model().USERNAME_FIELD: ada.get_username(), "password": PASSWORD.strip()}
    answer = post(base, OwnMembers, data)
    assert answer.data.keys() == usual | {"username"}
    assert answer.data["username"] == ada.get_username()
    Session.objects.all().delete()
    with pytest.raises(ZeroDivisionError):
        post(base, Fails, data)
    assert not Session.objects.exists(), "no client holds it"


@pytest.mark.parametrize("base", [views.RefreshView, simplejwt.TokenRefreshView])
def test_a_refresh(ada, laptop, base):
    answer = post(base, OwnMembers, {"refresh": laptop.refresh_token})
    assert answer.data.keys() == {"access", "refresh", "username"}
