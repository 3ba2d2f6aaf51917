"""A view that asks for a user name and a password by itself, as for calendars and feeds."""

from base64 import b64decode

from django.contrib.auth import authenticate, get_user_model
from django.http import JsonResponse
from django.urls import include, path


def feed(request):
    """Also reads Django's session."""
    name, _, password = b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
    user = authenticate(request, **{get_user_model().USERNAME_FIELD: name}, password=password)
    if user is None:
        return JsonResponse({}, status=401)
    request.user = user
    request.session.get("basket")
    return JsonResponse({"user": str(request.user.pk)})


urlpatterns = [path("feed/", feed), path("", include("tests.urls"))]
