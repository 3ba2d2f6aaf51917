"""Mount with ``path("account/", include("auth_sessions.pages.urls"))``. A GET never changes anything."""

from django.urls import URLPattern, path

from auth_sessions.pages import hand_over, sign_out, step_up, views

app_name = "auth_sessions_pages"

urlpatterns: list[URLPattern] = [
    path("devices/", views.DevicesView.as_view(), name="devices"),
    path("devices/<uuid:pk>/name/", views.RenameView.as_view(), name="rename"),
    path("devices/<uuid:pk>/sign-out/", sign_out.SignOutView.as_view(), name="sign-out"),
    path("devices/others/sign-out/", sign_out.SignOutOthersView.as_view(), name="sign-out-others"),
    path("devices/everywhere/sign-out/", sign_out.SignOutEverywhereView.as_view(), name="sign-out-everywhere"),
    path("reauthenticate/", step_up.ReauthenticateView.as_view(), name="reauthenticate"),
    path("hand-over/", hand_over.HandOverView.as_view(), name="hand-over"),
    path("signed-out/", views.SignedOutView.as_view(), name="signed-out"),
    path("signed-out/everywhere/", views.SignedOutView.as_view(everywhere=True), name="signed-out-everywhere"),
]
