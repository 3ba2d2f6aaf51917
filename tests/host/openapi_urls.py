"""Both APIs, which docs/openapi.yaml describes."""

from django.urls import include, path

urlpatterns = [
    path("api/auth/", include("auth_sessions.urls")),
    path("api/auth/", include("auth_sessions.activity.urls")),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
]
