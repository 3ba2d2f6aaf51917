"""A host that asks for a recent proof of identity before other devices are signed out (OWASP ASVS 5.0, 7.5.2)."""

from django.apps import apps
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated

from auth_sessions.permissions import RecentlyAuthenticated
from auth_sessions.views import SessionDetailView, SignOutView

urlpatterns = [
    path("api/auth/sign-out/", SignOutView.as_view(permission_classes=[RecentlyAuthenticated])),
    path(
        "api/auth/sessions/<str:session_id>/",
        SessionDetailView.as_view(permission_classes=[IsAuthenticated & RecentlyAuthenticated]),
    ),
    path("", include("tests.urls")),
]
if apps.is_installed("auth_sessions.supabase"):
    from auth_sessions.supabase.views import LogoutView

    urlpatterns.insert(0, path("auth/v1/logout", LogoutView.as_view(permission_classes=[RecentlyAuthenticated])))
