"""django-allauth headless for apps: its JWT strategy, and usersessions for the list and the sign-out of several."""

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.urls import include, path

from benchmarks.calls import Answer, Call
from benchmarks.contenders.base import PASSWORD, Contender, Device, WhoView
from benchmarks.contenders.stores import add_entries

urlpatterns = [path("who/", WhoView.as_view()), path("auth/", include("allauth.headless.urls"))]

SIGNED_OUT = (401,)
"""How allauth answers once nobody is signed in any more: with what it takes to sign in."""


class Allauth(Contender):
    def sign_in(self, device: Device) -> Call:
        return Call(path="/auth/app/v1/auth/login", data={"username": device.username, "password": PASSWORD})

    def signed_in(self, device: Device, answer: Answer) -> None:
        meta = answer.json()["meta"]
        device.access, device.refresh, device.key = meta["access_token"], meta["refresh_token"], meta["session_token"]

    def refresh(self, device: Device) -> Call:
        return Call(path="/auth/app/v1/tokens/refresh", data={"refresh_token": device.refresh})

    def refreshed(self, device: Device, answer: Answer) -> None:
        pair = answer.json()["data"]
        device.access, device.refresh = pair["access_token"], pair["refresh_token"]

    def list(self, device: Device) -> Call:
        return Call(method="GET", path="/auth/app/v1/auth/sessions", headers=self.headers(device))

    def listed(self, answer: Answer) -> int:
        return len(answer.json()["data"])

    def sign_out_one(self, device: Device) -> Call:
        return Call(
            method="DELETE", path="/auth/app/v1/auth/session", headers=self.headers(device), expected=SIGNED_OUT
        )

    def sign_out_others(self, device: Device) -> Call:
        return self._end(device, others=True)

    def sign_out_all(self, device: Device) -> Call:
        return self._end(device, others=False)

    def _end(self, device: Device, *, others: bool) -> Call:
        """Ends sessions by their ids, which the client knows from the list."""
        sessions = UserSession.objects.filter(user__username=device.username)
        if others:
            sessions = sessions.exclude(session_key=device.key)
        return Call(
            method="DELETE",
            path="/auth/app/v1/auth/sessions",
            headers=self.headers(device),
            data={"sessions": list(sessions.values_list("pk", flat=True))},
            expected=(200,) if others else SIGNED_OUT,
        )

    def add_sessions(self, user: User, number: int) -> None:
        UserSession.objects.bulk_create(
            UserSession(user=user, ip="127.0.0.1", session_key=key, user_agent="Mozilla/5.0 (X11; Linux x86_64)")
            for key in add_entries(user, number)
        )


contender = Allauth()
