from django.urls import include, path

from example_project.views import MeView

urlpatterns = [
    path("api/auth/", include("auth_sessions.urls")),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
    path("api/me/", MeView.as_view()),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("tests.host.views")),
]


def read_the_user(get_response):
    """A middleware of the host that asks early, before allauth's app API puts another session in place."""

    def middleware(request):
        str(request.user)
        return get_response(request)

    return middleware
