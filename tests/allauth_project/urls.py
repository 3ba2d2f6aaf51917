from django.urls import include, path

from example_project.views import MeView

urlpatterns = [
    path("api/auth/", include("auth_sessions.urls")),
    path("api/me/", MeView.as_view()),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("tests.host.views")),
]
