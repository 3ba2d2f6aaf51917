"""Django's own session behind DRF views. It knows no person's sessions: there is no list, and no other scope."""

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.urls import path
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.calls import Answer, Call
from benchmarks.contenders.base import Contender, Device, WhoView
from benchmarks.contenders.stores import add_entries


class SignInView(APIView):
    authentication_classes = ()

    def post(self, request: Request) -> Response:
        user = authenticate(request._request, **request.data)
        if user is None:
            raise AuthenticationFailed
        login(request._request, user)
        return Response(status=204)


class SignOutView(APIView):
    def post(self, request: Request) -> Response:
        logout(request._request)
        return Response(status=204)


urlpatterns = [
    path("who/", WhoView.as_view()),
    path("token/", SignInView.as_view()),
    path("sign-out/", SignOutView.as_view()),
]


class DjangoSession(Contender):
    def headers(self, device: Device) -> dict[str, str]:
        return {"Cookie": f"sessionid={device.key}; csrftoken={device.access}", "X-CSRFToken": device.access}

    def signed_in(self, device: Device, answer: Answer) -> None:
        cookies = answer.cookies()
        device.key, device.access = cookies["sessionid"], cookies["csrftoken"]

    def sign_out_one(self, device: Device) -> Call:
        return Call(path="/sign-out/", headers=self.headers(device))

    def add_sessions(self, user: User, number: int) -> None:
        add_entries(user, number)


contender = DjangoSession()
