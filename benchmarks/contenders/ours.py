"""The app itself, through its REST face."""

from django.contrib.auth.models import User
from django.urls import include, path
from django.utils import timezone

from auth_sessions import passwords
from auth_sessions.conf import conf
from auth_sessions.models import RefreshToken, Session
from benchmarks.calls import Answer
from benchmarks.contenders.base import Device, OwnFace, WhoView, async_who

urlpatterns = [path("who/", WhoView.as_view()), *async_who(), path("", include("auth_sessions.urls"))]


class Ours(OwnFace):
    has_async_view = True

    def signed_in(self, device: Device, answer: Answer) -> None:
        super().signed_in(device, answer)
        device.key = answer.json()["session"]["id"]

    def add_sessions(self, user: User, number: int) -> None:
        sessions = Session.objects.bulk_create(self.session(user) for _ in range(number))
        RefreshToken.objects.bulk_create(RefreshToken(session=session) for session in sessions)

    def session(self, user: User) -> Session:
        return Session(
            user=user,
            expires_at=None if conf.AUTH_SESSIONS_LIFETIME is None else timezone.now() + conf.AUTH_SESSIONS_LIFETIME,
            user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Firefox/148.0",
            ip_address="127.0.0.1",
            amr=["pwd"],
            auth_backend="django.contrib.auth.backends.ModelBackend",
            password_fingerprint=passwords.fingerprint(user.password),
        )


contender = Ours()
