"""What is mounted in the place of simplejwt's views, in a schema: valid, without a warning, and as it answers."""

import pytest
from django.urls import include, path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.serializers import CharField, Serializer

from auth_sessions.contrib.simplejwt.authentication import SessionOrSimpleJWTAuthentication
from auth_sessions.contrib.simplejwt.views import TokenObtainPairView, TokenRefreshView
from auth_sessions.views import RefreshView, SessionListView, SignInView

pytestmark = pytest.mark.any_database


class ListView(SessionListView):
    authentication_classes = (SessionOrSimpleJWTAuthentication,)


@pytest.fixture
def schema():
    generated = SchemaGenerator(
        patterns=[
            path("api/", include("auth_sessions.contrib.simplejwt.urls")),
            path("sliding/", include("auth_sessions.contrib.simplejwt.sliding_urls")),
            path("list/", ListView.as_view()),
        ]
    ).get_schema(public=True)
    validate_schema(generated)
    assert not GENERATOR_STATS
    return generated


def members(schema, operation):
    shape = operation["responses"]["200"]["content"]["application/json"]["schema"]
    if "$ref" in shape:
        shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    return set(shape["properties"])


def test_each_path_once_with_its_members(schema):
    """The paths without the last slash are for clients that have them, not for the page."""
    answers = {route: members(schema, item["post"]) for route, item in schema["paths"].items() if "post" in item}
    assert answers == {
        "/api/token/": {"access", "refresh"},
        "/api/token/refresh/": {"access", "refresh"},
        "/api/token/verify/": set(),
        "/api/token/blacklist/": set(),
        "/sliding/token/": {"token"},
        "/sliding/token/refresh/": {"token"},
        "/sliding/token/verify/": set(),
    }


def test_bearer(schema):
    assert schema["paths"]["/list/"]["get"]["security"] == [{"jwtAuth": []}]
    assert schema["components"]["securitySchemes"]["jwtAuth"]["scheme"] == "bearer"


def test_its_components_leave_the_project_its_names(schema):
    shown = schema["components"]["schemas"]
    assert shown.keys() >= {"AuthSessionsObtain", "AuthSessionsToken"}
    assert all(name.startswith("AuthSessions") for name in shown)
    assert not any("``" in component.get("description", "") for component in shown.values())


@pytest.mark.parametrize("view", [TokenObtainPairView, TokenRefreshView, SignInView, RefreshView])
def test_the_response_that_a_project_names(view):
    class SignedInSerializer(Serializer):
        username = CharField()

    own = type("Own", (view,), {"response_serializer_class": SignedInSerializer})
    schema = SchemaGenerator(patterns=[path("token/", own.as_view())]).get_schema(public=True)
    operation = schema["paths"]["/token/"]["post"]
    assert members(schema, operation) == {"username"}
    assert operation["responses"].keys() >= {"400", "401", "429"}
