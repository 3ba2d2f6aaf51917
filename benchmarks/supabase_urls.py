"""The URLs that ``benchmarks.supabase`` calls."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.contenders.base import WhoView


def bare(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": "ada"})


class FloorView(APIView):
    """One SELECT and Django REST framework, and nothing else that a request by access token needs."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, username, is_active FROM auth_user WHERE id = %s", [1])
            _, name, _ = cursor.fetchone()
        return Response({"name": name})


urlpatterns = [
    path("bare/", bare),
    path("floor/", FloorView.as_view()),
    path("who/", WhoView.as_view()),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
]
