"""A host with the recipe of docs/cookies.md."""

from django.http import JsonResponse
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated

from auth_sessions import api
from example_project.authentication import CookieJWTAuthentication
from example_project.views import MeView


class Me(MeView):
    """As Django REST framework's default would have it in a project that has always had this setting."""

    authentication_classes = (CookieJWTAuthentication,)
    permission_classes = (IsAuthenticated,)


def plain(request):
    """A view of Django's own."""
    session = api.get_session(request)
    return JsonResponse({"session": session and str(session.pk)})


urlpatterns = [
    path("api/cookies/", include("example_project.cookie_tokens")),
    path("api/me/", Me.as_view()),
    path("plain/", plain),
    path("", include("tests.urls")),
]
