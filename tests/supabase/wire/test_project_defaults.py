"""A project whose Django REST framework has other defaults."""

import pytest
from rest_framework.versioning import AcceptHeaderVersioning
from rest_framework.views import APIView

from tests.support.supabase import (
    NO_SESSION,
    NOT_SUPPORTED,
    code,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


class TestAProjectWithDefaultsOfItsOwn:
    """DRF reads them once, into attributes of ``APIView``: as if they stood in ``REST_FRAMEWORK``."""

    def walk(self, device):
        device.sign_in()
        assert device.refresh().status_code == 200
        assert device.user().status_code == device.update(data={"a": 1}).status_code == 200
        assert device.send("GET", "health").status_code == 200
        assert device.send("GET", ".well-known/jwks.json").json() == {"keys": []}
        assert code(device.send("GET", "nothing")) == (404, NOT_SUPPORTED)
        assert code(device.send("PUT", "user", b"junk")) == (400, "bad_json")
        assert device.logout().status_code == 204
        assert refusal(device.user()) == NO_SESSION

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("permission_classes", ["rest_framework.permissions.IsAdminUser"]),
            ("authentication_classes", ["rest_framework.authentication.SessionAuthentication"]),
            ("authentication_classes", []),
            ("renderer_classes", ["rest_framework.renderers.BrowsableAPIRenderer"]),
            ("renderer_classes", ["rest_framework.renderers.TemplateHTMLRenderer"]),
            ("parser_classes", []),
            ("parser_classes", ["rest_framework.parsers.FormParser"]),
            ("metadata_class", "rest_framework.metadata.SimpleMetadata"),
            ("content_negotiation_class", "rest_framework.negotiation.DefaultContentNegotiation"),
        ],
    )
    def test_classes(self, ada, nobody, monkeypatch, name, value):
        from django.utils.module_loading import import_string

        value = [import_string(path) for path in value] if isinstance(value, list) else import_string(value)
        monkeypatch.setattr(APIView, name, value)
        self.walk(nobody)

    def test_versioning(self, ada, nobody, monkeypatch):
        class Versioning(AcceptHeaderVersioning):
            allowed_versions = ("1.0",)

        monkeypatch.setattr(APIView, "versioning_class", Versioning)
        nobody.headers["HTTP_ACCEPT"] = "application/json; version=7"
        self.walk(nobody)

    @pytest.mark.parametrize(
        "defaults",
        [
            {"EXCEPTION_HANDLER": "tests.host.exception_handlers.no_handler"},
            {"UNAUTHENTICATED_USER": None, "UNAUTHENTICATED_TOKEN": None},
            {"URL_FORMAT_OVERRIDE": None, "FORMAT_SUFFIX_KWARG": None},
        ],
    )
    def test_settings(self, ada, nobody, settings, defaults):
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **defaults}
        self.walk(nobody)

    def test_a_throttle_of_the_project_holds_here_too(self, ada, nobody, monkeypatch):
        from rest_framework.throttling import UserRateThrottle

        class Throttle(UserRateThrottle):
            rate = "2/hour"

        monkeypatch.setattr(APIView, "throttle_classes", [Throttle])
        answers = [nobody.try_sign_in() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert code(answers[-1]) == (429, "over_request_rate_limit")
