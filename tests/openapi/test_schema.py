"""The schema that drf-spectacular generates: without a warning, for any project, and as docs/openapi.yaml has it."""

import subprocess
import sys

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import include, path
from django.utils.module_loading import import_string
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.validation import validate_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions import authentication, views
from auth_sessions.permissions import RecentlyAuthenticated
from auth_sessions.serializers import SessionSerializer, SignInSerializer
from example_project.views import MagicLinkView
from tests.host.authentication import CachedOwnHeaderAuthentication
from tests.support.host import has_supabase
from tests.support.nested_runs import run_apart, usual_host
from tests.support.openapi import FILE, UPDATE, document
from tests.support.paths import ROOT

pytestmark = pytest.mark.any_database

REST = include("auth_sessions.urls")
KEY_TYPES = {
    "auth.User": {"type": "integer"},
    "people.EmailUser": {"type": "string", "format": "uuid"},
    "people.CodeUser": {"type": "string"},
}


def generate(*urlpatterns):
    """The schema of a project with these paths, which is valid, and of which drf-spectacular does not warn."""
    schema = SchemaGenerator(patterns=list(urlpatterns)).get_schema(public=True)
    validate_schema(schema)
    assert not GENERATOR_STATS
    return schema


def components(schema):
    return schema["components"]["schemas"]


def referred(schema, operation, status="200"):
    """The name of the component that an operation answers with."""
    shape = operation["responses"][status]["content"]["application/json"]["schema"]
    return shape["$ref"].rpartition("/")[2]


@usual_host
def test_the_file_is_what_is_generated():
    schema = generate(
        path("api/auth/", REST),
        path("api/auth/", include("auth_sessions.activity.urls")),
        path("auth/v1/", include("auth_sessions.supabase.urls")),
    )
    assert OpenApiYamlRenderer().render(schema) == FILE.read_bytes(), f"out of date: {UPDATE}"


@pytest.mark.integration
@usual_host
@pytest.mark.parametrize("user_model", ["auth.User", "people.EmailUser", "people.CodeUser"])
def test_the_command(user_model, tmp_path):
    """For each kind of key, with the views of a project beside the app's."""
    without = "supabase" if user_model == "people.CodeUser" else ""
    host = run_apart("openapi", AUTH_SESSIONS_TEST_USER=user_model, AUTH_SESSIONS_TEST_WITHOUT=without)
    file = tmp_path / "openapi.yaml"
    arguments = ["--settings", "tests.settings", "--validate", "--fail-on-warn", "--file", file]
    if not without:
        arguments += ["--urlconf", "tests.host.openapi_urls"]
    else:
        arguments += ["--urlconf", "auth_sessions.urls"]
    command = [sys.executable, "-W", "error", "-m", "django", "spectacular", *arguments]
    run = subprocess.run(command, env=host, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (key,) = (
        operations["post"]["parameters"][0]["schema"]
        for template, operations in yaml.safe_load(file.read_text())["paths"].items()
        if template.endswith("users/{id}/sign-out/")
    )
    assert key == KEY_TYPES[user_model]


def test_the_user_of_this_host():
    schema = generate(path("", REST))
    (key, *_) = schema["paths"]["/users/{id}/sessions/"]["get"]["parameters"]
    assert key["schema"] == KEY_TYPES[settings.AUTH_USER_MODEL]
    assert get_user_model().USERNAME_FIELD in components(schema)["AuthSessionsSignIn"]["required"]


def test_security():
    operations = [operation for item in document()["paths"].values() for operation in item.values()]
    security = {operation["operationId"]: operation.get("security") for operation in operations}
    either = [{"jwtAuth": []}, {"cookieAuth": []}]
    assert [security[f"auth_{name}"] for name in ("sign_in", "browser_sign_in", "refresh")] == [None] * 3
    assert security["auth_sessions_list"] == either
    assert security["auth_sign_out"] == [*either, {}]
    assert security["supabase_user"] == security["supabase_logout"] == [{"supabaseAuth": []}]
    assert document()["components"]["securitySchemes"] == {
        "jwtAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookieAuth": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        "supabaseAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }


class TestAProject:
    def test_its_views_by_any_of_the_classes(self, settings):
        settings.SESSION_COOKIE_NAME = "their_session"

        class OwnAuthentication(authentication.SessionJWTAuthentication):
            pass

        class Page(APIView):
            authentication_classes = [
                OwnAuthentication,
                authentication.CachedSessionJWTAuthentication,
                authentication.BrowserSessionAuthentication,
            ]
            permission_classes = [IsAuthenticated]

            @extend_schema(responses={204: None})
            def get(self, request):
                return Response(status=204)

        class OldPage(Page):
            authentication_classes = [JWTAuthentication]

        schema = generate(path("page/", Page.as_view()), path("old/", OldPage.as_view()), path("auth/", REST))
        security = schema["paths"]["/page/"]["get"]["security"]
        assert [name for requirement in security for name in requirement] == ["jwtAuth", "jwtAuth", "cookieAuth"]
        assert schema["components"]["securitySchemes"]["cookieAuth"]["name"] == "their_session"

    def test_its_default_class_with_a_scheme_of_its_own(self, settings, monkeypatch):
        """Also if that class reads a cache, which the app's views do not."""
        cls = "tests.host.authentication.CachedOwnHeaderAuthentication"
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": [cls]}
        extensions = list(OpenApiAuthenticationExtension._registry)
        monkeypatch.setattr(OpenApiAuthenticationExtension, "_registry", extensions)

        class OwnScheme(OpenApiAuthenticationExtension):
            target_class = cls
            name = "ownHeader"

            def get_security_definition(self, auto_schema):
                return {"type": "apiKey", "in": "header", "name": "X-Token"}

        class Page(APIView):
            authentication_classes = [CachedOwnHeaderAuthentication]

            @extend_schema(responses={204: None})
            def get(self, request):
                return Response(status=204)

        class OnOurs(views.AuthSessionsView):
            @extend_schema(responses={204: None})
            def get(self, request):
                return Response(status=204)

        schema = generate(path("page/", Page.as_view()), path("ours/", OnOurs.as_view()), path("auth/", REST))
        for template in ("/page/", "/ours/", "/auth/sessions/"):
            assert {"ownHeader": []} in schema["paths"][template]["get"]["security"], template
        assert schema["components"]["securitySchemes"].keys() == {"ownHeader", "cookieAuth"}

    def test_its_header_of_the_csrf_token(self, settings):
        settings.CSRF_HEADER_NAME = "HTTP_X_THEIR_TOKEN"
        sign_in = generate(path("", REST))["paths"]["/sign-in/"]
        (sent,) = sign_in["post"]["parameters"]
        assert (sent["name"], sent["in"], sent["required"]) == ("X-THEIR-TOKEN", "header", True)
        assert [*sign_in["get"]["responses"]["204"]["headers"]] == ["X-THEIR-TOKEN"]

    def test_its_subclasses_keep_the_schema(self):
        class OwnSessionSerializer(SessionSerializer):
            place = serializers.CharField(read_only=True)

        class OwnSignInSerializer(SignInSerializer):
            captcha = serializers.CharField()

        class OwnSignIn(views.SignInView):
            serializer_class = OwnSignInSerializer
            session_serializer_class = OwnSessionSerializer

        class OwnBrowserSignIn(views.BrowserSignInView):
            session_serializer_class = OwnSessionSerializer

        class OwnList(views.SessionListView):
            serializer_class = OwnSessionSerializer

        class OwnSignOut(views.SignOutView):
            pass

        schema = generate(
            path("in/", OwnSignIn.as_view()),
            path("browser/", OwnBrowserSignIn.as_view()),
            path("list/", OwnList.as_view()),
            path("out/", OwnSignOut.as_view(scope="local")),
        )
        sign_in = schema["paths"]["/in/"]["post"]
        assert sign_in["operationId"] == "auth_sign_in"
        assert set(sign_in["responses"]) == {"200", "400", "401", "403", "411", "415", "429"}
        assert "captcha" in components(schema)["OwnSignIn"]["required"]
        signed_in = components(schema)[referred(schema, sign_in)]
        assert signed_in["properties"]["session"] == {"$ref": "#/components/schemas/OwnSession"}
        assert "place" in components(schema)["OwnSession"]["properties"]
        assert referred(schema, schema["paths"]["/browser/"]["post"]) == "OwnSession"
        (scope,) = schema["paths"]["/out/"]["post"]["parameters"]
        assert scope["schema"]["default"] == "local"

    def test_what_it_says_itself_comes_first(self):
        class Noted(views.RefreshView):
            @extend_schema(summary="Ours", tags=["ours"])
            def post(self, request, **kwargs):
                return super().post(request, **kwargs)

        @extend_schema(tags=["all ours"])
        class Tagged(views.SessionListView):
            pass

        schema = generate(path("refresh/", Noted.as_view()), path("list/", Tagged.as_view()))
        refresh, session_list = schema["paths"]["/refresh/"]["post"], schema["paths"]["/list/"]["get"]
        assert (refresh["summary"], refresh["tags"]) == ("Ours", ["ours"])
        assert referred(schema, refresh) == "AuthSessionsTokens"
        assert (session_list["summary"], session_list["tags"]) == ("List sessions", ["all ours"])

    def test_its_components_of_the_same_names(self):
        class DeviceSerializer(serializers.Serializer):
            kind = serializers.ChoiceField(choices=["a", "b"])
            type = serializers.ChoiceField(choices=["c", "d"])
            scope = serializers.ChoiceField(choices=["e", "f"])
            code = serializers.ChoiceField(choices=["g", "h"])

        class SessionSerializer(DeviceSerializer):
            pass

        class Page(APIView):
            @extend_schema(operation_id="page", request=DeviceSerializer, responses=SessionSerializer)
            def post(self, request):
                return Response()

        schema = generate(path("page/", Page.as_view()), path("auth/", REST))
        enumerations = {"KindEnum", "TypeEnum", "ScopeEnum", "CodeEnum"}
        assert components(schema).keys() >= {"Device", "Session", "AuthSessionsSession", *enumerations}

    def test_a_view_of_its_own_upon_ours(self):
        schema = generate(path("magic-link/", MagicLinkView.as_view()))
        request = schema["paths"]["/magic-link/"]["post"]["requestBody"]
        assert request["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/MagicLink"}

    def test_mounted_twice(self):
        schema = generate(path("v1/", REST), path("v2/", REST))
        names = [operation["operationId"] for item in schema["paths"].values() for operation in item.values()]
        assert len(names) == len(set(names)) == 28
        assert {"auth_sign_in", "auth_sessions_list"} <= set(names)


def test_without_it_nothing_is_imported():
    """drf-spectacular may be installed for something else: what counts is ``INSTALLED_APPS``."""
    program = (
        "import sys, django; from django.conf import settings;"
        "settings.configure(SECRET_KEY='x' * 50, INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes',"
        " 'auth_sessions', 'auth_sessions.supabase'], DATABASES={});"
        "django.setup(); import auth_sessions.views, auth_sessions.supabase.views;"
        "print([name for name in sys.modules if name.startswith(('drf_spectacular', 'auth_sessions.openapi.'))])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == ("[]", 0), run.stderr
    assert apps.is_installed("drf_spectacular")


class OnlyFresh(views.SessionDetailView):
    permission_classes = (IsAuthenticated & RecentlyAuthenticated.within(minutes=5),)


def test_a_view_that_requires_a_recent_proof():
    """The challenge of RFC 9470 stands beside the other refusals."""
    schema = generate(path("sessions/<str:session_id>/", OnlyFresh.as_view()), path("", REST))
    operation = schema["paths"]["/sessions/{session_id}/"]
    for method in ("get", "patch", "delete"):
        usual, challenge = operation[method]["responses"]["401"]["content"]["application/json"]["schema"]["oneOf"]
        assert "session_not_found" in usual["properties"]["code"]["enum"]
        assert challenge["properties"]["code"]["enum"] == ["insufficient_user_authentication"]
        assert challenge["properties"]["max_age"]["type"] == "integer"
        assert challenge["required"] == ["detail", "code"]
    assert "oneOf" not in str(schema["paths"]["/sessions/"]["get"]["responses"]["401"])


@pytest.mark.parametrize("view", ["LogoutView", "UserView"])
@has_supabase
def test_a_supabase_view_that_requires_a_recent_proof(view):
    """It answers as the others of that API do."""
    mounted = import_string(f"auth_sessions.supabase.views.{view}")
    usual, guarded = (
        generate(path("auth/", mounted.as_view(**options)))["paths"]["/auth/"]
        for options in ({}, {"permission_classes": [RecentlyAuthenticated]})
    )
    for method, operation in guarded.items():
        assert "reauthentication_needed" in str(operation["responses"]["400"])
        assert ("reauthentication_needed" in str(usual[method]["responses"]["400"])) == (method == "put")
        assert operation["responses"]["401"] == usual[method]["responses"]["401"]
