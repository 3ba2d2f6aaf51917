"""The URLs that ``benchmarks.supabase`` calls."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from benchmarks.contenders.base import WhoView


def bare(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": "ada"})


urlpatterns = [
    path("bare/", bare),
    path("who/", WhoView.as_view()),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
]
