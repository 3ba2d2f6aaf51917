from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.urls import include, path

from auth_sessions.decorators import recently_authenticated
from auth_sessions.exceptions import SecondFactorInvalid, SecondFactorRequired
from auth_sessions.views import BrowserSignInView, SignInView
from example_project.views import MeView


class MFAMixin:
    def second_factor(self, request, user, credentials):
        if not get_adapter().is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]):
            return ()
        if not credentials.get("otp"):
            raise SecondFactorRequired
        with context.request_context(request):  # by which allauth limits guesses
            form = AuthenticateForm({"code": credentials["otp"]}, user=user)
            if not form.is_valid():
                raise SecondFactorInvalid
        form.authenticator.record_usage()
        return "otp", "mfa"


class SignIn(MFAMixin, SignInView):
    pass


class BrowserSignIn(MFAMixin, BrowserSignInView):
    pass


urlpatterns = [
    path("api/auth/sign-in/", BrowserSignIn.as_view()),
    path("api/auth/token/", SignIn.as_view()),
    path("api/auth/", include("auth_sessions.urls")),
    path("auth/v1/", include("auth_sessions.supabase.urls")),
    path("api/me/", MeView.as_view()),
    path("guarded/", recently_authenticated(minutes=10)(lambda request: HttpResponse())),
    path("account/", include("auth_sessions.pages.urls")),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("tests.host.views")),
]


def read_the_user(get_response):
    """A middleware of the host that asks early, before allauth's app API puts another session in place."""

    def middleware(request):
        str(request.user)
        return get_response(request)

    return middleware
