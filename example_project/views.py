"""The start page; the same view twice, checked and unchecked; a page for browsers; a sign-in of the project's own."""

from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core import signing
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

from auth_sessions import api
from auth_sessions.exceptions import NoActiveAccount
from auth_sessions.views import AuthSessionsView

TOUR = Path(__file__).with_name("tour.sh")


class HomeView(TemplateView):
    """Where everything is, and the tour for a terminal."""

    template_name = "example_project/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tour = TOUR.read_text().replace("127.0.0.1:8000", self.request.get_host())
        return super().get_context_data(tour=tour, **kwargs)


class MeView(APIView):
    """Asks the session, as the settings say: a signed-out access token is refused at once."""

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.get_username(), "session": str(api.get_session(request))})


class EdgeView(APIView):
    """simplejwt's own class, signature only: a signed-out access token is good until it expires."""

    authentication_classes = (JWTStatelessUserAuthentication,)

    def get(self, request: Request) -> Response:
        return Response({"user_id": request.user.pk})


@method_decorator(never_cache, name="dispatch")
class BrowserView(LoginRequiredMixin, TemplateView):
    """For a person signed in with Django's own cookie; its script calls the REST API with that."""

    template_name = "example_project/browser.html"


def magic_link_token(user: AbstractBaseUser) -> str:
    """What the mailed link carries. Signing in moves ``last_login``, so that it works once."""
    last_login = user.last_login and user.last_login.isoformat()
    return signing.dumps([str(user.pk), last_login], salt="magic-link")


class MagicLinkSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()


class MagicLinkView(AuthSessionsView):
    """``POST {"token"}``: signs in by a mailed link."""

    authentication_classes = permission_classes = ()
    serializer_class = MagicLinkSerializer

    def post(self, request: Request) -> Response:
        try:
            token = self.read(request).validated_data["token"]
            pk, last_login = signing.loads(token, salt="magic-link", max_age=600)
        except signing.BadSignature:
            raise NoActiveAccount from None
        users = get_user_model().objects.filter(pk=pk, is_active=True)
        # This one statement decides: of many that present one link at once, one changes the row.
        if not users.filter(last_login=last_login).update(last_login=timezone.now()):
            raise NoActiveAccount
        pair = api.sign_in_user(users.get(), request=request._request, amr=["otp"])
        return Response({"access": pair.access, "refresh": pair.refresh})
