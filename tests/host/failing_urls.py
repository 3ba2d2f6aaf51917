"""A host whose second factor fails, wherever a code is asked for."""

from django.urls import include, path

from auth_sessions.supabase.views import PasswordGrantView, RefreshTokenGrantView, TokenView
from auth_sessions.views import SignInView
from tests.host.failures import Broken


class BrokenMixin:
    def second_factor(self, request, user, credentials):
        code = credentials["otp"]
        raise Broken(bool(code))


class SignIn(BrokenMixin, SignInView):
    pass


class PasswordGrant(BrokenMixin, PasswordGrantView):
    pass


class Token(TokenView):
    grants = {"password": PasswordGrant, "refresh_token": RefreshTokenGrantView}


urlpatterns = [
    path("api/auth/token/", SignIn.as_view()),
    path("auth/v1/token", Token.as_view()),
    path("", include("tests.urls")),
]
