"""A project's code that fails in every place where the app calls it."""

from django.contrib.auth.hashers import MD5PasswordHasher
from rest_framework.renderers import JSONRenderer
from rest_framework.throttling import BaseThrottle


class BrokenError(Exception):
    """Nobody expects it."""


def receiver(**kwargs):
    raise BrokenError


def exception_handler(exc, context):
    raise BrokenError


class Backend:
    def authenticate(self, request, username=None, password=None, **kwargs):
        raise BrokenError

    def get_user(self, user_id):
        from django.contrib.auth import get_user_model

        return get_user_model().objects.filter(pk=user_id).first()


class BackendOfKeywords(Backend):
    def authenticate(self, request, **kwargs):
        raise BrokenError


class Validator:
    def validate(self, password, user=None):
        raise BrokenError

    def get_help_text(self):
        return ""


class Throttle(BaseThrottle):
    def allow_request(self, request, view):
        request.data  # noqa: B018 - counts by what was sent
        raise BrokenError


class Hasher(MD5PasswordHasher):
    algorithm = "broken"

    def encode(self, password, salt):
        text = password
        raise BrokenError(type(text))


class Renderer(JSONRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        raise BrokenError


def middleware(get_response):
    """Fails before the view."""

    def fail(request):
        raise BrokenError

    return fail
