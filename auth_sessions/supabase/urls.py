"""Mount with ``path("auth/v1/", include("auth_sessions.supabase.urls"))``: ``createClient()`` appends ``/auth/v1``."""

from django.urls import URLPattern, path, re_path

from auth_sessions.supabase import views

app_name = "auth_sessions_supabase"

urlpatterns: list[URLPattern] = [
    path("token", views.TokenView.as_view(), name="token"),
    path("logout", views.LogoutView.as_view(), name="logout"),
    path("user", views.UserView.as_view(), name="user"),
    path("signup", views.SignupView.as_view(), name="signup"),
    path(".well-known/jwks.json", views.KeySetView.as_view(), name="jwks"),
    path("health", views.HealthView.as_view(), name="health"),
    path("settings", views.SettingsView.as_view(), name="settings"),
    re_path("", views.UnknownPathView.as_view()),
]
