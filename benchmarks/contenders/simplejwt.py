"""djangorestframework-simplejwt: its views, rotation with blacklist, and the usual recipe for the other scopes."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenRefreshView

from benchmarks.calls import Call
from benchmarks.contenders.base import Contender, Device, WhoView, async_who


class SignOutAllView(APIView):
    """The recipe: every outstanding token of the user goes onto the blacklist."""

    def post(self, request: Request) -> Response:
        for token in self.get_tokens(request):
            BlacklistedToken.objects.get_or_create(token=token)
        return Response(status=204)

    def get_tokens(self, request: Request) -> QuerySet[OutstandingToken]:
        return OutstandingToken.objects.filter(user_id=request.user.pk)


class SignOutOthersView(SignOutAllView):
    """The same, but for the token that the client shows."""

    def get_tokens(self, request: Request) -> QuerySet[OutstandingToken]:
        return super().get_tokens(request).exclude(jti=RefreshToken(request.data["refresh"])["jti"])


urlpatterns = [
    path("who/", WhoView.as_view()),
    *async_who(),
    path("token/", TokenObtainPairView.as_view()),
    path("token/refresh/", TokenRefreshView.as_view()),
    path("sign-out/", TokenBlacklistView.as_view()),
    path("sign-out/others/", SignOutOthersView.as_view()),
    path("sign-out/all/", SignOutAllView.as_view()),
]


class SimpleJWT(Contender):
    has_async_view = True
    refuses = "inactive"

    def refresh(self, device: Device) -> Call:
        return Call(path="/token/refresh/", data={"refresh": device.refresh})

    def sign_out_one(self, device: Device) -> Call:
        return Call(path="/sign-out/", data={"refresh": device.refresh})

    def sign_out_others(self, device: Device) -> Call:
        return Call(path="/sign-out/others/", headers=self.headers(device), data={"refresh": device.refresh})

    def sign_out_all(self, device: Device) -> Call:
        return Call(path="/sign-out/all/", headers=self.headers(device))

    def add_sessions(self, user: User, number: int) -> None:
        now = timezone.now()
        tokens = [RefreshToken() for _ in range(number)]
        OutstandingToken.objects.bulk_create(
            OutstandingToken(
                user=user, jti=token["jti"], token=str(token), created_at=now, expires_at=now + timedelta(days=1)
            )
            for token in tokens
        )


contender = SimpleJWT()
