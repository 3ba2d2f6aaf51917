"""Mount with ``path("api/auth/", include("auth_sessions.urls"))``; to replace a view, add a path before it."""

from django.urls import URLPattern, path

from auth_sessions import views

app_name = "auth_sessions"

urlpatterns: list[URLPattern] = [
    path("token/", views.SignInView.as_view(), name="token"),
    path("sign-in/", views.BrowserSignInView.as_view(), name="sign-in"),
    path("token/refresh/", views.RefreshView.as_view(), name="token-refresh"),
    path("reauthenticate/", views.ReauthenticateView.as_view(), name="reauthenticate"),
    path("sign-out/", views.SignOutView.as_view(), name="sign-out"),
    path("hand-over/", views.HandOverView.as_view(), name="hand-over"),
    path("sessions/", views.SessionListView.as_view(), name="session-list"),
    path("sessions/current/", views.CurrentSessionView.as_view(), name="session-current"),
    path("sessions/<str:session_id>/", views.SessionDetailView.as_view(), name="session-detail"),
    path("users/<path:pk>/sessions/", views.UserSessionListView.as_view(), name="user-session-list"),
    path("users/<path:pk>/sign-out/", views.UserSignOutView.as_view(), name="user-sign-out"),
]
