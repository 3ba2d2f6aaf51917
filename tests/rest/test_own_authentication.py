"""The app's views authenticate by the project's own subclasses of ``SessionJWTAuthentication`` in its defaults."""

import pytest
from django.conf import settings as project
from django.test import RequestFactory
from rest_framework.authentication import BasicAuthentication
from rest_framework.request import Request

from auth_sessions import exceptions
from auth_sessions.api import get_session
from auth_sessions.authentication import (
    BrowserSessionAuthentication,
    CachedSessionJWTAuthentication,
    SessionJWTAuthentication,
)
from auth_sessions.models import RefreshToken, Session
from auth_sessions.views import AuthSessionsView, RefreshView, SignInView, UserSignOutView
from tests.host.authentication import CachedOwnHeaderAuthentication, OwnHeaderAuthentication, refused_session
from tests.support.device import Device, code
from tests.support.inputs import each
from tests.support.keys import read_claims, signed

pytestmark = pytest.mark.any_database

OWN = "tests.host.authentication.OwnHeaderAuthentication"
CACHED_OWN = "tests.host.authentication.CachedOwnHeaderAuthentication"
CACHED = "auth_sessions.authentication.CachedSessionJWTAuthentication"
PLAIN = "auth_sessions.authentication.SessionJWTAuthentication"
BASIC = "rest_framework.authentication.BasicAuthentication"


class OwnHeaderDevice(Device):
    @property
    def credentials(self):
        return {"X-Token": self.access} if self.access else {}


@pytest.fixture
def own(ada):
    """A device whose token only the host's class finds."""
    return OwnHeaderDevice().sign_in(ada)


@pytest.fixture
def defaults(settings):
    def set_defaults(*classes):
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": classes}

    return set_defaults


@pytest.mark.parametrize("classes", [[OWN], [BASIC, OWN], [PLAIN, OWN], [CACHED_OWN]])
def test_every_view(own, phone, defaults, classes):
    assert code(own.get("sessions/")) == (401, "not_authenticated")
    defaults(*classes)
    assert [row["is_current"] for row in own.sessions()] == [True, False]
    assert own.get("sessions/current/").json()["id"] == own.session_id
    assert own.patch(f"sessions/{own.session_id}/", {"name": "x"}).status_code == 200
    assert own.get(f"sessions/{phone.session_id}/").status_code == 200
    assert own.get(f"users/{own.session_id}/sessions/").status_code == 403
    assert phone.get("sessions/").status_code == 200, "the usual header is read by the same class"
    assert own.sign_out("others").status_code == 204
    assert own.sign_out("global").status_code == 204
    assert code(own.get("sessions/")) == (401, "session_not_found")


def test_a_plain_view_of_the_projects(own, defaults):
    request = RequestFactory().get("/", HTTP_X_TOKEN=own.access)
    assert get_session(request) is None
    defaults(BASIC, OWN)
    assert str(get_session(request).pk) == own.session_id
    assert get_session(RequestFactory().get("/")) is None


@pytest.mark.parametrize("name", ["PickyAboutUsers", "PickyAboutTokens", "CachedPicky"])
def test_what_the_projects_class_refuses_besides(own, phone, defaults, name):
    request = RequestFactory().get("/", HTTP_X_TOKEN=own.access)
    defaults(f"tests.host.authentication.{name}")
    assert str(get_session(request).pk) == own.session_id
    request.META["HTTP_X_TOKEN"] = phone.access
    with refused_session(phone):
        assert get_session(request) is None
        with pytest.raises(exceptions.TokenNotValid):
            get_session(request, raise_exception=True)
        assert phone.get("sessions/").status_code == phone.sign_out("global").status_code == 401
    own.sign_out("global")
    with pytest.raises(exceptions.SessionNotFound):
        get_session(request, raise_exception=True)


def test_the_challenge_is_that_of_the_projects_class(own, defaults):
    paths = ("sessions/", "sign-out/", "token/", "token/refresh/")
    defaults("tests.host.authentication.OwnRealm")
    assert Device().get("sessions/").headers["WWW-Authenticate"] == 'Bearer realm="shop"'
    for path in paths[1:]:
        answer = Device().post(path, {"username": "x", "email": "x", "code": "x", "password": "x", "refresh": "x"})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="shop"'), path


@each(
    ("classes", "found"),
    [
        ([], [SessionJWTAuthentication]),
        ([BASIC], [SessionJWTAuthentication]),
        ([PLAIN], [SessionJWTAuthentication]),
        ([CACHED], [SessionJWTAuthentication]),
        ([OWN], [OwnHeaderAuthentication]),
        ([BASIC, OWN, PLAIN], [OwnHeaderAuthentication, SessionJWTAuthentication]),
    ],
)
def test_which_classes(defaults, classes, found):
    """Read when they are used; Basic, which a browser repeats, signs nobody out."""
    defaults(*classes)
    for view in (AuthSessionsView, UserSignOutView):
        assert list(view.authentication_classes) == [*found, BrowserSessionAuthentication]
    assert SignInView.authentication_classes == RefreshView.authentication_classes == ()


def test_a_view_that_names_its_own(defaults):
    class OwnView(UserSignOutView):
        authentication_classes = (BasicAuthentication,)

    defaults(OWN)
    assert [type(each) for each in OwnView().get_authenticators()] == [BasicAuthentication]


class TestTheCachedCheck:
    """What a cache still takes for live may not list, rename or end sessions."""

    @pytest.fixture(params=[[CACHED], [CACHED_OWN]], ids=["class of the app", "subclass"])
    def stale(self, request, laptop, shared_cache, defaults):
        """Ended, and no process was told."""
        defaults(*request.param)
        assert laptop.fast().status_code == 200
        for model in (RefreshToken, Session):
            model.objects.filter(pk=laptop.session_id)._raw_delete("default")
        return laptop

    def test_the_apps_views_read_the_database(self, stale, phone):
        assert stale.fast().status_code == 200
        paths = ("sessions/", "sessions/current/", f"sessions/{phone.session_id}/")
        answers = [
            *(stale.get(path) for path in paths),
            stale.patch(paths[2], {"name": "x"}),
            stale.delete(paths[2]),
            stale.sign_out("others"),
            stale.sign_out("global"),
        ]
        assert {code(answer) for answer in answers} == {(401, "session_not_found")}
        assert stale.sign_out("local").status_code == 204
        assert phone.is_signed_in()

    def test_a_subclass_is_still_one_of_the_projects(self, defaults):
        defaults(CACHED_OWN)
        found = AuthSessionsView.authentication_classes[0]
        assert issubclass(found, CachedOwnHeaderAuthentication)
        assert found is AuthSessionsView.authentication_classes[0]
        assert (found.uses_cache, CachedOwnHeaderAuthentication.uses_cache) == (False, True)
        assert (found.__name__, found.__module__) == ("CachedOwnHeaderAuthentication", "tests.host.authentication")
        assert CachedSessionJWTAuthentication.uses_cache


class Renaming:
    """Reads the name of a user, as an earlier issuer wrote it."""

    def get_validated_token(self, raw_token):
        token = super().get_validated_token(raw_token)
        token["user_id"] = token["user_id"].removeprefix("person:")
        return token


@pytest.mark.usefixtures("shared_cache")
@pytest.mark.parametrize("base", [SessionJWTAuthentication, CachedSessionJWTAuthentication])
def test_a_claim_that_the_projects_class_has_changed(laptop, ada, base):
    authentication = type("OfTheProject", (Renaming, base), {})()
    claims = {**read_claims(laptop.access), "user_id": f"person:{ada.pk}"}
    raw = signed({"alg": "HS256"}, claims, project.SECRET_KEY)
    for _ in range(2):
        user, token = authentication.authenticate(
            Request(RequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {raw}"))
        )
        assert (user.pk, str(token.session.pk)) == (ada.pk, laptop.session_id)
