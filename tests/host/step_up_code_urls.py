"""The host of ``step_up_urls``, which asks everybody for the code of a second factor, too."""

from django.urls import include, path

from auth_sessions.pages.step_up import ReauthenticateView as ReauthenticatePage
from auth_sessions.views import ReauthenticateView
from tests.host.second_factor import CodeMixin


class Reauthenticate(CodeMixin, ReauthenticateView):
    pass


class Page(CodeMixin, ReauthenticatePage):
    pass


urlpatterns = [
    path("api/auth/reauthenticate/", Reauthenticate.as_view()),
    path("account/reauthenticate/", Page.as_view()),
    path("", include("tests.host.step_up_urls")),
]
