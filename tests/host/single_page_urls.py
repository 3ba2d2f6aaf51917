"""A host with a sign-in for pages of its own: "remember me", a tag, and a second factor."""

from datetime import timedelta

from django.urls import include, path

from auth_sessions.api import DEFAULT
from auth_sessions.exceptions import SecondFactorInvalid, SecondFactorRequired
from auth_sessions.views import BrowserSignInView

CODE = "424242"


class BrowserSignIn(BrowserSignInView):
    def get_lifetime(self):
        hours = self.request.data.get("hours")
        return timedelta(hours=hours) if hours else DEFAULT

    def get_tag(self):
        return self.request.data.get("tag", "web")

    def second_factor(self, request, user, credentials):
        if not user.is_staff:
            return ()
        if not credentials.get("otp"):
            raise SecondFactorRequired
        if credentials["otp"] != CODE:
            raise SecondFactorInvalid
        return "otp", "mfa"


urlpatterns = [
    path("api/auth/sign-in/", BrowserSignIn.as_view()),
    path("", include("tests.urls")),
]
