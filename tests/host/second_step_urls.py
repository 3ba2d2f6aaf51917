"""A host that overrides what is asked of a person: a PIN instead of the password, a code after it."""

from django.urls import include, path

from auth_sessions.mixins import ReauthenticationMixin
from auth_sessions.pages.sign_out import SignOutOthersView
from auth_sessions.supabase.views import (
    LogoutView,
    PasswordGrantView,
    RefreshTokenGrantView,
    SignupView,
    TokenView,
    UserView,
)
from auth_sessions.views import BrowserSignInView, SignInView, SignOutView
from tests.host.second_factor import CodeMixin

PIN = "1815"


class PinMixin(ReauthenticationMixin):
    def verify_password(self, request, user, password, *, backend=None):
        return user if password == PIN else None


class SignIn(CodeMixin, SignInView):
    pass


class BrowserSignIn(CodeMixin, BrowserSignInView):
    pass


class PasswordGrant(CodeMixin, PasswordGrantView):
    pass


class Token(TokenView):
    grants = {"password": PasswordGrant, "refresh_token": RefreshTokenGrantView}


class Signup(CodeMixin, SignupView):
    pass


class Others(PinMixin, SignOutOthersView):
    pass


class User(PinMixin, UserView):
    pass


urlpatterns = [
    path("api/auth/token/", SignIn.as_view()),
    path("api/auth/sign-in/", BrowserSignIn.as_view()),
    path("api/auth/sign-out/here/", SignOutView.as_view(scope="local")),
    path("auth/v1/token", Token.as_view()),
    path("auth/v1/signup", Signup.as_view()),
    path("auth/v1/user", User.as_view()),
    path("auth/v1/logout/here", LogoutView.as_view(scope="local")),
    path("account/devices/others/sign-out/", Others.as_view()),
    path("", include("tests.urls")),
]
