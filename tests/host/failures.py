"""A project's code that fails in every place where the app calls it."""

from django.contrib.auth.hashers import MD5PasswordHasher
from rest_framework.throttling import BaseThrottle
from rest_framework.renderers import JSONRenderer


class Broken(Exception):
    """Nobody expects it."""


def receiver(**kwargs):
    raise Broken


def exception_handler(exc, context):
    raise Broken


class Backend:
    def authenticate(self, request, username=None, password=None, **kwargs):
        raise Broken

    def get_user(self, user_id):
        from django.contrib.auth import get_user_model

        return get_user_model().objects.filter(pk=user_id).first()


class BackendOfKeywords(Backend):
    def authenticate(self, request, **kwargs):
        raise Broken


class Validator:
    def validate(self, password, user=None):
        raise Broken

    def get_help_text(self):
        return ""


class Throttle(BaseThrottle):
    def allow_request(self, request, view):
        request.data  # noqa: B018 - counts by what was sent
        raise Broken


class Hasher(MD5PasswordHasher):
    algorithm = "broken"

    def encode(self, password, salt):
        text = password
        raise Broken(type(text))


class Renderer(JSONRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        raise Broken
