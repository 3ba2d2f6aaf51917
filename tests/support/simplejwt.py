"""Clients of simplejwt, as they are, and tokens as simplejwt issues them."""

import threading
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models.signals import pre_save
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken, SlidingToken

from auth_sessions.models import Session
from tests.support.device import PASSWORD
from tests.support.races import with_own_connection

STRIPPED = PASSWORD.strip()
"""simplejwt removes the spaces around a password."""

NOT_VALID = (401, "token_not_valid")
NO_ACCOUNT = (401, None)
"""Without a code, as DRF answers."""


class Client:
    """Written for simplejwt's views: it knows their paths and members, and nothing else."""

    def __init__(self, base="/api/token", *, slash="/"):
        self.http = APIClient()
        self.base, self.slash = base, slash
        self.access = self.refresh_token = None

    def post(self, action, data):
        return self.http.post(f"{self.base}{action}{self.slash}", data, format="json")

    def sign_in(self, user, password=PASSWORD):
        return self.keep(self.post("", {get_user_model().USERNAME_FIELD: user.get_username(), "password": password}))

    def keep(self, response):
        if response.status_code == 200:
            body = response.json()
            self.access, self.refresh_token = body["access"], body.get("refresh", self.refresh_token)
        return response

    def refresh(self):
        return self.keep(self.present())

    def present(self):
        """Refresh, without keeping the answer."""
        return self.post("/refresh", {"refresh": self.refresh_token})

    def verify(self, token):
        return self.post("/verify", {"token": token})

    def blacklist(self):
        return self.post("/blacklist", {"refresh": self.refresh_token})

    def me(self):
        return self.http.get("/api/me/", HTTP_AUTHORIZATION=f"Bearer {self.access}")

    def holding(self, old_token):
        """The same client, with an old refresh token in its store."""
        self.access, self.refresh_token = str(old_token.access_token), str(old_token)
        return self


def old_refresh_token(user, *, lifetime=timedelta(days=1), **claims):
    """As simplejwt has issued it, just now."""
    token = RefreshToken.for_user(user)
    return timed(token, lifetime, claims)


def old_sliding_token(user, *, lifetime=timedelta(minutes=5), renewable=timedelta(days=1), **claims):
    token = SlidingToken.for_user(user)
    token.set_exp("refresh_exp", from_time=timezone.now(), lifetime=renewable)
    return timed(token, lifetime, claims)


def timed(token, lifetime, claims):
    """By the clock of the tests, which simplejwt does not read."""
    token.set_iat(at_time=timezone.now())
    token.set_exp(from_time=timezone.now(), lifetime=lifetime)
    token.payload.update(claims)
    return token


@contextmanager
def during_an_exchange(call):
    """The call begins on another thread when the session of an exchange is about to be inserted. Yields its result."""
    results, threads = [], []

    def begin(instance, **kwargs):
        if not threads:
            threads.append(threading.Thread(target=lambda: results.append(with_own_connection(call))))
            threads[0].start()
            threads[0].join(0.5)

    pre_save.connect(begin, Session)
    try:
        yield results
    finally:
        pre_save.disconnect(begin, Session)
        threads[0].join()
