"""W030: views of other packages that know no session; E030, W031, W032, E033, W052: what comes from simplejwt."""

import pytest
from django.conf import settings as project
from django.core.checks import run_checks
from django.db import connection
from django.test import override_settings
from django.urls import include, path
from django.utils import timezone
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from rest_framework_simplejwt import views as simplejwt
from rest_framework_simplejwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.contrib.simplejwt.authentication import SessionOrSimpleJWTAuthentication
from auth_sessions.contrib.simplejwt.views import TokenObtainPairView, TokenRefreshView
from tests.support.checks import findings, messages

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


class OwnPairView(simplejwt.TokenObtainPairView):
    """A project's own."""


def with_urls(*patterns):
    return type("Urls", (), {"urlpatterns": list(patterns)})


@pytest.mark.parametrize(
    ("view", "instead"),
    {
        simplejwt.TokenObtainPairView: "contrib.simplejwt.views.TokenObtainPairView",
        OwnPairView: "contrib.simplejwt.views.TokenObtainPairView",
        simplejwt.TokenRefreshView: "contrib.simplejwt.views.TokenRefreshView",
        simplejwt.TokenObtainSlidingView: "contrib.simplejwt.views.TokenObtainSlidingView",
        simplejwt.TokenRefreshSlidingView: "contrib.simplejwt.views.TokenRefreshSlidingView",
        simplejwt.TokenVerifyView: "contrib.simplejwt.views.TokenVerifyView",
        simplejwt.TokenBlacklistView: "contrib.simplejwt.views.TokenBlacklistView",
        ObtainAuthToken: "views.SignInView",
    }.items(),
)
def test_w030_names_the_view_and_what_to_mount_instead(view, instead):
    urls = with_urls(path("api/", include([path("token/", view.as_view())])), path("x/", lambda request: None))
    [message] = messages(ROOT_URLCONF=urls)
    assert message.id == "auth_sessions.W030"
    fault = {simplejwt.TokenVerifyView: "verifies no session", simplejwt.TokenBlacklistView: "signs out no session"}
    assert f" at 'api/token/' {fault.get(view, 'issues tokens')}" in message.msg
    assert f"Mount auth_sessions.{instead} instead" in message.hint
    assert message.msg.startswith(f"{view.__module__}.{view.__name__} ")
    assert (" (rest_framework_simplejwt.views.TokenObtainPairView) at" in message.msg) == (view is OwnPairView)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("knox.views", "LoginView"),
        ("djoser.views", "TokenCreateView"),
        ("dj_rest_auth.views", "LoginView"),
        ("dj_rest_auth.registration.views", "RegisterView"),
    ],
)
def test_w030_of_packages_that_may_be_installed(module, name):
    """The check goes by the name: a view of that name says what the package's own would."""
    view = type(name, (simplejwt.TokenViewBase,), {"__module__": module, "__qualname__": name})
    assert findings(ROOT_URLCONF=with_urls(path("login/", view.as_view()))) == ["auth_sessions.W030"]


def test_w030_knows_a_login_of_djangos_by_dj_rest_auth():
    view = type("LoginView", (simplejwt.TokenViewBase,), {"__module__": "dj_rest_auth.views"})
    urls = with_urls(path("login/", view.as_view()))
    assert findings(ROOT_URLCONF=urls, REST_AUTH={"TOKEN_MODEL": None}) == []
    assert findings(ROOT_URLCONF=urls, REST_AUTH={"TOKEN_MODEL": None, "USE_JWT": True}) == ["auth_sessions.W030"]


def test_w030_is_content_with_the_views_in_their_place():
    for module in ("urls", "sliding_urls"):
        urls = with_urls(path("api/", include(f"auth_sessions.contrib.simplejwt.{module}")))
        assert findings(ROOT_URLCONF=urls) == []


class OwnView(simplejwt.TokenViewBase):
    serializer_class = TokenObtainPairSerializer


@pytest.mark.parametrize(
    "view",
    [OwnView.as_view(), simplejwt.TokenViewBase.as_view(serializer_class=TokenObtainPairSerializer)],
    ids=["in the class", "in as_view()"],
)
def test_w030_goes_by_the_serializer_of_the_base_view(view):
    assert findings(ROOT_URLCONF=with_urls(path("sign-in/", view))) == ["auth_sessions.W030"]


def test_e031_old_tokens_of_no_type():
    for claims, found in (
        ({"TOKEN_TYPE_CLAIM": None, "JTI_CLAIM": None}, ["auth_sessions.E031"]),
        ({"TOKEN_TYPE_CLAIM": None}, []),
        ({"JTI_CLAIM": None}, []),
    ):
        assert findings(AUTH_SESSIONS_SIMPLEJWT_UNTIL=None, SIMPLE_JWT=claims) == found
    past = timezone.now()
    both = {"TOKEN_TYPE_CLAIM": None, "JTI_CLAIM": None}
    assert findings(AUTH_SESSIONS_SIMPLEJWT_UNTIL=past, SIMPLE_JWT=both) == []
    assert findings(AUTH_SESSIONS_SIMPLEJWT_UNTIL="2027-03-01", SIMPLE_JWT=both) == ["auth_sessions.E001"]


@pytest.mark.parametrize("module", ["urls", "sliding_urls"])
def test_e030_the_app_is_missing(module):
    urls = with_urls(path("api/", include(f"auth_sessions.contrib.simplejwt.{module}")))
    installed = [name for name in project.INSTALLED_APPS if name != "auth_sessions.contrib.simplejwt"]
    [message] = messages(ROOT_URLCONF=urls, INSTALLED_APPS=installed)
    assert message.id == "auth_sessions.E030"
    assert "auth_sessions.contrib.simplejwt" in message.hint


def test_w031_tables_of_the_blacklist_were_left():
    def found():
        return [each.id for each in run_checks(databases=["default"]) if each.id == "auth_sessions.W031"]

    assert found() == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE token_blacklist_outstandingtoken (id integer)")
    try:
        assert found() == ["auth_sessions.W031"]
        assert run_checks(databases=[], tags=["database"]) == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE token_blacklist_outstandingtoken")


class OwnAuthentication(JWTStatelessUserAuthentication):
    """A project's own."""


class OwnView(APIView):
    authentication_classes = (TokenAuthentication, OwnAuthentication)


class OwnViewSet(ViewSet):
    def list(self, request):
        raise NotImplementedError


def reports(*patterns):
    return messages(ROOT_URLCONF=with_urls(*patterns), SILENCED_SYSTEM_CHECKS=[])


class TestW032:
    def test_it_names_the_view_and_its_class(self):
        [message] = reports(path("x/", OwnView.as_view()), path("again/", OwnView.as_view()))
        assert message.id == "auth_sessions.W032"
        assert f"{__name__}.OwnView at 'x/' authenticates by {__name__}.OwnAuthentication" in message.msg

    def test_each_way_to_say_it(self):
        @api_view()
        @authentication_classes([JWTAuthentication])
        def function(request):
            raise NotImplementedError

        own = {"authentication_classes": [JWTAuthentication]}
        for view in (function, APIView.as_view(**own), OwnViewSet.as_view({"get": "list"}, **own)):
            assert [message.id for message in reports(path("x/", view))] == ["auth_sessions.W032"]

    def test_it_is_content_with_a_class_that_asks_the_session(self):
        for cls in (SessionJWTAuthentication, SessionOrSimpleJWTAuthentication, TokenAuthentication):
            assert reports(path("x/", APIView.as_view(authentication_classes=[cls]))) == []
        assert reports(path("x/", APIView.as_view()), path("y/", OwnViewSet.as_view({"get": "list"}))) == []

    def test_elsewhere_it_is_a_choice(self):
        installed = [name for name in project.INSTALLED_APPS if name != "auth_sessions.contrib.simplejwt"]
        with override_settings(INSTALLED_APPS=installed):
            assert reports(path("x/", OwnView.as_view())) == []


class TestE033:
    def test_a_serializer_of_simplejwts_was_left(self):
        class OwnSerializer(TokenObtainPairSerializer):
            pass

        class Left(TokenObtainPairView):
            serializer_class = OwnSerializer

        for view in (Left.as_view(), TokenObtainPairView.as_view(serializer_class=OwnSerializer)):
            [message] = reports(path("token/", view))
            assert message.id == "auth_sessions.E033"
            assert "OwnSerializer" in message.msg

    def test_a_serializer_of_the_project(self):
        class OwnSerializer(Serializer):
            pass

        assert reports(path("token/", TokenObtainPairView.as_view(serializer_class=OwnSerializer))) == []


class TestW052:
    """The project has not said whether its clients store new refresh tokens."""

    @pytest.fixture(autouse=True)
    def _undecided(self, settings):
        settings.AUTH_SESSIONS_SIMPLEJWT_UNTIL = None
        settings.ROOT_URLCONF = with_urls(path("api/", include("auth_sessions.contrib.simplejwt.urls")))
        del settings.AUTH_SESSIONS_REUSE_POLICY

    def test_clients_of_a_project_that_did_not_rotate(self):
        for simple_jwt in ({}, {"ROTATE_REFRESH_TOKENS": False}, None):
            with override_settings(SIMPLE_JWT=simple_jwt):
                assert [each for each in findings() if each != "auth_sessions.W003"] == ["auth_sessions.W052"]
        [message] = messages()
        assert '"off"' in message.hint
        assert '"confirmed"' in message.hint

    def test_a_view_of_the_projects_own(self):
        class OwnRefreshView(TokenRefreshView):
            pass

        assert findings(ROOT_URLCONF=with_urls(path("refresh", OwnRefreshView.as_view()))) == ["auth_sessions.W052"]

    def test_it_is_content(self):
        sliding = with_urls(path("api/", include("auth_sessions.contrib.simplejwt.sliding_urls")))
        for said in (
            {"SIMPLE_JWT": {"ROTATE_REFRESH_TOKENS": True}, "SILENCED_SYSTEM_CHECKS": ["auth_sessions.W003"]},
            {"AUTH_SESSIONS_REUSE_POLICY": "off"},
            {"AUTH_SESSIONS_REUSE_POLICY": "confirmed"},
            {"AUTH_SESSIONS_SIMPLEJWT_UNTIL": timezone.now()},
            {"ROOT_URLCONF": sliding},
        ):
            assert findings(**said) == []
