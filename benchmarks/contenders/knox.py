"""django-rest-knox: its views, signed in by HTTP Basic as its documents show. It has no refresh and no list."""

import base64

from django.contrib.auth.models import User
from django.urls import path
from django.utils import timezone
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS, knox_settings
from knox.views import LoginView, LogoutAllView, LogoutView
from rest_framework.authentication import BasicAuthentication

from benchmarks.calls import Answer, Call
from benchmarks.contenders.base import PASSWORD, Contender, Device, WhoView

urlpatterns = [
    path("who/", WhoView.as_view()),
    path("token/", LoginView.as_view(authentication_classes=[BasicAuthentication])),
    path("sign-out/", LogoutView.as_view()),
    path("sign-out/all/", LogoutAllView.as_view()),
]


class Knox(Contender):
    refuses = "signed out"
    keyword = "Token"

    def sign_in(self, device: Device) -> Call:
        credentials = base64.b64encode(f"{device.username}:{PASSWORD}".encode()).decode()
        return Call(path="/token/", headers={"Authorization": f"Basic {credentials}"})

    def signed_in(self, device: Device, answer: Answer) -> None:
        device.access = answer.json()["token"]

    def sign_out_one(self, device: Device) -> Call:
        return Call(path="/sign-out/", headers=self.headers(device))

    def sign_out_all(self, device: Device) -> Call:
        return Call(path="/sign-out/all/", headers=self.headers(device))

    def add_sessions(self, user: User, number: int) -> None:
        expiry = timezone.now() + knox_settings.TOKEN_TTL
        pairs = [get_digest_token() for _ in range(number)]
        AuthToken.objects.bulk_create(
            AuthToken(user=user, digest=digest, token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH], expiry=expiry)
            for digest, token in pairs
        )


contender = Knox()
