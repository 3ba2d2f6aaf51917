"""A REST view that knows its callers by a key of the host's own."""

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.urls import path
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


class ByKey(BaseAuthentication):
    """A key in a header of the host's own."""

    def authenticate(self, request):
        name = request.headers.get("X-Key")
        if name == "":
            raise AuthenticationFailed
        return name and (get_user_model()._base_manager.get(**{get_user_model().USERNAME_FIELD: name}), name)


class ForKeys(APIView):
    """Also reads Django's session."""

    authentication_classes = (ByKey,)
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        request._request.session.get("basket")
        return Response({"user": str(request.user.pk)})


class ByKeyAlone(ByKey):
    """It has nothing to say in ``request.auth``, as the example in DRF's documentation."""

    def authenticate(self, request):
        found = super().authenticate(request)
        return found and (found[0], None)


class Files(ForKeys):
    """Answers by what is no response of DRF's."""

    def get(self, request):
        return HttpResponse(super().get(request).data["user"])


class ByHeader(BaseAuthentication):
    """Reads a token of the host's own, and asks for a CSRF token as well, as one that reads a cookie."""

    def authenticate(self, request):
        scheme, _, name = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Token":
            return None
        self.enforce_csrf(request)
        return get_user_model()._base_manager.get(**{get_user_model().USERNAME_FIELD: name}), None

    def enforce_csrf(self, request):
        """As ``SessionAuthentication`` does."""


urlpatterns = [
    path("api/for-keys/alone/file/", Files.as_view(authentication_classes=[ByKeyAlone])),
    path("api/for-cookies/file/", Files.as_view(authentication_classes=[SessionAuthentication])),
    path("api/for-headers/", ForKeys.as_view(authentication_classes=[ByHeader])),
    path("api/for-keys/", ForKeys.as_view()),
    path("api/for-keys/alone/", ForKeys.as_view(authentication_classes=[ByKeyAlone])),
    path("api/for-passwords/", ForKeys.as_view(authentication_classes=[BasicAuthentication])),
    path("api/for-cookies/", ForKeys.as_view(authentication_classes=[SessionAuthentication])),
]
