"""The URLs of the host, with a sign-in of its own."""

from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_sessions import api
from auth_sessions.mixins import SignInMixin


class OwnSignIn(SignInMixin, APIView):
    """A sign-in of the host's own, which takes part in the transaction of the request."""

    authentication_classes = permission_classes = ()

    def post(self, request):
        names = {"username": request.data["username"], "password": request.data["password"]}
        pair = api.sign_in(
            request._request,
            names,
            second_factor=lambda user: self.second_factor(request._request, user, request.data),
        )
        return Response({"access": pair.access})


urlpatterns = [path("own/", OwnSignIn.as_view()), path("", include("tests.integration.two_factor_project.urls"))]
