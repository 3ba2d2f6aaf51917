"""A host whose second factor fails, wherever a code is asked for."""

from django.urls import include, path
from rest_framework import serializers

from auth_sessions.supabase.views import PasswordGrantView, RefreshTokenGrantView, TokenView
from auth_sessions.views import BrowserSignInView, SignInView
from tests.host.failures import BrokenError


class BrokenMixin:
    def second_factor(self, request, user, credentials):
        code = credentials["otp"]
        raise BrokenError(bool(code))


class OwnSerializer(serializers.Serializer):
    """Of plain fields, and fails when it has read them."""

    username = serializers.CharField()
    password = serializers.CharField()
    otp = serializers.CharField()

    def validate(self, attrs):
        text = attrs["otp"]
        raise BrokenError(bool(text))


class SignInByOwnSerializer(SignInView):
    serializer_class = OwnSerializer


class SignIn(BrokenMixin, SignInView):
    pass


class BrowserSignIn(BrokenMixin, BrowserSignInView):
    pass


class PasswordGrant(BrokenMixin, PasswordGrantView):
    pass


class Token(TokenView):
    grants = {"password": PasswordGrant, "refresh_token": RefreshTokenGrantView}


urlpatterns = [
    path("api/auth/token/", SignIn.as_view()),
    path("api/auth/sign-in/", BrowserSignIn.as_view()),
    path("api/own/token/", SignInByOwnSerializer.as_view()),
    path("auth/v1/token", Token.as_view()),
    path("", include("tests.urls")),
]
