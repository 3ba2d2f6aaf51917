"""The example, and the checks that are compared."""

from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_sessions.authentication import (
    BrowserSessionAuthentication,
    CachedSessionJWTAuthentication,
    SessionJWTAuthentication,
)
from example_project.urls import urlpatterns as example


class Checked(APIView):
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        return Response({"user": request.user.pk})


urlpatterns = [
    path("checked/sql/", Checked.as_view(authentication_classes=[SessionJWTAuthentication])),
    path("checked/cached/", Checked.as_view(authentication_classes=[CachedSessionJWTAuthentication])),
    path("checked/cookie/", Checked.as_view(authentication_classes=[BrowserSessionAuthentication])),
    *example,
]
